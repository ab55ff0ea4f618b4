// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One request as system calls, from beginning to end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/threads/threads.h"
#include "lib/util/iov.h"

#define DISCARD_RETRIES 1000

static bool is_read(const struct thr_req *req)
{
	enum blkio_op op = BLKIO_OP_OF(req->op_flags);

	return op == BLKIO_OP_READ || op == BLKIO_OP_READV;
}

static bool is_over(struct thr_pool *p)
{
	return file_pool_is_over(&p->pool);
}

/* ---- transfers ---- */

static ssize_t transfer(struct thr_pool *p, const struct thr_req *req, const struct iovec *iov,
			int iovcnt)
{
	int flags = req->op_flags & BLKIO_REQ_FUA ? RWF_DSYNC : 0;
	ssize_t n;

	do
		n = is_read(req) ? preadv2(p->fd, iov, iovcnt, (off_t)req->start, 0)
				 : pwritev2(p->fd, iov, iovcnt, (off_t)req->start, flags);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* The next system call: the buffers as they are, or the rest of one that was not finished. */
static ssize_t transfer_some(struct thr_pool *p, const struct thr_req *req)
{
	struct iovec one = { req->buf, req->left };

	if (!req->iovcnt)
		return transfer(p, req, &one, 1);
	if (!req->skip)
		return transfer(p, req, req->iov, (int)req->iovcnt);
	one = (struct iovec) { iov_rest(req->iov, req->skip), req->iov->iov_len - req->skip };
	return transfer(p, req, &one, 1);
}

/* With the lock held, which keeps the queue from ending, and the buffers where they are. */
static void advance(struct thr_req *req, size_t bytes)
{
	req->start += bytes;
	req->left -= bytes;
	if (req->iovcnt)
		iov_advance(&req->iov, &req->iovcnt, &req->skip, bytes);
	else
		req->buf += bytes;
}

/* The same. Past the end a file reads as zeroes. */
static int at_end(const struct thr_pool *p, const struct thr_req *req)
{
	if (!p->can_grow || !is_read(req))
		return -EIO;
	if (req->iovcnt)
		iov_zero(req->iov, req->iovcnt, req->skip);
	else
		memset(req->buf, 0, req->left);
	return 0;
}

/* After a call that did a part, or met the end: 1 to go on. */
static int go_on(struct thr_pool *p, struct thr_req *req, size_t done)
{
	int ret = 1;

	pthread_mutex_lock(&p->pool.lock);
	if (is_over(p))
		ret = -ECANCELED;
	else if (done)
		advance(req, done);
	else
		ret = at_end(p, req);
	pthread_mutex_unlock(&p->pool.lock);
	return ret;
}

static int transfer_all(struct thr_pool *p, struct thr_req *req)
{
	while (req->left) {
		ssize_t n = transfer_some(p, req);
		int ret;

		if (n < 0)
			return (int)n;
		if ((uint64_t)n == req->left)
			return 0;
		ret = go_on(p, req, (size_t)n);
		if (ret <= 0)
			return ret;
	}
	return 0;
}

/* ---- ranges ---- */

static int flush(struct thr_pool *p)
{
	int ret;

	do
		ret = fdatasync(p->fd);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static int allocate(struct thr_pool *p, const struct thr_req *req, uint32_t mode)
{
	int ret;

	do
		ret = fallocate(p->fd, (int)mode, (off_t)req->start, (off_t)req->left);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static int write_buffers_of_zeroes(struct thr_pool *p, struct thr_req *req)
{
	while (req->left) {
		size_t len = req->left < FILE_ZEROES_BYTES ? req->left : FILE_ZEROES_BYTES;
		const struct iovec iov = { p->zeroes, len };
		ssize_t n = is_over(p) ? -ECANCELED : transfer(p, req, &iov, 1);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		req->start += (uint64_t)n;
		req->left -= (uint64_t)n;
	}
	return 0;
}

/*
 * The kernel cannot make zeroes there: write them. Where it would have punched a hole the file must
 * not become longer by that either.
 */
static int write_zeroes_instead(struct thr_pool *p, struct thr_req *req)
{
	struct stat st;

	if (!p->info.block_device && !(req->op_flags & BLKIO_REQ_NO_UNMAP)) {
		uint64_t size;

		if (fstat(p->fd, &st) < 0)
			return -errno;
		size = (uint64_t)st.st_size;
		if (req->start >= size)
			return 0;
		if (req->left > size - req->start)
			req->left = size - req->start;
	}
	return write_buffers_of_zeroes(p, req);
}

static int make_zeroes(struct thr_pool *p, struct thr_req *req)
{
	int ret = allocate(p, req, file_zeroes_mode(&p->info, req->op_flags));

	if (ret == -EOPNOTSUPP && !(req->op_flags & BLKIO_REQ_NO_FALLBACK) && !is_over(p))
		return write_zeroes_instead(p, req);
	return ret;
}

static int discard(struct thr_pool *p, const struct thr_req *req)
{
	uint64_t range[2] = { req->start, req->left };
	unsigned int busy = 0;
	int ret;

	if (!p->info.block_device)
		return allocate(p, req, file_discard_mode());
	/* EBUSY: a page of the range is dirtied by a buffered write just now, which ends. */
	while ((ret = ioctl(p->fd, BLKDISCARD, range)) < 0 && !is_over(p) &&
	       (errno == EINTR || (errno == EBUSY && busy++ < DISCARD_RETRIES)))
		sched_yield();
	if (ret < 0 && (errno == EOPNOTSUPP || errno == EACCES || errno == EPERM))
		return allocate(p, req, file_discard_mode());
	return ret < 0 ? -errno : 0;
}

static int with_flush(struct thr_pool *p, const struct thr_req *req, int ret)
{
	return ret == 0 && req->op_flags & BLKIO_REQ_FUA && !is_over(p) ? flush(p) : ret;
}

int thr_carry_out(struct file_pool *pool, struct file_job *job)
{
	struct thr_pool *p = to_thr_pool(pool);
	struct thr_req *req = to_thr_req(job);

	if (file_zone_is_op(BLKIO_OP_OF(req->op_flags)))
		return file_zone_carry_out(pool, p->fd, &p->info, &req->zone);
	switch (BLKIO_OP_OF(req->op_flags)) {
	case BLKIO_OP_READ:
	case BLKIO_OP_WRITE:
	case BLKIO_OP_READV:
	case BLKIO_OP_WRITEV:
		return transfer_all(p, req);
	case BLKIO_OP_WRITE_ZEROES:
		return with_flush(p, req, make_zeroes(p, req));
	case BLKIO_OP_DISCARD:
		return with_flush(p, req, discard(p, req));
	default:
		return flush(p);
	}
}
