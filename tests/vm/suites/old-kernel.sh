# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The drivers on io_uring on an older kernel: what it does not have must not be missed.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme
load_null_blk

uname -r
disk=$(nvme_disk 1)
conformance_of "$disk, blocking" '--only=[blocking]' io_uring "path=$disk" direct=true
conformance_of "$disk, poll queues" --only=poll_queues/ io_uring "path=$disk" direct=true

# Linux 6.1 never completes a request of a poll queue that it has to split (more than max_segments or
# max_sectors_kb, or gaps between buffers): the tests above leave those out, and this says whether it
# is still so. The program is killed, for the kernel does not let it go.
if timeout -s KILL 3 blkio-bench --rw=read --wait=pollqueue --bs=1048576 --runtime=1 --direct \
	io_uring "path=$disk" >$log 2>&1; then
	pass
else
	skip "KNOWN BUG: poll queues, requests that the kernel splits" "they hang on Linux $(uname -r)"
fi
# NVMe commands take CAP_SYS_ADMIN here, whatever the permissions of the device file.
if has_driver nvme-io_uring; then
	char=$(nvme_char 1)
	conformance_of "$char" --only=requests/ nvme-io_uring "path=$char"
	conformance_of "zones of $(nvme_char 3)" --only=zoned/ nvme-io_uring "path=$(nvme_char 3)"
	chmod 666 "$char"
	refuses "commands of others than root" "CAP_SYS_ADMIN before Linux 6.2" \
		as_nobody blkio-info nvme-io_uring "path=$char"
else
	skip "NVMe commands" "this build has no driver nvme-io_uring"
fi
truncate -s 16M /tmp/file
conformance_of "a file" --only=requests/ io_uring path=/tmp/file
variant "zeroes in a file" --only=zeroes/ io_uring path=/tmp/file
# shellcheck disable=SC2086 # words
if null_blk_make $null_blk_zones; then
	conformance_of "null_blk, zones" --only=zoned/ --count=20 io_uring path=/dev/nullb0 direct=true single-issuer=true
	null_blk_remove
else
	skip "zones of null_blk" "the kernel has none"
fi
finish old-kernel
