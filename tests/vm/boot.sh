# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Starting a guest and learning what became of it. To be sourced, after qemu.sh.
#
#	boot LOG SECONDS KERNEL-DIR INITRAMFS DISKS-DIR COMMAND-LINE	the guest's own status
#	boot_died							did the last one not say any?
#	boot_why SECONDS						what became of it then

boot_status=0 # of QEMU
boot_base=65  # QEMU's status for the guest's status 0; two more for each number (dbgexit)

boot_died()
{
	((boot_status < boot_base || boot_status % 2 == 0))
}

boot_why()
{
	case $boot_status in
	0) echo "it panicked or rebooted" ;;
	1) echo "QEMU did not start it" ;;
	124 | 137) echo "it did not end within $1 s" ;;
	*) echo "status $boot_status of QEMU" ;;
	esac
}

# Each line is shown when it comes.
boot()
{
	local log=$1

	shift
	qemu_run "$@" -serial stdio < /dev/null 2>&1 | sed -u 's/\r//g' | tee "$log"
	boot_status=${PIPESTATUS[0]}
	boot_died && return 1
	return $(((boot_status - boot_base) / 2))
}
