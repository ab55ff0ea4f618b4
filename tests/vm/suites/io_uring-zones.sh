# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on zoned NVMe and on null_blk, with and without zones; zones with the driver threads
# as well.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme
load_null_blk

# What the two drivers do not share.
parts_of_zones="zoned/zones zoned/the_other zoned/random"
! is_full || parts_of_zones=zoned/

# zones NAME DISK: the requests for zones, with both drivers that have the kernel's.
zones() {
	conformance_of "$1, zones" --only=zoned/ --count=40 io_uring "path=$2" direct=true
	for part in $parts_of_zones; do
		conformance_of "$1, zones, threads, $part" "--only=$part" --count=40 threads "path=$2" direct=true
	done
}

test_zoned() {
	disk=$(nvme_disk 3)
	variant "$disk, zones, reading" --only=requests/ io_uring "path=$disk" direct=true read-only=true
	zones "$disk" "$disk"
	conformance_of "$disk, zones, single issuer" --only=zoned/random --count=40 io_uring "path=$disk" direct=true single-issuer=true
}

test_null_blk() {
	if ! null_blk_make size=16; then
		skip null_blk "the kernel has none"
		return
	fi
	conformance_of null_blk --only=requests/ io_uring "path=/dev/nullb0" direct=true
	null_blk_remove
	# shellcheck disable=SC2086 # words
	null_blk_make $null_blk_zones
	zones null_blk /dev/nullb0
	null_blk_remove
}

test_zoned
test_null_blk
finish io_uring-zones
