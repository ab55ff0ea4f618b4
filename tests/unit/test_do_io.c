// SPDX-License-Identifier: MIT OR Apache-2.0
#include <signal.h>
#include <stdlib.h>

#include "tests/unit/queue_fixture.h"

static bool no_memory;

/* Buffers of requests and completions come from calloc(). */
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

static void tear_down(void)
{
	no_memory = false;
	queue_tear_down();
}

/* ---- arguments ---- */

START_TEST(arguments_are_checked_in_order)
{
	struct timespec bad_sec = { -1, -1 }, bad_nsec = { 0, -1 }, long_nsec = { 0, 1000000000 };
	struct timespec good = { 1, 0 };

	ck_assert_error(blkioq_do_io(q, NULL, -1, -2, &bad_sec), -EINVAL, "tv_sec must not be");
	ck_assert_error(blkioq_do_io(q, NULL, -1, -2, &bad_nsec), -EINVAL,
			"tv_nsec must be from 0");
	ck_assert_error(blkioq_do_io(q, NULL, -1, -2, &long_nsec), -EINVAL,
			"tv_nsec must be from 0");
	ck_assert_error(blkioq_do_io(q, NULL, -1, -2, &good), -EINVAL, "min_completions must not");
	ck_assert_error(blkioq_do_io(q, NULL, 1, -2, &good), -EINVAL, "max_completions must not");
	ck_assert_error(blkioq_do_io(q, NULL, 2, 1, &good), -EINVAL, "must not exceed");
	ck_assert_error(blkioq_do_io(q, NULL, 1, 1, &good), -EINVAL,
			"completions must not be NULL");
	ck_assert_error(blkioq_do_io(q, c, 1, 1, &good), -EINVAL, "only 0 requests");
	ck_assert_int_eq(good.tv_sec, 1);
	ck_assert_uint_eq(fq->nr_enters, 0);
}
END_TEST

START_TEST(min_counts_all_that_is_outstanding)
{
	fq->entries = 2;
	queue_bad(0, 1);
	queue_reads(1, 5);
	ck_assert_error(blkioq_do_io(q, c, 7, 7, NULL), -EINVAL,
			"min_completions is 7, but only 6 requests are outstanding");
	ck_assert_uint_eq(fq->nr_enters, 0);
	take(0, 6);
}
END_TEST

START_TEST(a_poll_queue_takes_no_signal_mask)
{
	sigset_t mask;

	sigemptyset(&mask);
	ck_assert_int_eq(blkio_add_poll_queue(&f->b), 0);
	q = blkio_get_poll_queue(&f->b, 0);
	queue_reads(0, 1);
	ck_assert_error(blkioq_do_io_interruptible(q, c, 1, 1, NULL, &mask), -ENOTSUP,
			"signal mask is not supported on poll queues");
	ck_assert_int_eq(blkioq_do_io_interruptible(q, c, 1, 1, NULL, NULL), 1);
}
END_TEST

START_TEST(the_driver_is_told_how_it_may_wait)
{
	struct timespec timeout = { 10, 0 };
	int64_t before = now_ns();
	sigset_t mask;

	sigemptyset(&mask);
	queue_reads(0, 3);
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, NULL), 1);
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 1, &timeout), 1);
	ck_assert_int_eq(blkioq_do_io_interruptible(q, c, 1, 1, NULL, &mask), 1);
	ck_assert_int_eq(fq->enters[0].deadline, DEADLINE_NONE);
	ck_assert(!fq->enters[0].interruptible);
	ck_assert_int_ge(fq->enters[1].deadline, before + 10 * NS_PER_S);
	ck_assert_int_le(fq->enters[1].deadline, now_ns() + 10 * NS_PER_S);
	ck_assert(fq->enters[2].interruptible);
	ck_assert_ptr_eq(fq->enters[2].sig, &mask);
}
END_TEST

/* ---- submit, wait, reap ---- */

START_TEST(max_0_submits_and_takes_nothing)
{
	queue_reads(0, 3);
	fake_script(fq, (struct fake_step) { .completes = 3 });
	submit();
	ck_assert_uint_eq(fq->enters[0].submitted, 3);
	ck_assert_uint_eq(fq->enters[0].want, 0);
	ck_assert_uint_eq(fq->reaped, 0);
	take(0, 3);
}
END_TEST

