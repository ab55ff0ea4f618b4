/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A list of buffers that is consumed from the front.
 */
#ifndef SERVER_BUF_H
#define SERVER_BUF_H

#include <stdint.h>
#include <sys/uio.h>

struct buf {
	struct iovec *iov;
	unsigned int n;
	uint64_t bytes;
};

/* Copy the first len bytes out of the list, or into it. The list has that many. */
void buf_read(struct buf *b, void *to, size_t len);
void buf_write(struct buf *b, const void *from, size_t len);
void buf_zero(struct buf *b, size_t len);
/* Take the last byte off the list, which is not empty. */
uint8_t *buf_last(struct buf *b);

#endif /* SERVER_BUF_H */
