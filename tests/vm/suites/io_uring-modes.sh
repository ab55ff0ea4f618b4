# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver in other circumstances: one issuer, little memory to lock, interrupts of poll queues,
# a loop device, and io_uring switched off by the administrator.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

test_nvme() {
	disk=$(nvme_disk 1)
	if [ -z "$disk" ]; then
		skip nvme "there is no NVMe namespace 1"
		return
	fi
	conformance_of "$disk" --only=memlock/ io_uring "path=$disk" direct=true
	parts "$disk, single issuer" "queues/ completion_fd/" io_uring "path=$disk" direct=true single-issuer=true
}

# Interrupts are counted by queue: those of poll queues stay silent.
test_poll_queues() {
	disk=$(nvme_disk 1)
	[ -n "$disk" ] || return
	check "poll queues are there" sh -c "blkio-info io_uring path=$disk direct=true | \
		grep 'supports-poll-queues' | grep -q true"
	interrupts=$(awk '/nvme0q/ { for (i = 2; i <= 3; i++) n += $i } END { print n + 0 }' /proc/interrupts)
	check "reads on a poll queue" blkio-bench --rw=randread --wait=pollqueue --iodepth=8 \
		--runtime=1 --direct io_uring "path=$disk"
	now=$(awk '/nvme0q/ { for (i = 2; i <= 3; i++) n += $i } END { print n + 0 }' /proc/interrupts)
	if [ $((now - interrupts)) -lt 100 ]; then
		pass
	else
		fail "reads on a poll queue made $((now - interrupts)) interrupts"
	fi
}

# The tools' driver "auto" where the administrator has switched io_uring off.
test_switched_off() {
	switch=/proc/sys/kernel/io_uring_disabled
	if [ ! -e $switch ]; then
		skip "io_uring switched off" "the kernel has no such sysctl"
		return
	fi
	head -c 1048576 /dev/urandom >/tmp/from
	echo 2 >$switch
	refuses "io_uring is switched off" kernel.io_uring_disabled \
		blkio-info --start io_uring path=/tmp/from
	check "auto is threads" sh -c "blkio-info --get=driver --start auto path=/tmp/from | grep -q -x threads"
	check "a copy with auto" blkio-copy --create auto path=/tmp/from to auto path=/tmp/to
	check "a copy with auto has the same bytes" cmp /tmp/from /tmp/to
	echo 0 >$switch
	check "auto is io_uring again" sh -c "blkio-info --get=driver --start auto path=/tmp/from | grep -q -x io_uring"
	rm /tmp/from /tmp/to
}

test_loop() {
	load loop
	truncate -s 16M /tmp/loop.img
	disk=$(losetup -f) && losetup "$disk" /tmp/loop.img
	variant "loop device" --only=requests/ io_uring "path=$disk"
	losetup -d "$disk"
	rm /tmp/loop.img
}

test_nvme
test_poll_queues
test_loop
test_switched_off
finish io_uring-modes
