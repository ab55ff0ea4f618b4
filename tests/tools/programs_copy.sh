# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# blkio-copy between files, and to and from a vhost-user back-end. Sourced by programs.sh.

# Data, holes, and an odd length.
{
	head -c 3000001 /dev/urandom
	head -c 5000000 /dev/zero
	head -c 123457 /dev/urandom
	head -c 300000 /dev/zero
} >"$dir/source"
length=$(stat -c %s "$dir/source")

same() { cmp -n "$length" "$dir/source" "$1"; }

run "$copy" --help
check "copy --help" exits 0
check "copy --help fits a terminal" fits_80_columns
run "$copy" -V
check "copy -V" grep -qE '^blkio-copy [0-9]+\.[0-9]+\.[0-9]+$' "$dir/out"

for options in "" "--bs=4k --iodepth=1" "--bs=64k --iodepth=100 --numjobs=3" "--sparse=0"; do
	rm -f "$dir/target"
	# Options are words.
	# shellcheck disable=SC2086
	run "$copy" --create --verify $options io_uring "path=$dir/source" to io_uring "path=$dir/target"
	check "copy $options" exits 0
	check "copy $options: says so" says "source and target are the same"
	check "copy $options: the same bytes" cmp "$dir/source" "$dir/target"
	check "copy $options: nothing on stderr" silent
done
rm -f "$dir/target"
run "$copy" --create io_uring "path=$dir/source" to io_uring "path=$dir/target"
check "copy: zeroes are left out" says "of zeroes left out"
check "copy: the target is sparse" \
	[ "$(stat -c %b "$dir/target")" -lt $((length / 512 - 4000)) ]

# What the target held before is gone, where the source has zeroes, too.
head -c "$length" /dev/urandom >"$dir/target"
run "$copy" io_uring "path=$dir/source" to io_uring "path=$dir/target"
check "copy over old data" exits 0
check "copy over old data: the same bytes" cmp "$dir/source" "$dir/target"
check "copy over old data: zeroes are made" says "of zeroes made, not written"

head -c 1000000 /dev/zero >"$dir/target"
run "$copy" --source_offset=4096 --target-offset=8192 --size=10000 \
	io_uring "path=$dir/source" to io_uring "path=$dir/target"
check "copy a part" exits 0
check "copy a part: it is there" cmp -n 10000 -i 4096:8192 "$dir/source" "$dir/target"
check "copy a part: nothing before" cmp -n 8192 /dev/zero "$dir/target"
check "copy a part: nothing behind" cmp -n 900000 -i 0:18192 /dev/zero "$dir/target"

cp "$dir/source" "$dir/target"
run "$copy" --verify_only io_uring "path=$dir/source" to io_uring "path=$dir/target"
check "compare" exits 0
printf x | dd of="$dir/target" bs=1 seek=4000000 conv=notrunc 2>/dev/null
refused 1 "differ: byte 4000000 of the source is 0x00, byte 4000000 of the target 0x78" \
	"$copy" --verify-only io_uring "path=$dir/source" to io_uring "path=$dir/target"

refused 2 "what to copy to is missing" "$copy" io_uring "path=$dir/source"
refused 2 "no driver before 'to'" "$copy" to io_uring "path=$dir/source"
refused 2 "no driver after 'to'" "$copy" io_uring "path=$dir/source" to
refused 2 "do not go together" "$copy" --create --verify-only io_uring "path=$dir/source" to io_uring
refused 1 "No such file" "$copy" io_uring "path=$dir/source" to io_uring "path=$dir/nowhere"
refused 1 "No such file" "$copy" io_uring "path=$dir/nowhere" to io_uring "path=$dir/target"
refused 2 "single-issuer=true is not possible" "$copy" io_uring "path=$dir/source" single-issuer=true \
	to io_uring "path=$dir/target"
refused 1 "there is nothing to copy" "$copy" --source_offset=1g io_uring "path=$dir/source" \
	to io_uring "path=$dir/target"
refused 1 "the source has only" "$copy" --size=1g io_uring "path=$dir/source" \
	to io_uring "path=$dir/target"
run "$copy" --progress=always io_uring "path=$dir/source" to io_uring "path=$dir/target"
check "--progress=always" complains "100 %"

# with_server NAME FILE COMMAND...: while the server exports FILE at $dir/socket.
with_server() {
	rm -f "$dir/socket"
	"$server" --num-queues=4 --socket-path="$dir/socket" "$1" >/dev/null 2>&1 &
	background=$!
	shift
	for i in 1 2 3 4 5 6 7 8 9 10; do
		# That it listens, not only that the file is there.
		grep -q " 00010000 .* $dir/socket\$" /proc/net/unix || sleep 0.2
	done
	run "$@"
	kill $background
	{ wait $background; } 2>/dev/null
	background=
}

if [ -x "$server" ]; then
	head -c 16m /dev/urandom >"$dir/disk"
	with_server "$dir/disk" "$copy" --verify --numjobs=2 io_uring "path=$dir/source" \
		to virtio-blk-vhost-user "path=$dir/socket"
	check "copy to a back-end" exits 0
	check "copy to a back-end: the same bytes" same "$dir/disk"
	rm -f "$dir/target"
	with_server "$dir/disk" "$copy" --verify --create virtio-blk-vhost-user "path=$dir/socket" \
		to io_uring "path=$dir/target"
	check "copy from a back-end" exits 0
	check "copy from a back-end: the same bytes" cmp "$dir/disk" "$dir/target"
	truncate -s 1m "$dir/disk"
	with_server "$dir/disk" "$copy" io_uring "path=$dir/source" \
		to virtio-blk-vhost-user "path=$dir/socket"
	check "a target that is too small" exits 1
	check "a target that is too small: its size" complains "which has 1048576"
else
	skip "blkio-copy with a back-end" "vhost-user-blk-server is not built"
fi
