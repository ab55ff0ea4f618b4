# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vfio-pci with packed rings, and on a device that has them without.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

# shellcheck source=tests/vm/guest/vfio.sh
. /guest/vfio.sh

device_parts packed "requests/ random/"
conform packed --only=completion_fd/ packed=off
finish vfio-packed
