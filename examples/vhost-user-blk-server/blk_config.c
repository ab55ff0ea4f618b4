// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The configuration of the block device, and what depends on the features.
 */
#include <stddef.h>
#include <string.h>

#include "blk.h"
#include "zoned.h"

/* Without a flush, or with the cache in write-through mode, each write is made stable. */
static void update_sync(struct blk *blk)
{
	if (blk_has(blk, BLK_F_CONFIG_WCE))
		blk->sync_writes = !blk->writeback;
	else
		blk->sync_writes = !blk_has(blk, BLK_F_FLUSH);
}

void blk_set_features(struct blk *blk, uint64_t features, uint64_t offered)
{
	blk->features = features;
	blk->writeback = !!(offered & BIT(BLK_F_FLUSH));
	if (blk_has(blk, BLK_F_CONFIG_WCE) && !blk_has(blk, BLK_F_FLUSH))
		blk->writeback = 0;
	update_sync(blk);
	/* A device that never promised to have a flush need not make writes stable. */
	if (!(offered & BIT(BLK_F_FLUSH)))
		blk->sync_writes = false;
}

static void get_zoned(const struct blk *blk, struct blk_config *c)
{
	const struct zoned_params *z = zoned_params(blk->zoned);

	c->zone_sectors = htole32((uint32_t)z->zone_sectors);
	c->max_open_zones = htole32(z->max_open);
	c->max_active_zones = htole32(z->max_active);
	c->max_append_sectors = htole32(z->max_append_sectors);
	c->write_granularity = htole32(blk->limits.block_size);
	c->model = ZONED_HOST_MANAGED;
}

void blk_config_get(const struct blk *blk, struct blk_config *c)
{
	const struct blk_limits *l = &blk->limits;

	*c = (struct blk_config) {
		.capacity = htole64(blk->sectors),
		.size_max = htole32(l->size_max),
		.seg_max = htole32(l->seg_max),
		.blk_size = htole32(l->block_size),
		.physical_block_exp = (uint8_t)__builtin_ctz(l->physical_block / l->block_size),
		.min_io_size = htole16((uint16_t)(l->physical_block / l->block_size)),
		.writeback = blk->writeback,
		.num_queues = htole16(l->num_queues),
		.max_discard_sectors = htole32(l->max_discard_sectors),
		.max_discard_seg = htole32(l->max_discard_seg),
		.discard_sector_alignment = htole32(l->block_size / SECTOR),
		.max_write_zeroes_sectors = htole32(l->max_write_zeroes_sectors),
		.max_write_zeroes_seg = htole32(l->max_write_zeroes_seg),
		.write_zeroes_may_unmap = 1,
		.max_secure_erase_sectors = htole32(l->max_secure_erase_sectors),
		.max_secure_erase_seg = htole32(l->max_secure_erase_seg),
		.secure_erase_sector_alignment = htole32(l->block_size / SECTOR),
	};
	if (blk->zoned)
		get_zoned(blk, c);
}

bool blk_config_set(struct blk *blk, uint32_t offset, uint32_t size, const uint8_t *data)
{
	if (offset != offsetof(struct blk_config, writeback) || size != 1 || data[0] > 1 ||
	    !blk_has(blk, BLK_F_CONFIG_WCE))
		return false;
	blk->writeback = data[0];
	update_sync(blk);
	return true;
}

void blk_size_changed(struct blk *blk)
{
	blk->sectors = (blk->backend->bytes / SECTOR) & ~blk->block_mask;
}
