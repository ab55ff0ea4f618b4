#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh [OPTION...] BUILD: random reads from the page cache with our library, with another
# libblkio.so.1 and with fio's io_uring engine, each relative to a hand-written liburing loop.
#
#   --other FILE      the other libblkio.so.1 (default: fetch-libblkio.sh fetches 1.5.0)
#   --prop NAME=VALUE a property for our library, more than once if need be
#   --ring KIND       ring flags of the hand-written loop: plain, coop (default), defer
#   --buffers KIND    its buffers, and fio's: plain, fixed (default)
#   --quick           a few short rounds: whether it works, not how fast
#   --markdown        print the tables as they stand in README.md
#   --keep FILE       keep every single result in FILE
#
# BUILD is a build directory; nothing is built here. The programs take turns in short slices, and
# each one's rate is divided by that of the hand-written loop in the same round; the table has
# the median over the rounds. So a machine that is busy or changes its clock disturbs all of
# them alike. A slice in which a program did not have a CPU to itself is run again.
set -eu

rounds=15
slice=0.25
other=
build=
markdown=
keep=
ring=coop
buffers=fixed
props=
usage()
{
	sed -n 's/^# \{0,1\}//; 4,13p' "$0" >&2
	exit 2
}
while [ $# -gt 0 ]; do
	case $1 in
	--other) other=${2:?} && shift ;;
	--prop) props="$props ${2:?}" && shift ;;
	--ring) ring=${2:?} && shift ;;
	--buffers) buffers=${2:?} && shift ;;
	--quick) rounds=3 && slice=0.05 ;;
	--markdown) markdown=1 ;;
	--keep) keep=${2:?} && shift ;;
	-*) usage ;;
	*) build=$1 ;;
	esac
	shift
done
[ -n "$build" ] || usage

# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"
bench_init "$build"
other=$(bench_other "$build" "$other")
other_dir=$(bench_library "$other")
bench_check_library "$other_dir"
file=$tmp/file
results=$tmp/results
contestants="uring ours"
other_name=
if [ -n "$other" ]; then
	contestants="$contestants other"
	other_name="libblkio $(basename "$(realpath "$other")" | sed 's/^libblkio\.so\.//')"
fi
if command -v fio >/dev/null; then
	contestants="$contestants fio"
else
	say "SKIP fio: not installed"
fi

# fio needs half a second to find its pace, and knows neither eventfd nor polling of this kind.
fio_rate()
{
	[ "$1" = blocking ] || return 0
	fixed=
	[ "$buffers" != fixed ] || fixed=--fixedbufs
	# shellcheck disable=SC2086 # no word, or one
	fio --name=bench --filename="$file" --readonly --rw=randread --bs="$2" --iodepth=32 \
		--ioengine=io_uring --registerfiles $fixed --iodepth_batch_submit=32 \
		--iodepth_batch_complete_min=1 --iodepth_batch_complete_max=32 \
		--norandommap --randrepeat=0 --invalidate=0 --gtod_reduce=1 --thread \
		--time_based --runtime=500ms --output-format=terse --terse-version=3 |
		awk -F ';' '$1 == 3 && $5 == 0 { print $8 }'
}

# loop_rate LIBRARY_DIR PROGRAM MODE BS [NAME=VALUE...]: reads per second. Nothing here has to
# wait, so a slice with less CPU time than time was taken from by another process: once more.
loop_rate()
{
	dir=$1 program=$2 mode=$3 bs=$4
	shift 4
	for attempt in 1 2 3 4 5; do
		LD_LIBRARY_PATH=$dir "$loops/$program" --mode="$mode" --bs="$bs" --depth=32 \
			--seconds=$slice "$file" "$@" >"$tmp/line" || die "$program failed"
		sed 's/.* seconds=\([^ ]*\) cpu_seconds=\([^ ]*\) iops=\(.*\)/\1 \2 \3/' \
			"$tmp/line" >"$tmp/times"
		read -r seconds cpu iops <"$tmp/times"
		[ "$attempt" -lt 5 ] || break
		awk "BEGIN { exit !($cpu < 0.98 * $seconds) }" || break
	done
	echo "$iops"
}

# rate CONTESTANT MODE BS
rate()
{
	# shellcheck disable=SC2086 # props: one word per property
	case $1 in
	uring) loop_rate "" loop_uring "$2" "$3" "ring=$ring" "buffers=$buffers" ;;
	ours) loop_rate "" loop_blkio "$2" "$3" $props ;;
	other) loop_rate "$other_dir" loop_blkio "$2" "$3" ;;
	fio) fio_rate "$2" "$3" ;;
	esac
}

# Each round begins with another contestant, so that none always comes after the same one.
measure()
{
	order=$contestants
	for round in $(seq $rounds); do
		for who in $order; do
			iops=$(rate "$who" "$1" "$2")
			[ -z "$iops" ] || echo "$1 $2 $round $who $iops" >>"$results"
		done
		order="${order#* } ${order%% *}"
	done
}

# table: of the results, one row per mode and block size.
table()
{
	awk -v columns="$contestants" -v other="$other_name" -v markdown="$markdown" \
		-f "$(dirname "$0")/table.awk" "$results"
}

conditions()
{
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	echo "Linux $(uname -r), ${cpu:-unknown CPU}, $(nproc) CPUs; $rounds rounds of ${slice} s," \
		"median of the ratios per round."
}

instructions()
{
	"$(dirname "$0")/instructions.sh" ${other:+--other "$other"} "$build" >"$tmp/instructions"
	if [ -z "$markdown" ]; then
		cat "$tmp/instructions"
		return
	fi
	echo "| user-space instructions per request (4 KiB, blocking, depth 32) | |"
	echo "|---|--:|"
	sed -n -e 's/^instructions hand-written \(.*\)/| hand-written liburing loop | \1 |/p' \
		-e 's/^instructions ours \(.*\)/| libblkio (this library) | \1 |/p' \
		-e "s/^instructions other \(.*\)/| $other_name | \1 |/p" \
		-e 's/^SKIP \(.*\)/| skipped | \1 |/p' "$tmp/instructions"
}

"$loops/make_file" "$file" 64
for mode in blocking eventfd polling; do
	for bs in 4096 512; do
		say "measuring: $mode, $bs bytes"
		measure "$mode" "$bs"
	done
done
[ -z "$keep" ] || cp "$results" "$keep"
table
echo
instructions
echo
conditions
