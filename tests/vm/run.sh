#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh [OPTION...] [SUITE...]: boot a guest that has the devices which this machine need not have
# (NVMe, virtio-blk behind an IOMMU, VDUSE), and run suites of tests/vm/suites in it. All if none is
# named; NAME is also all those that are called NAME-... Several guests at a time, one for each processor.
#
#	--build=DIR	where the project was built (build/release)
#	--command CMD	run a shell command in the guest instead, with all modules loaded; its exit
#			status becomes that of run.sh (95 at most; 125 if the guest died)
#	--shell		a shell in the guest, for a person
#	--kernel=N	the kernel of --command and --shell: 6.12 (if not given) or 6.1
#	--timeout=N	seconds until a guest counts as hanging (400; 1800 with VM_FULL=1)
#	--help
#
# The kernel comes from Debian's archive as a file and is kept in VM_CACHE (build/vm). VM_KVM=1 uses
# KVM if a guest comes up with it. VM_FULL=1 runs all tests on every variant of a device, which takes
# several minutes. What cannot be had here is skipped, aloud.
set -u

tests=$(cd "$(dirname "$0")/.." && pwd)
here=$tests/vm
build=$tests/../build/release
cache=${VM_CACHE:-$tests/../build/vm}
timeout=400
[ "${VM_FULL-}" != 1 ] || timeout=1800
mode=suites
kernel=6.12 # of a command or a shell
command=
died=125 # what run.sh ends with if a command's guest died

# shellcheck source=tests/support/count.sh
. "$tests/support/count.sh"
# shellcheck source=tests/vm/kernel.sh
. "$here/kernel.sh"
# shellcheck source=tests/vm/initramfs.sh
. "$here/initramfs.sh"
# shellcheck source=tests/vm/qemu.sh
. "$here/qemu.sh"
# shellcheck source=tests/vm/boot.sh
. "$here/boot.sh"
# shellcheck source=tests/vm/streams.sh
. "$here/streams.sh"

usage_error()
{
	echo "run.sh: $1, see --help" >&2
	exit 2
}

help()
{
	sed -n '3,/^set -u/ { /^set -u/d; s/^# \{0,1\}//; p }' "$0"
	exit 0
}

while [ $# -gt 0 ]; do
	case $1 in
	--build=*) build=${1#*=} ;;
	--command=*) mode=command command=${1#*=} ;;
	--command)
		[ $# -gt 1 ] || usage_error "--command needs one"
		mode=command command=$2
		shift
		;;
	--shell) mode=shell ;;
	--kernel=*) kernel=${1#*=} ;;
	--timeout=*) timeout=${1#*=} ;;
	-h | --help) help ;;
	-*) usage_error "there is no option $1" ;;
	*) break ;;
	esac
	shift
done
[ -d "$build" ] || usage_error "there is no build in $build"
for suite; do
	[ -n "$(suites_named "$suite")" ] || usage_error "there is no suite '$suite'"
done

work=$(mktemp -d) || exit 1
own=$work/own # what a guest has for itself
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

skip_all()
{
	skip vm "$1"
	count_end vm
	exit
}

check_machine()
{
	local tool

	PATH=$PATH:/usr/sbin:/sbin
	[ "$(uname -m)" = x86_64 ] || skip_all "the guest is one for x86_64"
	for tool in qemu-system-x86_64 busybox cpio depmod modprobe xz dpkg-deb apt-get; do
		command -v $tool > /dev/null || skip_all "$tool is not installed"
	done
	# The guest has no loader for it otherwise.
	! ldd "$(command -v busybox)" > /dev/null 2>&1 ||
		skip_all "busybox is not a static one (busybox-static)"
}

# The programs of the tests, as far as they are built and installed; static ones if there are any.
find_programs()
{
	local path static

	programs=()
	for path in tests/conformance/conformance tests/conformance/pattern \
		tests/conformance/witness tests/vm/dbgexit \
		examples/blkio-info examples/blkio-bench examples/blkio-copy \
		examples/vhost-user-blk-server/vhost-user-blk-server; do
		static=$build/tests/vm/static/${path##*/}
		if [ -x "$static" ] && [ ! "$static" -ot "$build/$path" ]; then
			programs+=("$static")
		elif [ -x "$build/$path" ]; then
			programs+=("$build/$path")
		fi
	done
	for path in qemu-storage-daemon vdpa; do
		! command -v $path > /dev/null || programs+=("$(command -v $path)")
	done
}

make_initramfs()
{
	initramfs_make "$cache/$1" "$work/$1.img" "$tests" "${programs[@]}" || rm -f "$work/$1.img"
}

fetch()
{
	local why release

	case $1 in
	6.12) release=bookworm-backports ;;
	6.1) release=bookworm ;;
	*) usage_error "there is no kernel $1" ;;
	esac
	why=$(kernel_fetch "$release" linux-image-cloud-amd64 "$cache/$1") || skip_all "$why"
	kernel_inflate "$cache/$1"
}

