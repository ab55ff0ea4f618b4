// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * do_io and time: what is left of a timeout, and events of the completion fd.
 */
#include <limits.h>

#include "tests/unit/queue_fixture.h"

#define MS 1000000LL

/* ---- timeouts ---- */

START_TEST(a_timeout_is_reduced_when_there_was_a_wait)
{
	struct timespec timeout = { 5, 0 };

	queue_reads(0, 1);
	fake_script(fq, (struct fake_step) { .completes = 1, .waits = true, .sleep_ns = 20 * MS });
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, &timeout), 1);
	ck_assert_int_le(timespec_to_ns(&timeout), 5000 * MS - 20 * MS);
}
END_TEST

START_TEST(a_timeout_is_left_alone_when_there_was_no_wait)
{
	struct timespec timeout = { 5, 7 };

	queue_reads(0, 3);
	fake_script(fq, (struct fake_step) { .completes = 3 });
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, &timeout), 1);
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 1, &timeout), 1);
	ck_assert_int_eq(timeout.tv_sec, 5);
	ck_assert_int_eq(timeout.tv_nsec, 7);
}
END_TEST

START_TEST(nothing_is_left_of_a_timeout_that_expired)
{
	struct timespec timeout = { 0, 10 * MS };

	queue_reads(0, 2);
	fake_script(fq,
		    (struct fake_step) {
			    .completes = 1, .ret = -ETIME, .waits = true, .sleep_ns = 12 * MS });
	ck_assert_int_eq(blkioq_do_io(q, c, 2, 2, &timeout), -ETIME);
	ck_assert_int_eq(timeout.tv_sec, 0);
	ck_assert_int_eq(timeout.tv_nsec, 0);
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 2, NULL), 1);
}
END_TEST

START_TEST(a_timeout_of_centuries_is_no_deadline)
{
	struct timespec timeout = { LONG_MAX, 999999999 };

	queue_reads(0, 1);
	fake_script(fq, (struct fake_step) { .completes = 1, .waits = true });
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, &timeout), 1);
	ck_assert_int_eq(fq->enters[0].deadline, DEADLINE_NONE);
	ck_assert_int_eq(timeout.tv_sec, LONG_MAX);
	ck_assert_int_eq(timeout.tv_nsec, 999999999);
}
END_TEST

/* ---- the completion fd ---- */

START_TEST(the_driver_is_told_of_each_change_of_the_setting)
{
	blkioq_set_completion_fd_enabled(q, false);
	ck_assert_int_eq(fq->notify_calls, 0);
	blkioq_set_completion_fd_enabled(q, true);
	blkioq_set_completion_fd_enabled(q, true);
	ck_assert(fq->notify);
	ck_assert_int_eq(fq->notify_calls, 1);
	blkioq_set_completion_fd_enabled(q, false);
	ck_assert(!fq->notify);
	ck_assert_uint_eq(event_count(), 0);
}
END_TEST

START_TEST(a_poll_queue_has_no_events)
{
	ck_assert_int_eq(blkio_add_poll_queue(&f->b), 0);
	q = blkio_get_poll_queue(&f->b, 0);
	blkioq_set_completion_fd_enabled(q, true);
	ck_assert_int_eq(to_fake_queue(q)->notify_calls, 0);
	blkioq_flush(q, NULL, 8);
	take(0, 1);
}
END_TEST

START_TEST(enabling_tells_of_what_is_ready_already)
{
	queue_reads(0, 1);
	fake_script(fq, (struct fake_step) { .completes = 1 });
	submit();
	ck_assert_uint_eq(event_count(), 0);
	blkioq_set_completion_fd_enabled(q, true);
	ck_assert_uint_eq(event_count(), 1);
}
END_TEST

START_TEST(what_a_call_leaves_behind_makes_the_fd_readable_again)
{
	blkioq_set_completion_fd_enabled(q, true);
	queue_reads(0, 3);
	fake_script(fq, (struct fake_step) { .completes = 3 });
	take(0, 1);
	ck_assert_uint_eq(event_count(), 1);
	take(1, 1);
	ck_assert_uint_eq(event_count(), 1);
	take(2, 1);
	ck_assert_uint_eq(event_count(), 0);
}
END_TEST

START_TEST(failures_left_behind_make_the_fd_readable_again)
{
	blkioq_set_completion_fd_enabled(q, true);
	queue_bad(0, 2);
	ck_assert_uint_eq(event_count(), 2);
	take(0, 1);
	ck_assert_uint_eq(event_count(), 1);
	take(1, 1);
	ck_assert_uint_eq(event_count(), 0);
}
END_TEST

START_TEST(an_error_that_is_for_the_next_call_makes_the_fd_readable_again)
{
	blkioq_set_completion_fd_enabled(q, true);
	queue_reads(0, 2);
	fq->steps_left[1] = 1;
	fake_script(fq, (struct fake_step) { .completes = 2 });
	fake_script(fq, (struct fake_step) { .completes = 1, .ret = -EAGAIN });
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 4, NULL), 1);
	ck_assert_uint_eq(event_count(), 1);
	take(1, 1);
}
END_TEST

START_TEST(what_a_failed_call_put_back_makes_the_fd_readable_again)
{
	blkioq_set_completion_fd_enabled(q, true);
	queue_reads(0, 2);
	fake_script(fq, (struct fake_step) { .completes = 1 });
	fake_script(fq, (struct fake_step) { .ret = -EINTR });
	ck_assert_int_eq(blkioq_do_io(q, c, 2, 2, NULL), -EINTR);
	ck_assert_uint_eq(event_count(), 1);
}
END_TEST

START_TEST(when_disabled_nothing_is_told_of_what_is_left)
{
	queue_reads(0, 2);
	fake_script(fq, (struct fake_step) { .completes = 2 });
	take(0, 1);
	ck_assert_uint_eq(event_count(), 0);
}
END_TEST

static Suite *time_suite(void)
{
	const TTest *const tests[] = {
		a_timeout_is_reduced_when_there_was_a_wait,
		a_timeout_is_left_alone_when_there_was_no_wait,
		nothing_is_left_of_a_timeout_that_expired,
		a_timeout_of_centuries_is_no_deadline,
	};

	return SUITE_WITH("timeouts", tests, queue_set_up, queue_tear_down);
}

static Suite *event_suite(void)
{
	const TTest *const tests[] = {
		the_driver_is_told_of_each_change_of_the_setting,
		a_poll_queue_has_no_events,
		enabling_tells_of_what_is_ready_already,
		what_a_call_leaves_behind_makes_the_fd_readable_again,
		failures_left_behind_make_the_fd_readable_again,
		an_error_that_is_for_the_next_call_makes_the_fd_readable_again,
		what_a_failed_call_put_back_makes_the_fd_readable_again,
		when_disabled_nothing_is_told_of_what_is_left,
	};

	return SUITE_WITH("completion fd", tests, queue_set_up, queue_tear_down);
}

Suite *(*const test_suites[])(void) = { time_suite, event_suite, NULL };
