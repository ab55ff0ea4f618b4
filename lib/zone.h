/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a device says of its zones, checked before it is passed on.
 */
#ifndef LIB_ZONE_H
#define LIB_ZONE_H

#include <blkio.h>
#include <stdbool.h>

/*
 * A zone as a device has described it, all in bytes; its len is filled in here. It must be the one
 * that begins at `start`, of a device of this capacity with zones of this size. A zone whose
 * state has no write pointer gets its end for one. False if anything is impossible.
 */
bool zone_check(struct blkio_zone *zone, uint64_t start, uint64_t zone_bytes, uint64_t capacity);

/* Whether an append of len bytes to the zone at `start` can have gone to the offset `at`. */
bool zone_can_have_appended(uint64_t start, uint64_t zone_bytes, uint64_t at, uint64_t len);

#endif
