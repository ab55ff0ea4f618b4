# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# For the lint scripts: run one tool over files, a file being a test. To be sourced.

cd "$(dirname "$0")/../.." || exit 1

# each NAME TOOL FILE...: run `check FILE` for each file; the tool must be there.
each()
{
	name=$1 tool=$2
	shift 2
	passed=0 failed=0
	if ! command -v "$tool" >/dev/null; then
		echo "SKIP $name: $tool is not installed"
		echo "$name: 0 passed, 0 failed, 1 skipped"
		exit 0
	fi
	for file; do
		if check "$file"; then
			passed=$((passed + 1))
		else
			echo "FAIL $file"
			failed=$((failed + 1))
		fi
	done
	echo "$name: $passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ]
}
