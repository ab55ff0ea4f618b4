// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A regular file or a block device, through the page cache. System calls are made right in the
 * queue's thread: simple, and a queue has one request at a time in the file system.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backend.h"

enum {
	ZERO_CHUNK = 1 << 20 /* bytes of zeroes that are written at once */
};

/* Leave away the first `done` bytes of a list. */
static void advance(struct iovec **iov, unsigned int *n, size_t done)
{
	while (*n && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		(*iov)++;
		(*n)--;
	}
	if (*n && done) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + done;
		(*iov)->iov_len -= done;
	}
}

static int iov_count(unsigned int n)
{
	return n < IOV_MAX ? (int)n : IOV_MAX;
}

static int file_readv(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset)
{
	while (n) {
		ssize_t done = preadv(b->fd, iov, iov_count(n), (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO; /* the file has become shorter */
		offset += (uint64_t)done;
		advance(&iov, &n, (size_t)done);
	}
	return 0;
}

static int file_writev(struct backend *b, struct iovec *iov, unsigned int n, uint64_t offset,
		       bool sync)
{
	while (n) {
		ssize_t done =
			pwritev2(b->fd, iov, iov_count(n), (off_t)offset, sync ? RWF_DSYNC : 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		offset += (uint64_t)done;
		advance(&iov, &n, (size_t)done);
	}
	return 0;
}

static int file_flush(struct backend *b)
{
	return fdatasync(b->fd) < 0 ? -errno : 0;
}

static int allocate(struct backend *b, int mode, uint64_t offset, uint64_t len)
{
	int ret;

	do {
		ret = fallocate(b->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

/* A discard is advice: where it cannot be followed, nothing is lost. */
static int file_discard(struct backend *b, uint64_t offset, uint64_t len)
{
	int ret = allocate(b, FALLOC_FL_PUNCH_HOLE, offset, len);

	return ret == -EOPNOTSUPP ? 0 : ret;
}

static int write_zero_buffers(struct backend *b, uint64_t offset, uint64_t len)
{
	uint64_t chunk = len < ZERO_CHUNK ? len : ZERO_CHUNK;
	void *zeroes = calloc(1, chunk);
	int ret = zeroes ? 0 : -ENOMEM;

	for (; ret == 0 && len; offset += chunk, len -= chunk) {
		struct iovec iov;

		chunk = len < chunk ? len : chunk;
		iov = (struct iovec) { .iov_base = zeroes, .iov_len = chunk };
		ret = file_writev(b, &iov, 1, offset, false);
	}
	free(zeroes);
	return ret;
}

static int file_write_zeroes(struct backend *b, uint64_t offset, uint64_t len, bool unmap)
{
	int ret = allocate(b, unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE, offset, len);

	return ret == -EOPNOTSUPP ? write_zero_buffers(b, offset, len) : ret;
}

static int file_resize(struct backend *b, uint64_t bytes)
{
	off_t end;

	if (bytes && ftruncate(b->fd, (off_t)bytes) < 0)
		return -errno;
	end = lseek(b->fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	b->bytes = (uint64_t)end;
	return 0;
}

static void file_close(struct backend *b)
{
	close(b->fd);
}

static const struct backend_ops file_ops = {
	.readv = file_readv,
	.writev = file_writev,
	.flush = file_flush,
	.discard = file_discard,
	.write_zeroes = file_write_zeroes,
	.resize = file_resize,
	.close = file_close,
};

static int check_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) ? 0 : -ENOTBLK;
}

int backend_open_file(struct backend *b, const char *path, bool read_only)
{
	/* O_NONBLOCK: opening a pipe or a terminal by mistake must not hang. */
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	int ret;

	if (fd < 0)
		return -errno;
	*b = (struct backend) { .ops = &file_ops, .fd = fd };
	ret = check_kind(fd);
	if (ret == 0)
		ret = file_resize(b, 0);
	if (ret < 0)
		close(fd);
	return ret;
}
