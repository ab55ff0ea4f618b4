# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The io_uring driver on an older kernel: what that does not have must not be missed.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

uname -r
disk=$(nvme_disk 1)
conformance_of "$disk, blocking" '--only=[blocking]' io_uring "path=$disk" direct=true
finish old-io_uring
