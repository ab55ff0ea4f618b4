# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# Runs in a guest with an emulated IOMMU (intel_iommu=on): virtio-blk-vfio-pci on QEMU's
# virtio-blk-pci. Conformance on every kind of device, data through the kernel's driver and back,
# a client that is killed, the texts of what is not set up, and no fault of the IOMMU.
#
# It needs the programs conformance, pattern and blkio-info in PATH, the modules vfio-pci,
# vfio_iommu_type1 and virtio_blk loaded, and these devices by serial number, 16 MiB each, all with
# disable-legacy=on,iommu_platform=on:
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
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

driver=virtio-blk-vfio-pci
one_mode=--mode=blocking # the modes do not depend on the size of a block: see variant
! is_full || one_mode=
devices=$pci_devices
bytes=4194304
! is_full || bytes=16777216 # all of the device

# conform SERIAL [option ...] [property=value ...]
conform()
{
	address=$(virtio_address "$1")
	what=$*
	options=
	if [ -z "$address" ]; then
		skip "conformance on $1" "there is no such device"
		return
	fi
	shift
	while [ $# -gt 0 ] && [ "${1#--}" != "$1" ]; do
		options="$options $1"
		shift
	done
	# shellcheck disable=SC2086 # options are words
	conformance_of "$what" $options $driver "path=$devices/$address" "$@"
}

# device_parts SERIAL "PART..."
device_parts()
{
	if [ -n "$(virtio_address "$1")" ]; then
		parts "$1" "$2" $driver "path=$devices/$(virtio_address "$1")"
	else
		skip "conformance on $1" "there is no such device"
	fi
}

# What one way writes, the other finds.
test_data()
{
	address=$(virtio_address "$1")
	path=$devices/$address
	if [ -z "$address" ]; then
		skip "data on $1" "there is no such device"
		return
	fi
	check "writing through vfio-pci" pattern write 1 $bytes $driver "path=$path"
	disk=$(virtio_to_kernel "$address")
	check "what vfio-pci wrote is there for the kernel" \
		pattern check 1 $bytes io_uring "path=$disk" direct=true
	check "writing through the kernel" pattern write 2 $bytes io_uring "path=$disk" direct=true
	virtio_to_vfio "$address"
	check "what the kernel wrote is there for vfio-pci" pattern check 2 $bytes $driver "path=$path"
}

# test_kill SERIAL MILLISECONDS...: killed with requests in flight, again and again; the next one can use
# the device.
test_kill()
{
	address=$(virtio_address "$1")
	path=$devices/$address
	if [ -z "$address" ]; then
		skip "killing on $1" "there is no such device"
		return
	fi
	shift
	for ms; do
		conformance --only=random/ --count=1000000 $driver "path=$path" > /dev/null 2>&1 &
		victim=$!
		usleep "${ms}000"
		kill -9 $victim && wait $victim
		[ $? -eq 137 ] || fail "the client that was to be killed had ended before"
		# Its child, which has the device open, dies a little later.
		while pidof conformance > /dev/null; do
			usleep 20000
		done
		check "the device works after a client was killed ($ms ms)" \
			pattern write 3 1048576 $driver "path=$path"
	done
	check "the data is there after clients were killed" \
		pattern check 3 1048576 $driver "path=$path"
}

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

virtio_find
for serial in split packed single b4k ro nodis direct; do
	[ -z "$(virtio_address $serial)" ] || virtio_to_vfio "$(virtio_address $serial)"
done
if [ -z "$(virtio_address split)" ]; then
	skip "all tests" "there is no virtio-blk-pci with the serial number 'split'"
else
	device_parts split "$data_path mem_regions/ waiting/"
	device_parts packed "requests/ random/"
	device_parts single queues/
	conform b4k $one_mode --only=requests/
	device_parts nodis "queues/ completion_fd/ zeroes/"
	for serial in split packed single b4k; do
		test_data $serial
	done
	conform packed --only=completion_fd/ packed=off
	conform split '--only=do_io/' poll-max-ns=20000
	conform ro --only=limits/ read-only=true
	test_kill split 700 1600
	test_kill packed 1100
	test_texts split
fi
finish vfio
