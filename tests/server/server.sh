#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# server.sh SERVER CONFORMANCE INFO: the program vhost-user-blk-server as a user meets it, and the
# conformance program as its front-end, for each way of waiting, each thing that can be exported,
# and without each optional feature.
#
# Most configurations run a part of the conformance program; FULL=1 runs all of it on all of them,
# which takes minutes. With REFERENCE_LIB=DIR, the front-end uses the libblkio.so.1 in that folder (1.5.0) instead of
# the one that it was built with. SERVER_OPTIONS are given to each server.
set -u

server=${1:?usage: $0 SERVER CONFORMANCE INFO}
conformance=${2:?usage: $0 SERVER CONFORMANCE INFO}
info=${3:?usage: $0 SERVER CONFORMANCE INFO}
passed=0 failed=0 skipped=0
pid=
dir=$(mktemp -d "${TMPDIR:-/tmp}/server.XXXXXX") || exit 1
socket=$dir/socket
control=$dir/control

cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

pass() {
	passed=$((passed + 1))
}

fail() {
	echo "FAIL $1"
	failed=$((failed + 1))
}

skip() {
	echo "SKIP $1: $2"
	skipped=$((skipped + 1))
}

# check NAME COMMAND...: the command succeeds.
check() {
	local name=$1

	shift
	if "$@"; then pass; else fail "$name"; fi
}

# The file is there before the server listens, and still there after one that was killed.
is_listening() {
	grep -q " 00010000 .* $socket\$" /proc/net/unix
}

# start OPTIONS...: a server in the background, listening.
start() {
	# The options of the environment are words.
	# shellcheck disable=SC2086
	"$server" --socket-path="$socket" ${SERVER_OPTIONS-} "$@" 2>"$dir/stderr" &
	pid=$!
	for _ in $(seq 200); do
		is_listening && return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	cat "$dir/stderr"
	return 1
}

# stop [SIGNAL]: end it; the result is its exit status.
stop() {
	local status

	kill -s "${1:-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
	pid=
	return $status
}

# ask LINE: the answer of the control socket.
ask() {
	python3 - "$control" "$1" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(10)
	s.connect(sys.argv[1])
	s.sendall(sys.argv[2].encode() + b"\n")
	print(s.makefile().readline().strip())
	END
}

answer_is() {
	[ "$(ask "$1")" = "$2" ]
}

# ---- the program ----

prints() {
	"$server" "$1" | grep -q -- "$2"
}

test_words() {
	check "--help tells of --socket-path" prints --help --socket-path
	check "--version" prints --version '^vhost-user-blk-server [0-9]'
	check "--print-capabilities" prints --print-capabilities '"type": "block"'
	"$server" --nothing 2>/dev/null
	check "an unknown option is wrong usage" [ $? = 2 ]
	"$server" --socket-path="$socket" "$dir/missing" 2>"$dir/stderr"
	check "a missing file is an error" [ $? = 1 ]
	check "and the message names it" grep -q "$dir/missing" "$dir/stderr"
	"$server" --socket-path="$socket" "$dir" 2>/dev/null
	check "a folder cannot be exported" [ $? = 1 ]
}

test_socket() {
	check "start" start --null
	"$server" --socket-path="$socket" --null 2>/dev/null
	check "a second server at the same path is refused" [ $? = 1 ]
	check "SIGTERM ends it well" stop TERM
	check "and its socket is gone" [ ! -e "$socket" ]
	check "start again" start --null
	check "SIGINT ends it well" stop INT
	start --null
	stop KILL
	check "a killed server leaves its socket" [ -S "$socket" ]
	start --null
	sleep 0.2
	check "which the next one replaces" kill -0 "$pid"
	stop
	echo precious >"$socket"
	"$server" --socket-path="$socket" --null 2>/dev/null
	check "a file that is no socket is not replaced" [ $? = 1 ]
	check "and not removed" grep -q precious "$socket"
	rm "$socket"
}

size_is() {
	ask status | grep -q ", $1 bytes,"
}

