// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The configuration space: read, range-checked (HARDENING 13), turned into limits.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>

#include "drivers/virtio/virtio_blk.h"
#include "lib/error.h"
#include "lib/util/align.h"

#define MIN_BLK_SIZE 512
#define MAX_BLK_SIZE 65536
#define MAX_SEGMENTS 254 /* more would make slots large for no gain */

static bool has(uint64_t features, int bit)
{
	return features >> bit & 1;
}

static int bad_field(const char *field, uint64_t value, const char *rule)
{
	return err_set(-EPROTO, "the device's configuration is invalid: %s is %" PRIu64 ", %s",
		       field, value, rule);
}

static int check_sizes(const struct virtio_blk_config *c, uint64_t features,
		       struct virtio_blk_info *info)
{
	uint64_t sectors = le64toh(c->capacity);

	if (__builtin_mul_overflow(sectors, (uint64_t)VIRTIO_BLK_SECTOR_BYTES,
				   &info->capacity_bytes) ||
	    info->capacity_bytes > INT64_MAX)
		return bad_field("capacity", sectors, "which is too large");
	info->blk_size = has(features, VIRTIO_BLK_F_BLK_SIZE) ? le32toh(c->blk_size) : MIN_BLK_SIZE;
	if (info->blk_size < MIN_BLK_SIZE || info->blk_size > MAX_BLK_SIZE ||
	    !is_power_of_two(info->blk_size))
		return bad_field("blk_size", info->blk_size,
				 "not a power of two from 512 to 65536");
	return 0;
}

static int check_segments(const struct virtio_blk_config *c, uint64_t features,
			  struct virtio_blk_info *info)
{
	bool size_max = has(features, VIRTIO_BLK_F_SIZE_MAX);
	bool seg_max = has(features, VIRTIO_BLK_F_SEG_MAX);

	/* qemu-storage-daemon offers SIZE_MAX with the value 0, and means that there is none. */
	info->max_segment_bytes = size_max ? le32toh(c->size_max) : 0;
	if (!info->max_segment_bytes)
		info->max_segment_bytes = UINT32_MAX;
	info->max_segments = seg_max ? le32toh(c->seg_max) : 1;
	if (!info->max_segments)
		return bad_field("seg_max", 0, "but must be at least 1");
	/* Of those that we use. */
	if ((uint64_t)info->max_segment_bytes *
		    (info->max_segments < MAX_SEGMENTS ? info->max_segments : MAX_SEGMENTS) <
	    info->blk_size)
		return bad_field("size_max", info->max_segment_bytes,
				 "so that a request is smaller than a block");
	return 0;
}

static int check_queues(const struct virtio_blk_config *c, uint64_t features,
			struct virtio_blk_info *info)
{
	info->num_queues = has(features, VIRTIO_BLK_F_MQ) ? le16toh(c->num_queues) : 1;
	if (!info->num_queues)
		return bad_field("num_queues", 0, "but must be at least 1");
	return 0;
}

static uint64_t max_bytes(uint32_t sectors, uint32_t blk_size)
{
	uint64_t bytes = (uint64_t)le32toh(sectors) * VIRTIO_BLK_SECTOR_BYTES;

	return bytes - bytes % blk_size;
}

static int check_ranges(const struct virtio_blk_config *c, uint64_t features,
			struct virtio_blk_info *info)
{
	info->max_discard_bytes = 0;
	info->max_write_zeroes_bytes = 0;
	if (has(features, VIRTIO_BLK_F_DISCARD)) {
		if (!le32toh(c->max_discard_seg))
			return bad_field("max_discard_seg", 0, "but must be at least 1");
		if (le32toh(c->discard_sector_alignment) > INT_MAX / VIRTIO_BLK_SECTOR_BYTES)
			return bad_field("discard_sector_alignment",
					 le32toh(c->discard_sector_alignment),
					 "which is too large");
		info->max_discard_bytes = max_bytes(c->max_discard_sectors, info->blk_size);
		if (!info->max_discard_bytes)
			return bad_field("max_discard_sectors", le32toh(c->max_discard_sectors),
					 "less than a block");
	}
	if (has(features, VIRTIO_BLK_F_WRITE_ZEROES)) {
		if (!le32toh(c->max_write_zeroes_seg))
			return bad_field("max_write_zeroes_seg", 0, "but must be at least 1");
		info->max_write_zeroes_bytes =
			max_bytes(c->max_write_zeroes_sectors, info->blk_size);
		if (!info->max_write_zeroes_bytes)
			return bad_field("max_write_zeroes_sectors",
					 le32toh(c->max_write_zeroes_sectors), "less than a block");
	}
	return 0;
}

