# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vfio-pci beside the kernel's driver: data through one and back through the other, a client that
# is killed, the texts of what is not set up.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

# shellcheck source=tests/vm/guest/vfio.sh
. /guest/vfio.sh

# test_kill SERIAL MILLISECONDS...: killed with requests in flight, again and again; the next one can use
# the device.
test_kill()
{
	find_device "$1" killing || return
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
	find_device "$1" texts || return
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

for serial in split packed single b4k; do
	test_data $serial
done
test_kill split 700 1600
test_kill packed 1100
test_texts split
finish vfio-use
