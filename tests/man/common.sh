# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Counting for the scripts in this folder, which read it with ".": each check calls pass, fail or
# skip once, and the script ends with finish.
#
# Usage: suite="<name>"; man_dir=<folder>; . common.sh

set -u
: "${suite:?}" "${man_dir:?}"
passed=0
failed=0
skipped=0

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

pass() {
	passed=$((passed + 1))
}

fail() {
	echo "FAIL $1"
	failed=$((failed + 1))
}

skip() {
	echo "SKIP $1: $2"
	skipped=$((skipped + 1))
}

# check <what>: what the last command has to say about it.
check() {
	if [ $? -eq 0 ]; then pass; else fail "$1"; fi
}

# The pages that are files of their own, links left out.
real_pages() {
	find "$man_dir" -maxdepth 1 -type f -name "$1" | LC_ALL=C sort
}

finish() {
	echo "$suite: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}