give_up()
{
	fail vm "$1"
	count_end vm
	exit
}

# prepare KERNEL...: the kernels, and for each an image with the programs.
prepare()
{
	local kernel

	for kernel; do
		fetch "$kernel"
	done
	find_programs
	for kernel; do
		make_initramfs "$kernel" &
	done
	wait
	for kernel; do
		[ -e "$work/$kernel.img" ] || give_up "the initramfs could not be made"
	done
	make_disks || give_up "the disks could not be made"
	qemu_probe "$cache/$1" "$work/$1.img" "$own/disks"
}

make_disks()
{
	rm -rf "$own/disks" && mkdir -p "$own/disks" && qemu_make_disks "$own/disks"
}

# start KERNEL COMMAND-LINE
start()
{
	boot "$own/log" "$timeout" "$cache/$1" "$work/$1.img" "$own/disks" "$2"
}

# A guest that panicked or did not start gets a second try, in case it was the emulation's fault. The
# try is counted, for it may have been the library's. One that hangs has failed.
start_suites()
{
	local kernel=$1

	start "$@"
	if boot_died && [ "$boot_status" -le 1 ]; then
		skip "vm: first try of the guest ($kernel)" "$(boot_why "$timeout"); see its console above"
		make_disks
		start "$@"
	fi
	! boot_died || fail "vm: the guest ($kernel) died" "$(boot_why "$timeout"); see its console above"
}

# The numbers of the suites, and whether each got to its end.
count_suites()
{
	local suite numbers

	for suite; do
		numbers=$(grep "^vm-$suite: " "$own/log" | count_numbers)
		[ -n "$numbers" ] || fail "vm: the suite $suite" "it did not get to its end"
		# shellcheck disable=SC2086 # numbers
		count_add ${numbers:-0 0 0}
	done
}

# run_suites KERNEL SUITE...
run_suites()
{
	local kernel=$1 before

	shift
	start_suites "$kernel" "run=$(IFS=, && echo "$*") full=${VM_FULL-0}"
	before=$failed
	count_suites "$@"
	[ "$boot_status" -eq "$boot_base" ] || [ "$failed" -gt "$before" ] || boot_died ||
		fail "vm: the guest ($kernel)" "it says that something failed, but no suite counted that"
}

run_command()
{
	local status

	initramfs_append "$work/$kernel.img" command "$command" || exit 1
	start "$kernel" run=command
	status=$?
	boot_died || return $status
	echo "vm: the guest died: $(boot_why "$timeout")" >&2
	return $died
}

run_shell()
{
	! qemu_run 86400 "$cache/$kernel" "$work/$kernel.img" "$own/disks" run=shell -serial mon:stdio
}

# guest NAME SUITE...: suites of one kernel in a guest with disks of its own; its numbers are for
# the one who started it.
guest()
{
	own=$work/$1
	shift
	passed=0 failed=0 skipped=0
	make_disks || fail "vm: the guest for $*" "its disks could not be made"
	[ "$failed" -gt 0 ] || run_suites "$(kernel_of "$1")" "$@"
	echo "$passed $failed $skipped" > "$own/numbers"
}

# stream NUMBER SUITE...: a guest for those of each kernel.
stream()
{
	local number=$1 kernel of_kernel

	shift
	for kernel in $kernels; do
		of_kernel=$(suites_for "$kernel" "$@")
		# shellcheck disable=SC2086 # suites are words
		[ -z "$of_kernel" ] || guest "$number-$kernel" $of_kernel
	done
}

run_all()
{
	local i kernel

	kernels=$(for suite; do kernel_of "$suite"; done | sort -u -V -r)
	# shellcheck disable=SC2086 # kernels are words
	prepare $kernels
	streams_plan "$(streams_wanted)" "$@"
	[ "$(echo "${streams[@]}" | wc -w)" -eq $# ] || fail vm "the plan has not all suites: ${streams[*]}"
	for i in "${!streams[@]}"; do
		# shellcheck disable=SC2086 # suites are words
		stream "$i" ${streams[i]} &
	done
	wait
	for i in "${!streams[@]}"; do
		for kernel in $kernels; do
			# shellcheck disable=SC2046,SC2086 # suites are words
			count_guest "$i-$kernel" $(suites_for "$kernel" ${streams[i]})
		done
	done
	count_end vm
}

# count_guest NAME SUITE...: one that was to run says what came of it.
count_guest()
{
	[ $# -gt 1 ] || return 0
	if [ -e "$work/$1/numbers" ]; then
		# shellcheck disable=SC2046 # numbers
		count_add $(cat "$work/$1/numbers")
	else
		fail vm "the guest for $*: it could not be started"
	fi
}

check_machine
case $mode in
suites)
	[ $# -gt 0 ] || set -- copy io_uring nvme old vdpa vfio vhost-user
	# shellcheck disable=SC2046 # suites are words
	run_all $(suites_named "$@")
	;;
*)
	prepare "$kernel"
	"run_$mode"
	;;
esac
