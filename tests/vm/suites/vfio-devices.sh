# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# virtio-blk-vfio-pci on what other devices there are: one queue, blocks of 4096 bytes, read-only, without
# discard; and with polling for a while before it sleeps.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_vfio

# shellcheck source=tests/vm/guest/vfio.sh
. /guest/vfio.sh

one_mode=--mode=blocking # the modes do not depend on the size of a block: see variant
! is_full || one_mode=
device_parts single queues/
conform b4k $one_mode --only=requests/
device_parts nodis "queues/ completion_fd/ zeroes/"
conform split --only=do_io/ poll-max-ns=20000
conform ro --only=limits/ read-only=true
finish vfio-devices
