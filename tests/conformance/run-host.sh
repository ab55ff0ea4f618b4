#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the conformance program over what every Linux host has: a file, a file in memory and, as
# root, loop devices and a partition; buffered and direct, read-only, opened by fd, and with each
# property that changes how the driver works.
#
# usage: run-host.sh io_uring|threads CONFORMANCE-BINARY [option of the program ...]
set -u
# shellcheck source=tests/support/count.sh
. "$(dirname "$0")/../support/count.sh"

driver=${1:?usage: $0 io_uring|threads CONFORMANCE-BINARY [option ...]}
program=${2:?usage: $0 io_uring|threads CONFORMANCE-BINARY [option ...]}
shift 2
options=("$@")
case $driver in
io_uring)
	additions=(single-issuer=true sqpoll=true pin-mem-regions=true)
	sectors=(512 4096)
	one_more=single-issuer=true
	;;
*)
	additions=(num-threads=1 num-entries=2)
	sectors=(4096)
	one_more=num-threads=1
	;;
esac
loops=() shm=
dir=$(mktemp -d "${TMPDIR:-/tmp}/conformance.XXXXXX") || exit 1

cleanup()
{
	for loop in "${loops[@]}"; do
		losetup -d "$loop"
	done
	rm -rf "$dir" ${shm:+"$shm"}
}
trap cleanup EXIT
trap 'exit 1' INT TERM

run()
{
	echo "== $driver $*"
	"$program" "${options[@]}" "$driver" "$@" > "$dir/log" 2>&1
	cat "$dir/log"
	count_log "$dir/log"
}

# A property that the library does not have is one skipped variant.
run_with_addition()
{
	if "$program" --list "$driver" "path=$dir/file" "$1" > /dev/null 2>&1; then
		run "${@:2}" "$1"
	else
		skip "$driver $1" "this library does not have the property"
	fi
}

has_direct_io()
{
	dd if="$1" of=/dev/null bs=4096 count=1 iflag=direct 2> /dev/null
}

test_file()
{
	local direct=()

	truncate -s 16M "$dir/file"
	run "path=$dir/file"
	run "path=$dir/file" read-only=true
	exec 9<> "$dir/file"
	run fd=9
	exec 9>&-
	if has_direct_io "$dir/file"; then
		direct=(direct=true)
		run "path=$dir/file" direct=true
		run "path=$dir/file" direct=true read-only=true
	else
		skip "$driver direct=true" "no O_DIRECT in $dir ($(stat -f -c %T "$dir"))"
	fi
	[ "$driver" = threads ] || run_with_addition register-mem-regions=true "path=$dir/file"
	for addition in "${additions[@]}"; do
		run_with_addition "$addition" "path=$dir/file" "${direct[@]}"
	done
}

# A file system that cannot do all kinds of zeroes.
test_tmpfs()
{
	if [ "$(stat -f -c %T /dev/shm 2> /dev/null)" != tmpfs ] || [ ! -w /dev/shm ]; then
		skip "file in memory" "no writable tmpfs on /dev/shm"
		return
	fi
	shm=$(mktemp /dev/shm/conformance.XXXXXX)
	truncate -s 16M "$shm"
	run "path=$shm"
}

# Prints the device; without one, $dir/why says why.
make_loop()
{
	truncate -s 16M "$dir/disk$1"
	losetup --find --show --partscan --sector-size "$1" "$dir/disk$1" 2> "$dir/why"
}

test_partition()
{
	if ! addpart "$1" 1 2048 16384 2> "$dir/why" || ! [ -b "$1p1" ]; then
		skip "partition of a loop device" "$(cat "$dir/why")"
		return
	fi
	run "path=$1p1"
	run "path=$1p1" direct=true
}

test_loop()
{
	local loop

	if ! loop=$(make_loop "$1"); then
		skip "loop device with $1-byte sectors" "$(cat "$dir/why")"
		return
	fi
	loops+=("$loop")
	run "path=$loop"
	run "path=$loop" direct=true
	run "path=$loop" read-only=true
	run "path=$loop" direct=true read-only=true
	[ "$driver" = threads ] || run_with_addition single-issuer=true "path=$loop" direct=true
	[ "$1" = 512 ] && test_partition "$loop"
}

# With a sanitizer, where everything takes its time: the variants that run different code.
test_few()
{
	local loop

	skip "most variants" "QUICK=1 runs a file, O_DIRECT and a loop device only"
	truncate -s 16M "$dir/file"
	run "path=$dir/file"
	run "path=$dir/file" direct=true "$one_more"
	[ "$driver" = io_uring ] || return
	if [ "$(id -u)" = 0 ] && loop=$(make_loop 4096); then
		loops+=("$loop")
		run "path=$loop" direct=true
	else
		skip "loop device" "none can be made"
	fi
}

test_loops()
{
	if [ "$(id -u)" != 0 ]; then
		skip "loop devices with $driver" "not root"
	elif [ ! -e /dev/loop-control ]; then
		skip "loop devices with $driver" "no /dev/loop-control"
	else
		for sector in "$@"; do
			test_loop "$sector"
		done
	fi
}

if [ "${QUICK-}" = 1 ]; then
	test_few
else
	test_file
	test_tmpfs
	test_loops "${sectors[@]}"
fi
count_end "conformance-$driver"
