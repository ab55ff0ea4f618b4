// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Results of commands: the next one of a request that needs several, errors that have a way around
 * them, commands that the device asks to repeat. Nothing here is on the fast path.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/nvme/nvme.h"
#include "drivers/nvme/nvme_status.h"
#include "lib/util/iov.h"

/* In a row, of one command. */
#define RETRIES 16

static void advance(struct uring_req *req, uint64_t bytes)
{
	req->start += bytes;
	req->left -= bytes;
	if (req->iovcnt)
		iov_advance(&req->iov, &req->iovcnt, &req->skip, (size_t)bytes);
	else if (req->step == NVU_TRANSFER)
		req->buf += bytes;
}

/* A command on a part of the request succeeded. True if that was the last one. */
static bool finish_range(struct nvu_queue *q, struct uring_req *req)
{
	advance(req, nvu_more_of(q, req)->bytes);
	if (req->left)
		return false;
	/* A discard has no such flag by itself. */
	if (req->step != NVU_DISCARD || !(req->op_flags & BLKIO_REQ_FUA))
		return true;
	req->step = NVU_FLUSH;
	return false;
}

static bool finish(struct nvu_queue *q, struct uring_req *req, uint64_t result,
		   struct blkio_completion *c)
{
	req->retries = 0;
	switch ((enum nvu_step)req->step) {
	case NVU_TRANSFER:
	case NVU_WRITE_ZEROES:
	case NVU_DISCARD:
		return finish_range(q, req);
	case NVU_FLUSH:
		return true;
	case NVU_APPEND:
	case NVU_REPORT:
	case NVU_ZONE_COMMAND:
		return nvu_finish_zone(q, req, result, c);
	}
	return true;
}

static bool again(struct uring_req *req)
{
	return req->retries++ < RETRIES;
}

/*
 * The kernel did not pass the command on, or gave up on it: then nobody knows whether it was
 * carried out, which matters only for an append.
 */
static bool retry_in_kernel(struct uring_req *req, int res)
{
	if (res == -EAGAIN)
		return again(req);
	return (res == -EINTR || res == -ECANCELED) && req->step != NVU_APPEND && again(req);
}

/*
 * Before Linux 6.12 the kernel refuses commands on a registered buffer that do not cover whole
 * pages of it. What is wrong with a command otherwise is wrong the second time, too.
 */
static bool retry_unregistered(struct nvu_queue *q, struct uring_req *req, int res)
{
	if (res != -EINVAL || req->retries)
		return false;
	uring_bufs_hide(&q->u.bufs);
	return again(req);
}

/* The device does not know the command or its flags after all: write zeroes as data. */
static bool fall_back(struct nvu_queue *q, struct uring_req *req, int status)
{
	if (req->step != NVU_WRITE_ZEROES || nvu_status_errno(status) != -EOPNOTSUPP ||
	    req->op_flags & BLKIO_REQ_NO_FALLBACK || nvu_more_of(q, req)->as_data)
		return false;
	q->no_write_zeroes = true;
	return true;
}

/* False if there is a next step nevertheless. */
static bool fail(struct nvu_queue *q, struct uring_req *req, int res, struct blkio_completion *c)
{
	if (res < 0) {
		if (retry_in_kernel(req, res) || retry_unregistered(q, req, res))
			return false;
		c->ret = res;
		if (res == -EACCES || res == -EPERM)
			c->error_msg = "the kernel does not pass the command on: it takes a device "
				       "that was opened for it, and CAP_SYS_ADMIN before Linux 6.2";
		return true;
	}
	/* A command that was aborted may have been carried out. */
	if ((nvu_status_may_pass(res) && req->step != NVU_APPEND && again(req)) ||
	    fall_back(q, req, res))
		return false;
	c->ret = nvu_status_errno(res);
	c->error_msg = nvu_status_text(res);
	return true;
}

bool nvu_step(struct uring_queue *u, struct uring_req *req, const struct io_uring_cqe *cqe,
	      struct blkio_completion *c)
{
	struct nvu_queue *q = container_of(u, struct nvu_queue, u);
	struct nvu_more *more = nvu_more_of(q, req);
	bool done = cqe->res ? fail(q, req, cqe->res, c) : finish(q, req, cqe->big_cqe[0], c);

	if (!done)
		return false;
	if (q->reporting == req)
		q->reporting = NULL;
	free(more->slice);
	more->slice = NULL;
	return true;
}
