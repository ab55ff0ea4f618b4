#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# mandoc has nothing to say about any page, and no page refers to one of ours that does not exist.
#
# Usage: lint.sh <man folder>

suite="man-lint"
man_dir=$1
. "$(dirname "$0")/common.sh"

# mandoc looks for the pages that others refer to where manuals are installed. Ours need not be
# there yet, and refers_to_existing looks at them.
lint() {
	mandoc -T lint "$1" 2>"$work/stderr" | grep -v 'referenced manual not found' >"$work/lint"
	[ ! -s "$work/lint" ]
}

# The names of our own pages after .Xr, also of several in one line.
references() {
	awk '/^\.(.* )?Xr / {
		for (i = 1; i < NF - 1; i++)
			if ($i ~ /^\.?Xr$/ && $(i + 1) ~ /^blkio/)
				print $(i + 1) "." $(i + 2)
	}' "$1" | sort -u
}

refers_to_existing() {
	for ref in $(references "$1"); do
		[ -e "$man_dir/$ref" ] || { echo "$(basename "$1"): there is no page $ref"; return 1; }
	done
}

for page in $(real_pages '*.[1357]'); do
	name=$(basename "$page")
	refers_to_existing "$page"
	check "$name refers to pages that exist"
	if ! command -v mandoc >/dev/null; then
		skip "$name is clean" "mandoc is not installed"
		continue
	fi
	lint "$page"
	check "$name is clean: $(cat "$work/lint")"
done
finish
