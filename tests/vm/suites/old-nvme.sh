# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# NVMe passthrough on an older kernel.
set -u
# shellcheck source=tests/vm/guest/lib.sh
. /guest/lib.sh

load_nvme

# NVMe commands take CAP_SYS_ADMIN here, whatever the permissions of the device file.
if has_driver nvme-io_uring; then
	char=$(nvme_char 1)
	conformance_of "$char" --only=requests/ nvme-io_uring "path=$char"
	conformance_of "zones of $(nvme_char 3)" --only=zoned/ nvme-io_uring "path=$(nvme_char 3)"
	chmod 666 "$char"
	refuses "commands of others than root" "CAP_SYS_ADMIN before Linux 6.2" \
		as_nobody blkio-info nvme-io_uring "path=$char"
else
	skip "NVMe commands" "this build has no driver nvme-io_uring"
fi
finish old-nvme