test_resize() {
	truncate -s 1M "$dir/file"
	start --control="$control" "$dir/file"
	check "the size is that of the file" size_is 1048576
	truncate -s 3M "$dir/file"
	check "a file that grows is not looked at" size_is 1048576
	check "until it is said" answer_is reload ok
	check "and then it is" size_is 3145728
	truncate -s 2M "$dir/file"
	kill -s USR1 "$pid"
	sleep 0.3
	check "SIGUSR1 says it too" size_is 2097152
	check "the file is resized on command" answer_is "resize 5m" ok
	check "really" [ "$(stat -c %s "$dir/file")" = 5242880 ]
	check "a command that is none" answer_is "what?" \
		"error: the commands are resize SIZE, reload, status"
	stop
	check "the control socket is gone" [ ! -e "$control" ]
	start --control="$control" --memory=1m
	check "memory is resized" answer_is "resize 64m" ok
	check "to that" size_is 67108864
	stop
	start --control="$control" --memory=1m --zone-size=64k
	check "zones are not" answer_is "resize 64m" "error: Operation not supported"
	stop
}

# ---- the front-end ----

if [ -n "${REFERENCE_LIB-}" ]; then
	conform() {
		LD_LIBRARY_PATH=$REFERENCE_LIB "$conformance" --reference "$@"
	}
else
	conform() {
		"$conformance" "$@"
	}
fi

# What is known and not the server's: a line of extended regular expressions.
known='num_queues \+ num_poll_queues must not be greater than 1'
[ -z "${REFERENCE_LIB-}" ] || known="$known|completion_fd/nothing_happens_before_do_io"

# Count the results of one run in $dir/log.
count() {
	local numbers bad

	numbers=$(sed -n '$s/.*: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
		"$dir/log")
	if [ -z "$numbers" ]; then
		tail -n 20 "$dir/log"
		fail "$1: the front-end did not get to its end"
		return
	fi
	bad=$(grep '^FAIL ' "$dir/log" | grep -c -v -E "$known")
	grep '^FAIL ' "$dir/log" | grep -v -E "$known"
	# shellcheck disable=SC2086
	set -- $numbers
	passed=$((passed + $1)) failed=$((failed + bad)) skipped=$((skipped + $3 + $2 - bad))
	[ "$2" = "$bad" ] || echo "SKIP $(($2 - bad)) tests: they need a second queue, or a" \
		"library that publishes requests in do_io only"
}

# with "SERVER OPTIONS" [FRONT-END OPTIONS]
with() {
	local name="server $1"

	# The options are words.
	# shellcheck disable=SC2086
	if ! start $1; then
		fail "$name: did not start"
		return
	fi
	echo "== $name ${2-}"
	# shellcheck disable=SC2086
	conform --timeout=60 virtio-blk-vhost-user "path=$socket" ${2-} >"$dir/log" 2>&1
	count "$name"
	check "$name: the server is still there" kill -0 "$pid"
	check "$name: and ends well" stop
}

# part "SERVER OPTIONS" FILTER [FRONT-END OPTIONS]: only the tests that the option is about.
part() {
	if [ -n "${FULL-}" ]; then
		with "$1" "${3-}"
	else
		with "$1" "--only=$2 ${3-}"
	fi
}

zoned="--memory=64m --zone-size=4m --zone-capacity=3m --conventional-zones=2"
zoned="$zoned --max-open-zones=4 --max-active-zones=6"

test_front_end() {
	truncate -s 16M "$dir/file"
	with "--memory=16m --num-queues=4"
	with "--memory=16m --num-queues=4 --no=packed"
	for feature in "" --no=packed,indirect; do
		with "--memory=16m --num-queues=4 $feature" "--only=requests/ isolated=true"
		with "--memory=16m --num-queues=4 $feature" "--only=random/ isolated=true"
	done
	with "$zoned --num-queues=2" "--only=zoned/ isolated=true"
	if [ "${QUICK-}" = 1 ]; then
		skip "most features and ways to wait" "QUICK=1"
		with "$zoned --num-queues=2 --no=packed" --only=zoned/
		part "--memory=16m --no=indirect,packed" requests/
		part "--memory=16m --no=event-idx" completion_fd/
		part "--memory=16m --no=reply-ack,configure-mem-slots,mq,protocol-mq" mem_regions/
		return
	fi
	for wait in "" --poll --poll-ns=20000; do
		part "--memory=16m --num-queues=1 $wait" completion_fd/
		part "--memory=16m --num-queues=4 $wait" do_io/
		part "$wait $dir/file" requests/
	done
	part "--memory=16m --block-size=4096" limits/
	part "--memory=16m --threads=1" queues/
	part "--memory=16m --seg-max=8" requests/
	part "--memory=16m --delay=100us" waiting/
	part "--memory=16m --read-only" limits/ read-only=true
	for feature in "" --no=packed --no=indirect --no=packed,indirect; do
		with "$zoned --num-queues=2 $feature" --only=zoned/
	done
	for feature in packed indirect event-idx indirect,packed event-idx,packed \
		event-idx,indirect event-idx,indirect,packed; do
		part "--memory=16m --no=$feature" requests/
		part "--memory=16m --no=$feature" completion_fd/
	done
	for feature in discard write-zeroes secure-erase; do
		part "--memory=16m --no=$feature" zeroes/
	done
	for feature in mq config-wce blk-size topology inflight,status,reset-device,backend-req; do
		part "--memory=16m --no=$feature" values/
	done
	if [ -n "${REFERENCE_LIB-}" ]; then
		skip "--no=flush" "libblkio 1.5.0 waits for ever after flushes it does itself"
		skip "--no=reply-ack and --no=configure-mem-slots" "libblkio 1.5.0 needs them"
		return
	fi
	part "--memory=16m --no=flush" requests/
	part "--memory=16m --no=reply-ack" mem_regions/
	part "--memory=16m --no=reply-ack" requests/
	part "--memory=16m --no=configure-mem-slots" mem_regions/
	part "--memory=16m --no=configure-mem-slots" clients/
	part "--memory=16m --no=reply-ack,configure-mem-slots,mq,protocol-mq" mem_regions/
}

