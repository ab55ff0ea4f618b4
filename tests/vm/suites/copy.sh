# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# blkio-copy between drivers: each of them is once the source and once the target, and with VM_FULL=1
# each is the source for every other. What arrived is fetched and has the checksum of what was sent;
# each source has data of its own, so that nothing that was there before can pass for it.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme
load_vfio
load_vduse

bytes=2097152
drivers="io_uring threads nvme-io_uring virtio-blk-vhost-user virtio-blk-vfio-pci virtio-blk-vhost-vdpa"
socket=/tmp/copy.sock

start_devices() {
	truncate -s 16M /tmp/io_uring.img /tmp/threads.img /tmp/vdpa.img
	vhost-user-blk-server --socket-path=$socket --memory=16m &
	server=$!
	vduse_start copy /tmp/vdpa.img
	virtio_find
	virtio_to_vfio "$(virtio_address split)"
	check "the server is there" wait_for $socket
}

stop_devices() {
	vduse_stop copy
	kill $server && wait $server
	virtio_to_kernel "$(virtio_address split)" >/dev/null
}

path_of() {
	case $1 in
	nvme-io_uring) nvme_char 1 ;;
	virtio-blk-vhost-user) echo $socket ;;
	virtio-blk-vfio-pci) echo "$pci_devices/$(virtio_address split)" ;;
	virtio-blk-vhost-vdpa) vdpa_char copy ;;
	*) echo "/tmp/$1.img" ;;
	esac
}

# Random bytes with holes, in a file and in the source.
fill_source() {
	head -c 1048576 /dev/urandom >/tmp/data
	dd if=/dev/urandom of=/tmp/data bs=512 seek=2500 count=700 2>/dev/null
	truncate -s $bytes /tmp/data
	sum=$(md5sum </tmp/data)
	check "data for $1" blkio-copy io_uring path=/tmp/data to "$1" "path=$(path_of "$1")"
}

# copies_right FROM TO
copies_right() {
	blkio-copy --size=$bytes --verify "$1" "path=$(path_of "$1")" to "$2" "path=$(path_of "$2")" || return
	rm -f /tmp/fetched
	blkio-copy --size=$bytes --create "$2" "path=$(path_of "$2")" to threads path=/tmp/fetched || return
	arrived=$(md5sum </tmp/fetched)
	echo "sent: $sum arrived: $arrived"
	[ "$arrived" = "$sum" ]
}

next_of() {
	echo "$there $there" | tr ' ' '\n' | grep -m 1 -A 1 "^$1\$" | tail -n 1
}

targets_of() {
	if is_full; then echo "$there"; else next_of "$1"; fi
}

start_devices
there=
for driver in $drivers; do
	if has_driver "$driver"; then
		there="${there:+$there }$driver"
	else
		skip "copies of $driver" "this build has no such driver"
	fi
done
for from in $there; do
	fill_source "$from"
	for to in $(targets_of "$from"); do
		[ "$from" = "$to" ] || check "from $from to $to" copies_right "$from" "$to"
	done
done
stop_devices
finish copy
