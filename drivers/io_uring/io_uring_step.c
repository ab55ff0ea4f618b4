// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Results other than plain success: the end of the file, short transfers, errors that have a way
 * around them, requests of several steps. Nothing here is on the fast path.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/io_uring/io_uring.h"
#include "lib/util/iov.h"

/*
 * A discard is EBUSY while a page that it shares with a buffered write is dirtied again. That ends
 * with the write.
 */
#define DISCARD_RETRIES 1000

/*
 * The kernel cancels requests that it has put aside when a signal or the end of the thread that
 * submitted them disturbs it (seen on Linux 6.1). They were not carried out, and can be again; but
 * somebody who really wants to be rid of them must not be kept waiting.
 */
#define CANCEL_RETRIES 1000

static int next_step(struct uring_req *req, enum iou_step step)
{
	req->step = step;
	return IOU_NOT_DONE;
}

/* The request's buffers from where it stands on: past the end a file reads as zeroes. */
static void zero_fill(const struct uring_req *req)
{
	if (req->iovcnt)
		iov_zero(req->iov, req->iovcnt, req->skip);
	else
		memset(req->buf, 0, req->left);
}

static void advance(struct uring_req *req, size_t bytes)
{
	req->start += bytes;
	req->left -= bytes;
	if (req->iovcnt)
		iov_advance(&req->iov, &req->iovcnt, &req->skip, bytes);
	else if (req->step == IOU_TRANSFER)
		req->buf += bytes;
}

/* The kernel transferred nothing: that is the end of the file or device. */
static int step_at_end(const struct iou_queue *q, const struct uring_req *req)
{
	if (!q->dev->b.limits.can_grow)
		return -EIO;
	if (uring_is_read(req))
		zero_fill(req);
	return 0;
}

static int step_transfer(struct iou_queue *q, struct uring_req *req, int res)
{
	if (res == -EINTR)
		return IOU_NOT_DONE;
	if (res < 0)
		return res;
	advance(req, (size_t)res);
	if (!req->left)
		return 0;
	if (res == 0)
		return step_at_end(q, req);
	return IOU_NOT_DONE;
}

/* The range is zeroed or discarded; FUA wants a flush behind it. */
static int step_flush_if_fua(struct uring_req *req)
{
	if (req->op_flags & BLKIO_REQ_FUA)
		return next_step(req, IOU_FLUSH);
	return 0;
}

/*
 * The kernel cannot make zeroes there: write them. Where it would have punched a hole the file must
 * not become longer by that either.
 */
static int write_zeroes_instead(const struct iou_queue *q, struct uring_req *req)
{
	struct stat st;

	if (!q->dev->file.info.block_device && !(req->op_flags & BLKIO_REQ_NO_UNMAP)) {
		uint64_t size;

		if (fstat(q->dev->file.fd, &st) < 0)
			return -errno;
		size = (uint64_t)st.st_size;
		if (req->start >= size)
			return 0;
		if (req->left > size - req->start)
			req->left = size - req->start;
	}
	return next_step(req, IOU_WRITE_ZEROES);
}

static int step_fallocate(const struct iou_queue *q, struct uring_req *req, int res)
{
	if (res == -EINTR)
		return IOU_NOT_DONE;
	if (res == -EOPNOTSUPP && uring_op(req) == BLKIO_OP_WRITE_ZEROES &&
	    !(req->op_flags & BLKIO_REQ_NO_FALLBACK))
		return write_zeroes_instead(q, req);
	if (res < 0)
		return res;
	return step_flush_if_fua(req);
}

static int step_discard_cmd(struct iou_queue *q, struct uring_req *req, int res)
{
	if (res == -EINTR)
		return IOU_NOT_DONE;
	if (res == -EBUSY && req->skip < DISCARD_RETRIES) {
		req->skip++; /* of no other use here */
		return IOU_NOT_DONE;
	}
	if (res == -EOPNOTSUPP || res == -EACCES || res == -EPERM) {
		/*
		 * The kernel is older than 6.12, or the device cannot, or a security policy knows
		 * nothing of such commands. fallocate has the last word.
		 */
		q->no_discard_cmd = true;
		return next_step(req, IOU_FALLOCATE);
	}
	if (res < 0)
		return res;
	return step_flush_if_fua(req);
}

int iou_step(struct iou_queue *q, struct uring_req *req, int res)
{
	if (res == -ECANCELED && req->retries < CANCEL_RETRIES) {
		req->retries++;
		return IOU_NOT_DONE;
	}
	req->retries = 0;
	switch ((enum iou_step)req->step) {
	case IOU_TRANSFER:
	case IOU_WRITE_ZEROES:
		return step_transfer(q, req, res);
	case IOU_FALLOCATE:
		return step_fallocate(q, req, res);
	case IOU_DISCARD_CMD:
		return step_discard_cmd(q, req, res);
	case IOU_FLUSH:
		return res == -EINTR ? IOU_NOT_DONE : res;
	case IOU_ZONE:
		break; /* its results are no steps */
	}
	return -EIO;
}