START_TEST(max_0_leaves_failures_where_they_are)
{
	queue_bad(0, 3);
	queue_reads(3, 1);
	submit();
	take(0, 4);
}
END_TEST

START_TEST(an_idle_queue_does_not_call_the_driver)
{
	ck_assert_int_eq(blkioq_do_io(q, c, 0, MAX_COMPLETIONS, NULL), 0);
	submit();
	queue_bad(0, 2);
	take(0, 2);
	ck_assert_uint_eq(fq->nr_enters, 0);
}
END_TEST

START_TEST(all_that_is_ready_is_returned_up_to_max)
{
	queue_reads(0, 10);
	fake_script(fq, (struct fake_step) { .completes = 10 });
	ck_assert_int_eq(blkioq_do_io(q, c, 1, 4, NULL), 4);
	assert_tags(0, 4);
	ck_assert_int_eq(blkioq_do_io(q, c, 1, MAX_COMPLETIONS, NULL), 6);
	assert_tags(4, 6);
	ck_assert_uint_eq(q->in_flight, 0);
}
END_TEST

START_TEST(the_driver_is_called_until_there_are_enough)
{
	queue_reads(0, 10);
	for (int i = 0; i < 3; i++)
		fake_script(fq, (struct fake_step) { .completes = 3 });
	ck_assert_int_eq(blkioq_do_io(q, c, 8, 10, NULL), 9);
	ck_assert_uint_eq(fq->nr_enters, 3);
	ck_assert_uint_eq(fq->enters[0].want, 8);
	ck_assert_uint_eq(fq->enters[1].want, 5);
	ck_assert_uint_eq(fq->enters[2].want, 2);
	assert_tags(0, 9);
}
END_TEST

START_TEST(failures_at_queueing_are_returned_first)
{
	queue_reads(2, 3);
	queue_bad(0, 2);
	take(0, 5);
	ck_assert_uint_eq(fq->enters[0].want, 3);
	ck_assert_int_eq(c[1].ret, -EDOM);
	ck_assert_int_eq(c[2].ret, 0);
}
END_TEST

START_TEST(failures_beyond_max_wait_for_the_next_call)
{
	queue_bad(0, 5);
	take(0, 2);
	take(2, 2);
	take(4, 1);
}
END_TEST

START_TEST(a_request_of_several_steps_goes_on_in_the_same_call)
{
	queue_reads(0, 1);
	fq->steps_left[0] = 3;
	take(0, 1);
	ck_assert_uint_eq(fq->nr_enters, 4);
	ck_assert_uint_eq(q->in_flight, 0);
}
END_TEST

START_TEST(a_next_step_is_submitted_even_when_nobody_waits)
{
	queue_reads(0, 1);
	fq->steps_left[0] = 1;
	fake_script(fq, (struct fake_step) { .completes = 1 });
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 1, NULL), 0);
	ck_assert_uint_eq(fq->nr_enters, 2);
	ck_assert_uint_eq(fq->enters[1].want, 0);
	take(0, 1);
}
END_TEST

/* ---- the backlog ---- */

START_TEST(the_backlog_is_drained_however_long_it_is)
{
	fq->entries = 8;
	fq->depth = 16;
	queue_reads(0, 200);
	take(0, 200);
	ck_assert_uint_eq(q->backlog.count, 0);
	for (unsigned int i = 0; i < fq->nr_enters; i++)
		ck_assert_uint_le(fq->enters[i].submitted, 8);
}
END_TEST

START_TEST(with_a_backlog_half_of_what_is_in_flight_is_waited_for)
{
	fq->depth = 16;
	queue_reads(0, 20);
	fake_script(fq, (struct fake_step) { 0 }); /* refill publishes */
	ck_assert_int_eq(blkioq_do_io(q, c, 20, 20, NULL), 20);
	ck_assert_uint_eq(fq->enters[0].want, 0);
	ck_assert(!fq->enters[0].has_wait);
	ck_assert_uint_eq(fq->enters[1].want, 8);
	assert_tags(0, 20);
}
END_TEST

