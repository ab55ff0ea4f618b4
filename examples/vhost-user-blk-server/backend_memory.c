// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Anonymous memory as a disk: gone when the server ends. Pages that were never written, or were
 * discarded, take no space.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"

static int memory_readv(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset)
{
	const uint8_t *from = b->data + offset;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, from, iov[i].iov_len);
		from += iov[i].iov_len;
	}
	return 0;
}

static int memory_writev(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset,
			 bool sync)
{
	uint8_t *to = b->data + offset;

	(void)sync;
	for (unsigned int i = 0; i < n; i++) {
		memcpy(to, iov[i].iov_base, iov[i].iov_len);
		to += iov[i].iov_len;
	}
	return 0;
}

static int memory_flush(struct backend *b)
{
	(void)b;
	return 0;
}

/* Whole pages are given back; what is left at both ends is overwritten. */
static int memory_discard(struct backend *b, uint64_t offset, uint64_t len)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t end = offset + len;
	uint64_t first = (offset + page - 1) & ~(page - 1);
	uint64_t last = end & ~(page - 1);

	if (first >= last) {
		memset(b->data + offset, 0, len);
		return 0;
	}
	memset(b->data + offset, 0, first - offset);
	memset(b->data + last, 0, end - last);
	return madvise(b->data + first, last - first, MADV_DONTNEED) < 0 ? -errno : 0;
}

static int memory_write_zeroes(struct backend *b, uint64_t offset, uint64_t len, bool unmap)
{
	if (unmap)
		return memory_discard(b, offset, len);
	memset(b->data + offset, 0, len);
	return 0;
}

static int memory_resize(struct backend *b, uint64_t bytes)
{
	void *data;

	if (!bytes)
		return 0;
	data = mremap(b->data, b->bytes, bytes, MREMAP_MAYMOVE);
	if (data == MAP_FAILED)
		return -errno;
	b->data = data;
	b->bytes = bytes;
	return 0;
}

static void memory_close(struct backend *b)
{
	munmap(b->data, b->bytes);
}

static const struct backend_ops memory_ops = {
	.readv = memory_readv,
	.writev = memory_writev,
	.flush = memory_flush,
	.discard = memory_discard,
	.write_zeroes = memory_write_zeroes,
	.resize = memory_resize,
	.close = memory_close,
};

int backend_open_memory(struct backend *b, uint64_t bytes)
{
	void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (data == MAP_FAILED)
		return -errno;
	*b = (struct backend) { .ops = &memory_ops, .bytes = bytes, .fd = -1, .data = data };
	return 0;
}
