# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-vdpa on a VDUSE device of qemu-storage-daemon with several queues: conformance, the data
# beside the image and the kernel's own driver. The device itself is checked whether or not the build
# has the driver, so that a suite that skips can not hide a guest without it.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vduse

# shellcheck source=tests/vm/guest/vdpa.sh
. /guest/vdpa.sh

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
	parts "VDUSE, 4 queues" "lifecycle/ values/ requests/ queues/" \
		--backing="$image" $driver "path=$node"
	if is_full; then
		conformance_of "VDUSE, isolated" $driver "path=$node" isolated=true
		conformance_of "VDUSE, read-only" $driver "path=$node" read-only=true
	fi
}

if start_with vd0 4; then
	test_device
	if has_driver $driver; then
		test_driver
	else
		skip vdpa "this build has no driver $driver"
	fi
	vduse_stop vd0
fi
finish vdpa-data
