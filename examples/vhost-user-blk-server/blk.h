/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The block device: executes requests and shows its configuration. It knows nothing of rings and
 * sockets. What the front-end negotiated changes only while the queue threads are held.
 */
#ifndef SERVER_BLK_H
#define SERVER_BLK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "buf.h"
#include "chain.h"
#include "virtio.h"

enum {
	BLK_MAX_FAILS = 16
};

/* Requests that touch this byte fail: --fail. */
struct blk_fail {
	uint64_t offset;
	uint8_t status;
};

struct blk_limits {
	uint32_t block_size;     /* bytes */
	uint32_t physical_block; /* bytes */
	uint32_t size_max, seg_max;
	uint32_t max_discard_sectors, max_discard_seg;
	uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
	uint32_t max_secure_erase_sectors, max_secure_erase_seg;
	uint16_t num_queues;
};

struct blk {
	struct backend *backend;
	struct zoned *zoned; /* NULL: not a zoned device */
	uint64_t sectors;    /* capacity */
	uint64_t block_mask; /* sector numbers and counts have none of these bits */
	uint64_t features;   /* negotiated */
	uint8_t writeback;   /* of the configuration */
	bool sync_writes;    /* a write that is done survives a power cut */
	bool read_only;
	struct blk_limits limits;
	char serial[BLK_ID_LEN];
	struct blk_fail fail[BLK_MAX_FAILS];
	unsigned int n_fails;
	uint64_t delay_ns;
	uint64_t exit_after;           /* requests; 0: never */
	atomic_uint_fast64_t requests; /* counted only for exit_after */
};

/* Execute a request. NULL, or why it is no request at all; *len is the used length. */
const char *blk_execute(struct blk *blk, struct chain *c, uint32_t *len);

/* What was negotiated, now or after a reset (features 0). */
void blk_set_features(struct blk *blk, uint64_t features, uint64_t offered);
/* The configuration as the front-end sees it. */
void blk_config_get(const struct blk *blk, struct blk_config *config);
/* Write a part of it. False if that part cannot be written. */
bool blk_config_set(struct blk *blk, uint32_t offset, uint32_t size, const uint8_t *data);
/* The backend has another size. */
void blk_size_changed(struct blk *blk);

/* Discard, write zeroes, secure erase: the ranges are in `out`. The result is a status. */
uint8_t blk_execute_ranges(struct blk *blk, uint32_t type, struct buf *out);
/* What --fail says about these sectors. */
uint8_t blk_check_fail(const struct blk *blk, uint64_t sector, uint64_t n);
/* The status for a result of the backend. */
uint8_t blk_status(int ret);

static inline bool blk_has(const struct blk *blk, enum virtio_feature feature)
{
	return blk->features & BIT(feature);
}

/* Do these sectors exist, and are they whole blocks? */
static inline bool blk_range_ok(const struct blk *blk, uint64_t sector, uint64_t n)
{
	return sector <= blk->sectors && n <= blk->sectors - sector &&
	       ((sector | n) & blk->block_mask) == 0;
}

#endif /* SERVER_BLK_H */
