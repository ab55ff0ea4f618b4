# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What suites of virtio-blk-vhost-vdpa have in common. To be sourced by them, after lib.sh. A client that
# polls keeps the daemon from running for a tick at a time here: few tests poll.

# shellcheck disable=SC2034 # for suites
driver=virtio-blk-vhost-vdpa
bytes=4194304

# start_with NAME [QUEUES [option of the export]]: an image of its own, and its device.
start_with() {
	name=$1
	shift
	image=/tmp/$name.img
	truncate -s 16M "$image"
	vduse_start "$name" "$image" "$@" && return
	fail "VDUSE device $name" "there is none"
	return 1
}

# wait_for_witness FILE [WORD]: with its output; it says "ready", and "done" or "failed" in the end.
wait_for_witness() {
	for _ in $(seq 200); do
		! grep -q "^${2-ready}" "$1" 2>/dev/null || return 0
		usleep 100000
	done
	return 1
}
