// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The hot path: plain reads and writes of a ring with indirect tables, and taking back what is
 * used. What is not simple is passed on to virtio_blk_io.c.
 *
 * Nearly every instruction of a request is in this file, so there is a copy of it for each form of
 * ring: `packed` is a constant in all that is always_inline. tests/bench counts.
 */
#include <limits.h>

#include "drivers/virtio/virtio_blk_slot.h"

/* Numbers that are the same, so that none has to be made of another. */
_Static_assert(VIRTIO_BLK_S_OK == (int)VBLK_SIMPLE, "nothing to be done about it");
_Static_assert(VIRTIO_BLK_T_IN == (int)BLKIO_OP_READ, "a type of request");
_Static_assert(VIRTIO_BLK_T_OUT == (int)BLKIO_OP_WRITE, "a type of request");
_Static_assert(VIRTIO_BLK_T_OUT == BLKIO_OP_WRITEV - BLKIO_OP_READV, "a type of request");

/* ---- submit ---- */

/* What has n data segments and a header in its slot becomes a chain in the ring. */
static always_inline void start(struct vblk_queue *q, struct vblk_req *req, bool packed, uint32_t n,
				uint32_t data_bytes)
{
	q->free = req->next;
	req->state = VBLK_SIMPLE;
	vblk_unset_status(req);
	vq_add_indirect(&q->vq, packed, req->id, req->table, n + 2, data_bytes + 1);
}

/* All bits for a read, none for a write: no jump, as they come in any order. */
static always_inline uint32_t read_mask(uint32_t type)
{
	return type - VIRTIO_BLK_T_OUT;
}

static always_inline uint16_t segment_flags(bool packed, uint32_t type)
{
	return (uint16_t)(vblk_next_flag(packed, true) | (VRING_DESC_WRITE & read_mask(type)));
}

/* What the device may write into the data. */
static always_inline uint32_t written_bytes(uint32_t type, uint64_t bytes)
{
	return (uint32_t)bytes & read_mask(type);
}

/*
 * Whether a segment can be made of a buffer: it lies where the last one did. The second half knows
 * of the first that len is no more than the length of the region.
 */
static always_inline bool is_at_hand(const struct vblk_queue *q, const void *buf, size_t len)
{
	const struct mem_extent *x = &q->view.last;

	return len - 1 < q->fast_bytes && (uintptr_t)buf - x->addr <= x->len - len;
}

/* If what stands in the way of submit_rw() can be removed, then do so and try again. */
static cold void submit_rw_slowly(struct blkioq *base, uint64_t start_bytes, void *buf, size_t len,
				  void *user_data, uint32_t op_flags)
{
	struct vblk_queue *q = to_vblk_queue(base);

	if (q->free && !BLKIO_FLAGS_OF(op_flags) && vblk_find_extent(q, buf, len) &&
	    is_at_hand(q, buf, len) && mem_view_is_current(&q->view)) {
		vblk_lay_out_table(q, q->free, 1);
		base->ops->submit_rw(base, start_bytes, buf, len, user_data, op_flags);
	} else {
		queue_submit_slowly(base, start_bytes, buf, len, user_data, op_flags);
	}
}

/*
 * A ring has room for as many chains with a table as there are requests. The only call is the last
 * thing done: so nothing has to be saved on the stack.
 */
static always_inline void submit_rw(struct blkioq *base, uint64_t start_bytes, void *buf,
				    size_t len, void *user_data, uint32_t op_flags, bool packed)
{
	struct vblk_queue *q = to_vblk_queue(base);
	struct vblk_req *req = q->free;
	uint32_t type = op_flags >> 8;

	if (unlikely(!req || BLKIO_FLAGS_OF(op_flags) || !mem_view_is_current(&q->view) ||
		     !is_at_hand(q, buf, len) || req->table_n != 1)) {
		submit_rw_slowly(base, start_bytes, buf, len, user_data, op_flags);
		return;
	}
	base->in_flight++;
	req->user_data = user_data;
	vblk_put_header(req, type, start_bytes);
	vblk_put_desc(packed, true, vblk_slot_table(req), 1, vblk_to_iova(&q->view.last, buf),
		      (uint32_t)len, segment_flags(packed, type));
	start(q, req, packed, 1, written_bytes(type, len));
}

