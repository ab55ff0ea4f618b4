#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# vhost-user-instructions.sh [--other FILE] [--config NAME] [--limits N,M] BUILD: user-space
# instructions of the front-end per request over vhost-user, the loop of the benchmark included.
#
# Reads of 4 KiB in batches of 32, in one buffer and in two, over packed and split rings, against our
# own server in null mode. With --limits our library fails above N with one buffer or M with two.
# With --other the same is told of another libblkio.so.1, over a split ring.
set -eu

other=
config=Release
limits=
build=
while [ $# -gt 0 ]; do
	case $1 in
	--other) other=${2:?} && shift ;;
	--config) config=${2?} && shift ;;
	--limits) limits=${2:?} && shift ;;
	-*) echo "usage: $0 [--other FILE] [--config NAME] [--limits N,M] BUILD" >&2 && exit 2 ;;
	*) build=$1 ;;
	esac
	shift
done

# shellcheck disable=SC2034 # for report.sh
report_name=bench-vhost-user-instructions
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
# shellcheck source=tests/bench/callgrind.sh
. "$here/callgrind.sh"
bench_init "${build:?which build directory?}"

why=$(count_unfit "$config")
[ -n "$why" ] || [ -x "$server" ] || why="the server is not built"
if [ -n "$why" ]; then
	skip "$why"
	report
	exit
fi

# measure LIBRARY_DIR SEGMENTS: a batch is waited for asleep, which costs more than spinning only
# by a constant, and does not depend on how fast the server is.
measure()
{
	set -- "$1" "$loops/loop_blkio" --bs=4096 --depth=32 --min-completions=32 \
		--segments="$2" "$tmp/socket" driver=virtio-blk-vhost-user
	[ -n "$1" ] || set -- "$@" poll-max-ns=0
	per_request "$@"
}

other_dir=$(bench_library "$other")
bench_check_library "$other_dir"
for form in packed split; do
	# shellcheck disable=SC2046 # an option or none
	server_start --poll $(server_form $form)
	for segments in 1 2; do
		n=$(measure "" $segments)
		echo "instructions ours $form, $segments: $n"
		[ -z "$limits" ] || [ $segments = 2 ] ||
			check_limit "$n" "${limits%,*}" "$form ring, one buffer"
		[ -z "$limits" ] || [ $segments = 1 ] ||
			check_limit "$n" "${limits#*,}" "$form ring, two buffers"
		[ -z "$other" ] || [ $form = packed ] ||
			echo "instructions other $form, $segments: $(measure "$other_dir" $segments)"
	done
done
[ -z "$limits" ] || report
