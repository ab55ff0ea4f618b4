// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The steps of a request, with results made by hand. That the SQEs of all steps together do
 * what was asked for is in test_iou_requests.c.
 */
#include "drivers/io_uring/io_uring.h"

#include <unistd.h>

#include "tests/unit/unit.h"

static struct iou dev;
static struct iou_queue q;
static struct uring_req req;
static char buf[64];
static struct iovec iov[3];

static void set_up(void)
{
	dev = (struct iou) { .b.limits.can_grow = true };
	q = (struct iou_queue) { .dev = &dev };
	memset(buf, 'x', sizeof(buf));
}

static void plain(enum blkio_op op, enum iou_step step, size_t len, uint32_t flags)
{
	req = (struct uring_req) { .op_flags = BLKIO_OP_FLAGS(op, flags),
				   .step = step,
				   .start = 1000,
				   .left = len,
				   .buf = buf };
}

/* buf as iovecs of 10, 0 and 20 bytes. */
static void vectored(enum blkio_op op)
{
	plain(op, IOU_TRANSFER, 30, 0);
	iov[0] = (struct iovec) { buf, 10 };
	iov[1] = (struct iovec) { buf + 10, 0 };
	iov[2] = (struct iovec) { buf + 10, 20 };
	req.iov = iov;
	req.iovcnt = 3;
}

static void assert_buf(size_t kept, size_t zeroes)
{
	for (size_t i = 0; i < sizeof(buf); i++)
		ck_assert_int_eq(buf[i], i < kept || i >= kept + zeroes ? 'x' : 0);
}

static void assert_next(int res, enum iou_step step)
{
	ck_assert_int_eq(iou_step(&q, &req, res), IOU_NOT_DONE);
	ck_assert_int_eq((int)req.step, (int)step);
}

START_TEST(a_read_at_the_end_of_a_file_is_zeroes)
{
	plain(BLKIO_OP_READ, IOU_TRANSFER, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	assert_buf(0, 30);
}
END_TEST

START_TEST(a_read_over_the_end_of_a_file_ends_with_zeroes)
{
	plain(BLKIO_OP_READ, IOU_TRANSFER, 30, 0);
	assert_next(12, IOU_TRANSFER);
	ck_assert_uint_eq(req.start, 1012);
	ck_assert_uint_eq(req.left, 18);
	ck_assert_ptr_eq(req.buf, buf + 12);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	assert_buf(12, 18);
}
END_TEST

START_TEST(a_vectored_read_over_the_end_of_a_file_ends_with_zeroes)
{
	for (int done = 1; done < 30; done++) {
		set_up();
		vectored(BLKIO_OP_READV);
		assert_next(done, IOU_TRANSFER);
		ck_assert_int_eq(iou_step(&q, &req, 0), 0);
		assert_buf((size_t)done, 30 - (size_t)done);
	}
}
END_TEST

START_TEST(a_short_vectored_transfer_goes_on_in_the_right_buffer)
{
	vectored(BLKIO_OP_WRITEV);
	assert_next(4, IOU_TRANSFER);
	ck_assert_ptr_eq(req.iov, &iov[0]);
	ck_assert_uint_eq(req.skip, 4);
	assert_next(6, IOU_TRANSFER);
	ck_assert_ptr_eq(req.iov, &iov[2]); /* the empty one is skipped */
	ck_assert_uint_eq(req.skip, 0);
	ck_assert_uint_eq(req.iovcnt, 1);
	assert_next(19, IOU_TRANSFER);
	ck_assert_uint_eq(req.skip, 19);
	ck_assert_uint_eq(req.start, 1029);
	ck_assert_int_eq(iou_step(&q, &req, 1), 0);
	assert_buf(64, 0);
}
END_TEST

START_TEST(a_device_that_transfers_nothing_is_eio)
{
	dev.b.limits.can_grow = false;
	plain(BLKIO_OP_READ, IOU_TRANSFER, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, 0), -EIO);
	plain(BLKIO_OP_WRITE, IOU_TRANSFER, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, 0), -EIO);
	plain(BLKIO_OP_WRITE_ZEROES, IOU_WRITE_ZEROES, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, 0), -EIO);
	assert_buf(64, 0);
}
END_TEST

