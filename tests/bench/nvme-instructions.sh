#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# nvme-instructions.sh [--config NAME] [--limit PERCENT] BUILD: user-space instructions per read of
# 4 KiB, counted by callgrind: of the driver io_uring and of nvme-io_uring, both without a kernel
# behind the ring, whose fake is not counted (loop_fake.c). With --limit nvme-io_uring fails if it
# needs PERCENT more than io_uring.
set -eu

config=Release
limit=
build=
while [ $# -gt 0 ]; do
	case $1 in
	--config) config=${2?} && shift ;;
	--limit) limit=${2:?} && shift ;;
	-*) echo "usage: $0 [--config NAME] [--limit PERCENT] BUILD" >&2 && exit 2 ;;
	*) build=$1 ;;
	esac
	shift
done

# shellcheck disable=SC2034 # for report.sh
report_name=bench-nvme-instructions
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
# shellcheck source=tests/bench/callgrind.sh
. "$here/callgrind.sh"
bench_init "${build:?which build directory?}"

why=$(count_unfit "$config")
if [ -z "$why" ] && ! "$loops/loop_fake" --requests=32 nvme-io_uring >"$tmp/probe" 2>&1; then
	why="no io_uring here: $(cat "$tmp/probe")"
fi
if [ -n "$why" ]; then
	skip "$why"
	report
	exit
fi

base=$(per_request "" "$loops/loop_fake" io_uring)
ours=$(per_request "" "$loops/loop_fake" nvme-io_uring)
echo "instructions io_uring $base"
echo "instructions nvme-io_uring $ours"
[ -n "$limit" ] || exit 0

check_limit "$ours" "$(awk "BEGIN { print $base * (100 + $limit) / 100 }")" "reads of 4 KiB by NVMe commands"
report
