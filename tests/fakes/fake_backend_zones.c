// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_backend_zones.h.
 */
#include "tests/fakes/fake_backend_zones.h"

#include <endian.h>
#include <string.h>

#include "drivers/virtio/virtio_blk_wire.h"

void fake_zones_script(struct fake_script *script, enum fake_zones zones)
{
	script->zones = zones;
	script->extra_features |= UINT64_C(1) << VIRTIO_BLK_F_ZONED;
	script->config.zone_model = VIRTIO_BLK_Z_HOST_MANAGED;
	script->config.zone_sectors = htole32(FAKE_ZONE_SECTORS);
	script->config.write_granularity = htole32(512);
	script->config.max_append_sectors = htole32(8);
}

static struct virtio_blk_zone zone_at(enum fake_zones zones, uint64_t start)
{
	struct virtio_blk_zone z = { .capacity = FAKE_ZONE_SECTORS,
				     .start = start,
				     .write_pointer = start,
				     .type = 2,
				     .state = 1 };

	switch (zones) {
	case ZONES_START:
		z.start++;
		break;
	case ZONES_CAPACITY:
		z.capacity++;
		break;
	case ZONES_OVERFLOW:
		z.write_pointer = UINT64_MAX / 256;
		break;
	case ZONES_POINTER:
		z.write_pointer += FAKE_ZONE_SECTORS + 1;
		break;
	case ZONES_TYPE:
		z.type = 9;
		break;
	case ZONES_STATE:
		z.state = 7;
		break;
	default:
		break;
	}
	z.capacity = htole64(z.capacity);
	z.start = htole64(z.start);
	z.write_pointer = htole64(z.write_pointer);
	return z;
}

/* Zones that are wrong are so from the third one on. */
void fake_zones_report(enum fake_zones zones, uint64_t sector, uint8_t *report, uint64_t bytes)
{
	struct virtio_blk_zone_report header = { 0 };
	uint64_t first = sector / FAKE_ZONE_SECTORS, n = FAKE_NR_ZONES - first;
	uint64_t room = (bytes - sizeof(header)) / sizeof(struct virtio_blk_zone);

	if (n > room)
		n = room;
	for (uint64_t i = 0; i < n; i++) {
		struct virtio_blk_zone z = zone_at(first + i < 2 ? ZONES_HONEST : zones,
						   (first + i) * FAKE_ZONE_SECTORS);

		memcpy(report + sizeof(header) + i * sizeof(z), &z, sizeof(z));
	}
	if (zones == ZONES_NONE)
		n = 0;
	if (zones == ZONES_TOO_MANY)
		n = room + 1;
	if (zones == ZONES_ABSURD)
		n = UINT64_MAX;
	header.nr_zones = htole64(n);
	memcpy(report, &header, sizeof(header));
}

void fake_zones_append(enum fake_zones zones, uint64_t sector, uint8_t *where)
{
	if (zones == ZONES_APPEND_BEFORE)
		sector--;
	if (zones == ZONES_APPEND_BEHIND)
		sector += FAKE_ZONE_SECTORS;
	if (zones == ZONES_APPEND_ABSURD)
		sector = UINT64_MAX;
	sector = htole64(sector);
	memcpy(where, &sector, sizeof(sector));
}
