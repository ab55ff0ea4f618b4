# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-vdpa on a VDUSE device: what tells the application, and a device that changes its size.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vduse

# shellcheck source=tests/vm/guest/vdpa.sh
. /guest/vdpa.sh

test_resize() {
	check "the daemon's answers are there" grep -q QMP /tmp/vduse-vd6.answers
	witness capacity 20 33554432 $driver "path=$(vdpa_char vd6)" >/tmp/seen-resize 2>&1 &
	witness=$!
	check "the witness is ready" wait_for_witness /tmp/seen-resize
	vduse_tell vd6 \
		'{ "execute": "block_resize", "arguments": { "node-name": "f", "size": 33554432 } }'
	if wait $witness; then pass; else fail "a new size is told" "$(cat /tmp/seen-resize)"; fi
}

if ! has_driver $driver; then
	skip vdpa-events "this build has no driver $driver"
elif start_with vd6 4; then
	for part in completion_fd/ events/ user_fd/; do
		conformance_of "VDUSE, $part" "--only=$part" --backing="$image" $driver "path=$(vdpa_char vd6)"
	done
	test_resize
	vduse_stop vd6
fi
finish vdpa-events
