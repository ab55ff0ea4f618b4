// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The data path: requests to SQEs, CQEs to completions.
 */
#include <errno.h>
#include <limits.h>
#include <linux/fs.h>

#include "drivers/io_uring/io_uring.h"
#include "lib/util/iov.h"

#ifndef BLOCK_URING_CMD_DISCARD /* Linux 6.12 */
#define BLOCK_URING_CMD_DISCARD _IO(0x12, 0)
#endif

_Static_assert(IORING_OP_WRITE == IORING_OP_READ + 1 &&
		       IORING_OP_WRITE_FIXED == IORING_OP_READ_FIXED + 1 &&
		       BLKIO_OP_WRITE == BLKIO_OP_READ + 1,
	       "the opcode of a write is that of the read + 1");
_Static_assert(BLKIO_OP_FLAGS(BLKIO_OP_WRITE, 0) >> 8 == 1 && BLKIO_OP_READ == 0,
	       "what follows the flags tells a write from a read");

/* The fields that differ from one SQE of this driver to the next; the others are preset. */
static always_inline struct io_uring_sqe *fill_sqe(struct iou_queue *q, uint8_t opcode,
						   uint64_t offset, uint64_t addr, uint32_t len,
						   uint32_t rw_flags, const struct uring_req *req)
{
	struct io_uring_sqe *sqe = uring_get_sqe(&q->u.ring);

	sqe->opcode = opcode;
	sqe->off = offset;
	sqe->addr = addr;
	sqe->len = len;
	sqe->rw_flags = (__kernel_rwf_t)rw_flags;
	sqe->user_data = (uint64_t)(uintptr_t)req;
	sqe->buf_index = 0;
	sqe->addr3 = 0;
	return sqe;
}

/* A bit for a bit: no branch. */
static always_inline uint32_t rw_flags(uint32_t op_flags)
{
	return (op_flags & BLKIO_REQ_FUA) * (uint32_t)(RWF_DSYNC / BLKIO_REQ_FUA);
}

/* The kernel never transfers more than INT_MAX bytes at once. */
static always_inline int32_t expect_all(uint64_t len)
{
	return likely(len <= INT_MAX) ? (int32_t)len : URING_EXPECT_NOTHING;
}

/* One buffer; a registered one lies where the last hit of the view of them was. */
static always_inline void fill_single(struct iou_queue *q, uint64_t start, const void *buf,
				      size_t len, uint32_t op_flags, uint32_t write,
				      bool registered, const struct uring_req *req)
{
	uint32_t opcode = (registered ? IORING_OP_READ_FIXED : IORING_OP_READ) + write;
	struct io_uring_sqe *sqe = fill_sqe(q, (uint8_t)opcode, start, (uint64_t)(uintptr_t)buf,
					    (uint32_t)len, rw_flags(op_flags), req);

	if (registered)
		sqe->buf_index = (uint16_t)q->u.bufs.view.last.value;
}

static void fill_single_of(struct iou_queue *q, const struct uring_req *req, const void *buf,
			   size_t len)
{
	fill_single(q, req->start, buf, len, req->op_flags, !uring_is_read(req),
		    uring_bufs_find(&q->u.bufs, buf, len) != URING_BUFS_NONE, req);
}

/*
 * Several buffers. After a short transfer that ended inside of one, that one is finished first,
 * by itself: so the application's iovecs serve to the end and none need be copied.
 */
static void fill_vectored(struct iou_queue *q, struct uring_req *req)
{
	if (req->iovcnt == 1 || req->skip) {
		size_t len = req->iov->iov_len - req->skip;

		if (len > UINT32_MAX)
			len = UINT32_MAX;
		req->expect = len == req->left ? expect_all(len) : URING_EXPECT_NOTHING;
		fill_single_of(q, req, iov_rest(req->iov, req->skip), len);
		return;
	}
	req->expect = expect_all(req->left);
	fill_sqe(q, uring_is_read(req) ? IORING_OP_READV : IORING_OP_WRITEV, req->start,
		 (uint64_t)(uintptr_t)req->iov, req->iovcnt, rw_flags(req->op_flags), req);
}

static void fill_transfer(struct iou_queue *q, struct uring_req *req)
{
	if (req->iovcnt) {
		fill_vectored(q, req);
		return;
	}
	req->expect = expect_all(req->left);
	fill_single_of(q, req, req->buf, req->left);
}

static void fill_fallocate(struct iou_queue *q, const struct uring_req *req)
{
	uint32_t mode = uring_op(req) == BLKIO_OP_DISCARD
				? file_discard_mode()
				: file_zeroes_mode(&q->dev->file.info, req->op_flags);

	/* This opcode has the length in addr and the mode in len. */
	fill_sqe(q, IORING_OP_FALLOCATE, req->start, req->left, mode, 0, req);
}

static void fill_discard_cmd(struct iou_queue *q, const struct uring_req *req)
{
	struct io_uring_sqe *sqe = fill_sqe(q, IORING_OP_URING_CMD, 0, req->start, 0, 0, req);

	sqe->cmd_op = BLOCK_URING_CMD_DISCARD;
	sqe->addr3 = req->left;
}

static void fill_write_zeroes(struct iou_queue *q, struct uring_req *req)
{
	uint32_t len = req->left < FILE_ZEROES_BYTES ? (uint32_t)req->left : FILE_ZEROES_BYTES;

	req->expect = URING_EXPECT_NOTHING;
	fill_sqe(q, IORING_OP_WRITE, req->start, (uint64_t)(uintptr_t)q->dev->file.zeroes, len,
		 rw_flags(req->op_flags), req);
}

static void fill_flush(struct iou_queue *q, struct uring_req *req)
{
	req->expect = 0;
	fill_sqe(q, IORING_OP_FSYNC, 0, 0, 0, IORING_FSYNC_DATASYNC, req);
}