static int check_secure_erase(const struct virtio_blk_config *c, uint64_t features,
			      struct virtio_blk_info *info)
{
	info->max_secure_erase_bytes = 0;
	if (!has(features, VIRTIO_BLK_F_SECURE_ERASE))
		return 0;
	if (!le32toh(c->max_secure_erase_seg))
		return bad_field("max_secure_erase_seg", 0, "but must be at least 1");
	info->max_secure_erase_bytes = max_bytes(c->max_secure_erase_sectors, info->blk_size);
	if (!info->max_secure_erase_bytes)
		return bad_field("max_secure_erase_sectors", le32toh(c->max_secure_erase_sectors),
				 "less than a block");
	return 0;
}

static int check_zones(const struct virtio_blk_config *c, uint64_t features,
		       struct virtio_blk_info *info)
{
	uint32_t granularity = le32toh(c->write_granularity);

	info->zone_bytes = 0;
	if (!has(features, VIRTIO_BLK_F_ZONED) || c->zone_model == VIRTIO_BLK_Z_NONE)
		return 0;
	if (c->zone_model > VIRTIO_BLK_Z_HOST_AWARE)
		return bad_field("zoned.model", c->zone_model, "which does not exist");
	info->host_managed = c->zone_model == VIRTIO_BLK_Z_HOST_MANAGED;
	info->zone_bytes = (uint64_t)le32toh(c->zone_sectors) * VIRTIO_BLK_SECTOR_BYTES;
	if (!info->zone_bytes || info->zone_bytes % info->blk_size)
		return bad_field("zone_sectors", le32toh(c->zone_sectors),
				 "not a number of whole blocks");
	if (granularity < info->blk_size || !is_power_of_two(granularity))
		return bad_field("write_granularity", granularity,
				 "not a power of two of at least a block");
	info->max_open_zones = le32toh(c->max_open_zones);
	info->max_active_zones = le32toh(c->max_active_zones);
	if (info->max_open_zones > INT_MAX)
		return bad_field("max_open_zones", info->max_open_zones, "which is too large");
	if (info->max_active_zones > INT_MAX)
		return bad_field("max_active_zones", info->max_active_zones, "which is too large");
	info->max_append_bytes = max_bytes(c->max_append_sectors, info->blk_size);
	return 0;
}

/* A number of blocks as bytes; 0 if that makes no sense. */
static int blocks_to_int(uint64_t blocks, const struct virtio_blk_info *info)
{
	uint64_t bytes = blocks * info->blk_size; /* both fit in 32 bits */

	return bytes > INT_MAX ? 0 : (int)bytes;
}

static int topology_limits(const struct virtio_blk_config *c, const struct virtio_blk_info *info,
			   struct blkio_limits *l)
{
	uint64_t physical;

	if (c->physical_block_exp > 16)
		return bad_field("physical_block_exp", c->physical_block_exp, "more than 16");
	physical = (uint64_t)info->blk_size << c->physical_block_exp;
	if (physical > INT_MAX)
		return bad_field("physical_block_exp", c->physical_block_exp,
				 "so that a physical block is larger than 2 GiB");
	l->optimal_io_alignment = (int)physical;
	l->optimal_io_size = blocks_to_int(le32toh(c->opt_io_size), info);
	l->optimal_io_size -= l->optimal_io_size % l->optimal_io_alignment;
	l->discard_alignment_offset = blocks_to_int(c->alignment_offset, info);
	return 0;
}

