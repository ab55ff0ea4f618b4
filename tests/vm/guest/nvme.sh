# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What suites of nvme-io_uring have in common. To be sourced by them, after lib.sh.

# shellcheck disable=SC2034 # for suites
driver=nvme-io_uring
bytes=4194304

# What one way writes, the other finds. data NSID
data() {
	disk=$(nvme_disk "$1") char=$(nvme_char "$1")
	check "writing through $char" pattern write 1 $bytes $driver "path=$char"
	check "what $char wrote is there for the kernel" \
		pattern check 1 $bytes io_uring "path=$disk" direct=true
	check "writing through $disk" pattern write 2 $bytes io_uring "path=$disk" direct=true
	check "what the kernel wrote is there for $char" pattern check 2 $bytes $driver "path=$char"
}