static void submit_rw_split(struct blkioq *q, uint64_t start_bytes, void *buf, size_t len,
			    void *user_data, uint32_t op_flags)
{
	submit_rw(q, start_bytes, buf, len, user_data, op_flags, false);
}

static void submit_rw_packed(struct blkioq *q, uint64_t start_bytes, void *buf, size_t len,
			     void *user_data, uint32_t op_flags)
{
	submit_rw(q, start_bytes, buf, len, user_data, op_flags, true);
}

/* A segment for each iovec; how many bytes that is, or 0 if something is in the way. */
static always_inline uint64_t put_iov(const struct vblk_queue *q, struct vring_desc *table,
				      const struct iovec *iov, uint32_t n, bool packed,
				      uint16_t flags)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		const void *buf = iov[i].iov_base;
		size_t len = iov[i].iov_len;

		if (unlikely(!is_at_hand(q, buf, len)))
			return 0;
		vblk_put_desc(packed, true, table, i + 1, vblk_to_iova(&q->view.last, buf),
			      (uint32_t)len, flags);
		bytes += len;
	}
	return bytes;
}

/* As above. Workloads tend to have requests of one kind, so the next layout will fit, too. */
static cold void submit_rwv_slowly(struct blkioq *base, uint64_t start_bytes,
				   const struct iovec *iov, uint32_t n, void *user_data,
				   uint32_t op_flags)
{
	struct vblk_queue *q = to_vblk_queue(base);

	if (q->free && n <= q->max_segments && q->free->table_n != n) {
		vblk_lay_out_table(q, q->free, (uint16_t)n);
		base->ops->submit_rwv(base, start_bytes, iov, n, user_data, op_flags);
	} else {
		queue_submit_slowly(base, start_bytes, (void *)iov, n, user_data, op_flags);
	}
}

/* The request is noted down, but one of its buffers needs a closer look. */
static cold void submit_noted(struct vblk_queue *q, const struct vblk_req *req, uint32_t n,
			      uint32_t type)
{
	queue_submit_slowly(&q->q, req->start, (void *)req->iov, n, req->user_data,
			    BLKIO_OP_FLAGS(BLKIO_OP_READV + type, 0));
}

/* Noting the request down before its buffers are looked at leaves more registers to the loop. */
static always_inline void submit_rwv(struct blkioq *base, uint64_t start_bytes,
				     const struct iovec *iov, uint32_t n, void *user_data,
				     uint32_t op_flags, bool packed)
{
	struct vblk_queue *q = to_vblk_queue(base);
	struct vblk_req *req = q->free;
	uint32_t type = (op_flags >> 8) - BLKIO_OP_READV;
	uint64_t bytes;

	if (unlikely(!req || BLKIO_FLAGS_OF(op_flags) || !mem_view_is_current(&q->view) ||
		     req->table_n != n || (start_bytes + INT_MAX) >> 63)) {
		submit_rwv_slowly(base, start_bytes, iov, n, user_data, op_flags);
		return;
	}
	req->user_data = user_data;
	req->start = start_bytes;
	req->iov = iov;
	vblk_put_header(req, type, start_bytes);
	bytes = put_iov(q, vblk_slot_table(req), iov, n, packed, segment_flags(packed, type));
	if (unlikely(bytes - 1 >= INT_MAX)) {
		submit_noted(q, req, n, type);
		return;
	}
	base->in_flight++;
	start(q, req, packed, n, written_bytes(type, bytes));
}

static void submit_rwv_split(struct blkioq *q, uint64_t start_bytes, const struct iovec *iov,
			     uint32_t n, void *user_data, uint32_t op_flags)
{
	submit_rwv(q, start_bytes, iov, n, user_data, op_flags, false);
}

