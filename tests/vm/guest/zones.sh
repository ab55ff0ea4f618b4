# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What suites of zoned devices have in common. To be sourced by them, after lib.sh.

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
