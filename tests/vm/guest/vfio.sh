# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What suites of virtio-blk-vfio-pci have in common. To be sourced by them, after lib.sh, with the modules
# vfio-pci, vfio_iommu_type1 and virtio_blk loaded. All devices go to vfio-pci. They are found by serial
# number, have 16 MiB each, and disable-legacy=on,iommu_platform=on:
#
#	split	num-queues=4, discard
#	packed	num-queues=4, discard, packed=on
#	single	num-queues=1, discard
#	b4k	num-queues=2, discard, packed=on, blocks of 4096
#	ro	num-queues=2, read-only
#	nodis	num-queues=4, discard=off, write-zeroes=off, vectors=3
#	direct	iommu_platform=off: must be refused
#
# A device that is not there is skipped, aloud.

driver=virtio-blk-vfio-pci
# shellcheck disable=SC2154 # of devices.sh
devices=$pci_devices
bytes=4194304
! is_full || bytes=16777216 # all of the device

# find_device SERIAL WHAT: its address and path; without it WHAT is skipped.
find_device()
{
	address=$(virtio_address "$1")
	path=$devices/$address
	[ -z "$address" ] || return 0
	skip "$2 on $1" "there is no such device"
	return 1
}

# conform SERIAL [option ...] [property=value ...]
conform()
{
	find_device "$1" conformance || return
	what=$*
	options=
	shift
	while [ $# -gt 0 ] && [ "${1#--}" != "$1" ]; do
		options="$options $1"
		shift
	done
	# shellcheck disable=SC2086 # options are words
	conformance_of "$what" $options $driver "path=$path" "$@"
}

# device_parts SERIAL "PART..."
device_parts()
{
	find_device "$1" conformance || return
	parts "$1" "$2" $driver "path=$path"
}

# What one way writes, the other finds.
test_data()
{
	find_device "$1" data || return
	check "writing through vfio-pci" pattern write 1 $bytes $driver "path=$path"
	disk=$(virtio_to_kernel "$address")
	check "what vfio-pci wrote is there for the kernel" \
		pattern check 1 $bytes io_uring "path=$disk" direct=true
	check "writing through the kernel" pattern write 2 $bytes io_uring "path=$disk" direct=true
	virtio_to_vfio "$address"
	check "what the kernel wrote is there for vfio-pci" pattern check 2 $bytes $driver "path=$path"
}

virtio_find
for serial in split packed single b4k ro nodis direct; do
	[ -z "$(virtio_address $serial)" ] || virtio_to_vfio "$(virtio_address $serial)"
done
