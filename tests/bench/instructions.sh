#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# instructions.sh [--other FILE] [--config NAME] [--limit N] BUILD: user-space instructions per
# request, counted by callgrind: the hand-written loop, our library, and another libblkio.so.1.
#
# Each program runs twice, with 10 000 and with 110 000 blocking reads of 4 KiB at depth 32. The
# difference divided by 100 000 leaves out start and end, and unlike a time it is the same in
# every run. With --limit our library fails above N, if the build is optimized; a build that
# callgrind cannot judge is skipped aloud. Without --other there is no third row.
set -eu

other=
config=Release
limit=
build=
while [ $# -gt 0 ]; do
	case $1 in
	--other) other=${2:?} && shift ;;
	--config) config=${2?} && shift ;;
	--limit) limit=${2:?} && shift ;;
	-*) echo "usage: $0 [--other FILE] [--config NAME] [--limit N] BUILD" >&2 && exit 2 ;;
	*) build=$1 ;;
	esac
	shift
done

# shellcheck disable=SC2034 # for report.sh
report_name=bench-instructions
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
# shellcheck source=tests/bench/callgrind.sh
. "$here/callgrind.sh"
bench_init "${build:?which build directory?}"

"$loops/make_file" "$tmp/file" 16
why=$(count_unfit "$config")
if [ -z "$why" ] && ! "$loops/loop_uring" --requests=1 "$tmp/file" >"$tmp/probe" 2>&1; then
	why="no io_uring here: $(cat "$tmp/probe")"
fi
if [ -n "$why" ]; then
	skip "$why"
	report
	exit
fi

other_dir=$(bench_library "$other")
bench_check_library "$other_dir"
# rate LIBRARY_DIR PROGRAM
rate()
{
	per_request "$1" "$loops/$2" --depth=32 --bs=4096 "$tmp/file"
}

ours=$(rate "" loop_blkio)
echo "instructions hand-written $(rate "" loop_uring)"
echo "instructions ours $ours"
[ -z "$other" ] || echo "instructions other $(rate "$other_dir" loop_blkio)"
[ -n "$limit" ] || exit 0

check_limit "$ours" "$limit" "blocking reads of 4 KiB"
report
