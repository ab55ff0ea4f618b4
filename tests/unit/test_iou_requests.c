// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests as SQEs: whatever the kernel answers, the SQEs of all steps together do exactly what
 * was asked for. The kernel is a fake one with a disk in memory.
 */
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fakes/fake_kernel.h"
#include "tests/unit/iou_fixture.h"

#define DISK   8192
#define ROUNDS 400

static struct iou_fixture x;
static unsigned char disk[DISK];
static unsigned char touched[DISK]; /* how often each byte was transferred */
static unsigned char buf[DISK];
static size_t at_once; /* so many bytes the kernel transfers; 0: a random number */

static bool is_vectored(const struct io_uring_sqe *sqe)
{
	return sqe->opcode == IORING_OP_READV || sqe->opcode == IORING_OP_WRITEV;
}

static void move(const struct io_uring_sqe *sqe, uint64_t at, void *data, size_t len)
{
	ck_assert_uint_le(at + len, DISK);
	if (sqe->opcode == IORING_OP_READ || sqe->opcode == IORING_OP_READV)
		memcpy(data, disk + at, len);
	else
		memcpy(disk + at, data, len);
	for (size_t i = 0; i < len; i++)
		touched[at + i]++;
}

static size_t total(const struct iovec *iov, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* Transfers as much of a read or write as the test allows, but at least a byte. */
static int transfer(const struct io_uring_sqe *sqe)
{
	struct iovec one = { (void *)(uintptr_t)sqe->addr, sqe->len };
	const struct iovec *iov = is_vectored(sqe) ? one.iov_base : &one;
	size_t n = is_vectored(sqe) ? sqe->len : 1;
	size_t left = total(iov, n), done = 0;

	if (at_once && left > at_once)
		left = at_once;
	else if (!at_once && left)
		left = 1 + (size_t)rand() % left;
	for (size_t i = 0; left; i++) {
		size_t len = iov[i].iov_len < left ? iov[i].iov_len : left;

		move(sqe, sqe->off + done, iov[i].iov_base, len);
		done += len;
		left -= len;
	}
	return (int)done;
}

static void start(int (*answer)(const struct io_uring_sqe *sqe), void (*configure)(struct blkio *))
{
	if (!iou_start(&x, DISK, configure))
		exit(EXIT_SUCCESS); /* the skip is counted; the test is over */
	fake_kernel_attach(&x.iou_q->u.ring, answer);
	memset(touched, 0, sizeof(touched));
	fill_pattern(disk, DISK, 0, 1);
}

static void tear_down(void)
{
	fake_kernel.ring = NULL;
	iou_finish(&x);
}

static void set_up(void)
{
	at_once = 0;
	start(transfer, NULL);
}

static void one_entry(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_int(b, "num-entries", 1), 0);
}

static void assert_done(void)
{
	struct blkio_completion c = iou_wait(&x);

	ck_assert_int_eq(c.ret, 0);
	ck_assert_ptr_null(c.error_msg);
	ck_assert_ptr_eq(c.user_data, tag(42));
	ck_assert_uint_eq(x.q->in_flight, 0);
}

static void assert_touched_once(uint64_t start, uint64_t len)
{
	for (uint64_t i = 0; i < DISK; i++)
		ck_assert_msg(touched[i] == (i >= start && i < start + len), "byte %ju: %d times",
			      (uintmax_t)i, touched[i]);
	memset(touched, 0, sizeof(touched));
}

/* What is in buf and what is on the disk is the same, and was transferred once. */
static void assert_transferred(uint64_t start, size_t len)
{
	assert_done();
	ck_assert_mem_eq(buf, disk + start, len);
	assert_touched_once(start, len);
}

/* ---- transfers ---- */

START_TEST(a_short_transfer_goes_on_wherever_it_was_split)
{
	for (at_once = 1; at_once < 40; at_once++) {
		blkioq_read(x.q, 100, buf, 37, tag(42), 0);
		assert_transferred(100, 37);
		fill_pattern(buf, 37, 0, (unsigned int)at_once);
		blkioq_write(x.q, 1000, buf, 37, tag(42), 0);
		assert_transferred(1000, 37);
	}
}
END_TEST