START_TEST(a_call_that_does_not_wait_submits_the_backlog_that_fits_now)
{
	fq->depth = 4;
	queue_reads(0, 10);
	fake_script(fq, (struct fake_step) { .completes = 0 });
	fake_script(fq, (struct fake_step) { .completes = 4 });
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 10, NULL), 4);
	ck_assert_uint_eq(fq->nr_seen, 8);
	ck_assert_uint_eq(fq->entered, 8);
	ck_assert_uint_eq(q->backlog.count, 2);
}
END_TEST

START_TEST(bad_requests_in_the_backlog_become_completions)
{
	fq->entries = 1;
	queue_reads(0, 1);
	queue_bad(1, 70);
	queue_reads(71, 1);
	ck_assert_uint_eq(q->backlog.count, 71);
	ck_assert_int_eq(blkioq_do_io(q, c, 72, 72, NULL), 72);
	ck_assert_int_eq(c[0].ret, -EDOM);
	ck_assert_str_eq(c[0].error_msg, fake_refusal);
	ck_assert_ptr_eq(c[70].user_data, tag(0));
	ck_assert_ptr_eq(c[71].user_data, tag(71));
}
END_TEST

/* ---- failures: nothing is lost ---- */

START_TEST(a_failed_call_keeps_what_it_had_in_order)
{
	static const int errors[] = { -ETIME, -EINTR, -EAGAIN, -EBUSY };

	queue_bad(0, 2);
	queue_reads(2, 38);
	for (size_t i = 0; i < array_len(errors); i++) {
		fake_script(fq, (struct fake_step) { .completes = 2 });
		fake_script(fq, (struct fake_step) { .completes = 1, .ret = errors[i] });
		ck_assert_error(blkioq_do_io(q, c, 40, MAX_COMPLETIONS, NULL), errors[i],
				"told to fail");
	}
	take(0, 40);
	ck_assert_int_eq(blkioq_do_io(q, c, 0, MAX_COMPLETIONS, NULL), 0);
}
END_TEST

START_TEST(what_was_put_back_counts_as_outstanding)
{
	queue_reads(0, 4);
	fake_script(fq, (struct fake_step) { .completes = 3 });
	fake_script(fq, (struct fake_step) { .ret = -EINTR });
	ck_assert_int_eq(blkioq_do_io(q, c, 4, 4, NULL), -EINTR);
	ck_assert_uint_eq(q->in_flight, 1);
	ck_assert_error(blkioq_do_io(q, c, 5, 5, NULL), -EINVAL, "only 4 requests");
	ck_assert_int_eq(blkioq_do_io(q, c, 3, 3, NULL), 3);
	assert_tags(0, 3);
	take(3, 1);
}
END_TEST

START_TEST(an_error_behind_enough_completions_is_for_the_next_call)
{
	queue_reads(0, 2);
	queue_bad(2, 2);
	fake_script(fq, (struct fake_step) { .ret = -EAGAIN });
	fake_script(fq, (struct fake_step) { .ret = -EAGAIN });
	ck_assert_int_eq(blkioq_do_io(q, c, 1, MAX_COMPLETIONS, NULL), 2);
	assert_tags(2, 2);
	ck_assert_error(blkioq_do_io(q, c, 1, MAX_COMPLETIONS, NULL), -EAGAIN, "told to fail");
	take(0, 2);
}
END_TEST

START_TEST(an_error_is_told_when_there_is_no_completion_even_if_none_was_wanted)
{
	queue_reads(0, 1);
	fake_script(fq, (struct fake_step) { .ret = -EBUSY });
	ck_assert_error(blkioq_do_io(q, c, 0, 1, NULL), -EBUSY, "told to fail");
	take(0, 1);
}
END_TEST

START_TEST(an_error_while_the_backlog_moves_keeps_its_order)
{
	fq->entries = 4;
	queue_reads(0, 12);
	fake_script(fq, (struct fake_step) { .completes = 0 });
	fake_script(fq, (struct fake_step) { .ret = -EAGAIN });
	ck_assert_int_eq(blkioq_do_io(q, c, 12, 12, NULL), -EAGAIN);
	take(0, 12);
}
END_TEST

