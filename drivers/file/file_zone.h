/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Zones of a block device, by way of the kernel's ioctls. Those wait for the device, so requests
 * are jobs for a pool of threads.
 */
#ifndef DRIVERS_FILE_FILE_ZONE_H
#define DRIVERS_FILE_FILE_ZONE_H

#include "drivers/file/file_info.h"
#include "drivers/file/pool.h"
#include "lib/driver.h"

/* Look at an open block device and its queue directory in sysfs (-1: none). */
void file_zone_read(int fd, int queue_dir, struct file_info *info, struct blkio_limits *l);

/* The zone requests that a queue can carry out, as bits: none without zones. */
uint32_t file_zone_ops(const struct file_info *info);

static inline bool file_zone_is_op(enum blkio_op op)
{
	return BLKIO_OP_BIT(op) & BLKIO_ZONE_OPS;
}

/* A request for zones, apart from the queue. */
struct file_zone_req {
	enum blkio_op op;
	uint32_t nr; /* of zones to report */
	uint64_t start;
	struct blkio_zone *zones;
	const char *msg; /* once it is carried out: of its result, or NULL */
};

/*
 * A request from the gate: 0, and *to is what to carry out; or what struct blkioq_ops, submit,
 * returns for one that is over.
 */
int file_zone_prepare(struct blkioq *q, const struct file_info *info, const struct blkio_req *r,
		      struct file_zone_req *to);

/* In a thread of the pool, in whatever time. Returns the result; -ECANCELED at the pool's end. */
int file_zone_carry_out(struct file_pool *p, int fd, const struct file_info *info,
			struct file_zone_req *r);

#endif