START_TEST(a_short_vectored_transfer_goes_on_wherever_it_was_split)
{
	struct iovec iov[5] = {
		{ buf, 0 }, { buf, 5 }, { buf + 5, 1 }, { buf, 0 }, { buf + 6, 11 }
	};

	for (at_once = 1; at_once < 20; at_once++) {
		memset(buf, 0, 17);
		blkioq_readv(x.q, 100, iov, 5, tag(42), 0);
		assert_transferred(100, 17);
		fill_pattern(buf, 17, 0, (unsigned int)at_once);
		blkioq_writev(x.q, 1000, iov, 5, tag(42), 0);
		assert_transferred(1000, 17);
	}
}
END_TEST

/* Random buffers, one behind the other in buf. Returns their sum. */
static size_t random_iovecs(struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++) {
		iov[i] = (struct iovec) { buf + sum, rand() % 3 ? (size_t)rand() % 200 : 0 };
		sum += iov[i].iov_len;
	}
	return sum;
}

START_TEST(random_iovecs_with_random_short_results_are_covered_exactly)
{
	struct iovec iov[16];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		int n;
		size_t sum;
		uint64_t start;

		srand(round);
		n = rand() % 17;
		sum = random_iovecs(iov, n);
		start = (uint64_t)rand() % (DISK - sum);
		fill_pattern(buf, DISK, 0, round);
		if (round % 2)
			blkioq_writev(x.q, start, iov, n, tag(42), 0);
		else
			blkioq_readv(x.q, start, iov, n, tag(42), 0);
		assert_transferred(start, sum);
	}
}
END_TEST

START_TEST(requests_that_need_more_steps_than_the_ring_has_entries_all_end)
{
	struct blkio_completion c[64];
	int n = 0;

	tear_down();
	start(transfer, one_entry);
	at_once = 1;
	for (int i = 0; i < 64; i++)
		blkioq_read(x.q, (uint64_t)i * 10, buf + (size_t)i * 10, 10, NULL, 0);
	while (n < 64) {
		int ret = blkioq_do_io(x.q, c + n, 1, 64 - n, NULL);

		ck_assert_int_gt(ret, 0);
		n += ret;
	}
	ck_assert_mem_eq(buf, disk, 640);
	assert_touched_once(0, 640);
}
END_TEST

START_TEST(what_was_not_submitted_yet_is_not_waited_for)
{
	struct blkio_completion c[2];

	tear_down();
	start(transfer, one_entry);
	at_once = 3;
	blkioq_read(x.q, 0, buf, 10, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(x.q, NULL, 0, 0, NULL), 0);
	blkioq_read(x.q, 10, buf + 10, 10, NULL, 0);
	ck_assert_uint_eq(x.q->in_flight, 2);
	ck_assert_int_eq(blkioq_do_io(x.q, c, 2, 2, NULL), 2);
	ck_assert_mem_eq(buf, disk, 20);
	assert_touched_once(0, 20);
}
END_TEST

/* The kernel's own limit for one call. */
static int at_most_2_gib(const struct io_uring_sqe *sqe)
{
	return sqe->len < 0x7ffff000 ? (int)sqe->len : 0x7ffff000;
}

START_TEST(a_transfer_of_almost_4_gib_takes_several_steps)
{
	fake_kernel.answer = at_most_2_gib;
	blkioq_read(x.q, 4096, buf, UINT32_MAX, tag(42), 0);
	assert_done();
	ck_assert_uint_eq(fake_kernel.nr, 3);
	ck_assert_uint_eq(fake_kernel.log[1].off, 4096 + 0x7ffff000ULL);
	ck_assert_uint_eq(fake_kernel.log[1].addr, (uintptr_t)buf + 0x7ffff000);
	ck_assert_uint_eq(fake_kernel.log[1].len, UINT32_MAX - 0x7ffff000);
	ck_assert_uint_eq(fake_kernel.log[2].len, 0x1fff);
}
END_TEST

