# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-vdpa on VDUSE devices of other kinds: one queue, blocks of 4096 bytes.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vduse

# shellcheck source=tests/vm/guest/vdpa.sh
. /guest/vdpa.sh

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

if has_driver $driver; then
	test_one_queue
	test_blocks_of_4096
else
	skip vdpa-devices "this build has no driver $driver"
fi
finish vdpa-devices