static void submit_rwv_packed(struct blkioq *q, uint64_t start_bytes, const struct iovec *iov,
			      uint32_t n, void *user_data, uint32_t op_flags)
{
	submit_rwv(q, start_bytes, iov, n, user_data, op_flags, true);
}

/* ---- reap ---- */

/* Take what is used, as much as there is and fits. */
static always_inline struct blkio_completion *take_used(struct vblk_queue *q,
							struct blkio_completion *c,
							const struct blkio_completion *end,
							bool packed, bool indirect)
{
	int n = packed ? 0 : vq_nr_used_split(&q->vq);

	if (unlikely(n < 0)) {
		vblk_break(q, -EPROTO, "the device has used more requests than there are");
		return c;
	}
	/* No more than are in flight: nothing is made available here. */
	while (c != end && (packed || n-- > 0)) {
		uint32_t id, len;
		int ret = vq_take_used(&q->vq, packed, indirect, &id, &len);
		struct vblk_req *req;
		uint8_t status;

		if (packed && ret == -EAGAIN)
			break;
		if (unlikely(ret < 0)) {
			vblk_break(q, -EPROTO,
				   "the device has used a request that is not in "
				   "flight, or written more than it may");
			break;
		}
		req = &q->reqs[id];
		status = load_once((const uint8_t *)(req->slot + VBLK_SLOT_STATUS));
		if (unlikely(status | req->state)) /* not OK, not simple */
			c += vblk_finish(q, req, status, c);
		else
			vblk_complete(q, req, c++, 0, NULL);
	}
	return c;
}

static always_inline int reap(struct blkioq *base, struct blkio_completion *completions, int max,
			      bool packed, bool indirect)
{
	struct vblk_queue *q = to_vblk_queue(base);
	struct blkio_completion *c = completions, *end = completions + max;

	if (likely(!q->broken))
		c = take_used(q, c, end, packed, indirect);
	if (base->completion_fd_enabled && !q->broken) {
		/* The next event is for the next chain; one that came just now has none. What
		 * is left because the caller's array is full, do_io tells of. */
		vq_enable_events(&q->vq, 1);
		c = take_used(q, c, end, packed, indirect);
	}
	/* So that 2^16 chains later there is still no event. */
	if (!base->completion_fd_enabled)
		vq_disable_events(&q->vq);
	if (unlikely(q->broken))
		c += vblk_reap_broken(q, c, (int)(end - c));
	return (int)(c - completions);
}

static int reap_split(struct blkioq *q, struct blkio_completion *completions, int max)
{
	return reap(q, completions, max, false, true);
}

static int reap_packed(struct blkioq *q, struct blkio_completion *completions, int max)
{
	return reap(q, completions, max, true, true);
}

static int reap_direct(struct blkioq *q, struct blkio_completion *completions, int max)
{
	return reap(q, completions, max, to_vblk_queue(q)->vq.packed, false);
}

static bool vblk_ready(struct blkioq *base)
{
	struct vblk_queue *q = to_vblk_queue(base);

	if (unlikely(q->broken))
		return base->in_flight;
	return vq_has_used(&q->vq);
}

/* ---- ops ---- */

#define VBLK_OPS(submit_rw_, submit_rwv_, reap_)                                               \
	{                                                                                      \
		.submit_rw = (submit_rw_), .submit_rwv = (submit_rwv_), .submit = vblk_submit, \
		.enter = vblk_enter, .reap = (reap_), .ready = vblk_ready,                     \
		.set_notify = vblk_set_notify, .destroy = vblk_destroy_queue,                  \
	}

const struct blkioq_ops vblk_split_ops = VBLK_OPS(submit_rw_split, submit_rwv_split, reap_split);
const struct blkioq_ops vblk_packed_ops =
	VBLK_OPS(submit_rw_packed, submit_rwv_packed, reap_packed);
const struct blkioq_ops vblk_direct_ops = VBLK_OPS(queue_submit_slowly, NULL, reap_direct);
