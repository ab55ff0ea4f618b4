#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# vhost-user.sh [--other FILE] [--rounds N] BUILD: our library and another libblkio.so.1 as
# front-ends of our own vhost-user server in null mode, one after the other, as ratios.
#
# The two processors, one for each side, move around their host: how long a cache line takes from
# one to the other changes by a factor of ten, for seconds at a time. It is measured before and
# after each run, and a round counts only if all its readings agree, and if nobody who polls had to
# share a CPU with another process. --other defaults to libblkio
# 1.5.0, which fetch-libblkio.sh fetches.
set -eu

rounds=15
other=
build=
while [ $# -gt 0 ]; do
	case $1 in
	--other) other=${2:?} && shift ;;
	--rounds) rounds=${2:?} && shift ;;
	-*) echo "usage: $0 [--other FILE] [--rounds N] BUILD" >&2 && exit 2 ;;
	*) build=$1 ;;
	esac
	shift
done

here=$(dirname "$0")
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
bench_init "${build:?which build directory?}"
[ -x "$server" ] || die "$server is missing: build it first"
[ "$(nproc)" -ge 2 ] || die "this takes two processors"
other=$(bench_other "$build" "$other")
[ -n "$other" ] || die "there is no library to compare with; name one with --other"
other_dir=$(bench_library "$other")
bench_check_library "$other_dir"
last_cpu=$(($(nproc) - 1))

trip()
{
	"$loops/line_trip" 0 $last_cpu
}

# The CPU time of the server so far, in seconds.
server_cpu()
{
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / hz }' \
		"/proc/$server_pid/stat"
}

# rate LIBRARY_DIR OPTION...: requests per second; 0 if one who polls had not enough CPU time.
rate()
{
	dir=$1
	shift
	before=$(server_cpu)
	LD_LIBRARY_PATH=$dir taskset -c 0 "$loops/loop_blkio" --seconds=0.5 "$@" >"$tmp/line" ||
		die "loop_blkio failed"
	after=$(server_cpu)
	sed 's/.* seconds=\([^ ]*\) cpu_seconds=\([^ ]*\) iops=\(.*\)/\1 \2 \3/' "$tmp/line" |
		awk -v polls="$polls" -v server="$before $after" '{ split(server, cpu, " ")
			print polls && ($2 < 0.95 * $1 || cpu[2] - cpu[1] < 0.9 * $1) ? 0 : $3 }'
}

# agree NS...: whether the readings are of one kind.
agree()
{
	echo "$@" | awk '{ min = max = $1
		for (i = 2; i <= NF; i++) { if ($i < min) min = $i; if ($i > max) max = $i }
		exit !(max <= 1.3 * min) }'
}

# compare TITLE PROPERTIES OPTION...: the properties are for our library alone.
compare()
{
	title=$1 props=$2
	polls=
	[ "$3" != --mode=polling ] || polls=1
	shift 2
	set -- "$@" "$tmp/socket" driver=virtio-blk-vhost-user
	: >"$tmp/rounds"
	for round in $(seq "$rounds"); do
		# Who goes first changes. props is a word for each property.
		# shellcheck disable=SC2086
		if [ $((round % 2)) = 1 ]; then
			t1=$(trip) && ours=$(rate "" "$@" $props) && t2=$(trip)
			theirs=$(rate "$other_dir" "$@") && t3=$(trip)
		else
			t1=$(trip) && theirs=$(rate "$other_dir" "$@") && t2=$(trip)
			ours=$(rate "" "$@" $props) && t3=$(trip)
		fi
		if [ "$ours" != 0 ] && [ "$theirs" != 0 ] && agree "$t1" "$t2" "$t3"; then
			awk "BEGIN { print $ours / $theirs, $ours, $theirs, $t2 }" >>"$tmp/rounds"
		fi
	done
	sort -n "$tmp/rounds" | awk -v title="$title" -v rounds="$rounds" '
		{ line[NR] = $0 }
		END {
			if (!NR) { printf "%-46s no two runs under the same conditions\n", title; exit }
			split(line[int((NR + 1) / 2)], m, " ")
			split(line[1], low, " "); split(line[NR], high, " ")
			printf "%-46s %.2f (%.2f..%.2f), %d of %d rounds; %.0f against %.0f/s, line %d ns\n",
				title, m[1], low[1], high[1], NR, rounds, m[2], m[3], m[4]
		}'
}

echo "ours / $(basename "$(realpath "$other")"), requests per second: median (least..most)"
server_start --poll
compare "depth 32, both sides poll" "" --mode=polling --depth=32
compare "depth 1, both sides poll" "" --mode=polling --depth=1
server_start
compare "depth 1, both sides sleep" "poll-max-ns=0" --mode=blocking --depth=1
compare "depth 1, the server sleeps" "" --mode=blocking --depth=1
compare "depth 32, the server sleeps" "" --mode=blocking --depth=32
