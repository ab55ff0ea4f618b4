// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests on ranges of sectors: discard, write zeroes, secure erase.
 */
#include "blk.h"

#include <errno.h>

struct range_kind {
	enum virtio_feature feature;
	uint32_t max_seg, max_sectors;
	uint32_t flags; /* that a range may have */
};

static struct range_kind kind_of(const struct blk *blk, uint32_t type)
{
	const struct blk_limits *l = &blk->limits;

	if (type == BLK_T_DISCARD)
		return (struct range_kind) { BLK_F_DISCARD, l->max_discard_seg,
					     l->max_discard_sectors, 0 };
	if (type == BLK_T_WRITE_ZEROES)
		return (struct range_kind) { BLK_F_WRITE_ZEROES, l->max_write_zeroes_seg,
					     l->max_write_zeroes_sectors, BLK_RANGE_UNMAP };
	return (struct range_kind) { BLK_F_SECURE_ERASE, l->max_secure_erase_seg,
				     l->max_secure_erase_sectors, 0 };
}

static uint8_t check_range(const struct blk *blk, const struct range_kind *kind,
			   const struct blk_range *range)
{
	if (range->flags & ~kind->flags)
		return BLK_S_UNSUPP;
	if (range->num_sectors > kind->max_sectors ||
	    !blk_range_ok(blk, range->sector, range->num_sectors))
		return BLK_S_IOERR;
	return blk_check_fail(blk, range->sector, range->num_sectors);
}

/* Secure erase: the old data is overwritten as far as this layer can say. */
static int execute_range(struct blk *blk, uint32_t type, const struct blk_range *range)
{
	const struct backend_ops *ops = blk->backend->ops;
	uint64_t offset = range->sector * SECTOR;
	uint64_t len = range->num_sectors * SECTOR;
	int ret;

	if (len == 0)
		return 0;
	if (type == BLK_T_DISCARD)
		return ops->discard(blk->backend, offset, len);
	ret = ops->write_zeroes(blk->backend, offset, len, range->flags & BLK_RANGE_UNMAP);
	if (ret == 0 && (blk->sync_writes || type == BLK_T_SECURE_ERASE))
		ret = ops->flush(blk->backend);
	return ret;
}

static struct blk_range next_range(struct buf *out)
{
	struct blk_range range;

	buf_read(out, &range, sizeof(range));
	range.sector = le64toh(range.sector);
	range.num_sectors = le32toh(range.num_sectors);
	range.flags = le32toh(range.flags);
	return range;
}

uint8_t blk_execute_ranges(struct blk *blk, uint32_t type, struct buf *out)
{
	struct range_kind kind = kind_of(blk, type);
	uint64_t n = out->bytes / sizeof(struct blk_range);
	uint8_t status = BLK_S_OK;

	if (!blk_has(blk, kind.feature))
		return BLK_S_UNSUPP;
	if (blk->read_only || n == 0 || n > kind.max_seg || out->bytes % sizeof(struct blk_range))
		return BLK_S_IOERR;
	for (; n && status == BLK_S_OK; n--) {
		struct blk_range range = next_range(out);

		status = check_range(blk, &kind, &range);
		if (status == BLK_S_OK)
			status = blk_status(execute_range(blk, type, &range));
	}
	return status;
}
