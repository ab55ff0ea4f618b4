# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-user on this kernel with qemu-storage-daemon; the suite vhost-user-server has our own
# server. A polling client keeps the back-end from running for a tick at a time here: tests that poll
# are on the host.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

socket=/tmp/vhost-user.sock
driver=virtio-blk-vhost-user

test_daemon() {
	truncate -s 16M /tmp/disk.img
	qemu-storage-daemon --blockdev file,node-name=f,filename=/tmp/disk.img,discard=unmap \
		--export "vhost-user-blk,id=e,node-name=f,addr.type=unix,addr.path=$socket,writable=on,num-queues=4" &
	daemon=$!
	check "qemu-storage-daemon starts" wait_for $socket
	parts qemu-storage-daemon "lifecycle/ requests/ completion_fd/" $driver path=$socket
	check "writing a pattern" pattern write 1 4194304 $driver path=$socket
	kill $daemon && wait $daemon
	check "the pattern is in the image" pattern check 1 4194304 io_uring path=/tmp/disk.img
	rm -f $socket /tmp/disk.img
}

test_daemon
finish vhost-user-daemon