# kill_while CLIENT "SERVER OPTIONS": kill the server and start it again as long as the front-end runs,
# once it has written half a MiB. What it does before, connecting, is not done again if it fails.
kill_while() {
	while kill -0 "$1" 2>/dev/null && [ "$(stat -c %b "$dir/file")" -lt 1024 ]; do
		sleep 0.02
	done
	while kill -0 "$1" 2>/dev/null; do
		stop KILL
		kills=$((kills + 1))
		# shellcheck disable=SC2086
		start $2 "$dir/file" || fail "crashes $2: did not start again"
		sleep 0.1
	done
}

# crashes "SERVER OPTIONS": the server is killed again and again while data is written and verified,
# in each completion mode. The front-end is told to wait for it: it sees no error, no wrong data.
crashes() {
	local mode name kills

	for mode in blocking event-driven polling "poll queue"; do
		name="crashes $1 [$mode]"
		kills=0
		rm -f "$dir/file"
		truncate -s 16M "$dir/file"
		# shellcheck disable=SC2086
		start $1 "$dir/file" || fail "$name: did not start"
		conform --timeout=120 --count=20000 \
			"--only=random_operations_in_a_mapped_region [$mode]" \
			virtio-blk-vhost-user "path=$socket" reconnect-timeout-ms=20000 \
			>"$dir/log" 2>&1 &
		kill_while $! "$1"
		count "$name"
		echo "== $name: killed $kills times"
		check "$name: more than once" [ "$kills" -gt 1 ]
		stop
	done
}

# The server dies at each message of the handshake: the front-end ends with an error, in time.
test_handshake() {
	local n status late=0 silent=0 good=0

	for n in $(seq 60); do
		start --memory=16m --exit-after-messages="$n"
		timeout 20 "$info" --start virtio-blk-vhost-user "path=$socket" >"$dir/log" 2>&1
		status=$?
		[ $status != 124 ] || late=$((late + 1))
		[ $status != 1 ] || grep -q . "$dir/log" || silent=$((silent + 1))
		[ $status != 0 ] || good=$((good + 1))
		stop KILL
	done
	check "deaths in the handshake end in time" [ $late = 0 ]
	check "and have a text" [ $silent = 0 ]
	check "some of the $good starts outlive the handshake" [ $good -gt 0 ]
	check "and some of the 60 do not" [ $good -lt 50 ]
}

test_crashes() {
	if [ -n "${REFERENCE_LIB-}" ]; then
		skip "crashes" "libblkio 1.5.0 does not reconnect"
		return
	fi
	crashes --num-queues=4
	if [ "${QUICK-}" = 1 ]; then
		skip "crashes with other features" "QUICK=1"
		return
	fi
	crashes "--num-queues=4 --no=packed --delay=100us"
	crashes "--num-queues=4 --no=indirect,configure-mem-slots"
}

has_driver() {
	start --memory=16m || return 1
	conform --list virtio-blk-vhost-user "path=$socket" >"$dir/log" 2>&1
	has=$?
	stop
	return $has
}

test_words
test_socket
if command -v python3 >/dev/null; then
	test_resize
else
	skip "resize and control" "python3 is not installed"
fi
if has_driver; then
	test_front_end
	test_handshake
	test_crashes
else
	skip "conformance" "this libblkio has no virtio-blk-vhost-user"
fi

echo "server: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