START_TEST(a_write_with_fua_is_dsync_in_every_step)
{
	at_once = 10;
	blkioq_write(x.q, 0, buf, 25, tag(42), BLKIO_REQ_FUA);
	assert_done();
	ck_assert_uint_eq(fake_kernel.nr, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fake_kernel.log[i].rw_flags, RWF_DSYNC);
	blkioq_write(x.q, 0, buf, 25, tag(42), 0);
	assert_done();
	ck_assert_int_eq(fake_kernel.log[3].rw_flags, 0);
}
END_TEST

START_TEST(every_sqe_names_the_file)
{
	blkioq_read(x.q, 0, buf, 25, tag(42), 0);
	assert_done();
	ck_assert_int_eq(fake_kernel.log[0].fd, x.iou_q->u.ring.fixed_file ? 0 : x.dev->file.fd);
	ck_assert_uint_eq(fake_kernel.log[0].flags,
			  x.iou_q->u.ring.fixed_file ? IOSQE_FIXED_FILE : 0);
}
END_TEST

static void assert_refused(int ret, const char *msg)
{
	struct blkio_completion c = iou_wait(&x);

	ck_assert_int_eq(c.ret, ret);
	ck_assert_str_eq(c.error_msg, msg);
	ck_assert_uint_eq(fake_kernel.nr, 0);
}

START_TEST(more_iovecs_than_max_segments_are_refused)
{
	struct iovec iov[1025] = { { buf, 1 } };
	int max = x.b->limits.max_segments;

	ck_assert_int_le(max, 1024);
	blkioq_readv(x.q, 0, iov, max + 1, tag(42), 0);
	assert_refused(-EINVAL, "iovcnt is greater than max-segments");
	blkioq_readv(x.q, 0, iov, max, tag(42), 0);
	assert_done();
}
END_TEST

START_TEST(iovecs_that_end_beyond_all_offsets_are_refused)
{
	struct iovec iov[3] = { { buf, 1 }, { buf, SIZE_MAX }, { buf, 1 } };

	blkioq_readv(x.q, INT64_MAX, iov, 1, tag(42), 0);
	assert_refused(-EINVAL, "the end of the request lies beyond 2^63 - 1");
	blkioq_readv(x.q, 0, iov, 3, tag(42), 0);
	assert_refused(-EINVAL, "the end of the request lies beyond 2^63 - 1");
	iov[1].iov_len = INT64_MAX;
	blkioq_readv(x.q, 0, iov, 2, tag(42), 0);
	assert_refused(-EINVAL, "the end of the request lies beyond 2^63 - 1");
}
END_TEST

/* ---- ranges ---- */

/* A file system or device that can do nothing but transfers of up to 100,000 bytes. */
static int transfers_only(const struct io_uring_sqe *sqe)
{
	if (sqe->opcode == IORING_OP_WRITE)
		return sqe->len < 100000 ? (int)sqe->len : 100000;
	return sqe->opcode == IORING_OP_FSYNC ? 0 : -EOPNOTSUPP;
}

static int does_all(const struct io_uring_sqe *sqe)
{
	(void)sqe;
	return 0;
}

static int without_commands(const struct io_uring_sqe *sqe)
{
	return sqe->opcode == IORING_OP_URING_CMD ? -EOPNOTSUPP : 0;
}

START_TEST(zeroes_are_written_over_exactly_the_range)
{
	const uint64_t len = 3 * FILE_ZEROES_BYTES + 5;
	uint64_t next = 4096;

	ck_assert_int_eq(ftruncate(x.file, (off_t)(next + len)), 0);
	fake_kernel.answer = transfers_only;
	blkioq_write_zeroes(x.q, next, len, tag(42), BLKIO_REQ_FUA);
	assert_done();
	ck_assert_int_eq(fake_kernel.log[0].opcode, IORING_OP_FALLOCATE);
	for (unsigned int i = 1; i < fake_kernel.nr; i++) {
		const struct io_uring_sqe *sqe = &fake_kernel.log[i];

		ck_assert_int_eq(sqe->opcode, IORING_OP_WRITE);
		ck_assert_uint_eq(sqe->off, next);
		ck_assert_uint_le(sqe->len, FILE_ZEROES_BYTES);
		ck_assert_ptr_eq((void *)(uintptr_t)sqe->addr, x.dev->file.zeroes);
		ck_assert_int_eq(sqe->rw_flags, RWF_DSYNC);
		next += (uint64_t)transfers_only(sqe);
	}
	ck_assert_uint_eq(next, 4096 + len);
}
END_TEST

