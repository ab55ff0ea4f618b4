#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# vhost-user-spin.sh BUILD: looking for completions before a sleep stops where it is in vain.
#
# The server takes much longer than poll-max-ns for each request. If every wait began with a spin, the
# CPU time of the front-end would be at least their number times poll-max-ns; it must be far less.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=bench-vhost-user-spin
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
bench_init "${1:?which build directory?}"

requests=150
poll_max_ns=4000000

if [ ! -x "$server" ]; then
	skip "the server is not built"
	report
	exit
fi
server_start --delay=20ms
"$loops/loop_blkio" --mode=blocking --depth=1 --requests=$requests "$tmp/socket" \
	driver=virtio-blk-vhost-user poll-max-ns=$poll_max_ns >"$tmp/line" ||
	die "loop_blkio failed"
cpu=$(sed 's/.* cpu_seconds=\([^ ]*\) .*/\1/' "$tmp/line")
always=$(awk "BEGIN { print $requests * $poll_max_ns / 1e9 }")
echo "CPU time: $cpu s; spins before every wait would take $always s"
if awk "BEGIN { exit !($cpu < $always / 4) }"; then
	pass
else
	fail "$cpu s of CPU time in $requests waits: the spins in vain did not stop"
fi
report
