#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The tables of properties in blkio-drivers(7) say what the library says: name, type, default,
# when a property can be read and when it can be set. A table begins after a comment:
#
#	.\" properties: <driver>
#
# Usage: props.sh <man folder> <list_props program>

suite="man-props"
man_dir=$1
list=$2
. "$(dirname "$0")/common.sh"

# "<driver> <name> <type> <readable> <writable> <default>" for each row, as list_props has it.
page_rows() {
	awk '
	function states(word) {
		if (word == "any")
			return "created,connected,started"
		if (word == "connected" && column == "read")
			return "connected,started"
		return word
	}
	function plain(word) {
		gsub(/\\-/, "-", word)
		gsub(/\\\(dq/, "QUOTE", word)
		gsub(/"/, "", word)
		gsub(/QUOTE/, "\"", word)
		if (word == "INT_MAX")
			return "2147483647"
		if (word == "UINT64_MAX")
			return "18446744073709551615"
		return word == "" ? "." : word
	}
	/^\.\\" properties:/ { driver = $3 }
	/^\.El/ { driver = "" }
	driver && /^\.It Cm / {
		n = split($0, cell, / Ta /)
		sub(/^\.It Cm /, "", cell[1])
		column = "read"
		readable = states(plain(cell[4]))
		column = "set"
		print driver, cell[1], cell[2], readable, states(plain(cell[5])), plain(cell[3])
	}
	' "$man_dir/blkio-drivers.7" | sort
}

of_driver() {
	awk -v driver="$1" '$1 == driver' "$2"
}

compare() {
	of_driver "$1" "$work/page" >"$work/page-driver"
	of_driver "$1" "$work/library" >"$work/library-driver"
	diff "$work/page-driver" "$work/library-driver"
	check "blkio-drivers(7) and the library agree about $1 (< page, > library)"
}

page_rows >"$work/page"
"$list" >"$work/unsorted"
check "the library lists its properties"
sort "$work/unsorted" >"$work/library"

for driver in $(cut -d ' ' -f 1 "$work/library" | uniq); do
	compare "$driver"
done
for driver in $(cut -d ' ' -f 1 "$work/page" | uniq); do
	grep -q "^$driver " "$work/library" ||
		skip "the table of $driver" "this build of the library does not have the driver"
done
[ -s "$work/page" ]
check "there are tables"
finish