START_TEST(requests_without_memory_are_told_of_once)
{
	queue_bad(0, 64);
	no_memory = true;
	queue_bad(64, 3);
	no_memory = false;
	ck_assert_uint_eq(event_count(), 67);
	ck_assert_error(blkioq_do_io(q, c, 1, 1, NULL), -ENOMEM, "3 requests were dropped");
	take(0, 64);
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 1, NULL), 0);
}
END_TEST

START_TEST(a_request_that_the_backlog_cannot_take_completes_with_enomem)
{
	fq->entries = 1;
	queue_reads(0, 1);
	no_memory = true;
	queue_reads(1, 1);
	no_memory = false;
	take(1, 1);
	ck_assert_int_eq(c[0].ret, -ENOMEM);
	ck_assert_str_eq(c[0].error_msg, "no memory for the backlog of requests");
	take(0, 1);
}
END_TEST

START_TEST(a_wait_that_could_not_be_undone_is_not_begun)
{
	queue_reads(0, 65);
	no_memory = true;
	ck_assert_error(blkioq_do_io(q, c, 65, 65, NULL), -ENOMEM, "wait for 65 completions");
	ck_assert_uint_eq(fq->nr_enters, 0);
	take(0, 64);
	take(64, 1);
}
END_TEST

/* What the call had collected and what it finds wrong in the backlog have to be kept together. */
START_TEST(without_memory_nothing_is_lost_behind_a_failure)
{
	int n, ret;

	fq->entries = fq->depth = 100;
	queue_reads(0, 100);
	queue_bad(100, 64);
	fake_script(fq, (struct fake_step) { .completes = 0 });
	fake_script(fq, (struct fake_step) { .completes = 99 });
	fake_script(fq, (struct fake_step) { .completes = 0 });
	fake_script(fq, (struct fake_step) { .ret = -ETIME });
	ck_assert(fifo_reserve(&q->done, 128));
	no_memory = true;
	ret = blkioq_do_io(q, c, 120, MAX_COMPLETIONS, NULL);
	no_memory = false;
	n = ret < 0 ? 0 : ret;
	fq->nr_steps = 0;
	while ((ret = blkioq_do_io(q, c, n < 164, MAX_COMPLETIONS, NULL)) > 0)
		n += ret;
	ck_assert_int_eq(ret, 0);
	ck_assert_int_eq(n, 164);
}
END_TEST

static Suite *do_io_suite(void)
{
	const TTest *const tests[] = {
		arguments_are_checked_in_order,
		min_counts_all_that_is_outstanding,
		a_poll_queue_takes_no_signal_mask,
		the_driver_is_told_how_it_may_wait,
		max_0_submits_and_takes_nothing,
		max_0_leaves_failures_where_they_are,
		an_idle_queue_does_not_call_the_driver,
		all_that_is_ready_is_returned_up_to_max,
		the_driver_is_called_until_there_are_enough,
		failures_at_queueing_are_returned_first,
		failures_beyond_max_wait_for_the_next_call,
		a_request_of_several_steps_goes_on_in_the_same_call,
		a_next_step_is_submitted_even_when_nobody_waits,
		the_backlog_is_drained_however_long_it_is,
		with_a_backlog_half_of_what_is_in_flight_is_waited_for,
		a_call_that_does_not_wait_submits_the_backlog_that_fits_now,
		bad_requests_in_the_backlog_become_completions,
	};

	return SUITE_WITH("do_io", tests, queue_set_up, tear_down);
}

static Suite *failure_suite(void)
{
	const TTest *const tests[] = {
		a_failed_call_keeps_what_it_had_in_order,
		what_was_put_back_counts_as_outstanding,
		an_error_behind_enough_completions_is_for_the_next_call,
		an_error_is_told_when_there_is_no_completion_even_if_none_was_wanted,
		an_error_while_the_backlog_moves_keeps_its_order,
		requests_without_memory_are_told_of_once,
		a_request_that_the_backlog_cannot_take_completes_with_enomem,
		a_wait_that_could_not_be_undone_is_not_begun,
		without_memory_nothing_is_lost_behind_a_failure,
	};

	return SUITE_WITH("do_io that fails", tests, queue_set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { do_io_suite, failure_suite, NULL };
