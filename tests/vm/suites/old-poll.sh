# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# Poll queues of the io_uring driver on an older kernel.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

disk=$(nvme_disk 1)
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
finish old-poll
