/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is exported: a file or block device, memory, or nothing at all.
 *
 * Offsets and lengths are in bytes and were checked against the capacity. The calls block until
 * the work is done and may come from several queue threads at once, except resize and close. The
 * result is 0 or -errno; -EOPNOTSUPP is passed on to the front-end as "unsupported".
 */
#ifndef SERVER_BACKEND_H
#define SERVER_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct backend;

struct backend_ops {
	/* The lists hold n buffers and may be changed. sync: the data must survive a power cut. */
	int (*readv)(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset);
	int (*writev)(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset,
		      bool sync);
	int (*flush)(struct backend *b);
	int (*discard)(struct backend *b, uint64_t offset, uint64_t len);
	/* unmap: the space need not stay allocated. */
	int (*write_zeroes)(struct backend *b, uint64_t offset, uint64_t len, bool unmap);
	/* Change the size; bytes 0: look how large it is now. Sets b->bytes. */
	int (*resize)(struct backend *b, uint64_t bytes);
	void (*close)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	uint64_t bytes;
	int fd;        /* file */
	uint8_t *data; /* memory */
};

/* 0, or -errno. */
int backend_open_file(struct backend *b, const char *path, bool read_only);
int backend_open_memory(struct backend *b, uint64_t bytes);
int backend_open_null(struct backend *b, uint64_t bytes);

#endif /* SERVER_BACKEND_H */
