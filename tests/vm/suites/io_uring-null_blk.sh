# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on null_blk, with and without zones; zones with the driver threads as well.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_null_blk

# shellcheck source=tests/vm/guest/zones.sh
. /guest/zones.sh

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

test_null_blk
finish io_uring-null_blk
