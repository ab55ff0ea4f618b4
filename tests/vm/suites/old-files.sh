# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on an older kernel: a file, and zones of null_blk.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_null_blk

truncate -s 16M /tmp/file
conformance_of "a file" --only=requests/ io_uring path=/tmp/file
variant "zeroes in a file" --only=zeroes/ io_uring path=/tmp/file
# shellcheck disable=SC2086 # words
if null_blk_make $null_blk_zones; then
	conformance_of "null_blk, zones" --only=zoned/ --count=20 io_uring path=/dev/nullb0 direct=true single-issuer=true
	null_blk_remove
else
	skip "zones of null_blk" "the kernel has none"
fi
finish old-files
