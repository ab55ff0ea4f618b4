// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See bufs_fixture.h.
 */
#include "tests/unit/bufs_fixture.h"

#include <stdio.h>
#include <sys/mman.h>

struct iou_fixture fixture;
int update_ret;
bool refuse_removal;
int sparse_ret;
int nr_updates, nr_tables, nr_populated;

int __wrap_io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
						const struct iovec *iov, const __u64 *tags,
						unsigned int nr);
int __real_io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
						const struct iovec *iov, const __u64 *tags,
						unsigned int nr);
int __wrap_madvise(void *addr, size_t len, int advice);
int __real_madvise(void *addr, size_t len, int advice);
int __wrap_io_uring_register_buffers_sparse(struct io_uring *ring, unsigned int nr);
int __real_io_uring_register_buffers_sparse(struct io_uring *ring, unsigned int nr);

int __wrap_io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
						const struct iovec *iov, const __u64 *tags,
						unsigned int nr)
{
	nr_updates++;
	if (update_ret)
		return update_ret;
	if (refuse_removal && !iov->iov_len)
		return -ENOMEM;
	return __real_io_uring_register_buffers_update_tag(ring, off, iov, tags, nr);
}

int __wrap_io_uring_register_buffers_sparse(struct io_uring *ring, unsigned int nr)
{
	nr_tables++;
	return sparse_ret ? sparse_ret : __real_io_uring_register_buffers_sparse(ring, nr);
}

/* Memory that is not really registered need not really be there. */
int __wrap_madvise(void *addr, size_t len, int advice)
{
	nr_populated++;
	return update_ret ? 0 : __real_madvise(addr, len, advice);
}

void bufs_single_issuer(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_bool(b, "single-issuer", true), 0);
}

void bufs_pin_all(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_bool(b, "pin-mem-regions", true), 0);
}

static void (*configure_more)(struct blkio *b);

/* On some machines it is off for a file that is not opened with O_DIRECT. */
static void register_regions(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_bool(b, "register-mem-regions", true), 0);
	if (configure_more)
		configure_more(b);
}

/* False where there is no io_uring, or one without such tables: then the test is skipped. */
bool bufs_start(void (*configure)(struct blkio *b))
{
	struct io_uring ring;
	int ret;

	configure_more = configure;
	if (!iou_start(&fixture, FILE_LEN, register_regions))
		return false;
	write_pattern(fixture.file, FILE_LEN, 3);
	ck_assert_int_eq(io_uring_queue_init(1, &ring, 0), 0);
	ret = __real_io_uring_register_buffers_sparse(&ring, 1);
	io_uring_queue_exit(&ring);
	if (ret < 0)
		test_skip("this kernel has no sparse tables of buffers: %s", strerror(-ret));
	return ret == 0;
}

void bufs_tear_down(void)
{
	if (fixture.b)
		iou_finish(&fixture);
}

struct blkio_mem_region alloc(size_t len)
{
	struct blkio_mem_region r;

	ck_assert_int_eq(blkio_alloc_mem_region(fixture.b, &r, len), 0);
	return r;
}

struct blkio_mem_region alloc_and_map(size_t len)
{
	struct blkio_mem_region r = alloc(len);

	ck_assert_int_eq(blkio_map_mem_region(fixture.b, &r), 0);
	return r;
}

/* Memory of the application's own, at this address unless it is NULL. */
struct blkio_mem_region own_memory(void *at, size_t len)
{
	void *addr =
		mmap(at, len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);

	ck_assert_ptr_ne(addr, MAP_FAILED);
	return (struct blkio_mem_region) { .addr = addr, .len = len, .fd = -1 };
}

int find(const void *addr, size_t len)
{
	return uring_bufs_find(&fixture.iou_q->u.bufs, addr, len);
}

/* Read len bytes from the file through this address; whether that used a registered buffer. */
bool read_registered(void *addr, size_t len, uint64_t offset)
{
	struct uring *r = &fixture.iou_q->u.ring;
	char expected[PAGE];
	uint8_t opcode;

	ck_assert_uint_le(len, PAGE);
	memset(addr, 0, len);
	blkioq_read(fixture.q, offset, addr, len, NULL, 0);
	opcode = r->sqes[(r->sq_tail - 1) & r->sq_mask].opcode;
	ck_assert_int_eq(iou_wait(&fixture).ret, 0);
	fill_pattern(expected, len, offset, 3);
	ck_assert_mem_eq(addr, expected, len);
	return opcode == IORING_OP_READ_FIXED;
}

/* The same for a write of a text, which is then in the file. */
bool write_registered(void *addr, const char *text)
{
	struct uring *r = &fixture.iou_q->u.ring;
	size_t len = strlen(text);
	char found[64];
	uint8_t opcode;

	memcpy(addr, text, len);
	blkioq_write(fixture.q, 0, addr, len, NULL, 0);
	opcode = r->sqes[(r->sq_tail - 1) & r->sq_mask].opcode;
	ck_assert_int_eq(iou_wait(&fixture).ret, 0);
	ck_assert_int_eq(pread(fixture.file, found, len, 0), (ssize_t)len);
	ck_assert_mem_eq(found, text, len);
	return opcode == IORING_OP_WRITE_FIXED;
}
