// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/queue.h"

#include <limits.h>
#include <unistd.h>

#include "tests/unit/queue_fixture.h"
#include "tests/unit/requests.h"

#define END_OF_OFFSETS (UINT64_C(1) << 63)

static const char no_flags[] = "unsupported bits in request flags";
static const char no_op[] = "request not supported for this driver";

/* Start anew with other properties. */
static void restart(bool read_only, uint32_t supported)
{
	fake_destroy(f);
	f = fake_create();
	f->supported = supported;
	ck_assert_int_eq(blkio_set_bool(&f->b, "read-only", read_only), 0);
	ck_assert_int_eq(blkio_connect(&f->b), 0);
	ck_assert_int_eq(blkio_start(&f->b), 0);
	q = blkio_get_queue(&f->b, 0);
	fq = to_fake_queue(q);
}

/* A length that is right for any request: bytes, iovecs, zones. */
static void good_request(enum blkio_op op, uint32_t flags)
{
	request(q, op, 0, 1, tag(op), flags);
}

/* The only completion that there is. */
static void assert_refused(void *user_data, int ret, const char *msg)
{
	static const uint8_t zero[sizeof(c->reserved_)];

	memset(c, 0xff, sizeof(*c));
	ck_assert_uint_eq(event_count(), 1);
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 1, NULL), 1);
	ck_assert_ptr_eq(c->user_data, user_data);
	ck_assert_int_eq(c->ret, ret);
	ck_assert_str_eq(c->error_msg, msg);
	ck_assert_uint_eq(c->append_offset, 0);
	ck_assert_mem_eq(c->reserved_, zero, sizeof(zero));
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 1, NULL), 0);
	ck_assert_uint_eq(fq->nr_seen, 0);
}

static void assert_passed(enum blkio_op op)
{
	ck_assert_uint_eq(event_count(), 0);
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, NULL), 1);
	ck_assert_int_eq(c->ret, 0);
	ck_assert_ptr_null(c->error_msg);
	ck_assert_int_eq(fq->seen[fq->nr_seen - 1].op, op);
	ck_assert_ptr_eq(c->user_data, fq->seen[fq->nr_seen - 1].user_data);
}

/* ---- what reaches the driver ---- */

START_TEST(a_request_reaches_the_driver_as_it_was_made)
{
	for (int op = 0; op < BLKIO_NR_OPS; op++) {
		const struct request_kind *k = &request_kinds[op];
		const struct blkio_req *r = &fq->seen[op];
		bool has_any_len = k->has_len || k->has_iovcnt || op == BLKIO_OP_REPORT_ZONES;

		ck_assert_int_eq((int)k->op, op);
		request(q, k->op, 7 * 4096, 1, tag(100 + (uintptr_t)op), k->flags);
		ck_assert_int_eq((int)r->op, op);
		ck_assert_uint_eq(r->flags, k->flags);
		ck_assert_uint_eq(r->start, k->has_start ? 7 * 4096 : 0);
		ck_assert_uint_eq(r->len, has_any_len ? 1 : 0);
		ck_assert_ptr_eq(r->user_data, tag(100 + (uintptr_t)op));
	}
	ck_assert_uint_eq(q->in_flight, BLKIO_NR_OPS);
	ck_assert_uint_eq(fq->nr_enters, 0);
}
END_TEST

START_TEST(a_request_names_its_buffers)
{
	good_request(BLKIO_OP_READ, 0);
	good_request(BLKIO_OP_WRITEV, 0);
	good_request(BLKIO_OP_REPORT_ZONES, 0);
	good_request(BLKIO_OP_APPEND_ZONE, 0);
	good_request(BLKIO_OP_APPENDV_ZONE, 0);
	ck_assert_ptr_eq(fq->seen[0].buf, request_buf);
	ck_assert_ptr_eq(fq->seen[1].iov, request_iov);
	ck_assert_ptr_eq(fq->seen[2].zones, request_zones);
	ck_assert_ptr_eq(fq->seen[3].buf, request_buf);
	ck_assert_ptr_eq(fq->seen[4].iov, request_iov);
}
END_TEST

