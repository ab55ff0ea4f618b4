# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# The samples. Sourced by programs.sh.

# Not a multiple of anything.
{
	echo "Hello, reader of tests."
	head -c 1000000 /dev/urandom
} >"$dir/odd"
size=$(wc -c <"$dir/odd")

run "$bin/hello_read" "$dir/odd"
check "hello_read" exits 0
check "hello_read shows the data" says "Hello, reader of"
check "hello_read shows the size" says "capacity: $size bytes"

run "$bin/event_loop" "$dir/odd"
check "event_loop" exits 0
check "event_loop reads all" says "read $size bytes"

run "$bin/poll_loop" "$dir/odd"
check "poll_loop" exits 0
check "poll_loop reads all" grep -qE '^read 100[0-9]{4} bytes: 62 requests' "$dir/out"

: >"$dir/empty"
for sample in hello_read event_loop poll_loop; do
	run "$bin/$sample" "$dir/empty"
	check "$sample of an empty file" exits 0
	refused 1 "$dir/missing" "$bin/$sample" "$dir/missing"
	refused 1 "usage" "$bin/$sample"
done
