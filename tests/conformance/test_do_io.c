// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * blkioq_do_io() and _interruptible(): arguments, waiting, time limits, signals, the backlog.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "device.h"

enum {
	BACKLOG = 1000
};

static void queue_read(struct device *d, void *user_data)
{
	blkioq_read(d->q, 0, d->buf, (size_t)traits->block, user_data, 0);
}

MODE_TEST(submit_only_with_null_and_zeroes_returns_zero)
{
	struct device *d = device_open(mode);

	EXPECT_INT(blkioq_do_io(d->q, NULL, 0, 0, NULL), 0);
	queue_read(d, NULL);
	EXPECT_INT(blkioq_do_io(d->q, NULL, 0, 0, NULL), 0);
	EXPECT_INT(finish(d), 0);
	device_close(d);
}

TEST(bad_arguments_are_einval)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_completion c;
	struct timespec negative_s = { -1, 0 }, negative_ns = { 0, -1 },
			high_ns = { 0, 1000000000 };

	EXPECT_ERROR(blkioq_do_io(d->q, &c, 0, 1, &negative_s), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, &c, 0, 1, &negative_ns), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, &c, 0, 1, &high_ns), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, &c, -1, 1, NULL), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, &c, 0, -1, NULL), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, &c, 2, 1, NULL), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, NULL, 0, 1, NULL), -EINVAL);
	EXPECT(negative_s.tv_sec == -1 && high_ns.tv_nsec == 1000000000);
	queue_read(d, NULL);
	EXPECT_ERROR(blkioq_do_io(d->q, NULL, 0, 1, NULL), -EINVAL);
	EXPECT_INT(finish(d), 0); /* nothing was lost */
	device_close(d);
}

/* The text of the failing call, to see which check came first. */
static void error_text(struct device *d, struct timespec *t, int min, int max, char *text)
{
	struct blkio_completion c;

	EXPECT_ERROR(blkioq_do_io(d->q, max > 1 ? NULL : &c, min, max, t), -EINVAL);
	strncpy(text, blkio_get_error_msg(), 255);
	text[255] = '\0';
}

TEST(arguments_are_checked_in_order)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct timespec both = { -1, -1 }, seconds = { -1, 0 }, nanoseconds = { 0, -1 };
	char got[256], want[256];

	error_text(d, &seconds, 0, 1, want);
	error_text(d, &both, -1, -2, got);
	EXPECT_STR(got, want);
	error_text(d, &nanoseconds, 0, 1, want);
	error_text(d, &nanoseconds, -1, -2, got);
	EXPECT_STR(got, want);
	error_text(d, NULL, -1, 1, want);
	error_text(d, NULL, -1, -2, got);
	EXPECT_STR(got, want);
	error_text(d, NULL, 0, -1, want);
	error_text(d, NULL, 2, -1, got);
	EXPECT_STR(got, want);
	error_text(d, NULL, 2, 1, want);
	error_text(d, NULL, 3, 2, got);
	EXPECT_STR(got, want);
	device_close(d);
}

MODE_TEST(waiting_for_more_than_there_is_einval_and_loses_nothing)
{
	struct device *d = device_open(mode);
	struct blkio_completion c[4];
	struct timespec t = { 100, 0 };

	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, NULL), -EINVAL);
	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, &t), -EINVAL);
	EXPECT_INT(t.tv_sec, 100);
	queue_read(d, (void *)1);
	queue_read(d, (void *)2);
	EXPECT_ERROR(blkioq_do_io(d->q, c, 3, 4, NULL), -EINVAL);
	reap(d, c, 2);
	EXPECT_INT(c[0].ret, 0);
	EXPECT_INT(c[1].ret, 0);
	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, NULL), -EINVAL);
	device_close(d);
}