START_TEST(a_file_that_takes_nothing_is_no_error)
{
	plain(BLKIO_OP_WRITE, IOU_TRANSFER, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	vectored(BLKIO_OP_WRITEV);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	assert_buf(64, 0);
}
END_TEST

/* A request of an op that has this step. */
static void at_step(enum iou_step step, uint32_t flags)
{
	static const enum blkio_op op_of[] = {
		[IOU_TRANSFER] = BLKIO_OP_READ,       [IOU_FALLOCATE] = BLKIO_OP_WRITE_ZEROES,
		[IOU_DISCARD_CMD] = BLKIO_OP_DISCARD, [IOU_WRITE_ZEROES] = BLKIO_OP_WRITE_ZEROES,
		[IOU_FLUSH] = BLKIO_OP_FLUSH,
	};

	plain(op_of[step], step, 30, flags);
}

START_TEST(every_step_is_repeated_when_a_signal_interrupts_it)
{
	for (enum iou_step s = IOU_TRANSFER; s <= IOU_FLUSH; s++) {
		at_step(s, 0);
		assert_next(-EINTR, s);
		ck_assert_uint_eq(req.start, 1000);
		ck_assert_uint_eq(req.left, 30);
	}
}
END_TEST

START_TEST(every_step_is_repeated_when_the_kernel_cancels_it_but_not_for_ever)
{
	for (enum iou_step s = IOU_TRANSFER; s <= IOU_FLUSH; s++) {
		int n = 0;

		at_step(s, 0);
		while (iou_step(&q, &req, -ECANCELED) == IOU_NOT_DONE) {
			ck_assert_uint_eq(req.step, s);
			ck_assert_uint_eq(req.left, 30);
			ck_assert_int_lt(++n, 10000);
		}
		ck_assert_int_ge(n, 100);
		ck_assert_int_eq(iou_step(&q, &req, -ECANCELED), IOU_NOT_DONE); /* anew */
	}
}
END_TEST

START_TEST(an_error_of_any_step_is_the_result)
{
	static const int errors[] = { -EIO, -ENOSPC, -EINVAL, -EAGAIN };

	for (enum iou_step s = IOU_TRANSFER; s <= IOU_FLUSH; s++) {
		for (size_t i = 0; i < array_len(errors); i++) {
			at_step(s, BLKIO_REQ_FUA);
			ck_assert_int_eq(iou_step(&q, &req, errors[i]), errors[i]);
		}
	}
	assert_buf(64, 0);
}
END_TEST

START_TEST(an_error_behind_a_short_transfer_is_the_result)
{
	plain(BLKIO_OP_READ, IOU_TRANSFER, 30, 0);
	assert_next(29, IOU_TRANSFER);
	ck_assert_int_eq(iou_step(&q, &req, -EIO), -EIO);
	assert_buf(64, 0);
}
END_TEST

/* Zeroes for 30 bytes at 1000 that cannot be made in a file of this size. */
static void cannot_make_zeroes(off_t size, uint32_t flags)
{
	dev.file.fd = temp_file(size);
	plain(BLKIO_OP_WRITE_ZEROES, IOU_FALLOCATE, 30, flags);
}

START_TEST(zeroes_that_the_file_system_cannot_make_are_written)
{
	cannot_make_zeroes(5000, 0);
	assert_next(-EOPNOTSUPP, IOU_WRITE_ZEROES);
	ck_assert_uint_eq(req.left, 30);
	assert_next(10, IOU_WRITE_ZEROES);
	ck_assert_uint_eq(req.start, 1010);
	ck_assert_int_eq(iou_step(&q, &req, 20), 0);
	close(dev.file.fd);
}
END_TEST

START_TEST(zeroes_in_place_of_a_hole_do_not_make_a_file_longer)
{
	cannot_make_zeroes(1020, 0);
	assert_next(-EOPNOTSUPP, IOU_WRITE_ZEROES);
	ck_assert_uint_eq(req.left, 20);
	close(dev.file.fd);
	for (off_t size = 0; size <= 1000; size += 1000) {
		cannot_make_zeroes(size, 0);
		ck_assert_int_eq(iou_step(&q, &req, -EOPNOTSUPP), 0);
		close(dev.file.fd);
	}
}
END_TEST

START_TEST(zeroes_that_stay_allocated_make_a_file_longer)
{
	cannot_make_zeroes(0, BLKIO_REQ_NO_UNMAP);
	assert_next(-EOPNOTSUPP, IOU_WRITE_ZEROES);
	ck_assert_uint_eq(req.left, 30);
	close(dev.file.fd);
}
END_TEST

START_TEST(zeroes_on_a_device_are_written_whatever_its_size)
{
	dev.file.info.block_device = true;
	plain(BLKIO_OP_WRITE_ZEROES, IOU_FALLOCATE, 30, 0);
	assert_next(-EOPNOTSUPP, IOU_WRITE_ZEROES);
	ck_assert_uint_eq(req.left, 30);
}
END_TEST

START_TEST(a_file_whose_size_is_not_known_gets_no_zeroes)
{
	dev.file.fd = -1;
	plain(BLKIO_OP_WRITE_ZEROES, IOU_FALLOCATE, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, -EOPNOTSUPP), -EBADF);
}
END_TEST

