# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# Runs in a guest with an emulated IOMMU (intel_iommu=on): virtio-blk-vfio-pci on QEMU's
# virtio-blk-pci with split rings. Conformance, data through the kernel's driver and back, a client that
# is killed, the texts of what is not set up, and no fault of the IOMMU. The suite vfio-devices has the
# other devices.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

# shellcheck source=tests/vm/guest/vfio.sh
. /guest/vfio.sh

test_texts()
{
	address=$(virtio_address "$1")
	path=$devices/$address
	virtio_to_kernel "$address" > /dev/null
	refuses "the kernel's driver" "echo vfio-pci >driver_override" \
		blkio-info $driver "path=$path"
	pci_unbind "$address"
	refuses "no driver" "$address has no driver" blkio-info $driver "path=$path"
	virtio_to_vfio "$address"
	check "bound as the text says" blkio-info $driver "path=$path"
	refuses "no such function" "cannot find the PCI function" \
		blkio-info $driver path=$devices/none
	address=$(virtio_address direct)
	[ -z "$address" ] || refuses "a device that goes past its IOMMU" "iommu_platform=on" \
		blkio-info $driver "path=$devices/$address"
}

device_parts split "$data_path mem_regions/ waiting/"
device_parts single queues/
test_data split
test_kill split 700 1600
test_texts split
finish vfio
