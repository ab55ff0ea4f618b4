# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on NVMe disks: what each device has to do, poll queues that poll.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

test_nvme() {
	disk=$(nvme_disk 1)
	if [ -z "$disk" ]; then
		skip nvme "there is no NVMe namespace 1"
		return
	fi
	some "$disk" io_uring "path=$disk" direct=true
	disk=$(nvme_disk 2)
	[ -z "$disk" ] || variant "$disk, blocks of 4096" --only=requests/ io_uring "path=$disk" direct=true
}

test_nvme
finish io_uring-nvme
