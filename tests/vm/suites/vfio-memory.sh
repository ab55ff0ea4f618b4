# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vfio-pci: regions of memory, random operations, waiting.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

# shellcheck source=tests/vm/guest/vfio.sh
. /guest/vfio.sh

for part in random/ mem_regions/ waiting/; do
	conform split --only=$part
done
finish vfio-memory
