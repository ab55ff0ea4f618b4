// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See zone.h.
 */
#include "lib/zone.h"

static bool has_write_pointer(uint8_t state)
{
	return state >= BLKIO_ZONE_STATE_EMPTY && state <= BLKIO_ZONE_STATE_CLOSED;
}

static bool is_state(uint8_t state)
{
	return state <= BLKIO_ZONE_STATE_CLOSED || state == BLKIO_ZONE_STATE_READONLY ||
	       state == BLKIO_ZONE_STATE_FULL || state == BLKIO_ZONE_STATE_OFFLINE;
}

static bool is_type(uint8_t type)
{
	return type >= BLKIO_ZONE_TYPE_CONVENTIONAL && type <= BLKIO_ZONE_TYPE_SEQWRITE_PREF;
}

bool zone_check(struct blkio_zone *zone, uint64_t start, uint64_t zone_bytes, uint64_t capacity)
{
	uint64_t end;

	if (start >= capacity)
		return false;
	end = capacity - start < zone_bytes ? capacity : start + zone_bytes;
	zone->len = end - start;
	if (zone->start != start || zone->capacity > zone->len || !is_state(zone->zone_state) ||
	    !is_type(zone->zone_type))
		return false;
	if (!has_write_pointer(zone->zone_state))
		zone->write_pointer = end;
	return zone->write_pointer >= start && zone->write_pointer <= end;
}

bool zone_can_have_appended(uint64_t start, uint64_t zone_bytes, uint64_t at, uint64_t len)
{
	return len <= zone_bytes && at >= start && at - start <= zone_bytes - len;
}
