// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests of a block device.
 */
#include "blk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "zoned.h"

enum {
	EXIT_STATUS_EXIT_AFTER = 3
};

/* A request without its header and status. */
struct request {
	uint32_t type;
	uint64_t sector;
	struct buf out, in; /* data that the device reads and writes */
};

uint8_t blk_status(int ret)
{
	if (ret == 0)
		return BLK_S_OK;
	return ret == -EOPNOTSUPP ? BLK_S_UNSUPP : BLK_S_IOERR;
}

uint8_t blk_check_fail(const struct blk *blk, uint64_t sector, uint64_t n)
{
	for (unsigned int i = 0; i < blk->n_fails; i++) {
		uint64_t at = blk->fail[i].offset / SECTOR;

		if (at >= sector && at - sector < n)
			return blk->fail[i].status;
	}
	return BLK_S_OK;
}

/* Check sectors that data is moved to or from. */
static uint8_t check_data(const struct blk *blk, uint64_t sector, uint64_t bytes)
{
	if (unlikely(bytes % SECTOR || !blk_range_ok(blk, sector, bytes / SECTOR)))
		return BLK_S_IOERR;
	return unlikely(blk->n_fails) ? blk_check_fail(blk, sector, bytes / SECTOR) : BLK_S_OK;
}

static uint8_t do_read(struct blk *blk, struct request *r)
{
	uint8_t status = check_data(blk, r->sector, r->in.bytes);

	if (status == BLK_S_OK && blk->zoned)
		status = zoned_check_read(blk->zoned, r->sector, r->in.bytes / SECTOR);
	if (unlikely(status != BLK_S_OK))
		return status;
	return blk_status(
		blk->backend->ops->readv(blk->backend, r->in.iov, r->in.n, r->sector * SECTOR));
}

static uint8_t write_data(struct blk *blk, const struct request *r, uint64_t sector)
{
	return blk_status(blk->backend->ops->writev(blk->backend, r->out.iov, r->out.n,
						    sector * SECTOR, blk->sync_writes));
}

static uint8_t do_write(struct blk *blk, struct request *r)
{
	uint8_t status = check_data(blk, r->sector, r->out.bytes);

	if (unlikely(blk->read_only))
		return BLK_S_IOERR;
	if (status == BLK_S_OK && blk->zoned)
		status = zoned_write(blk->zoned, r->sector, r->out.bytes / SECTOR);
	return likely(status == BLK_S_OK) ? write_data(blk, r, r->sector) : status;
}

static uint8_t do_append(struct blk *blk, struct request *r)
{
	uint64_t at, where;
	uint8_t status = check_data(blk, r->sector, r->out.bytes);

	if (!blk_has(blk, BLK_F_ZONED))
		return BLK_S_UNSUPP;
	if (blk->read_only || r->in.bytes < sizeof(where))
		return BLK_S_IOERR;
	if (status == BLK_S_OK)
		status = zoned_append(blk->zoned, r->sector, r->out.bytes / SECTOR, &at);
	if (status == BLK_S_OK)
		status = write_data(blk, r, at);
	if (status == BLK_S_OK) {
		where = htole64(at);
		buf_write(&r->in, &where, sizeof(where));
	}
	return status;
}

static uint8_t do_flush(struct blk *blk)
{
	if (!blk_has(blk, BLK_F_FLUSH))
		return BLK_S_UNSUPP;
	return blk_status(blk->backend->ops->flush(blk->backend));
}

static uint8_t do_get_id(const struct blk *blk, struct request *r)
{
	if (r->in.bytes < BLK_ID_LEN)
		return BLK_S_IOERR;
	buf_write(&r->in, blk->serial, BLK_ID_LEN);
	return BLK_S_OK;
}

static uint8_t do_zone_request(struct blk *blk, struct request *r)
{
	if (!blk_has(blk, BLK_F_ZONED))
		return BLK_S_UNSUPP;
	if (r->type == BLK_T_ZONE_REPORT)
		return zoned_report(blk->zoned, r->sector, &r->in);
	if (blk->read_only)
		return BLK_S_IOERR;
	return zoned_manage(blk->zoned, r->type, r->sector, blk->backend);
}

static uint8_t do_other(struct blk *blk, struct request *r)
{
	switch (r->type) {
	case BLK_T_FLUSH:
		return do_flush(blk);
	case BLK_T_GET_ID:
		return do_get_id(blk, r);
	case BLK_T_DISCARD:
	case BLK_T_WRITE_ZEROES:
	case BLK_T_SECURE_ERASE:
		return blk_execute_ranges(blk, r->type, &r->out);
	case BLK_T_ZONE_APPEND:
		return do_append(blk, r);
	case BLK_T_ZONE_REPORT:
	case BLK_T_ZONE_OPEN:
	case BLK_T_ZONE_CLOSE:
	case BLK_T_ZONE_FINISH:
	case BLK_T_ZONE_RESET:
	case BLK_T_ZONE_RESET_ALL:
		return do_zone_request(blk, r);
	}
	return BLK_S_UNSUPP;
}

/* Take header and status off the buffers. NULL, or what is wrong. */
static const char *take_request(struct chain *c, struct request *r, uint8_t **status)
{
	struct blk_header h;

	if (unlikely(c->out_bytes < sizeof(h)))
		return "a request without a whole header";
	if (unlikely(c->in_bytes < 1))
		return "a request without a place for its status";
	r->out = (struct buf) { .iov = c->iov, .n = c->n_out, .bytes = c->out_bytes };
	r->in = (struct buf) { .iov = c->iov + c->n_out, .n = c->n_in, .bytes = c->in_bytes };
	if (likely(c->iov[0].iov_len == sizeof(h))) {
		memcpy(&h, c->iov[0].iov_base, sizeof(h));
		r->out.iov++;
		r->out.n--;
		r->out.bytes -= sizeof(h);
	} else {
		buf_read(&r->out, &h, sizeof(h));
	}
	*status = buf_last(&r->in);
	r->type = le32toh(h.type);
	r->sector = le64toh(h.sector);
	return NULL;
}

/* A crash on demand: nothing is completed any more, nothing is cleaned up. */
static void count_request(struct blk *blk)
{
	if (atomic_fetch_add(&blk->requests, 1) + 1 >= blk->exit_after)
		_exit(EXIT_STATUS_EXIT_AFTER);
}

const char *blk_execute(struct blk *blk, struct chain *c, uint32_t *len)
{
	struct request r;
	uint8_t *status;
	uint8_t result;
	const char *why = take_request(c, &r, &status);

	if (unlikely(why))
		return why;
	if (unlikely(blk->exit_after))
		count_request(blk);
	if (r.type == BLK_T_IN)
		result = do_read(blk, &r);
	else if (r.type == BLK_T_OUT)
		result = do_write(blk, &r);
	else
		result = do_other(blk, &r);
	*status = result;
	*len = (uint32_t)c->in_bytes;
	return NULL;
}
