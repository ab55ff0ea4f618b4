# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# NVMe passthrough on namespaces with blocks of 4096 bytes and with zones; the tools on it.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

# shellcheck source=tests/vm/guest/nvme.sh
. /guest/nvme.sh

# Through both drivers, from blocks of 512 bytes to blocks of 4096 and back.
test_copy() {
	char=$(nvme_char 1) other=$(nvme_char 2)
	for pair in "$driver path=$char to $driver path=$other" \
		"$driver path=$other to io_uring path=$(nvme_disk 1) direct=true" \
		"io_uring path=$(nvme_disk 1) direct=true to $driver path=$other"; do
		# Words of a command line.
		# shellcheck disable=SC2086
		check "blkio-copy $pair" blkio-copy --verify --bs=256k --numjobs=2 --size=$bytes $pair
	done
}

test_bench() {
	for wait in block eventfd poll pollqueue; do
		check "blkio-bench, $wait" blkio-bench --rw=randread --iodepth=8 --number_ios=500 \
			--numjobs=2 --wait=$wait $driver "path=$(nvme_char 1)"
	done
	check "blkio-bench, writes of 1 MiB" blkio-bench --rw=write --bs=1m --number_ios=8 \
		$driver "path=$(nvme_char 2)"
}

if has_driver $driver; then
	variant "blocks of 4096" --only=requests/ "--backing=$(nvme_disk 2)" $driver \
		"path=$(nvme_char 2)"
	data 2
	conformance_of "zones" --only=zoned/ $driver "path=$(nvme_char 3)"
	test_bench
	test_copy
else
	skip nvme-formats "this build has no driver $driver"
fi
finish nvme-formats
