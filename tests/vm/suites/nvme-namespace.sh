# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# NVMe passthrough on the character device of a namespace with blocks of 512 bytes, its properties, texts
# and permissions, and a namespace with metadata, which must be refused. The devices themselves, those of
# the suite nvme-formats as well, are checked whether or not the build has the driver, so that a suite
# that skips can not hide a guest without them.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

# shellcheck source=tests/vm/guest/nvme.sh
. /guest/nvme.sh

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

# says NSID PROPERTY VALUE
says() {
	check "$2 of namespace $1" test \
		"$(blkio-info --get="$2" $driver "path=$(nvme_char "$1")" 2>&1)" = "$3"
}

# The same that the kernel says of controller and namespaces.
test_properties() {
	says 1 serial blkio-nvme
	says 1 nvme-model "$(sed 's/ *$//' /sys/class/nvme/nvme0/model)"
	says 1 nvme-firmware "$(sed 's/ *$//' /sys/class/nvme/nvme0/firmware_rev)"
	for number in 1 2 3; do
		queue=/sys/block/$(basename "$(nvme_disk $number)")
		says $number capacity $(($(cat "$queue/size") * 512))
		says $number request-alignment "$(cat "$queue/queue/logical_block_size")"
		says $number optimal-io-size "$(cat "$queue/queue/optimal_io_size")"
	done
	says 3 zoned 2
	says 3 zone-size $(($(cat "$queue/queue/chunk_sectors") * 512))
	says 3 nr-zones "$(cat "$queue/queue/nr_zones")"
	says 3 max-open-zones 4
	says 3 max-active-zones 6
	says 3 zone-append-max-bytes "$(cat "$queue/queue/zone_append_max_bytes")"
	says 1 supports-poll-queues true
}

# From Linux 6.2 on the permissions of the file are all that counts.
test_permissions() {
	char=$(nvme_char 1)
	chmod 666 "$char"
	check "everyone may write" as_nobody pattern write 3 65536 $driver "path=$char"
	check "it was written" pattern check 3 65536 io_uring "path=$(nvme_disk 1)" direct=true
	chmod 444 "$char"
	check "everyone may read" as_nobody pattern check 3 65536 $driver "path=$char" read-only=true
	refuses "nobody may write" "write permission on the device file" \
		as_nobody blkio-info $driver "path=$char"
	chmod 600 "$char"
	refuses "nobody may read" "is needed" \
		as_nobody blkio-info $driver "path=$char" read-only=true
}

# What is no namespace is told from one.
test_texts() {
	refuses "a disk" "use the character device" blkio-info $driver "path=$(nvme_disk 1)"
	refuses "a controller" "no NVMe namespace" blkio-info $driver path=/dev/nvme0
	refuses "another device" "no NVMe namespace" blkio-info $driver path=/dev/null
	refuses "a file" "no character device" blkio-info $driver path=/etc/passwd
	refuses "a namespace with metadata" "8 bytes of metadata per block, in buffers of their own" \
		blkio-info $driver "path=$(nvme_char 4)"
}

test_driver() {
	test_properties
	test_texts
	some "blocks of 512" "--backing=$(nvme_disk 1)" $driver "path=$(nvme_char 1)"
	data 1
	test_permissions
}

test_devices
if has_driver $driver; then
	test_driver
else
	skip nvme "this build has no driver $driver"
fi
finish nvme-namespace
