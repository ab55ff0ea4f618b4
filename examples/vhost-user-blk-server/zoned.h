/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The zones of a host-managed device: states and write pointers. They live as long as the server,
 * also from one front-end to the next; all zones are empty at the start.
 *
 * The results are statuses of VIRTIO (enum blk_status). Sectors were checked against the capacity.
 * Any thread may call.
 */
#ifndef SERVER_ZONED_H
#define SERVER_ZONED_H

#include <stdint.h>

#include "backend.h"
#include "buf.h"

struct zoned;

struct zoned_params {
	uint64_t zone_sectors;
	uint64_t cap_sectors;          /* of each zone that can be written */
	uint64_t conventional;         /* zones at the start that are like a usual disk */
	uint32_t max_open, max_active; /* 0: no limit */
	uint32_t max_append_sectors;
};

/* NULL if there is no memory for it. */
struct zoned *zoned_create(const struct zoned_params *params, uint64_t sectors);
void zoned_destroy(struct zoned *z);
const struct zoned_params *zoned_params(const struct zoned *z);

uint8_t zoned_check_read(struct zoned *z, uint64_t sector, uint64_t n);
/* Move the write pointer over n sectors, which the caller writes then. */
uint8_t zoned_write(struct zoned *z, uint64_t sector, uint64_t n);
/* The same at the write pointer of the zone that starts at sector; *at is where that was. */
uint8_t zoned_append(struct zoned *z, uint64_t sector, uint64_t n, uint64_t *at);
/* Open, close, finish or reset a zone, or reset all. What is reset reads as zeroes. */
uint8_t zoned_manage(struct zoned *z, uint32_t type, uint64_t sector, struct backend *backend);
uint8_t zoned_report(struct zoned *z, uint64_t sector, struct buf *in);

#endif /* SERVER_ZONED_H */
