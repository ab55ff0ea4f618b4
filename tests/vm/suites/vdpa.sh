# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-vdpa on VDUSE devices of qemu-storage-daemon: conformance with several queues and
# with one, the data beside the image and the kernel's own driver, a device that changes its size, a
# daemon that dies, the texts of what is not set up. The devices themselves are checked whether or not
# the build has the driver, so that a suite that skips can not hide a guest without them. A client
# that polls keeps the daemon from running for a tick at a time here: few tests poll.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vduse

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

# wait_for_witness FILE: with its output.
wait_for_witness() {
	for _ in $(seq 1000); do
		! grep -q ready "$1" 2>/dev/null || return
		usleep 10000
	done
}

# The kernel's own driver is the other way to the same data.
test_device() {
	check "vhost-vdpa has a node for the device" test -c "$(vdpa_char vd0)"
	vdpa_to virtio_vdpa vd0
	disk=$(vdpa_disk vd0)
	check "the kernel has a disk" test -b "$disk"
	check "writing through the kernel" pattern write 1 $bytes io_uring "path=$disk" direct=true
	check "what the kernel wrote is in the image" pattern check 1 $bytes io_uring "path=$image"
	vdpa_to vhost_vdpa vd0
	check "the node is there again" test -c "$(vdpa_char vd0)"
}

test_driver() {
	node=$(vdpa_char vd0)
	check "what the kernel wrote is there" pattern check 1 $bytes $driver "path=$node"
	check "writing" pattern write 2 $bytes $driver "path=$node"
	check "what was written is in the image" pattern check 2 $bytes io_uring "path=$image"
	parts "VDUSE, 4 queues" "lifecycle/ values/ requests/ queues/ completion_fd/ events/ user_fd/" \
		--backing="$image" $driver "path=$node"
	if is_full; then
		conformance_of "VDUSE, isolated" $driver "path=$node" isolated=true
		conformance_of "VDUSE, read-only" $driver "path=$node" read-only=true
	fi
}

test_one_queue() {
	start_with vd1 1 || return
	parts "VDUSE, 1 queue" "queues/ completion_fd/" \
		--backing="$image" $driver "path=$(vdpa_char vd1)"
	vduse_stop vd1
}

test_blocks_of_4096() {
	start_with vd2 2 logical-block-size=4096 || return
	parts "VDUSE, blocks of 4096" "limits/" \
		--backing="$image" $driver "path=$(vdpa_char vd2)"
	vduse_stop vd2
}

test_resize() {
	check "the daemon's answers are there" grep -q QMP /tmp/vduse-vd0.answers
	witness capacity 20 33554432 $driver "path=$(vdpa_char vd0)" >/tmp/seen 2>&1 &
	witness=$!
	wait_for_witness /tmp/seen
	vduse_tell vd0 \
		'{ "execute": "block_resize", "arguments": { "node-name": "f", "size": 33554432 } }'
	if wait $witness; then pass; else fail "a new size is told" "$(cat /tmp/seen)"; fi
}

# The texts of what is not as it should be.
test_texts() {
	node=$(vdpa_char vd0)
	refuses "no such node" "is the module vhost_vdpa loaded" \
		blkio-info $driver path=/dev/vhost-vdpa-99
	refuses "neither path nor fd" "path must be set" blkio-info --start $driver
	refuses "another kind of file" "this is not a vhost-vdpa device" \
		blkio-info $driver path=/dev/null
	witness end 30 $bytes $driver "path=$node" >/tmp/seen 2>&1 &
	witness=$!
	wait_for_witness /tmp/seen
	refuses "a device in use" "is in use by another process" blkio-info $driver "path=$node"
	# The client goes while it has requests in flight; the daemon is left alone with them.
	kill -9 $witness
	wait $witness 2>/dev/null
	chmod 600 "$node"
	mkdir -p /etc
	echo nobody:x:65534:65534::/:/bin/sh >/etc/passwd
	refuses "a user without rights" "no permission for '$node'" \
		su nobody -s /bin/sh -c "blkio-info $driver path=$node"
}

# What the kernel allows when the daemon dies: requests in flight stay there, nobody is told, and each
# call that the daemon would have to answer takes msg_timeout, which is 30 s where it is not set. So it
# is the timeout of do_io that tells the application, and destroy ends in its own time. The end of the
# process takes msg_timeout once more: the kernel closes the device. All that is sleep, for twenty
# seconds: the other tests run meanwhile.
begin_death() {
	start_with vd3 2 || return
	echo 12 >/sys/class/vduse/vd3/msg_timeout
	witness end 11 $bytes $driver "path=$(vdpa_char vd3)" >/tmp/seen-death 2>&1 &
	death_witness=$!
	wait_for_witness /tmp/seen-death
	usleep 300000
	kill -9 "$vduse_pid"
	wait "$vduse_pid"
}

test_death() {
	check "another daemon serves another device" start_with vd4 2
	check "which works" pattern write 3 $bytes $driver "path=$(vdpa_char vd4)"
	vduse_stop vd4
	if wait "$death_witness"; then pass; else fail "the end of the daemon" "$(cat /tmp/seen-death)"; fi
	check "it was the timeout of do_io that told" grep "^after [1-9].*the timeout expired" /tmp/seen-death
	tail -n 1 /tmp/seen-death
}

death_witness=
! has_driver $driver || begin_death
if start_with vd0 4; then
	test_device
	if has_driver $driver; then
		test_driver
		test_resize
		test_one_queue
		test_blocks_of_4096
		test_texts
		[ -z "$death_witness" ] || test_death
	else
		skip vdpa "this build has no driver $driver"
	fi
fi
finish vdpa
