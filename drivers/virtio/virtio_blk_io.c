// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests to chains and used chains to completions, whatever they are; virtio_blk_fast.c is a
 * short cut for those that are simple.
 *
 * What is larger than the device takes goes in parts, one after the other, in the same slot: no
 * allocation, one completion. So does the flush behind a write with BLKIO_REQ_FUA.
 */
#include <errno.h>

#include "drivers/virtio/virtio_blk_slot.h"
#include "lib/util/iov.h"

static const char no_discard_msg[] = "the device does not offer discard";
static const char no_zeroes_msg[] = "the device does not offer write zeroes";
static const char bad_range_msg[] = "invalid len or start offset";

/* ---- chains ---- */

cold void vblk_lay_out_table(struct vblk_queue *q, struct vblk_req *req, uint16_t n)
{
	struct vring_desc *table = vblk_table_of(q, req);

	vblk_put_segment(q, table, 0, req->slot_iova + VBLK_SLOT_HEADER,
			 sizeof(struct virtio_blk_header), 0);
	vblk_put_desc(q->vq.packed, q->vq.indirect, table, n + 1, req->slot_iova + VBLK_SLOT_STATUS,
		      1, VRING_DESC_WRITE);
	for (uint16_t i = 0; i <= n + 1; i++)
		vblk_put_link(q->vq.packed, q->vq.indirect, table, i);
	if (q->vq.indirect && !q->vq.packed)
		vq_set_table(&q->vq, req->id, n + 2);
	req->table_n = n;
}

void vblk_add_chain(struct vblk_queue *q, struct vblk_req *req, uint16_t n, uint32_t writable_bytes)
{
	vblk_lay_out_table(q, req, n);
	vblk_unset_status(req);
	if (likely(q->vq.indirect))
		vq_add_indirect(&q->vq, q->vq.packed, req->id, req->table, n + 2,
				writable_bytes + 1);
	else
		vq_add_direct(&q->vq, req->id, q->table, n + 2, writable_bytes + 1);
}

/* ---- discard, write zeroes, flush ---- */

/* What a request of a range is for the device, and how much of it at a time; 0: no limit. */
struct range_kind {
	uint32_t type;
	uint64_t max;
};

static struct range_kind range_kind(const struct vblk_queue *q, enum blkio_op op)
{
	const struct virtio_blk_info *info = &q->vb->info;

	switch (op) {
	case BLKIO_OP_DISCARD:
		return (struct range_kind) { VIRTIO_BLK_T_DISCARD, info->max_discard_bytes };
	case BLKIO_OP_SECURE_ERASE:
		return (struct range_kind) { VIRTIO_BLK_T_SECURE_ERASE,
					     info->max_secure_erase_bytes };
	default:
		return (struct range_kind) { VIRTIO_BLK_T_WRITE_ZEROES,
					     info->max_write_zeroes_bytes };
	}
}

static void start_range(struct vblk_queue *q, struct vblk_req *req)
{
	struct range_kind kind = range_kind(q, BLKIO_OP_OF(req->op_flags));
	uint64_t limit = (uint64_t)UINT32_MAX * VIRTIO_BLK_SECTOR_BYTES;
	uint64_t bytes = req->left < limit ? req->left : limit;
	struct virtio_blk_range *range = (void *)(req->slot + VBLK_SLOT_RANGE);
	bool unmap =
		kind.type == VIRTIO_BLK_T_WRITE_ZEROES && !(req->op_flags & BLKIO_REQ_NO_UNMAP);

	if (kind.max && bytes > kind.max)
		bytes = kind.max;
	req->part_bytes = bytes;
	vblk_set_state(req, bytes == req->left);
	range->sector = htole64(req->start / VIRTIO_BLK_SECTOR_BYTES);
	range->nr_sectors = htole32((uint32_t)(bytes / VIRTIO_BLK_SECTOR_BYTES));
	range->flags = htole32(unmap ? VIRTIO_BLK_UNMAP : 0);

	vblk_put_header(req, kind.type, 0);
	vblk_put_segment(q, vblk_table_of(q, req), 1, req->slot_iova + VBLK_SLOT_RANGE,
			 sizeof(*range), 0);
	vblk_add_chain(q, req, 1, 0);
}