START_TEST(the_buffer_of_zeroes_is_zeroes_that_nobody_can_write)
{
	static const char zeroes[FILE_ZEROES_BYTES];

	ck_assert_mem_eq(x.dev->file.zeroes, zeroes, FILE_ZEROES_BYTES);
	ck_assert_int_eq((int)pwrite(x.file, x.dev->file.zeroes, 10, 0), 10);
	ck_assert_int_eq((int)pread(x.file, x.dev->file.zeroes, 10, 0), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

/* The mode in the last SQE, which is a fallocate of bytes 4096 to 12287. */
static uint32_t fallocate_mode(void)
{
	const struct io_uring_sqe *sqe = &fake_kernel.log[fake_kernel.nr - 1];

	ck_assert_int_eq(sqe->opcode, IORING_OP_FALLOCATE);
	ck_assert_uint_eq(sqe->off, 4096);
	ck_assert_uint_eq(sqe->addr, 8192);
	ck_assert_int_eq(sqe->rw_flags, 0);
	return sqe->len;
}

static uint32_t zeroes_mode(bool block_device, bool can_write_zeroes, uint32_t flags)
{
	x.dev->file.info.block_device = block_device;
	x.dev->file.info.can_write_zeroes = can_write_zeroes;
	blkioq_write_zeroes(x.q, 4096, 8192, tag(42), flags);
	assert_done();
	return fallocate_mode();
}

START_TEST(zeroes_are_made_as_file_or_device_can)
{
	const uint32_t keep = FALLOC_FL_KEEP_SIZE, no_unmap = BLKIO_REQ_NO_UNMAP;
	const uint32_t punch = FALLOC_FL_PUNCH_HOLE | keep, zero = FALLOC_FL_ZERO_RANGE;

	fake_kernel.answer = does_all;
	ck_assert_uint_eq(zeroes_mode(false, false, 0), punch);
	ck_assert_uint_eq(zeroes_mode(false, false, BLKIO_REQ_NO_FALLBACK), punch);
	ck_assert_uint_eq(zeroes_mode(false, false, no_unmap), zero);
	ck_assert_uint_eq(zeroes_mode(true, true, 0), punch);
	ck_assert_uint_eq(zeroes_mode(true, true, BLKIO_REQ_NO_FALLBACK), punch);
	ck_assert_uint_eq(zeroes_mode(true, true, no_unmap), zero | keep);
	ck_assert_uint_eq(zeroes_mode(true, false, 0), zero | keep);
	ck_assert_uint_eq(zeroes_mode(true, false, no_unmap), zero | keep);
}
END_TEST

START_TEST(a_device_without_write_zeroes_refuses_them_without_fallback)
{
	x.dev->file.info.block_device = true;
	blkioq_write_zeroes(x.q, 0, 4096, tag(42), BLKIO_REQ_NO_FALLBACK);
	assert_refused(-ENOTSUP,
		       "the device cannot write zeroes by itself (BLKIO_REQ_NO_FALLBACK)");
}
END_TEST

START_TEST(a_range_with_fua_is_followed_by_one_flush)
{
	fake_kernel.answer = does_all;
	blkioq_write_zeroes(x.q, 4096, 8192, tag(42), BLKIO_REQ_FUA);
	assert_done();
	blkioq_discard(x.q, 4096, 8192, tag(42), BLKIO_REQ_FUA);
	assert_done();
	ck_assert_uint_eq(fake_kernel.nr, 4);
	for (int i = 1; i < 4; i += 2) {
		ck_assert_int_eq(fake_kernel.log[i].opcode, IORING_OP_FSYNC);
		ck_assert_uint_eq(fake_kernel.log[i].fsync_flags, IORING_FSYNC_DATASYNC);
		ck_assert_uint_eq(fake_kernel.log[i].off, 0);
		ck_assert_uint_eq(fake_kernel.log[i].len, 0);
	}
}
END_TEST

START_TEST(a_file_is_discarded_by_punching_holes)
{
	fake_kernel.answer = does_all;
	blkioq_discard(x.q, 4096, 8192, tag(42), 0);
	assert_done();
	ck_assert_uint_eq(fallocate_mode(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}
END_TEST

START_TEST(a_device_is_discarded_by_command)
{
	const struct io_uring_sqe *sqe = &fake_kernel.log[0];

	x.dev->file.info.block_device = true;
	x.iou_q->no_discard_cmd = false;
	fake_kernel.answer = does_all;
	blkioq_discard(x.q, 4096, UINT64_C(1) << 40, tag(42), 0);
	assert_done();
	ck_assert_uint_eq(fake_kernel.nr, 1);
	ck_assert_int_eq(sqe->opcode, IORING_OP_URING_CMD);
	ck_assert_uint_eq(sqe->cmd_op, _IO(0x12, 0));
	ck_assert_uint_eq(sqe->addr, 4096);
	ck_assert_uint_eq(sqe->addr3, UINT64_C(1) << 40);
}
END_TEST

START_TEST(the_discard_command_is_tried_once_where_it_is_not_supported)
{
	x.dev->file.info.block_device = true;
	x.iou_q->no_discard_cmd = false;
	fake_kernel.answer = without_commands;
	for (int i = 0; i < 3; i++) {
		blkioq_discard(x.q, 4096, 8192, tag(42), 0);
		assert_done();
		ck_assert_uint_eq(fallocate_mode(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	}
	ck_assert_uint_eq(fake_kernel.nr, 4);
}
END_TEST

START_TEST(an_sqe_has_nothing_left_of_the_one_before)
{
	x.dev->file.info.block_device = true;
	x.iou_q->no_discard_cmd = false;
	fake_kernel.answer = does_all;
	for (unsigned int i = 0; i < x.iou_q->u.ring.sq_entries; i++) {
		blkioq_discard(x.q, 4096, 8192, tag(42), BLKIO_REQ_FUA);
		assert_done();
	}
	fake_kernel.answer = transfer;
	at_once = DISK;
	fake_kernel.nr = 0;
	for (unsigned int i = 0; i < x.iou_q->u.ring.sq_entries; i++) {
		blkioq_read(x.q, 0, buf, 10, tag(42), 0);
		assert_done();
		ck_assert_uint_eq(fake_kernel.log[i].addr3, 0);
		ck_assert_int_eq(fake_kernel.log[i].rw_flags, 0);
		ck_assert_uint_eq(fake_kernel.log[i].buf_index, 0);
		ck_assert_uint_eq(fake_kernel.log[i].ioprio, 0);
	}
}
END_TEST

static Suite *transfer_suite(void)
{
	const TTest *const tests[] = {
		a_short_transfer_goes_on_wherever_it_was_split,
		a_short_vectored_transfer_goes_on_wherever_it_was_split,
		random_iovecs_with_random_short_results_are_covered_exactly,
		requests_that_need_more_steps_than_the_ring_has_entries_all_end,
		what_was_not_submitted_yet_is_not_waited_for,
		a_transfer_of_almost_4_gib_takes_several_steps,
		a_write_with_fua_is_dsync_in_every_step,
		every_sqe_names_the_file,
		more_iovecs_than_max_segments_are_refused,
		iovecs_that_end_beyond_all_offsets_are_refused,
	};

	return SUITE_WITH("transfers", tests, set_up, tear_down);
}

static Suite *range_suite(void)
{
	const TTest *const tests[] = {
		zeroes_are_written_over_exactly_the_range,
		the_buffer_of_zeroes_is_zeroes_that_nobody_can_write,
		zeroes_are_made_as_file_or_device_can,
		a_device_without_write_zeroes_refuses_them_without_fallback,
		a_range_with_fua_is_followed_by_one_flush,
		a_file_is_discarded_by_punching_holes,
		a_device_is_discarded_by_command,
		the_discard_command_is_tried_once_where_it_is_not_supported,
		an_sqe_has_nothing_left_of_the_one_before,
	};

	return SUITE_WITH("ranges", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { transfer_suite, range_suite, NULL };
