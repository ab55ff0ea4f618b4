# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-user on this kernel with our own server.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

socket=/tmp/vhost-user.sock
driver=virtio-blk-vhost-user

test_server() {
	vhost-user-blk-server --socket-path=$socket --memory=16m --num-queues=2 &
	daemon=$!
	check "vhost-user-blk-server starts" wait_for $socket
	parts vhost-user-blk-server "queues/ completion_fd/ waiting/" $driver path=$socket
	kill $daemon && wait $daemon
}

test_server
finish vhost-user-server
