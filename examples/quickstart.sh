#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# From a fresh checkout to a first result: installs what is missing (Debian, as root), builds into
# build/, and tries the samples and the tools on a test file.
set -eu

cd "$(dirname "$0")/.."
# shellcheck source=cmake/deps.sh
. cmake/deps.sh

build=build/quickstart
file=
log=
socket=
server=

clean_up() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -f ${file:+"$file"} ${log:+"$log"} ${socket:+"$socket"}
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step=0
step() {
	step=$((step + 1))
	printf '\n[%d/6] %s\n' "$step" "$1"
}

# Show a command as the user could type it, then run it.
try() {
	printf '$ %s\n' "$*" >&3
	"$@" 3>&-
}

# Run a command without its output; show the end of that if it fails.
quietly() {
	if ! "$@" >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		echo "This failed: $*" >&2
		exit 1
	fi
}

exec 3>&1
log=$(mktemp)

step "Looking for what the build needs"
# shellcheck disable=SC2086
deps_install $DEPS_BUILD

step "Building into $build/"
quietly cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBLKIO_BUILD_TESTS=OFF
quietly cmake --build "$build"
echo "Done: the library is $build/libblkio.so."

step "Reading the first bytes of a test file (examples/hello_read.c)"
file=$(mktemp "${TMPDIR:-/tmp}/blkio-quickstart.XXXXXX")
echo "Hello! libblkio has read this." >"$file"
head -c 67108864 /dev/urandom >>"$file"
truncate -s 67108864 "$file"
try "$build/examples/hello_read" "$file"

step "What the library knows about it (blkio-info)"
try "$build/examples/blkio-info" io_uring "path=$file" >"$log"
head -n 8 "$log"
echo "... ($(($(wc -l <"$log") - 8)) more)"

step "How fast it is: random reads of 4 KiB from the page cache for 3 seconds (blkio-bench)"
try "$build/examples/blkio-bench" --rw=randread --bs=4k --iodepth=32 --runtime=3 \
	io_uring "path=$file"

step "The same file through another process, over shared memory (vhost-user-blk-server)"
socket=$file.sock
printf '$ %s\n' "$build/examples/vhost-user-blk-server/vhost-user-blk-server --socket-path=$socket $file &"
"$build/examples/vhost-user-blk-server/vhost-user-blk-server" --socket-path="$socket" "$file" 3>&- &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ -S "$socket" ] || sleep 0.2
done
try "$build/examples/blkio-bench" --rw=randread --bs=4k --iodepth=32 --runtime=3 \
	virtio-blk-vhost-user "path=$socket"

cat <<END

All works. What next:
  Measure your own device:    $build/examples/blkio-bench --help
  Read in your own program:   examples/hello_read.c
  Read the manual:            man ./man/blkio.7
END
