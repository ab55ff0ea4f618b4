#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh [OPTION...] TARGET [SECONDS]: fuzz one target (fuzz_TARGET.c), from the corpus in the tree.
#
#	--build DIR	where it was built: cmake --preset fuzz && cmake --build --preset fuzz
#	--new DIR	where new inputs go; a temporary folder if not given
#	--merge		add to the corpus in the tree what it lacks of those in --new, and stop
#
# FUZZ_SECONDS is the time where no SECONDS are given (10). An input that fails is kept in --new,
# and given to the program as its only argument it fails again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/fuzz
new=
merge=
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=${2:?} && shift ;;
	--new) new=${2:?} && shift ;;
	--merge) merge=1 ;;
	-*)
		sed -n '4,13s/^# \{0,1\}//p' "$0"
		exit 2
		;;
	*) break ;;
	esac
	shift
done
target=${1:?which target?}
seconds=${2:-${FUZZ_SECONDS:-10}}
program=$build/tests/fuzz/fuzz_$target
corpus=$here/corpus/$target
[ -x "$program" ] || { echo "$program is not built" >&2 && exit 2; }
if [ -z "$new" ]; then
	new=$(mktemp -d)
	trap 'rm -rf "$new"' EXIT
fi
mkdir -p "$new/inputs" "$corpus"
# Leaks are looked for once at the end: at each input that would cost most of the time.
export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS-}"

if [ -n "$merge" ]; then
	exec "$program" -merge=1 "$corpus" "$new/inputs"
fi
log=$new/log
status=0
"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	-artifact_prefix="$new/" "$new/inputs" "$corpus" >"$log" 2>&1 || status=$?
if [ $status = 77 ]; then
	grep '^SKIP' "$log"
	echo "fuzz-$target: 0 passed, 0 failed, 1 skipped"
elif [ $status = 0 ]; then
	awk '/number_of_executed_units|DONE/' "$log"
	echo "fuzz-$target: 1 passed, 0 failed, 0 skipped"
else
	tail -n 60 "$log"
	echo "FAIL fuzz-$target: the input is kept in $new"
	echo "fuzz-$target: 0 passed, 1 failed, 0 skipped"
	exit 1
fi