TEST(requests_that_failed_at_once_count_as_outstanding)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_completion c[2];

	blkioq_flush(d->q, NULL, 8);
	queue_read(d, NULL);
	EXPECT_INT(blkioq_do_io(d->q, c, 2, 2, NULL), 2);
	EXPECT_INT(c[0].ret, -EINVAL);
	EXPECT_INT(c[1].ret, 0);
	device_close(d);
}

MODE_TEST(no_more_than_max_completions_are_returned)
{
	struct device *d = device_open(mode);
	struct blkio_completion c[4];
	int n;

	for (int i = 0; i < 4; i++)
		queue_read(d, NULL);
	c[2].ret = c[3].ret = 12345;
	n = blkioq_do_io(d->q, c, mode == MODE_EVENT ? 0 : 2, 2, NULL);
	EXPECT(n >= 0 && n <= 2);
	EXPECT_INT(c[2].ret, 12345);
	EXPECT_INT(c[3].ret, 12345);
	reap(d, c, 4 - n);
	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, NULL), -EINVAL);
	device_close(d);
}

TEST(completions_may_exceed_min)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_completion c[4];
	int done;

	for (int i = 0; i < 4; i++)
		queue_read(d, NULL);
	done = blkioq_do_io(d->q, c, 1, 4, NULL);
	EXPECT(done >= 1 && done <= 4);
	while (done < 4) {
		int n = blkioq_do_io(d->q, c, 1, 4, NULL);

		EXPECT(n >= 1 && done + n <= 4);
		done += n;
	}
	device_close(d);
}

/* Queue many more requests than the queue has entries. */
static void queue_backlog(struct device *d)
{
	for (intptr_t i = 0; i < BACKLOG; i++)
		blkioq_write(d->q, (uint64_t)(i % 100) * (uint64_t)traits->block, d->buf,
			     (size_t)traits->block, (void *)i, 0);
}

MODE_TEST(a_thousand_requests_wait_for_sixteen_entries)
{
	static struct blkio_completion c[BACKLOG];
	struct device *d;

	skip_if_read_only();
	skip_backlog_of_reference(mode);
	d = device_open_with(mode, depth_property(), "16");
	queue_backlog(d);
	reap(d, c, BACKLOG);
	EXPECT_EACH_ONCE(c, BACKLOG);
	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, NULL), -EINVAL);
	device_close(d);
}

TEST(one_call_can_wait_for_the_whole_backlog)
{
	static struct blkio_completion c[BACKLOG];
	struct device *d;

	skip_if_read_only();
	d = device_open_with(MODE_BLOCKING, depth_property(), "16");
	queue_backlog(d);
	EXPECT_INT(blkioq_do_io(d->q, c, BACKLOG, BACKLOG, NULL), BACKLOG);
	EXPECT_EACH_ONCE(c, BACKLOG);
	device_close(d);
}

MODE_TEST(taking_one_completion_at_a_time_moves_the_backlog)
{
	static struct blkio_completion c[BACKLOG];
	struct device *d;

	skip_if_read_only();
	skip_backlog_of_reference(mode);
	d = device_open_with(mode, depth_property(), "16");
	queue_backlog(d);
	for (int i = 0; i < BACKLOG; i++)
		reap(d, &c[i], 1);
	EXPECT_EACH_ONCE(c, BACKLOG);
	device_close(d);
}

TEST(a_time_limit_that_is_not_needed_does_no_harm)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct timespec t = { 10, 0 }, endless = { LONG_MAX, 999999999 };
	struct blkio_completion c;

	queue_read(d, NULL);
	EXPECT_INT(blkioq_do_io(d->q, &c, 1, 1, &t), 1);
	EXPECT_INT(c.ret, 0);
	EXPECT(t.tv_sec >= 0 && t.tv_sec <= 10 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	queue_read(d, NULL);
	EXPECT_INT(blkioq_do_io(d->q, &c, 1, 1, &endless), 1);
	EXPECT_INT(c.ret, 0);
	device_close(d);
}
