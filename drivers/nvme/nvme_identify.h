/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a namespace and its controller say of themselves, checked: from here on no value can make
 * the driver divide by zero, overflow or leave an array.
 */
#ifndef DRIVERS_NVME_NVME_IDENTIFY_H
#define DRIVERS_NVME_NVME_IDENTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme_sys.h"

#define NVU_MIN_LBA_SHIFT  9
#define NVU_MAX_LBA_SHIFT  16
#define NVU_MAX_BLOCKS     65536 /* of a read, a write, or a write zeroes: the field has 16 bits */
#define NVU_SERIAL_CHARS   20
#define NVU_MODEL_CHARS    40
#define NVU_FIRMWARE_CHARS 8
#define NVU_NO_LIMIT       UINT64_MAX

struct nvu_info {
	uint32_t nsid;
	uint32_t lba_shift;
	uint64_t nr_blocks;

	/* in blocks */
	uint64_t max_write_zeroes; /* in one command; 0: the controller has no such command */
	uint64_t max_discard;      /* the same */
	uint64_t write_granularity;
	uint64_t optimal_write; /* 0: not told */
	uint64_t discard_granularity;
	uint64_t atomic_write; /* written as a whole or not at all, even if the power fails */

	/* in bytes */
	uint64_t max_command; /* of data, NVU_NO_LIMIT if there is none */

	bool can_poll; /* the kernel has set up queues for that */
	bool volatile_cache;
	bool protected;        /* the controller adds and checks protection information by itself */
	bool protected_by_lba; /* with the number of the block in it */

	bool zoned;
	uint64_t zone_blocks;
	uint64_t nr_zones;
	uint64_t max_append; /* bytes; 0: no appends */
	uint32_t max_open_zones;
	uint32_t max_active_zones; /* of both 0 means no limit */

	char serial[NVU_SERIAL_CHARS + 1];
	char model[NVU_MODEL_CHARS + 1];
	char firmware[NVU_FIRMWARE_CHARS + 1];
};

/* Ask the device that fd is. 0, or a negative errno with its message set. May block. */
int nvu_identify(const struct nvu_sys *sys, int fd, struct nvu_info *info);

/* The size of the namespace as it is now, in blocks; the same errors. May block. */
int nvu_identify_size(const struct nvu_sys *sys, int fd, const struct nvu_info *info,
		      uint64_t *nr_blocks);

#endif
