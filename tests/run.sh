#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh [PRESET...]: install what is missing, build, run every test that this machine can run,
# say what was skipped and why. A preset is one of CMakePresets.json; "release" if none is given.
# The last line counts all suites of all presets: N passed, N failed, N skipped.
set -eu

cd "$(dirname "$0")/.."
# shellcheck source=cmake/deps.sh
. cmake/deps.sh

case ${1-} in
-h | --help)
	sed -n 's/^# \{0,1\}//; 3,7p' "$0"
	exit 0
	;;
esac
[ $# -gt 0 ] || set -- release

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' HUP INT TERM

# The lists are words.
# shellcheck disable=SC2086
deps_install $DEPS_BUILD $DEPS_TESTS

# build PRESET: quiet unless it fails.
build()
{
	if ! { cmake --preset "$1" && cmake --build --preset "$1"; } >"$logs/build" 2>&1; then
		cat "$logs/build"
		echo "FAIL the build of preset $1" | tee -a "$logs/failures"
		return 1
	fi
}

# test_preset PRESET: each test on a line as it ends, its skips, and all it printed if it failed.
test_preset()
{
	ctest --preset "$1" 2>&1 |
		awk -v preset="$1" -v counts="$logs/counts" -v failures="$logs/failures" -f tests/run.awk
}

: >"$logs/counts"
: >"$logs/failures"
for preset; do
	echo "== $preset"
	before=$(wc -l <"$logs/counts")
	! build "$preset" || test_preset "$preset"
	# A preset that did not build, or that ran no test, has failed.
	[ "$(wc -l <"$logs/counts")" -gt "$before" ] || echo "0 1 0" >>"$logs/counts"
done

# Once more what failed, for those who see only the end.
cat "$logs/failures"
awk '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed > 0 || !passed
	}' "$logs/counts"
