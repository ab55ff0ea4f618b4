# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# Counting what passed, failed and was skipped, for scripts that run other test programs. On the host
# and in the guest of tests/vm, so it is for any shell. To be sourced.

passed=0 failed=0 skipped=0

pass() {
	passed=$((passed + 1))
}

# fail NAME [TEXT]
fail() {
	echo "FAIL $1${2:+: $2}"
	failed=$((failed + 1))
}

# skip NAME REASON
skip() {
	echo "SKIP $1: $2"
	skipped=$((skipped + 1))
}

# The numbers that end a line "NAME: N passed, N failed, N skipped", for each such line of the input.
count_numbers() {
	sed -n 's/^.*: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p'
}

# count_add PASSED FAILED SKIPPED
count_add() {
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# count_log FILE: add what the last line of a program's output says. A program that died said nothing,
# which is a failure.
count_log() {
	# The numbers are words.
	# shellcheck disable=SC2046
	set -- $(tail -n 1 "$1" | count_numbers)
	count_add "${1:-0}" "${2:-1}" "${3:-0}"
}

# count_end NAME: the last line of a script, and its result.
count_end() {
	echo "$1: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
