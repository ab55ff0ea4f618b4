# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on devices that only a guest has here: NVMe with poll queues that poll, zones,
# null_blk, a loop device.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

test_nvme() {
	disk=$(nvme_disk 1)
	if [ -z "$disk" ]; then
		skip nvme "there is no NVMe namespace 1"
		return
	fi
	some "$disk" io_uring "path=$disk" direct=true
	conformance_of "$disk" --only=memlock/ io_uring "path=$disk" direct=true
	parts "$disk, single issuer" "queues/ completion_fd/" io_uring "path=$disk" direct=true single-issuer=true
	disk=$(nvme_disk 2)
	[ -z "$disk" ] || conformance_of "$disk, blocks of 4096" --only=requests/ io_uring "path=$disk" direct=true
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

# Reads work with or without zones in the driver; the rest needs its zone requests.
test_zoned() {
	disk=$(nvme_disk 3)
	conformance_of "$disk, zones, reading" --only=requests/ io_uring "path=$disk" direct=true read-only=true
	if blkio-info io_uring "path=$disk" | grep -q '^zoned  *0$'; then
		skip "zones of $disk" "io_uring in this build does not know them"
	else
		conformance_of "$disk, zones" --only=zoned/ io_uring "path=$disk" direct=true
	fi
}

test_null_blk() {
	root=/sys/kernel/config/nullb/nullb0
	mount -t configfs config /sys/kernel/config 2>/dev/null
	if ! mkdir $root 2>/dev/null; then
		skip null_blk "the kernel has none"
		return
	fi
	for setting in memory_backed=1 size=16 blocksize=512 irqmode=0 poll_queues=1 power=1; do
		echo "${setting#*=}" >"$root/${setting%%=*}"
	done
	conformance_of null_blk --only=requests/ io_uring "path=/dev/nullb0" direct=true
	echo 0 >$root/power
	rmdir $root
}

test_loop() {
	truncate -s 16M /tmp/loop.img
	disk=$(losetup -f) && losetup "$disk" /tmp/loop.img
	conformance_of "loop device" --only=requests/ io_uring "path=$disk"
	losetup -d "$disk"
	rm /tmp/loop.img
}

test_nvme
test_poll_queues
test_zoned
test_null_blk
test_loop
finish io_uring
