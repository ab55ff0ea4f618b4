# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# NVMe passthrough on the character devices of namespaces: blocks of 512 and of 4096 bytes, zones, and
# a namespace with metadata, which must be refused. The devices themselves are checked whether or not
# the build has the driver, so that a suite that skips can not hide a guest without them.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

driver=nvme-io_uring
bytes=4194304

# is NAME NSID ATTRIBUTE VALUE: what the kernel says of a namespace.
is() {
	check "$1" test "$(cat "/sys/block/$(basename "$(nvme_disk "$2")")/$3")" = "$4"
}

test_devices() {
	for number in 1 2 3 4; do
		check "namespace $number has a character device" test -c "$(nvme_char $number)"
	done
	is "blocks of 512 bytes" 1 queue/logical_block_size 512
	is "blocks of 4096 bytes" 2 queue/logical_block_size 4096
	is "zones that are written in order" 3 queue/zoned host-managed
	is "a limit of open zones" 3 queue/max_open_zones 4
	is "a limit of active zones" 3 queue/max_active_zones 6
	is "metadata" 4 metadata_bytes 8
}

# What one way writes, the other finds. data NSID
data() {
	disk=$(nvme_disk "$1") char=$(nvme_char "$1")
	check "writing through $char" pattern write 1 $bytes $driver "path=$char"
	check "what $char wrote is there for the kernel" \
		pattern check 1 $bytes io_uring "path=$disk" direct=true
	check "writing through $disk" pattern write 2 $bytes io_uring "path=$disk" direct=true
	check "what the kernel wrote is there for $char" pattern check 2 $bytes $driver "path=$char"
}

test_driver() {
	some "blocks of 512" $driver "path=$(nvme_char 1)"
	data 1
	conformance_of "blocks of 4096" --only=requests/ $driver "path=$(nvme_char 2)"
	data 2
	conformance_of "zones" --only=zoned/ $driver "path=$(nvme_char 3)"
	refuses "a namespace with metadata" metadata blkio-info $driver "path=$(nvme_char 4)"
}

test_devices
if has_driver $driver; then
	test_driver
else
	skip nvme "this build has no driver $driver"
fi
finish nvme
