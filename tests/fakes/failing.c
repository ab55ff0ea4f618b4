// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See failing.h.
 */
#include "tests/fakes/failing.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct failing failing;

void failing_arm(enum failing_group group, int at, int most)
{
	failing.group = group;
	failing.at = at;
	failing.most = most;
	failing.calls = failing.failed = 0;
}

void failing_disarm(void)
{
	failing.group = FAIL_NOTHING;
}

static bool shall_fail(enum failing_group group)
{
	if (!failing.in_library || group != failing.group || ++failing.calls < failing.at ||
	    failing.failed >= failing.most)
		return false;
	failing.failed++;
	return true;
}

static void count_allocs(int n)
{
	if (failing.in_library)
		failing.live_allocs += n;
}

static void count_mapped(long bytes)
{
	if (failing.in_library)
		failing.live_mapped_bytes += bytes;
}

/* A wrapper that fails with `bad` and errno `err`, in a call of this group. */
#define FAILING(group, type, name, params, args, bad, err) \
	type __wrap_##name params;                         \
	type __real_##name params;                         \
	type __wrap_##name params                          \
	{                                                  \
		if (shall_fail(group)) {                   \
			errno = (err);                     \
			return (bad);                      \
		}                                          \
		return __real_##name args;                 \
	}

/* The same for liburing, which returns -errno. */
#define FAILING_URING(group, name, params, args, err) \
	FAILING(group, int, name, params, args, -(err), errno)

/* The same for memory, which is counted. */
#define FAILING_ALLOC(name, params, args)                                                       \
	void *__wrap_##name params;                                                             \
	void *__real_##name params;                                                             \
	void *__wrap_##name params                                                              \
	{                                                                                       \
		void *p = shall_fail(FAIL_ALLOC) ? (errno = ENOMEM, NULL) : __real_##name args; \
                                                                                                \
		count_allocs(!!p);                                                              \
		return p;                                                                       \
	}

FAILING_ALLOC(malloc, (size_t size), (size))
FAILING_ALLOC(calloc, (size_t n, size_t size), (n, size))
FAILING_ALLOC(aligned_alloc, (size_t align, size_t size), (align, size))

void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
char *__wrap_strdup(const char *s);
int __wrap_asprintf(char **text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **text, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void __wrap_free(void *p);
void __real_free(void *p);

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	void *p =
		shall_fail(FAIL_ALLOC) ? (errno = ENOMEM, NULL) : __real_reallocarray(old, n, size);

	count_allocs(p && !old);
	return p;
}

char *__wrap_strdup(const char *s)
{
	char *copy = malloc(strlen(s) + 1);

	return copy ? strcpy(copy, s) : NULL;
}

__attribute__((format(printf, 2, 0))) static int format(char **text, const char *fmt, va_list ap)
{
	if (shall_fail(FAIL_ALLOC))
		return -1; /* and *text is undefined */
	count_allocs(1);
	return vasprintf(text, fmt, ap);
}

int __wrap_asprintf(char **text, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format(text, fmt, ap);
	va_end(ap);
	return ret;
}

int __wrap___asprintf_chk(char **text, int flag, const char *fmt, ...)
{
	va_list ap;
	int ret;

	(void)flag;
	va_start(ap, fmt);
	ret = format(text, fmt, ap);
	va_end(ap);
	return ret;
}

void __wrap_free(void *p)
{
	count_allocs(-!!p);
	__real_free(p);
}

/* ---- memory files and mappings ---- */

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *addr, size_t len);
int __real_munmap(void *addr, size_t len);

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *p = MAP_FAILED;

	if (shall_fail(FAIL_MEMORY))
		errno = ENOMEM;
	else
		p = __real_mmap(addr, len, prot, flags, fd, offset);
	count_mapped(p == MAP_FAILED ? 0 : (long)len);
	return p;
}

int __wrap_munmap(void *addr, size_t len)
{
	count_mapped(-(long)len);
	return __real_munmap(addr, len);
}

FAILING(FAIL_MEMORY, int, memfd_create, (const char *name, unsigned int flags), (name, flags), -1,
	EMFILE)
FAILING(FAIL_MEMORY, int, ftruncate, (int fd, off_t len), (fd, len), -1, EFBIG)

/* ---- files ---- */

FAILING(FAIL_FILE, int, stat, (const char *path, struct stat *st), (path, st), -1, EACCES)
FAILING(FAIL_FILE, int, fstat, (int fd, struct stat *st), (fd, st), -1, EIO)
FAILING(FAIL_FILE, int, fstatvfs, (int fd, struct statvfs *st), (fd, st), -1, EIO)
FAILING(FAIL_FILE, off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), -1, EIO)

/* They have no third argument, or one of the size of a pointer. */
#define FAILING_VARIADIC(name, first_type, bad, err)          \
	int __wrap_##name(first_type first, int second, ...); \
	int __real_##name(first_type first, int second, ...); \
	int __wrap_##name(first_type first, int second, ...)  \
	{                                                     \
		va_list ap;                                   \
		void *third;                                  \
                                                              \
		va_start(ap, second);                         \
		third = va_arg(ap, void *);                   \
		va_end(ap);                                   \
		if (shall_fail(FAIL_FILE)) {                  \
			errno = (err);                        \
			return (bad);                         \
		}                                             \
		return __real_##name(first, second, third);   \
	}

FAILING_VARIADIC(open, const char *, -1, EMFILE)
FAILING_VARIADIC(__open_2, const char *, -1, EMFILE)
FAILING_VARIADIC(fcntl, int, -1, EINVAL)

/* ---- the kernel ---- */

FAILING(FAIL_EVENTFD, int, eventfd, (unsigned int value, int flags), (value, flags), -1, EMFILE)
FAILING(FAIL_SIGNAL, ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len), -1,
	EINTR)
FAILING_URING(FAIL_SETUP, io_uring_queue_init_params,
	      (unsigned int entries, struct io_uring *ring, struct io_uring_params *p),
	      (entries, ring, p), ENOMEM)
FAILING_URING(FAIL_REGISTER, io_uring_register_files,
	      (struct io_uring * ring, const int *files, unsigned int n), (ring, files, n), ENOMEM)
FAILING_URING(FAIL_REGISTER, io_uring_register_eventfd, (struct io_uring * ring, int fd),
	      (ring, fd), EBUSY)
FAILING_URING(FAIL_REGISTER, io_uring_register,
	      (unsigned int fd, unsigned int opcode, const void *arg, unsigned int nr),
	      (fd, opcode, arg, nr), ENOMEM)
FAILING_URING(FAIL_REGISTER, io_uring_register_buffers_sparse,
	      (struct io_uring * ring, unsigned int n), (ring, n), ENOMEM)
FAILING_URING(FAIL_REGISTER, io_uring_register_buffers_update_tag,
	      (struct io_uring * ring, unsigned int off, const struct iovec *iov, const __u64 *tags,
	       unsigned int n),
	      (ring, off, iov, tags, n), ENOMEM)
FAILING_URING(FAIL_REGISTER, io_uring_register_sync_cancel,
	      (struct io_uring * ring, struct io_uring_sync_cancel_reg *reg), (ring, reg), EINVAL)
FAILING(FAIL_REGISTER, struct io_uring_probe *, io_uring_get_probe_ring, (struct io_uring * ring),
	(ring), NULL, ENOMEM)

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);
int __real_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size)
{
	if (shall_fail(FAIL_ENTER))
		return -EAGAIN;
	if (shall_fail(FAIL_SIGNAL))
		return -EINTR;
	return __real_io_uring_enter2(fd, to_submit, min_complete, flags, sig, size);
}