static void fill_zone_limits(const struct virtio_blk_info *info, struct blkio_limits *l)
{
	bool zoned = info->zone_bytes;

	l->zoned = !zoned               ? BLKIO_ZONED_NONE
		   : info->host_managed ? BLKIO_ZONED_HOST_MANAGED
					: BLKIO_ZONED_HOST_AWARE;
	l->zone_size = info->zone_bytes;
	l->nr_zones = zoned ? (info->capacity_bytes + info->zone_bytes - 1) / info->zone_bytes : 0;
	l->max_open_zones = zoned ? (int)info->max_open_zones : 0;
	l->max_active_zones = zoned ? (int)info->max_active_zones : 0;
	l->append_support = zoned && info->max_append_bytes;
	l->zone_append_max_bytes = zoned ? info->max_append_bytes : 0;
	if (l->max_transfer && l->zone_append_max_bytes > (uint64_t)l->max_transfer)
		l->zone_append_max_bytes = (uint64_t)l->max_transfer;
}

static void fill_limits(const struct virtio_blk_config *c, uint64_t features,
			const struct virtio_blk_info *info, struct blkio_limits *l)
{
	bool size_max = info->max_segment_bytes != UINT32_MAX;

	l->request_alignment = (int)info->blk_size;
	l->optimal_io_alignment = (int)info->blk_size;
	l->optimal_io_size = 0;
	l->buf_alignment = 1;
	l->optimal_buf_alignment = 1;
	l->max_segments = int_at_most(info->max_segments);
	l->max_segment_len = size_max ? int_at_most(info->max_segment_bytes) : 0;
	l->max_transfer =
		size_max && has(features, VIRTIO_BLK_F_SEG_MAX)
			? int_at_most((uint64_t)info->max_segment_bytes * info->max_segments)
			: 0;
	l->max_transfer -= l->max_transfer % (int)info->blk_size;
	l->max_write_zeroes_len = info->max_write_zeroes_bytes;
	l->max_discard_len = info->max_discard_bytes;
	l->max_secure_erase_len = info->max_secure_erase_bytes;
	l->discard_alignment = VIRTIO_BLK_SECTOR_BYTES;
	if (has(features, VIRTIO_BLK_F_DISCARD) && le32toh(c->discard_sector_alignment))
		l->discard_alignment = int_at_most((uint64_t)le32toh(c->discard_sector_alignment) *
						   VIRTIO_BLK_SECTOR_BYTES);
	l->discard_alignment_offset = 0;
	l->flush_needed = info->writeback;
	fill_zone_limits(info, l);
}

/* A device need not have the parts that come with features it does not offer. */
static size_t config_bytes(uint64_t features)
{
	if (has(features, VIRTIO_BLK_F_ZONED))
		return sizeof(struct virtio_blk_config);
	return has(features, VIRTIO_BLK_F_SECURE_ERASE) ? VIRTIO_BLK_CONFIG_ERASE_BYTES
							: VIRTIO_BLK_CONFIG_BYTES;
}

int virtio_blk_read_info(struct virtio_blk *vb, uint64_t features, struct virtio_blk_info *info,
			 struct blkio_limits *limits)
{
	struct virtio_blk_config c = { 0 };
	int ret = vb->transport->read_config(vb, &c, config_bytes(features));

	if (ret == 0)
		ret = check_sizes(&c, features, info);
	if (ret == 0)
		ret = check_segments(&c, features, info);
	if (ret == 0)
		ret = check_queues(&c, features, info);
	if (ret == 0)
		ret = check_ranges(&c, features, info);
	if (ret == 0)
		ret = check_secure_erase(&c, features, info);
	if (ret == 0)
		ret = check_zones(&c, features, info);
	if (ret < 0)
		return ret;
	info->writeback = has(features, VIRTIO_BLK_F_CONFIG_WCE)
				  ? c.writeback != 0
				  : has(features, VIRTIO_BLK_F_FLUSH);
	if (!limits)
		return 0;
	fill_limits(&c, features, info, limits);
	if (info->max_segments > MAX_SEGMENTS)
		info->max_segments = MAX_SEGMENTS;
	return has(features, VIRTIO_BLK_F_TOPOLOGY) ? topology_limits(&c, info, limits) : 0;
}
