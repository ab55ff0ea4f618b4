# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on zoned NVMe; zones with the driver threads as well.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

# shellcheck source=tests/vm/guest/zones.sh
. /guest/zones.sh

test_zoned() {
	disk=$(nvme_disk 3)
	variant "$disk, zones, reading" --only=requests/ io_uring "path=$disk" direct=true read-only=true
	zones "$disk" "$disk"
	conformance_of "$disk, zones, single issuer" --only=zoned/random --count=40 io_uring "path=$disk" direct=true single-issuer=true
}

test_zoned
finish io_uring-zones