/* ---- flags ---- */

START_TEST(every_request_takes_its_own_flags_and_no_others)
{
	static const char *const bad_flag[] = {
		[BLKIO_REQ_FUA] = "BLKIO_REQ_FUA is invalid for this request type",
		[BLKIO_REQ_NO_UNMAP] = "BLKIO_REQ_NO_UNMAP is invalid for this request type",
		[BLKIO_REQ_NO_FALLBACK] = "BLKIO_REQ_NO_FALLBACK is invalid for this request type",
	};
	enum blkio_op op = (enum blkio_op)_i;

	for (uint32_t flag = BLKIO_REQ_FUA; flag <= BLKIO_REQ_NO_FALLBACK; flag <<= 1) {
		if (request_kinds[op].flags & flag)
			continue;
		good_request(op, flag);
		assert_refused(tag(op), -EINVAL, bad_flag[flag]);
	}
	good_request(op, request_kinds[op].flags);
	assert_passed(op);
}
END_TEST

START_TEST(an_unknown_flag_comes_before_a_disallowed_one)
{
	for (int bit = 3; bit < 32; bit++) {
		good_request(BLKIO_OP_WRITE, 1u << bit);
		assert_refused(tag(BLKIO_OP_WRITE), -EINVAL, no_flags);
	}
	good_request(BLKIO_OP_READ, BLKIO_REQ_FUA | 8);
	assert_refused(tag(BLKIO_OP_READ), -EINVAL, no_flags);
	good_request(BLKIO_OP_FLUSH, UINT32_MAX);
	assert_refused(tag(BLKIO_OP_FLUSH), -EINVAL, no_flags);
}
END_TEST

START_TEST(the_lowest_disallowed_flag_is_told)
{
	good_request(BLKIO_OP_FLUSH, BLKIO_REQ_NO_UNMAP | BLKIO_REQ_FUA);
	assert_refused(tag(BLKIO_OP_FLUSH), -EINVAL,
		       "BLKIO_REQ_FUA is invalid for this request type");
	good_request(BLKIO_OP_WRITE, BLKIO_REQ_NO_FALLBACK | BLKIO_REQ_NO_UNMAP | BLKIO_REQ_FUA);
	assert_refused(tag(BLKIO_OP_WRITE), -EINVAL,
		       "BLKIO_REQ_NO_UNMAP is invalid for this request type");
}
END_TEST

START_TEST(flags_come_before_support_and_read_only)
{
	restart(true, BLKIO_ALL_OPS & ~BLKIO_RARE_OPS);
	good_request(BLKIO_OP_OPEN_ZONE, 8);
	assert_refused(tag(BLKIO_OP_OPEN_ZONE), -EINVAL, no_flags);
	good_request(BLKIO_OP_WRITE, BLKIO_REQ_NO_UNMAP);
	assert_refused(tag(BLKIO_OP_WRITE), -EINVAL,
		       "BLKIO_REQ_NO_UNMAP is invalid for this request type");
}
END_TEST

/* ---- iovcnt, lengths, ends ---- */

START_TEST(a_negative_iovcnt_comes_before_flags)
{
	static const enum blkio_op ops[] = { BLKIO_OP_READV, BLKIO_OP_WRITEV,
					     BLKIO_OP_APPENDV_ZONE };
	static const int counts[] = { -1, INT_MIN };

	for (size_t i = 0; i < array_len(ops); i++) {
		for (size_t k = 0; k < array_len(counts); k++) {
			request(q, ops[i], 0, (uint64_t)counts[k], tag(5), 8);
			assert_refused(tag(5), -EINVAL, "iovcnt must be 0 or more");
		}
		request(q, ops[i], 0, 0, tag(5), 0);
		assert_passed(ops[i]);
		fq->nr_seen = fq->entered = fq->done = fq->reaped = 0;
	}
}
END_TEST

