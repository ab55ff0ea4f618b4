# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vfio-pci on QEMU's virtio-blk-pci with split rings, behind an emulated IOMMU: what each device
# has to do, and no fault of the IOMMU.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

# shellcheck source=tests/vm/guest/vfio.sh
. /guest/vfio.sh

device_parts split "lifecycle/ requests/ completion_fd/ queues/ poll_queues/"
finish vfio-split