static void start_flush(struct vblk_queue *q, struct vblk_req *req)
{
	/* Behind an append there is an offset to be told. */
	req->state = vblk_is_zone_op(req) ? VBLK_STEPS : VBLK_SIMPLE;
	vblk_put_header(req, VIRTIO_BLK_T_FLUSH, 0);
	vblk_add_chain(q, req, 0, 0);
}

/* Submit the step that a request is at. 0, or -errno with q->q.refusal. */
static int start_step(struct vblk_queue *q, struct vblk_req *req)
{
	if (req->step == VBLK_FLUSH) {
		start_flush(q, req);
		return 0;
	}
	switch (BLKIO_OP_OF(req->op_flags)) {
	case BLKIO_OP_DISCARD:
	case BLKIO_OP_WRITE_ZEROES:
	case BLKIO_OP_SECURE_ERASE:
		start_range(q, req);
		return 0;
	case BLKIO_OP_READ:
	case BLKIO_OP_WRITE:
	case BLKIO_OP_READV:
	case BLKIO_OP_WRITEV:
		return vblk_start_transfer(q, req);
	default:
		return vblk_start_zone(q, req);
	}
}

/* Descriptors that a step may need in a ring without indirect. */
static unsigned int most_descs(const struct vblk_queue *q)
{
	return q->max_segments + VBLK_FRAME_DESCS;
}

/* ---- submit ---- */

static int refuse(struct vblk_queue *q, int ret, const char *msg)
{
	q->q.refusal = msg;
	return ret;
}

/* A request that needs no device: it is complete at once. */
static int complete_at_once(struct vblk_queue *q, const struct blkio_req *r)
{
	queue_complete(&q->q, r->user_data, 0, NULL);
	return SUBMIT_DONE;
}

static int prepare_range(struct vblk_queue *q, const struct blkio_req *r)
{
	if (r->op == BLKIO_OP_DISCARD && !vblk_has(q->vb, VIRTIO_BLK_F_DISCARD))
		return refuse(q, -ENOTSUP, no_discard_msg);
	if (r->op == BLKIO_OP_WRITE_ZEROES && !vblk_has(q->vb, VIRTIO_BLK_F_WRITE_ZEROES))
		return refuse(q, -ENOTSUP, no_zeroes_msg);
	if (r->len % VIRTIO_BLK_SECTOR_BYTES)
		return refuse(q, -EINVAL, bad_range_msg);
	return r->len ? 0 : complete_at_once(q, r);
}

/* Checks, and what is done without the device. 0, SUBMIT_DONE or -errno. */
static int prepare(struct vblk_queue *q, struct vblk_req *req, const struct blkio_req *r)
{
	req->op_flags = BLKIO_OP_FLAGS(r->op, r->flags);
	req->user_data = r->user_data;
	req->start = r->start;
	req->step = VBLK_PART;
	req->buf = NULL;
	req->iovcnt = 0;
	req->skip = 0;
	req->left = r->len;
	if (!vblk_has(q->vb, VIRTIO_BLK_F_FLUSH))
		req->op_flags &= ~(uint32_t)BLKIO_REQ_FUA;

	switch (r->op) {
	case BLKIO_OP_READ:
	case BLKIO_OP_WRITE:
		req->buf = r->buf;
		return r->len ? 0 : complete_at_once(q, r);
	case BLKIO_OP_READV:
	case BLKIO_OP_WRITEV:
		req->iov = r->iov;
		req->iovcnt = (uint32_t)r->len;
		req->left = iov_bytes(r->iov, r->len);
		if (req->left > INT64_MAX - r->start)
			return refuse(q, -EINVAL, "the end of the request lies beyond 2^63 - 1");
		return req->left ? 0 : complete_at_once(q, r);
	case BLKIO_OP_WRITE_ZEROES:
	case BLKIO_OP_DISCARD:
	case BLKIO_OP_SECURE_ERASE:
		return prepare_range(q, r);
	case BLKIO_OP_FLUSH:
		req->step = VBLK_FLUSH;
		return vblk_has(q->vb, VIRTIO_BLK_F_FLUSH) ? 0 : complete_at_once(q, r);
	default:
		return vblk_prepare_zone(q, req, r);
	}
}