void iou_fill_step(struct uring_queue *u, struct uring_req *req)
{
	struct iou_queue *q = container_of(u, struct iou_queue, u);

	switch ((enum iou_step)req->step) {
	case IOU_TRANSFER:
		fill_transfer(q, req);
		return;
	case IOU_FALLOCATE:
		fill_fallocate(q, req);
		return;
	case IOU_DISCARD_CMD:
		fill_discard_cmd(q, req);
		return;
	case IOU_WRITE_ZEROES:
		fill_write_zeroes(q, req);
		return;
	case IOU_FLUSH:
		fill_flush(q, req);
		return;
	case IOU_ZONE:
		iou_zone_fill(q, fill_sqe(q, IORING_OP_READ, 0, 0, 0, 0, req));
		return;
	}
}

static int refuse(struct iou_queue *q, int ret, const char *msg)
{
	q->u.q.refusal = msg;
	return ret;
}

/* Set up a vectored request. Its length is the sum of its buffers. */
static cold int prepare_vectored(struct iou_queue *q, struct uring_req *req,
				 const struct blkio_req *r)
{
	uint64_t sum;

	if (r->len > (uint64_t)q->dev->b.limits.max_segments)
		return refuse(q, -EINVAL, "iovcnt is greater than max-segments");
	sum = iov_bytes(r->iov, r->len);
	if (sum > INT64_MAX - r->start)
		return refuse(q, -EINVAL, "the end of the request lies beyond 2^63 - 1");
	req->step = IOU_TRANSFER;
	req->iov = r->iov;
	req->iovcnt = (uint32_t)r->len;
	req->left = sum;
	req->skip = 0;
	return 0;
}

static int prepare_range(struct iou_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	const struct file_info *info = &q->dev->file.info;

	if (info->block_device && !info->can_write_zeroes && r->op == BLKIO_OP_WRITE_ZEROES &&
	    r->flags & BLKIO_REQ_NO_FALLBACK)
		return refuse(q, -ENOTSUP,
			      "the device cannot write zeroes by itself "
			      "(BLKIO_REQ_NO_FALLBACK)");
	req->step = r->op == BLKIO_OP_DISCARD && info->block_device && !q->no_discard_cmd
			    ? IOU_DISCARD_CMD
			    : IOU_FALLOCATE;
	req->skip = 0;
	req->left = r->len;
	req->expect = r->flags & BLKIO_REQ_FUA ? URING_EXPECT_NOTHING : 0;
	return 0;
}

static int prepare(struct iou_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	switch (r->op) {
	case BLKIO_OP_READ:
	case BLKIO_OP_WRITE:
		req->step = IOU_TRANSFER;
		req->buf = r->buf;
		req->left = r->len;
		return 0;
	case BLKIO_OP_READV:
	case BLKIO_OP_WRITEV:
		return prepare_vectored(q, req, r);
	case BLKIO_OP_WRITE_ZEROES:
	case BLKIO_OP_DISCARD:
		return prepare_range(q, req, r);
	default:
		req->step = IOU_FLUSH;
		return 0;
	}
}

int iou_submit(struct blkioq *base, const struct blkio_req *r)
{
	struct iou_queue *q = to_iou_queue(base);
	struct uring_req *req = q->u.free;
	int ret;

	if (file_zone_is_op(r->op))
		return iou_zone_submit(q, r);
	if (!req || uring_is_full(&q->u.ring))
		return SUBMIT_FULL;
	req->op_flags = BLKIO_OP_FLAGS(r->op, r->flags);
	req->retries = 0;
	req->user_data = r->user_data;
	req->start = r->start;
	req->iovcnt = 0;
	ret = prepare(q, req, r);
	if (ret < 0)
		return ret;
	q->u.free = req->next;
	iou_fill_step(&q->u, req);
	return 0;
}

/* The whole of a plain read or write. False if there is no room. */
static always_inline bool submit_single(struct iou_queue *q, uint64_t start, void *buf, size_t len,
					void *user_data, uint32_t op_flags, bool registered)
{
	struct uring_req *req = uring_queue_take_rw(&q->u, start, buf, len, user_data, op_flags);

	if (unlikely(!req))
		return false;
	req->expect = (int32_t)len; /* the gate has seen that it fits */
	fill_single(q, start, buf, len, op_flags, op_flags >> 8, registered, req);
	return true;
}

void iou_submit_rw(struct blkioq *base, uint64_t start, void *buf, size_t len, void *user_data,
		   uint32_t op_flags)
{
	struct iou_queue *q = to_iou_queue(base);
	const struct mem_view *view = &q->u.bufs.view;
	bool done = false;

	if (mem_view_is_current(view)) {
		if (mem_view_hit(view, (uintptr_t)buf, len))
			done = submit_single(q, start, buf, len, user_data, op_flags, true);
		else if (!view->len)
			done = submit_single(q, start, buf, len, user_data, op_flags, false);
	}
	/* No calls here but this one, which is a jump: so no register need be saved. */
	if (unlikely(!done))
		queue_submit_slowly(base, start, buf, len, user_data, op_flags);
}

static bool finish_step(struct uring_queue *u, struct uring_req *req,
			const struct io_uring_cqe *cqe, struct blkio_completion *c)
{
	struct iou_queue *q = container_of(u, struct iou_queue, u);

	if (req->step == IOU_ZONE)
		return iou_zone_finish(q, req, cqe->res, c);
	c->ret = iou_step(q, req, cqe->res);
	return c->ret != IOU_NOT_DONE;
}

int iou_reap(struct blkioq *q, struct blkio_completion *completions, int max)
{
	return uring_queue_reap(q, completions, max, false, finish_step);
}
