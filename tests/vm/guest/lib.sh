# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What suites have in common. To be sourced, by init for the modules, and by each suite.

# shellcheck source=tests/support/count.sh
. /guest/count.sh
# shellcheck source=tests/vm/guest/devices.sh
. /guest/devices.sh

# Modules with those that they need; what is built in has an empty list. A module's parameters are
# behind it, after a colon.
load() {
	for module; do
		parameters=
		case $module in *:*) parameters=${module#*:} ;; esac
		module=${module%%:*}
		[ -e "/lib/modules/$module.list" ] || continue
		while read -r name file; do
			given=
			[ "$file" != "$module.ko" ] || given=$parameters
			# Parameters are words.
			# shellcheck disable=SC2086
			[ -d "/sys/module/$name" ] || insmod "/lib/modules/$file" $given
		done <"/lib/modules/$module.list"
	done
}

# A suite names those that it needs: the rest would take longer than some tests. The command and the
# shell have all.
load_nvme() {
	load nvme:poll_queues=2
}

load_vfio() {
	load vfio_iommu_type1 vfio-pci virtio_blk
}

load_vduse() {
	load vduse vhost_vdpa virtio_blk
}

load_null_blk() {
	load null_blk:nr_devices=0
}

load_all() {
	load_nvme
	load_vfio
	load_vduse
	load_null_blk
	load loop
}

log=/tmp/suite.log

# check NAME COMMAND...: the command succeeds.
check() {
	name=$1
	shift
	if "$@" >$log 2>&1; then pass; else fail "$name" "$(tail -n 3 $log)"; fi
}

# refuses NAME TEXT COMMAND...: the command fails and says TEXT.
refuses() {
	name=$1 text=$2
	shift 2
	if "$@" >$log 2>&1; then
		fail "$name" "it did not fail"
	elif grep -q -F -e "$text" $log; then
		pass
	else
		fail "$name" "'$text' is not in: $(cat $log)"
	fi
}

# as_nobody PROGRAM [ARGUMENT...]: without any privilege. Of what busybox has, only this can do it.
as_nobody() {
	nobody_program=$(command -v "$1")
	shift
	start-stop-daemon -S -q -c 65534:65534 -x "$nobody_program" -- "$@"
}

has_driver() {
	blkio-info | grep -q "^$1\$\|^$1 "
}

is_full() {
	grep -q full=1 /proc/cmdline
}

# So many random operations, where the host and VM_FULL=1 do 300: most of what they cost here is the
# emulated copying of their data.
count=80
! is_full || count=300

# conformance_of NAME [option ...] DRIVER [property=value ...]: the program's numbers are added. Of an
# option that is given twice the last one counts.
conformance_of() {
	what=$1
	shift
	conformance --timeout=180 --count=$count "$@" >$log 2>&1
	count_log $log
	read -r up _ </proc/uptime
	echo "[$up] conformance $what: $(tail -n 1 $log | sed 's/.*: //')"
	grep -E '^(FAIL|HANG)' $log
}

# parts NAME "PART..." DRIVER [property=value ...]: these parts of the conformance program, those that
# can tell this device from others; all of it if VM_FULL=1 was given to run.sh, which takes minutes.
parts() {
	name=$1 list=$2
	shift 2
	if is_full; then
		conformance_of "$name" "$@"
		return
	fi
	for part in $list; do
		conformance_of "$name, $part" "--only=$part" "$@"
	done
}

# variant NAME [option ...] DRIVER [property=value ...]: of a device whose modes of waiting are tested
# elsewhere, for they do not depend on what is special here. In one mode, and in all with VM_FULL=1.
variant() {
	name=$1
	shift
	is_full || set -- --mode=blocking "$@"
	conformance_of "$name" "$@"
}

data_path="lifecycle/ requests/ completion_fd/ queues/ poll_queues/ random/"

# some NAME DRIVER [property=value ...]: the tests of the data path.
some() {
	name=$1
	shift
	parts "$name" "$data_path" "$@"
}

# finish NAME: the last line of a suite, and its result.
finish() {
	if dmesg | grep -E 'DMAR.*[Ff]ault|BUG:|WARNING:'; then
		fail "$1" "the kernel has complained"
	else
		pass
	fi
	dmesg -c >/dev/null
	count_end "vm-$1"
}