int vblk_submit(struct blkioq *base, const struct blkio_req *r)
{
	struct vblk_queue *q = to_vblk_queue(base);
	struct vblk_req *req = q->free;
	int ret;

	if (unlikely(q->broken))
		return refuse(q, q->broken_ret, q->broken);
	if (!req || !vq_has_room(&q->vq, most_descs(q)))
		return SUBMIT_FULL;
	ret = prepare(q, req, r);
	if (ret == 0)
		ret = start_step(q, req);
	if (ret == 0)
		q->free = req->next;
	return ret;
}

/* ---- completions ---- */

void vblk_put_again(struct vblk_queue *q, struct vblk_req *req)
{
	req->next = NULL;
	*q->again_tail = req;
	q->again_tail = &req->next;
	q->q.resubmit = true;
}

/* Move on past the part that is done. True when there is nothing more to do. */
static bool advance(struct vblk_queue *q, struct vblk_req *req)
{
	if (req->step == VBLK_FLUSH)
		return true;
	if (q->bounce && BLKIO_READ_OPS & BLKIO_OP_BIT(BLKIO_OP_OF(req->op_flags)))
		vblk_bounce_in(q, req);
	req->start += req->part_bytes;
	req->left -= req->part_bytes;
	if (req->iovcnt)
		iov_advance(&req->iov, &req->iovcnt, &req->skip, req->part_bytes);
	else if (req->buf)
		req->buf += req->part_bytes;
	if (req->left)
		return false;
	if (!(req->op_flags & BLKIO_REQ_FUA))
		return true;
	req->step = VBLK_FLUSH;
	return false;
}

static int status_to_ret(const struct vblk_queue *q, uint8_t status, const char **msg)
{
	int ret = q->vb->info.zone_bytes ? vblk_zone_status(status, msg) : 0;

	if (ret < 0)
		return ret;
	switch (status) {
	case VIRTIO_BLK_S_IOERR:
		return -EIO;
	case VIRTIO_BLK_S_UNSUPP:
		return -ENOTSUP;
	default:
		*msg = "the device answered with an invalid status";
		return -EPROTO;
	}
}

static void complete(struct vblk_queue *q, struct vblk_req *req, struct blkio_completion *c,
		     int ret, const char *msg)
{
	vblk_complete(q, req, c, ret, msg);
	if (unlikely(q->reporting == req))
		q->reporting = NULL;
}

/* A request of several steps, or with more than an error to tell. True if it is finished. */
static bool finish_step(struct vblk_queue *q, struct vblk_req *req, struct blkio_completion *c)
{
	struct blkio_completion result = { 0 };

	if (req->state != VBLK_SIMPLE &&
	    !(vblk_is_zone_op(req) ? vblk_finish_zone(q, req, &result) : advance(q, req))) {
		vblk_put_again(q, req);
		return false;
	}
	complete(q, req, c, result.ret, result.error_msg);
	c->append_offset = result.append_offset;
	return true;
}

bool vblk_finish(struct vblk_queue *q, struct vblk_req *req, uint8_t status,
		 struct blkio_completion *c)
{
	if (unlikely(req->state == VBLK_OURS)) {
		vblk_take_id(q, req, status);
		return false;
	}
	if (status != VIRTIO_BLK_S_OK) {
		const char *msg = NULL;
		int ret = status_to_ret(q, status, &msg);

		complete(q, req, c, ret, msg);
		return true;
	}
	return finish_step(q, req, c);
}

void vblk_submit_again(struct vblk_queue *q)
{
	while (q->again && vq_has_room(&q->vq, most_descs(q))) {
		struct vblk_req *req = q->again;
		int ret = start_step(q, req);

		q->again = req->next;
		/* The first part of the request has passed the same checks. */
		if (ret < 0)
			vblk_break(q, ret, q->q.refusal);
	}
	if (!q->again)
		q->again_tail = &q->again;
}

cold int vblk_reap_broken(struct vblk_queue *q, struct blkio_completion *completions, int max)
{
	int n = 0;

	q->again = NULL;
	q->again_tail = &q->again;
	for (unsigned int i = 0; i < q->vq.size && n < max; i++) {
		if (vblk_is_active(&q->reqs[i]))
			complete(q, &q->reqs[i], &completions[n++], q->broken_ret, q->broken);
	}
	return n;
}
