# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# Counting instructions with callgrind, for the scripts of this folder. Sourced after bench.sh.
#
# A program runs twice, with few and with many requests. The difference divided by the difference
# of requests leaves out start and end, and unlike a time it is (nearly) the same in every run.

few=10000
many=110000

# count_unfit CONFIG: why this build's count would say nothing, or "".
count_unfit()
{
	if ! command -v valgrind >/dev/null; then
		echo "valgrind is not installed"
	elif nm -D --undefined-only "$(bench_loaded "")" | grep -q -E '__([atm]san|ubsan)_'; then
		echo "the library is built with a sanitizer"
	elif [ "$1" != Release ] && [ "$1" != RelWithDebInfo ]; then
		echo "the build type is '$1', only optimized builds are counted"
	fi
}

# count LIBRARY_DIR N COMMAND...: all instructions of a run with N requests.
# shellcheck disable=SC2154 # tmp is of bench.sh
count()
{
	dir=$1 n=$2 program=$3
	shift 3
	LD_LIBRARY_PATH=$dir valgrind --tool=callgrind --cache-sim=no \
		--callgrind-out-file="$tmp/callgrind.out" \
		"$program" --requests="$n" "$@" >"$tmp/log" 2>&1 ||
		die "valgrind $program $*: $(cat "$tmp/log")"
	awk '/Collected :/ { print $4 }' "$tmp/log"
}

# per_request LIBRARY_DIR COMMAND...
per_request()
{
	dir=$1
	shift
	lots=$(count "$dir" $many "$@")
	less=$(count "$dir" $few "$@")
	awk "BEGIN { printf \"%.1f\", ($lots - $less) / ($many - $few) }"
}

# check_limit COUNT LIMIT WHAT: a test that passes or fails.
check_limit()
{
	if awk "BEGIN { exit !($1 <= $2) }"; then
		pass
	else
		fail "$3: $1 instructions per request, the limit is $2"
	fi
}