START_TEST(zeroes_are_not_written_when_that_is_not_wanted)
{
	plain(BLKIO_OP_WRITE_ZEROES, IOU_FALLOCATE, 30, BLKIO_REQ_NO_FALLBACK);
	ck_assert_int_eq(iou_step(&q, &req, -EOPNOTSUPP), -EOPNOTSUPP);
}
END_TEST

START_TEST(a_discard_that_is_not_supported_is_not_replaced_by_writes)
{
	plain(BLKIO_OP_DISCARD, IOU_FALLOCATE, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, -EOPNOTSUPP), -EOPNOTSUPP);
}
END_TEST

START_TEST(a_discard_command_that_is_not_supported_or_allowed_is_not_tried_again)
{
	static const int errors[] = { -EOPNOTSUPP, -EACCES, -EPERM };

	for (size_t i = 0; i < array_len(errors); i++) {
		set_up();
		plain(BLKIO_OP_DISCARD, IOU_DISCARD_CMD, 30, 0);
		assert_next(errors[i], IOU_FALLOCATE);
		ck_assert(q.no_discard_cmd);
		ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	}
}
END_TEST

START_TEST(a_discard_command_that_fails_otherwise_is_tried_again)
{
	plain(BLKIO_OP_DISCARD, IOU_DISCARD_CMD, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, -EIO), -EIO);
	ck_assert(!q.no_discard_cmd);
}
END_TEST

START_TEST(a_range_with_fua_is_flushed)
{
	plain(BLKIO_OP_WRITE_ZEROES, IOU_FALLOCATE, 30, BLKIO_REQ_FUA);
	assert_next(0, IOU_FLUSH);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	plain(BLKIO_OP_DISCARD, IOU_DISCARD_CMD, 30, BLKIO_REQ_FUA);
	assert_next(0, IOU_FLUSH);
	ck_assert_int_eq(iou_step(&q, &req, -EIO), -EIO);
}
END_TEST

START_TEST(a_range_without_fua_is_not_flushed)
{
	plain(BLKIO_OP_WRITE_ZEROES, IOU_FALLOCATE, 30, BLKIO_REQ_NO_UNMAP);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
	plain(BLKIO_OP_DISCARD, IOU_DISCARD_CMD, 30, 0);
	ck_assert_int_eq(iou_step(&q, &req, 0), 0);
}
END_TEST

static Suite *step_suite(void)
{
	const TTest *const tests[] = {
		a_read_at_the_end_of_a_file_is_zeroes,
		a_read_over_the_end_of_a_file_ends_with_zeroes,
		a_vectored_read_over_the_end_of_a_file_ends_with_zeroes,
		a_short_vectored_transfer_goes_on_in_the_right_buffer,
		a_device_that_transfers_nothing_is_eio,
		a_file_that_takes_nothing_is_no_error,
		every_step_is_repeated_when_a_signal_interrupts_it,
		every_step_is_repeated_when_the_kernel_cancels_it_but_not_for_ever,
		an_error_of_any_step_is_the_result,
		an_error_behind_a_short_transfer_is_the_result,
		zeroes_that_the_file_system_cannot_make_are_written,
		zeroes_in_place_of_a_hole_do_not_make_a_file_longer,
		zeroes_that_stay_allocated_make_a_file_longer,
		zeroes_on_a_device_are_written_whatever_its_size,
		a_file_whose_size_is_not_known_gets_no_zeroes,
		zeroes_are_not_written_when_that_is_not_wanted,
		a_discard_that_is_not_supported_is_not_replaced_by_writes,
		a_discard_command_that_is_not_supported_or_allowed_is_not_tried_again,
		a_discard_command_that_fails_otherwise_is_tried_again,
		a_range_with_fua_is_flushed,
		a_range_without_fua_is_not_flushed,
	};

	return SUITE_WITH("steps of a request", tests, set_up, NULL);
}

Suite *(*const test_suites[])(void) = { step_suite, NULL };
