/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Going through an array of buffers that stays the application's own: nothing is copied, what is
 * done is remembered as the first iovec that is left and the bytes of it to skip.
 */
#ifndef LIB_UTIL_IOV_H
#define LIB_UTIL_IOV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

/* The bytes of all, or UINT64_MAX if that is more than fits. */
static inline uint64_t iov_bytes(const struct iovec *iov, uint64_t iovcnt)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < iovcnt; i++) {
		if (__builtin_add_overflow(sum, (uint64_t)iov[i].iov_len, &sum))
			return UINT64_MAX;
	}
	return sum;
}

/* The rest of a buffer. One that is empty may be NULL, to which nothing can be added. */
static inline char *iov_rest(const struct iovec *iov, size_t skip)
{
	return (char *)((uintptr_t)iov->iov_base + skip);
}

/* Fill what is left with zeroes. */
static inline void iov_zero(const struct iovec *iov, uint32_t iovcnt, size_t skip)
{
	for (uint32_t i = 0; i < iovcnt; i++, skip = 0) {
		if (iov[i].iov_len > skip)
			memset(iov_rest(&iov[i], skip), 0, iov[i].iov_len - skip);
	}
}

/* Move on by some bytes, at most what is left, and past buffers that are then empty. */
static inline void iov_advance(const struct iovec **iov, uint32_t *iovcnt, size_t *skip,
			       size_t bytes)
{
	while (*iovcnt && bytes >= (*iov)->iov_len - *skip) {
		bytes -= (*iov)->iov_len - *skip;
		*skip = 0;
		(*iov)++;
		(*iovcnt)--;
	}
	*skip += bytes;
}

#endif
