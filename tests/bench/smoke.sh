#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# smoke.sh BUILD: the benchmark loops read what they claim to read. Each loop in each mode checks
# the data of a few thousand reads; and a file with other data must be noticed, as otherwise the
# check itself could be blind.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=bench-loops
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
bench_init "${1:?which build directory?}"

# expect STATUS LOOP ARGUMENT...
expect()
{
	want=$1 loop=$2
	shift 2
	got=0
	"$loops/$loop" "$@" >"$tmp/out" 2>&1 || got=$?
	if [ $got -eq "$want" ]; then
		pass
	else
		fail "$loop $*: status $got, not $want: $(cat "$tmp/out")"
	fi
}

"$loops/make_file" "$tmp/file" 4
if ! "$loops/loop_uring" --requests=1 "$tmp/file" >"$tmp/out" 2>&1; then
	skip "no io_uring here: $(cat "$tmp/out")"
	report
	exit
fi
head -c 4194304 /dev/zero >"$tmp/zeroes"
for loop in loop_uring loop_blkio; do
	for mode in blocking eventfd polling; do
		expect 0 "$loop" --mode=$mode --verify --requests=3000 "$tmp/file"
		expect 0 "$loop" --mode=$mode --verify --requests=3000 --bs=512 --depth=9 \
			--max-completions=2 "$tmp/file"
		expect 1 "$loop" --mode=$mode --verify --requests=10 "$tmp/zeroes"
	done
	expect 0 "$loop" --seconds=0.01 "$tmp/file"
	expect 1 "$loop" "$tmp/none"
	expect 1 "$loop" "$tmp/file" no-such-property=1
	expect 2 "$loop" --mode=none "$tmp/file"
done
report
