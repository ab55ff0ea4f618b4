/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the driver asks of the system to know a namespace: admin commands by way of libnvme, and
 * what the kernel says of its block device. One table, so that tests can have a device of their
 * own.
 */
#ifndef DRIVERS_NVME_NVME_SYS_H
#define DRIVERS_NVME_NVME_SYS_H

#include <stdint.h>

#define NVU_IDENTIFY_BYTES 4096

/* Which data of Identify: the fields of the command. */
struct nvu_identify_cmd {
	uint8_t cns;
	uint8_t csi;
	uint32_t nsid;
};

struct nvu_sys {
	/* The number of the namespace that fd is the device of; 0 or a negative errno. */
	int (*get_nsid)(int fd, uint32_t *nsid);
	/* Fill NVU_IDENTIFY_BYTES at data. 0, an NVMe status, or a negative errno. */
	int (*identify)(int fd, const struct nvu_identify_cmd *cmd, void *data);
	/* The directory in sysfs with the limits of the namespace's block device; -1 if there is
	 * none. The caller closes it. */
	int (*open_queue_dir)(int fd);
};

extern const struct nvu_sys nvu_sys_kernel;

#endif
