// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A device that does nothing and always succeeds: what is left is the cost of the protocol.
 */
#include <errno.h>

#include "backend.h"

static int null_readv(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset)
{
	(void)b, (void)iov, (void)n, (void)offset;
	return 0;
}

static int null_writev(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset,
		       bool sync)
{
	(void)b, (void)iov, (void)n, (void)offset, (void)sync;
	return 0;
}

static int null_flush(struct backend *b)
{
	(void)b;
	return 0;
}

static int null_discard(struct backend *b, uint64_t offset, uint64_t len)
{
	(void)b, (void)offset, (void)len;
	return 0;
}

static int null_write_zeroes(struct backend *b, uint64_t offset, uint64_t len, bool unmap)
{
	(void)b, (void)offset, (void)len, (void)unmap;
	return 0;
}

static int null_resize(struct backend *b, uint64_t bytes)
{
	if (bytes)
		b->bytes = bytes;
	return 0;
}

static void null_close(struct backend *b)
{
	(void)b;
}

static const struct backend_ops null_ops = {
	.readv = null_readv,
	.writev = null_writev,
	.flush = null_flush,
	.discard = null_discard,
	.write_zeroes = null_write_zeroes,
	.resize = null_resize,
	.close = null_close,
};

int backend_open_null(struct backend *b, uint64_t bytes)
{
	*b = (struct backend) { .ops = &null_ops, .bytes = bytes, .fd = -1 };
	return 0;
}