START_TEST(a_length_must_fit_in_32_bits)
{
	static const enum blkio_op ops[] = { BLKIO_OP_READ, BLKIO_OP_WRITE, BLKIO_OP_APPEND_ZONE };
	static const uint64_t bad[] = { UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_MAX };

	for (size_t i = 0; i < array_len(ops) * array_len(bad); i++) {
		request(q, ops[i / 3], 0, bad[i % 3], tag(i), 0);
		assert_refused(tag(i), -EINVAL, "len must fit in an unsigned 32-bit integer");
	}
	for (size_t i = 0; i < array_len(ops); i++) {
		request(q, ops[i], 0, UINT32_MAX, NULL, 0);
		assert_passed(ops[i]);
		request(q, ops[i], 0, (uint64_t)INT_MAX + 1, NULL, 0);
		assert_passed(ops[i]);
	}
}
END_TEST

START_TEST(zeroes_and_discards_may_be_longer_than_32_bits)
{
	request(q, BLKIO_OP_WRITE_ZEROES, 0, UINT64_C(1) << 40, NULL, 0);
	assert_passed(BLKIO_OP_WRITE_ZEROES);
	request(q, BLKIO_OP_DISCARD, 4096, END_OF_OFFSETS - 4097, NULL, 0);
	assert_passed(BLKIO_OP_DISCARD);
	ck_assert_uint_eq(fq->seen[1].len, END_OF_OFFSETS - 4097);
}
END_TEST

START_TEST(a_request_ends_at_the_last_offset_at_most)
{
	static const struct {
		uint64_t start, len;
	} bad[] = {
		{ END_OF_OFFSETS, 0 },
		{ END_OF_OFFSETS - 1, 1 },
		{ END_OF_OFFSETS - 4096, 4096 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, 0 },
		{ UINT64_MAX - 511, 512 },
		{ END_OF_OFFSETS - 5, 6 },
	};
	const struct request_kind *k = &request_kinds[_i];

	if (!k->has_len)
		return;
	for (size_t i = 0; i < array_len(bad); i++) {
		request(q, k->op, bad[i].start, bad[i].len, tag(i), 0);
		assert_refused(tag(i), -EINVAL, "the end of the request lies beyond 2^63 - 1");
	}
	request(q, k->op, END_OF_OFFSETS - 2, 1, NULL, 0);
	assert_passed(k->op);
}
END_TEST

START_TEST(a_start_is_below_2_to_the_63)
{
	const struct request_kind *k = &request_kinds[_i];

	if (!k->has_start)
		return;
	request(q, k->op, END_OF_OFFSETS, 0, tag(3), 0);
	assert_refused(tag(3), -EINVAL, "the end of the request lies beyond 2^63 - 1");
	request(q, k->op, END_OF_OFFSETS - 1, 0, NULL, 0);
	assert_passed(k->op);
}
END_TEST

START_TEST(a_range_whose_sum_overflows_is_refused)
{
	request(q, BLKIO_OP_DISCARD, END_OF_OFFSETS - 1, UINT64_MAX, tag(1), 0);
	assert_refused(tag(1), -EINVAL, "the end of the request lies beyond 2^63 - 1");
	request(q, BLKIO_OP_WRITE_ZEROES, 4096, UINT64_MAX - 4095, tag(2), 0);
	assert_refused(tag(2), -EINVAL, "the end of the request lies beyond 2^63 - 1");
}
END_TEST

START_TEST(a_start_has_the_alignment_that_the_driver_wants)
{
	const struct request_kind *k = &request_kinds[_i];

	q->align_mask = 511;
	if (k->has_start) {
		request(q, k->op, 4096 + 256, 1, tag(3), 0);
		assert_refused(tag(3), -EINVAL, "invalid start offset");
	}
	request(q, k->op, 4096 + 512, 1, NULL, 0);
	assert_passed(k->op);
}
END_TEST

