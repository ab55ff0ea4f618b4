# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What the scripts of this folder share: which programs to run and which library they load.
# Sourced, never run. Sets: loops (the folder of the programs), tmp (removed at exit), server (our
# vhost-user back-end, which need not be built).

say()
{
	echo "$*" >&2
}

die()
{
	say "$0: $*"
	exit 1
}

# bench_init BUILD: find the programs in a build directory and make the temporary folder.
bench_init()
{
	loops=$1/tests/bench
	for program in loop_uring loop_blkio make_file; do
		[ -x "$loops/$program" ] || die "$loops/$program is missing: build first"
	done
	server=$1/examples/vhost-user-blk-server/vhost-user-blk-server
	server_pid=
	tmp=$(mktemp -d)
	trap 'server_stop; rm -rf "$tmp"' EXIT
	trap 'exit 1' HUP INT TERM
}

# bench_library FILE: a folder for LD_LIBRARY_PATH in which FILE is libblkio.so.1, or "" for ours.
bench_library()
{
	[ -n "$1" ] || return 0
	[ -e "$1" ] || die "$1: no such file"
	mkdir -p "$tmp/other"
	ln -sf "$(realpath "$1")" "$tmp/other/libblkio.so.1"
	echo "$tmp/other"
}

# bench_loaded DIR: the library that loop_blkio loads when LD_LIBRARY_PATH is DIR.
bench_loaded()
{
	LD_LIBRARY_PATH=$1 ldd "$loops/loop_blkio" | awk '$1 == "libblkio.so.1" { print $3 }'
}

# bench_check_library DIR: a build that pins its own library would compare it with itself.
bench_check_library()
{
	[ -z "$1" ] || [ "$(bench_loaded "$1")" = "$1/libblkio.so.1" ] ||
		die "loop_blkio loads $(bench_loaded "$1") instead of $1/libblkio.so.1"
}

# bench_other BUILD FILE: FILE, or if that is "" the library that fetch-libblkio.sh finds, or "".
bench_other()
{
	if [ -n "$2" ]; then
		echo "$2"
	else
		"$(dirname "$0")/fetch-libblkio.sh" "$1/tests/bench/libblkio-1.5" || true
	fi
}

# server_start OPTION...: our back-end in null mode on $tmp/socket, on the last CPU. It takes one
# front-end after the other.
server_start()
{
	server_stop
	rm -f "$tmp/socket"
	"$server" --null --read-only --socket-path="$tmp/socket" "$@" 2>"$tmp/server" &
	server_pid=$!
	taskset -cp $(($(nproc) - 1)) $server_pid >"$tmp/taskset"
	for _ in $(seq 100); do
		[ -S "$tmp/socket" ] && return
		sleep 0.05
	done
	die "the server did not start: $(cat "$tmp/server")"
}

server_stop()
{
	[ -n "$server_pid" ] || return 0
	kill "$server_pid"
	wait "$server_pid" || true
	server_pid=
}

# server_form packed|split: the option that makes it the form of the rings.
server_form()
{
	[ "$1" = packed ] || echo "--no=packed"
}
