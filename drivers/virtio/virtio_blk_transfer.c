// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Buffers to data segments: where the device sees them, and how much of a transfer it takes at a
 * time.
 */
#include <errno.h>
#include <limits.h>

#include "drivers/virtio/virtio_blk_slot.h"
#include "lib/util/iov.h"

static const char not_mapped_msg[] = "the buffer does not lie in a mapped memory region";
static const char too_many_msg[] = "an append to a zone has more or longer buffers than the device "
				   "takes (max-segments, max-segment-len)";
static const char too_small_msg[] = "max-segments buffers together are smaller than a sector";

/* ---- memory ---- */

/* Make the copy of the table of regions anew. If memory runs out it stays out of date. */
static cold void sync_view(struct vblk_queue *q)
{
	struct mem_table *t = &q->vb->b.mem;
	bool complete = true;

	pthread_mutex_lock(&t->lock);
	mem_view_clear(&q->view);
	for (unsigned int i = 0; i < t->len && complete; i++) {
		const struct mem_entry *e = &t->entries[i];

		if (e->mapped)
			complete = mem_view_add(&q->view, (uintptr_t)e->region.addr, e->region.len,
						e->iova);
	}
	if (complete)
		mem_view_commit(&q->view);
	pthread_mutex_unlock(&t->lock);
}

const struct mem_extent *vblk_find_extent(struct vblk_queue *q, const void *buf, size_t len)
{
	const struct mem_extent *x;

	if (!mem_view_is_current(&q->view))
		sync_view(q);
	x = mem_view_find(&q->view, (uintptr_t)buf, len);
	q->fast_bytes = q->max_fast_bytes;
	if (q->fast_bytes > q->view.last.len)
		q->fast_bytes = q->view.last.len;
	return x;
}

/* ---- transfers ---- */

/* The data segments of a part: at most max_segments, none longer than max_segment_bytes. */
struct part {
	struct vring_desc *table; /* the segments are entries 1 to n */
	uint16_t n;
	uint16_t max;
	uint16_t flags;
	uint32_t bytes;
};

/* What one segment can take of a buffer: it ends where its region does. */
static uint32_t segment_bytes(const struct vblk_queue *q, const struct part *part,
			      const struct mem_extent *x, const char *buf, size_t len)
{
	size_t max = x->addr + x->len - (uintptr_t)buf;

	if (max > len)
		max = len;
	if (max > q->max_segment_bytes)
		max = q->max_segment_bytes;
	if (max > (uint32_t)INT_MAX - part->bytes)
		max = (uint32_t)INT_MAX - part->bytes;
	return (uint32_t)max;
}

/* How much of a buffer still fits, cut into segments. -EINVAL when it is not mapped. */
static int64_t add_buffer(struct vblk_queue *q, struct part *part, const char *buf, size_t len)
{
	size_t done = 0;

	while (done < len && part->n < part->max) {
		const struct mem_extent *x = vblk_find_extent(q, buf + done, 1);
		uint32_t bytes;

		if (!x)
			return -EINVAL;
		bytes = segment_bytes(q, part, x, buf + done, len - done);
		if (!bytes)
			break;
		vblk_put_segment(q, part->table, ++part->n, vblk_to_iova(x, buf + done), bytes,
				 part->flags);
		part->bytes += bytes;
		done += bytes;
	}
	return (int64_t)done;
}

/* A part that is not the last one ends with a whole block. */
static void trim(struct part *part, uint32_t excess)
{
	while (excess) {
		struct vring_desc *last = &part->table[part->n];
		uint32_t len = le32toh(last->len);
		uint32_t cut = excess < len ? excess : len;

		part->bytes -= cut;
		excess -= cut;
		if (cut == len)
			part->n--;
		else
			last->len = htole32(len - cut);
	}
}

/* The same where the device does not see the buffers. */
static void add_bounced(struct vblk_queue *q, const struct vblk_req *req, struct part *part)
{
	uint64_t bytes = req->left < VBLK_BOUNCE_BYTES ? req->left : VBLK_BOUNCE_BYTES;
	uint64_t most = (uint64_t)part->max * q->max_segment_bytes;
	iova_t iova;

	if (bytes > most)
		bytes = most;
	iova = vblk_bounce_out(q, req, bytes, !part->flags);
	while (part->bytes < bytes) {
		uint64_t left = bytes - part->bytes;
		uint32_t n = left < q->max_segment_bytes ? (uint32_t)left : q->max_segment_bytes;

		vblk_put_segment(q, part->table, ++part->n, iova + part->bytes, n, part->flags);
		part->bytes += n;
	}
}

/* Fill the data segments of the next part of a transfer; sets req->part_bytes. */
static int fill_part(struct vblk_queue *q, struct vblk_req *req, struct part *part)
{
	int64_t done = 0;

	if (q->bounce) {
		add_bounced(q, req, part);
	} else if (!req->iovcnt) {
		done = add_buffer(q, part, req->buf, req->left);
	} else {
		size_t skip = req->skip;

		for (uint32_t i = 0; i < req->iovcnt && done >= 0 && part->n < part->max; i++) {
			const struct iovec *iov = &req->iov[i];

			done = add_buffer(q, part, iov_rest(iov, skip), iov->iov_len - skip);
			if (done >= 0 && (size_t)done < iov->iov_len - skip)
				break;
			skip = 0;
		}
	}
	if (done < 0) {
		q->q.refusal = not_mapped_msg;
		return -EINVAL;
	}
	if (part->bytes < req->left)
		trim(part, part->bytes & (q->vb->info.blk_size - 1));
	if (!part->bytes) {
		q->q.refusal = too_small_msg;
		return -EINVAL;
	}
	req->part_bytes = part->bytes;
	return 0;
}

static bool is_read(const struct vblk_req *req)
{
	enum blkio_op op = BLKIO_OP_OF(req->op_flags);

	return op == BLKIO_OP_READ || op == BLKIO_OP_READV;
}

int vblk_start_transfer(struct vblk_queue *q, struct vblk_req *req)
{
	bool read = is_read(req);
	struct part part = {
		.table = vblk_table_of(q, req),
		.max = q->max_segments,
		.flags = read ? VRING_DESC_WRITE : 0,
	};
	int ret = fill_part(q, req, &part);

	if (ret < 0) {
		req->table_n = UINT16_MAX; /* segments may lie where the status was */
		return ret;
	}
	/* What was read into a bounce buffer is to be copied when it is there. */
	vblk_set_state(req, part.bytes == req->left && !(read && q->bounce));
	vblk_put_header(req, read ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, req->start);
	vblk_add_chain(q, req, part.n, read ? part.bytes : 0);
	return 0;
}

int vblk_start_append(struct vblk_queue *q, struct vblk_req *req)
{
	struct part part = {
		.table = vblk_table_of(q, req),
		.max = q->max_segments,
	};
	int ret = fill_part(q, req, &part);

	if (ret == 0 && part.bytes != req->left) {
		q->q.refusal = too_many_msg;
		ret = -EINVAL;
	}
	if (ret < 0) {
		req->table_n = UINT16_MAX; /* as above */
		return ret;
	}
	req->state = VBLK_STEPS;
	vblk_put_header(req, VIRTIO_BLK_T_ZONE_APPEND, req->start);
	vblk_put_segment(q, part.table, ++part.n, req->slot_iova + VBLK_SLOT_APPEND,
			 sizeof(uint64_t), VRING_DESC_WRITE);
	vblk_add_chain(q, req, part.n, sizeof(uint64_t));
	return 0;
}
