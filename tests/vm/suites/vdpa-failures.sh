# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vhost-vdpa on VDUSE: the texts of what is not set up, a daemon that dies.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vduse

# shellcheck source=tests/vm/guest/vdpa.sh
. /guest/vdpa.sh

# The texts of what is not as it should be.
test_texts() {
	node=$(vdpa_char vd5)
	refuses "no such node" "is the module vhost_vdpa loaded" \
		blkio-info $driver path=/dev/vhost-vdpa-99
	refuses "neither path nor fd" "path must be set" blkio-info --start $driver
	refuses "another kind of file" "this is not a vhost-vdpa device" \
		blkio-info $driver path=/dev/null
	witness end 30 $bytes $driver "path=$node" >/tmp/seen-end 2>&1 &
	witness=$!
	check "the witness is ready" wait_for_witness /tmp/seen-end
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
# process takes msg_timeout once more, for the kernel closes the device: that is not waited for. All
# this is sleep: the other tests run meanwhile.
begin_death() {
	start_with vd3 2 || return
	echo 12 >/sys/class/vduse/vd3/msg_timeout
	witness end 11 $bytes $driver "path=$(vdpa_char vd3)" >/tmp/seen-death 2>&1 &
	death_witness=$!
	check "the witness is ready" wait_for_witness /tmp/seen-death
	usleep 300000
	kill -9 "$vduse_pid"
	wait "$vduse_pid"
}

test_death() {
	check "another daemon serves another device" start_with vd4 2
	check "which works" pattern write 3 $bytes $driver "path=$(vdpa_char vd4)"
	vduse_stop vd4
	wait_for_witness /tmp/seen-death "\(done\|failed\|witness:\)"
	check "the client of a dead daemon ends" grep -x "done" /tmp/seen-death
	check "it was the timeout of do_io that told" grep "^after [1-9].*the timeout expired" /tmp/seen-death
	grep after /tmp/seen-death
}

death_witness=
if has_driver $driver; then
	begin_death
	if start_with vd5 2; then
		test_texts
		vduse_stop vd5
	fi
	[ -z "$death_witness" ] || test_death
else
	skip vdpa-failures "this build has no driver $driver"
fi
finish vdpa-failures
