# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# blkio-bench on a block device: what it refuses to overwrite. Sourced by programs.sh.

# guarded TEXT: the device is not written to, and TEXT says why.
guarded() {
	refused 1 "$1" "$bench" --rw=randwrite --number_ios=1 io_uring "path=$loop"
	run "$bench" --rw=randread --number_ios=1 io_uring "path=$loop"
	check "reading is no danger" exits 0
}

test_alignment() {
	refused 2 "request-alignment, 512" "$bench" --bs=1000 --direct=1 io_uring "path=$loop"
}

test_mounted() {
	if ! mount "$loop" "$dir/mnt" 2>/dev/null; then
		skip "mounted device" "mounting a loop device is not allowed here"
		return
	fi
	mounts=$dir/mnt
	guarded "mounted at $dir/mnt"
	run "$bench" --rw=write --bs=512 --number_ios=1 --allow-mounted-write=1 \
		io_uring "path=$loop"
	check "--allow-mounted-write=1" exits 0
	umount "$dir/mnt" && mounts=
}

# A mount that this process cannot see: only the kernel's exclusive open tells.
test_mounted_elsewhere() {
	unshare -m sh -c "mount '$loop' '$dir/mnt' && : >'$dir/ready' && exec sleep 60" \
		2>/dev/null &
	background=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do
		[ -e "$dir/ready" ] || sleep 0.2
	done
	if [ -e "$dir/ready" ]; then
		guarded "in use"
	else
		skip "device mounted elsewhere" "no mount namespaces here"
	fi
	{
		kill $background
		wait $background
	} 2>/dev/null
	background=
}

test_mounted_partition() {
	# From 1 MiB on, 4 MiB long, without a partition table: no kernel needs to know its kind.
	if ! addpart "$loop" 1 2048 8192 2>/dev/null || ! [ -b "${loop}p1" ]; then
		skip "mounted partition" "no partition of a loop device can be made"
		return
	fi
	if ! mkfs.ext4 -q -F "${loop}p1" || ! mount "${loop}p1" "$dir/mnt"; then
		skip "mounted partition" "mounting a loop device is not allowed here"
		return
	fi
	mounts=$dir/mnt
	guarded "mounted at $dir/mnt"
	umount "$dir/mnt" && mounts=
	run "$bench" --rw=write --bs=512 --number_ios=1 io_uring "path=${loop}"
	check "what is not mounted can be written" exits 0
}

# Zeroes at the end that are no whole block: the device cannot make them, so they are written.
test_copy_of_odd_length() {
	{
		head -c 200000 /dev/urandom
		head -c 300001 /dev/zero
	} >"$dir/odd"
	run "$copy" --verify --allow-mounted-write io_uring "path=$dir/odd" to io_uring "path=$loop"
	check "copy of an odd length to a device" exits 0
	check "copy of an odd length to a device: the same bytes" cmp -n 500001 "$dir/odd" "$loop"
}

truncate -s 16M "$dir/image"
if [ "$(id -u)" -ne 0 ]; then
	skip "block devices" "only root may make loop devices"
elif ! command -v mkfs.ext4 >/dev/null || ! command -v losetup >/dev/null; then
	skip "block devices" "mkfs.ext4 or losetup is not there"
elif ! loop=$(losetup -f -P --show "$dir/image" 2>/dev/null); then
	skip "block devices" "no loop device can be made"
else
	loops=$loop
	mkdir "$dir/mnt"
	mkfs.ext4 -q "$loop"
	test_alignment
	test_mounted_elsewhere
	test_mounted
	test_mounted_partition
	test_copy_of_odd_length
fi
