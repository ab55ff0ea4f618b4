// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A list of buffers that is consumed from the front.
 */
#include "buf.h"

#include <string.h>

/* Take at most len bytes that lie in one piece; *part is how many. */
static void *next_part(struct buf *b, size_t len, size_t *part)
{
	struct iovec *v = b->iov;
	void *at = v->iov_base;

	*part = v->iov_len < len ? v->iov_len : len;
	v->iov_base = (char *)at + *part;
	v->iov_len -= *part;
	b->bytes -= *part;
	if (v->iov_len == 0) {
		b->iov++;
		b->n--;
	}
	return at;
}

void buf_read(struct buf *b, void *to, size_t len)
{
	size_t part;

	for (; len; len -= part) {
		const void *at = next_part(b, len, &part);

		memcpy(to, at, part);
		to = (char *)to + part;
	}
}

void buf_write(struct buf *b, const void *from, size_t len)
{
	size_t part;

	for (; len; len -= part) {
		void *at = next_part(b, len, &part);

		memcpy(at, from, part);
		from = (const char *)from + part;
	}
}

void buf_zero(struct buf *b, size_t len)
{
	size_t part;

	for (; len; len -= part) {
		void *at = next_part(b, len, &part);

		memset(at, 0, part);
	}
}

uint8_t *buf_last(struct buf *b)
{
	struct iovec *v = &b->iov[b->n - 1];

	b->bytes--;
	if (--v->iov_len == 0)
		b->n--;
	return (uint8_t *)v->iov_base + v->iov_len;
}