/* ---- support, read-only ---- */

START_TEST(what_the_driver_cannot_do_is_enotsup)
{
	enum blkio_op op = (enum blkio_op)_i;

	if (op == BLKIO_OP_READ)
		return; /* every driver can */
	restart(false, BLKIO_ALL_OPS & ~BLKIO_OP_BIT(op));
	good_request(op, 0);
	assert_refused(tag(op), -ENOTSUP, no_op);
}
END_TEST

START_TEST(what_a_poll_queue_cannot_do_has_a_text_of_its_own)
{
	f->supported = BLKIO_OP_BIT(BLKIO_OP_READ);
	ck_assert_int_eq(blkio_add_poll_queue(&f->b), 0);
	q = blkio_get_poll_queue(&f->b, 0);
	for (int op = BLKIO_OP_WRITE; op < BLKIO_NR_OPS; op++) {
		good_request((enum blkio_op)op, 0);
		ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, NULL), 1);
		ck_assert_int_eq(c->ret, -ENOTSUP);
		ck_assert_str_eq(c->error_msg,
				 !(BLKIO_RARE_OPS & BLKIO_OP_BIT(op))
					 ? "request not supported on poll queues for this driver"
					 : no_op);
	}
}
END_TEST

START_TEST(a_read_only_device_refuses_what_would_change_it)
{
	enum blkio_op op = (enum blkio_op)_i;

	restart(true, BLKIO_ALL_OPS);
	good_request(op, 0);
	if (request_kinds[op].changes)
		assert_refused(tag(op), -EBADF, "device is read-only");
	else
		assert_passed(op);
}
END_TEST

START_TEST(support_comes_before_read_only_and_that_before_lengths)
{
	restart(true, BLKIO_ALL_OPS & ~BLKIO_RARE_OPS);
	good_request(BLKIO_OP_RESET_ZONE, 0);
	assert_refused(tag(BLKIO_OP_RESET_ZONE), -ENOTSUP, no_op);
	request(q, BLKIO_OP_WRITE, UINT64_MAX, UINT64_MAX, tag(9), 0);
	assert_refused(tag(9), -EBADF, "device is read-only");
}
END_TEST

/* ---- failures at queueing, the backlog ---- */

START_TEST(a_driver_can_refuse_a_request_with_its_own_text)
{
	static const enum blkio_op ops[] = { BLKIO_OP_READ, BLKIO_OP_WRITEV, BLKIO_OP_DISCARD };

	for (size_t i = 0; i < array_len(ops); i++) {
		request(q, ops[i], FAKE_BAD_START, 1, tag(4), 0);
		assert_refused(tag(4), -EDOM, fake_refusal);
	}
	ck_assert_uint_eq(q->in_flight, 0);
}
END_TEST

START_TEST(failures_come_out_in_the_order_they_went_in)
{
	struct blkio_completion all[1000];

	for (uintptr_t i = 0; i < array_len(all); i++)
		blkioq_flush(q, tag(i), i % 2 ? 8 : BLKIO_REQ_FUA);
	ck_assert_uint_eq(event_count(), array_len(all));
	ck_assert_int_eq(blkioq_do_io(q, all, 1000, 1000, NULL), 1000);
	for (uintptr_t i = 0; i < array_len(all); i++) {
		ck_assert_ptr_eq(all[i].user_data, tag(i));
		ck_assert_int_eq(all[i].ret, -EINVAL);
	}
	ck_assert_uint_eq(fq->nr_enters, 0);
}
END_TEST

