#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the conformance program over virtio-blk-vhost-user, with qemu-storage-daemon as back-end:
# raw and qcow2 images, writable and read-only, with one queue and with four.
#
# All tests run on a raw image with four queues. The other variants run those that can notice the
# difference, so that the whole takes less than a minute.
#
# usage: run-vhost-user.sh CONFORMANCE-BINARY [option of the program ...]
set -u
# shellcheck source=tests/support/count.sh
. "$(dirname "$0")/../support/count.sh"

program=${1:?usage: $0 CONFORMANCE-BINARY [option ...]}
shift
options=("$@")
driver=virtio-blk-vhost-user
bytes=16777216
daemon='' # process id of the back-end
dir=$(mktemp -d "${TMPDIR:-/tmp}/conformance.XXXXXX") || exit 1

stop_daemon()
{
	[ -n "$daemon" ] || return 0
	kill "$daemon" && wait "$daemon"
	daemon=
} 2> /dev/null

cleanup()
{
	stop_daemon
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# start_daemon FORMAT WRITABLE NUM-QUEUES: export $dir/FORMAT on the socket $dir/socket.
start_daemon()
{
	local format=$1 writable=$2 num_queues=$3 read_only=on spec

	[ "$writable" = on ] && read_only=off
	spec="type=vhost-user-blk,id=export,node-name=disk,writable=$writable"
	spec+=",num-queues=$num_queues,addr.type=unix,addr.path=$dir/socket"
	rm -f "$dir/socket"
	qemu-storage-daemon \
		--blockdev "driver=file,node-name=file,filename=$dir/$format,read-only=$read_only" \
		--blockdev "driver=$format,node-name=disk,file=file,read-only=$read_only" \
		--export "$spec" > "$dir/daemon" 2>&1 &
	daemon=$!
	echo "== qemu-storage-daemon: $format, writable=$writable, num-queues=$num_queues"
	for ((i = 0; i < 100; i++)); do
		[ -S "$dir/socket" ] && return
		kill -0 "$daemon" 2> /dev/null || break
		sleep 0.1
	done
	fail "qemu-storage-daemon" "it did not start: $(cat "$dir/daemon")"
	stop_daemon
	return 1
}

# The back-end must have survived what was done to it.
check_daemon()
{
	kill -0 "$daemon" 2> /dev/null ||
		fail "qemu-storage-daemon" "it died: $(cat "$dir/daemon")"
	stop_daemon
}

# run [option ...] [property=value ...]
run()
{
	local opts=("${options[@]}")

	for arg; do
		[[ $arg == --* ]] && opts+=("$arg") && shift
	done
	echo "== $driver ${opts[*]} $*"
	"$program" "${opts[@]}" "$driver" "path=$dir/socket" "$@" > "$dir/log" 2>&1
	cat "$dir/log"
	count_log "$dir/log"
}

# The daemon serves one client at a time: the next one must not wait for one that was killed with
# requests in flight.
test_killed_client()
{
	local client

	"$program" --only=random/ --count=100000 "$driver" "path=$dir/socket" > /dev/null 2>&1 &
	client=$!
	sleep 1
	if ! kill -KILL "$client"; then
		fail "a client that is killed" "it had ended before"
		return
	fi
	wait "$client" 2> /dev/null
	run --only=requests/ connect-timeout-ms=5000
}

test_raw()
{
	truncate -s $bytes "$dir/raw"
	if start_daemon raw on 4; then
		run "--backing=$dir/raw"
		run "--only=[blocking]" poll-max-ns=20000
		test_killed_client
		check_daemon
	fi
	if start_daemon raw on 1; then
		run "--only=[blocking]" "--backing=$dir/raw"
		run "--only=[event-driven]" "--backing=$dir/raw"
		run "--only=[poll queue]" "--backing=$dir/raw"
		check_daemon
	fi
	if start_daemon raw off 4; then
		run "--only=[blocking]" "--backing=$dir/raw" read-only=true
		run --only=lifecycle/ "--backing=$dir/raw" read-only=true
		run --only=clients/ "--backing=$dir/raw" read-only=true
		check_daemon
	fi
}

# qemu-img is in another package, but the daemon itself can make an image.
make_qcow2()
{
	local line

	: > "$dir/qcow2"
	coproc qemu-storage-daemon --chardev stdio,id=stdio --monitor chardev=stdio \
		--blockdev "driver=file,node-name=file,filename=$dir/qcow2" 2> "$dir/why"
	{
		echo '{"execute": "qmp_capabilities"}'
		echo '{"execute": "blockdev-create", "arguments": {"job-id": "create", "options":'
		echo "{\"driver\": \"qcow2\", \"file\": \"file\", \"size\": $bytes}}}"
	} >&"${COPROC[1]}"
	while read -t 10 -r line <&"${COPROC[0]}"; do
		echo "$line" >> "$dir/why"
		[[ $line == *'"status": "concluded"'* ]] && break
		[[ $line == *'"error"'* ]] && break
	done
	echo '{"execute": "quit"}' >&"${COPROC[1]}"
	wait "$COPROC_PID"
	[ "$(head -c 3 "$dir/qcow2")" = QFI ]
}

test_qcow2()
{
	if ! make_qcow2; then
		fail "qcow2 image" "$(cat "$dir/why")"
		return
	fi
	if start_daemon qcow2 on 4; then
		run --only=requests/
		run --only=zeroes/
		# With parts of clusters among the ranges, QEMU 7.2 lets two clusters of the disk
		# share one of the image (qemu-img check: "refcount=1 reference=2").
		run --only=random/ --range-unit=65536
		check_daemon
	fi
	if start_daemon qcow2 off 4; then
		run --only=limits/ read-only=true
		check_daemon
	fi
}

if ! "$program" --help > /dev/null 2>&1; then
	fail "$program" "it does not run"
elif ! command -v qemu-storage-daemon > /dev/null; then
	skip "all tests" "qemu-storage-daemon is not installed (package qemu-system-common)"
else
	test_raw
	test_qcow2
fi
count_end conformance-vhost-user