START_TEST(the_completion_fd_is_an_eventfd_that_does_not_block)
{
	uint64_t value;
	int fd = blkioq_get_completion_fd(q);

	ck_assert_int_eq(fd, blkioq_get_completion_fd(q));
	ck_assert_int_eq(read(fd, &value, sizeof(value)), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(what_does_not_fit_waits_and_keeps_its_order)
{
	fq->entries = 4;
	for (uintptr_t i = 0; i < 100; i++)
		request(q, i % 3 ? BLKIO_OP_READ : BLKIO_OP_READV, 0, 1, tag(i), 0);
	ck_assert_uint_eq(fq->nr_seen, 4);
	ck_assert_uint_eq(q->in_flight, 4);
	ck_assert_uint_eq(q->backlog.count, 96);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	ck_assert_uint_eq(fq->nr_seen, 100);
	for (uintptr_t i = 0; i < 100; i++)
		ck_assert_ptr_eq(fq->seen[i].user_data, tag(i));
}
END_TEST

START_TEST(nothing_overtakes_the_backlog)
{
	fq->entries = 1;
	request(q, BLKIO_OP_READ, 0, 1, tag(0), 0);
	request(q, BLKIO_OP_WRITE, 0, 1, tag(1), BLKIO_REQ_FUA);
	fq->entries = 100; /* there is room again */
	request(q, BLKIO_OP_FLUSH, 0, 0, tag(2), 0);
	request(q, BLKIO_OP_READ, 512, 77, tag(3), 0);
	ck_assert_uint_eq(fq->nr_seen, 1);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	for (uintptr_t i = 0; i < 4; i++)
		ck_assert_ptr_eq(fq->seen[i].user_data, tag(i));
	ck_assert_uint_eq(fq->seen[1].flags, BLKIO_REQ_FUA);
	ck_assert_uint_eq(fq->seen[3].start, 512);
	ck_assert_uint_eq(fq->seen[3].len, 77);
	ck_assert_ptr_eq(fq->seen[3].buf, request_buf);
}
END_TEST

START_TEST(what_is_wrong_does_not_wait_in_the_backlog)
{
	fq->entries = 1;
	for (uintptr_t i = 0; i < 3; i++)
		good_request(BLKIO_OP_READ, 0);
	blkioq_read(q, 0, request_buf, 1, tag(77), 8);
	ck_assert_uint_eq(q->backlog.count, 2);
	ck_assert_uint_eq(event_count(), 1);
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, NULL), 1);
	ck_assert_ptr_eq(c->user_data, tag(77));
}
END_TEST

static Suite *queue_suite(void)
{
	const TTest *const tests[] = {
		a_request_reaches_the_driver_as_it_was_made,
		a_request_names_its_buffers,
		an_unknown_flag_comes_before_a_disallowed_one,
		the_lowest_disallowed_flag_is_told,
		flags_come_before_support_and_read_only,
		a_negative_iovcnt_comes_before_flags,
		a_length_must_fit_in_32_bits,
		zeroes_and_discards_may_be_longer_than_32_bits,
		a_range_whose_sum_overflows_is_refused,
		what_a_poll_queue_cannot_do_has_a_text_of_its_own,
		support_comes_before_read_only_and_that_before_lengths,
		a_driver_can_refuse_a_request_with_its_own_text,
		failures_come_out_in_the_order_they_went_in,
		the_completion_fd_is_an_eventfd_that_does_not_block,
		what_does_not_fit_waits_and_keeps_its_order,
		nothing_overtakes_the_backlog,
		what_is_wrong_does_not_wait_in_the_backlog,
	};

	return SUITE_WITH("queue", tests, queue_set_up, queue_tear_down);
}

static Suite *kinds_suite(void)
{
	const TTest *const tests[] = {
		every_request_takes_its_own_flags_and_no_others,
		a_request_ends_at_the_last_offset_at_most,
		a_start_is_below_2_to_the_63,
		a_start_has_the_alignment_that_the_driver_wants,
		what_the_driver_cannot_do_is_enotsup,
		a_read_only_device_refuses_what_would_change_it,
	};

	return suite_of_loops("queue, each kind of request", tests, array_len(tests), BLKIO_NR_OPS,
			      queue_set_up, queue_tear_down);
}

Suite *(*const test_suites[])(void) = { queue_suite, kinds_suite, NULL };
