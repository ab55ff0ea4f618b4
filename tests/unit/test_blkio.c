// SPDX-License-Identifier: MIT OR Apache-2.0
#include <blkio.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fakes/fake_driver.h"
#include "tests/unit/unit.h"

static struct fake *f;
static struct blkio *b;

static void set_up(void)
{
	f = fake_create();
	b = &f->b;
}

static void set_up_started(void)
{
	f = fake_start(NULL);
	b = &f->b;
}

static void set_up_nothing(void)
{
	f = NULL;
}

static void tear_down(void)
{
	if (f)
		fake_destroy(f);
}

static void set_queues(int queues, int poll_queues)
{
	ck_assert_int_eq(blkio_set_int(b, "num-queues", queues), 0);
	ck_assert_int_eq(blkio_set_int(b, "num-poll-queues", poll_queues), 0);
}

static void connect_with(int queues, int poll_queues)
{
	ck_assert_int_eq(blkio_connect(b), 0);
	set_queues(queues, poll_queues);
}

/* ---- version, create ---- */

START_TEST(the_version_is_that_of_the_header)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d.%d", BLKIO_VERSION_MAJOR, BLKIO_VERSION_MINOR,
		 BLKIO_VERSION_MICRO);
	ck_assert_str_eq(blkio_version(), text);
}
END_TEST

START_TEST(create_needs_somewhere_to_put_the_instance)
{
	ck_assert_error(blkio_create("fake", NULL), -EINVAL, "bp must not be NULL");
}
END_TEST

START_TEST(create_sets_the_instance_to_null_when_it_fails)
{
	struct blkio *p = (struct blkio *)&p;

	ck_assert_error(blkio_create("no such driver", &p), -ENOENT, "called 'no such driver'");
	ck_assert_ptr_null(p);
	p = (struct blkio *)&p;
	ck_assert_error(blkio_create(NULL, &p), -EINVAL, "driver must not be NULL");
	ck_assert_ptr_null(p);
}
END_TEST

START_TEST(the_name_of_the_driver_is_exact)
{
	static const char *const names[] = { "", "FAKE", "fak", "fake ", "fake_" };
	struct blkio *p;

	for (size_t i = 0; i < array_len(names); i++)
		ck_assert_error(blkio_create(names[i], &p), -ENOENT, "no driver is called");
	ck_assert_error(blkio_create("fake\xff", &p), -EINVAL, "not valid UTF-8");
}
END_TEST

START_TEST(destroy_of_nothing_does_nothing)
{
	struct blkio *p = NULL;

	blkio_destroy(NULL);
	blkio_destroy(&p);
	ck_assert_ptr_null(p);
}
END_TEST

/* ---- states ---- */

START_TEST(start_before_connect_is_enodev)
{
	ck_assert_error(blkio_start(b), -ENODEV, "must be connected first");
	ck_assert_int_eq(f->starts, 0);
}
END_TEST

START_TEST(a_second_connect_or_start_does_nothing)
{
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(f->connects, 1);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_int_eq(f->starts, 1);
	ck_assert_int_eq(fake_count.queues, 1);
}
END_TEST

START_TEST(connect_after_start_is_ebusy)
{
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_error(blkio_connect(b), -EBUSY, "already started");
}
END_TEST

START_TEST(a_failed_connect_can_be_tried_again)
{
	f->connect_ret = -EIO;
	ck_assert_error(blkio_connect(b), -EIO, "the fake does not connect");
	ck_assert_error(blkio_start(b), -ENODEV, "must be connected first");
	ck_assert_int_eq(blkio_set_bool(b, "a-bool", false), 0);
	f->connect_ret = 0;
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(f->connects, 2);
}
END_TEST

START_TEST(a_failed_start_can_be_tried_again)
{
	connect_with(2, 1);
	f->start_ret = -EIO;
	ck_assert_error(blkio_start(b), -EIO, "the fake does not start");
	ck_assert_error(blkio_add_queue(b), -EBUSY, "must be started first");
	set_queues(3, 0);
	f->start_ret = 0;
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_int_eq(fake_count.queues, 3);
}
END_TEST

START_TEST(a_queue_that_cannot_be_made_takes_the_others_with_it)
{
	for (int good = 0; good < 5; good++) {
		connect_with(3, 2);
		f->queues_until_failure = good;
		ck_assert_error(blkio_start(b), -ENXIO,
				good < 3 ? "makes no queue" : "makes no poll queue");
		ck_assert_int_eq(fake_count.queues, 0);
		ck_assert_ptr_null(blkio_get_queue(b, 0));
		ck_assert_ptr_null(blkio_get_poll_queue(b, 0));
	}
	f->queues_until_failure = -1;
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_int_eq(fake_count.queues, 5);
}
END_TEST

START_TEST(the_driver_runs_once_all_queues_are_there)
{
	connect_with(3, 2);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_int_eq(f->runs, 1);
	ck_assert_int_eq(f->queues_at_run, 5);
}
END_TEST

START_TEST(a_driver_that_does_not_run_loses_its_queues)
{
	connect_with(3, 2);
	f->run_ret = -EIO;
	ck_assert_error(blkio_start(b), -EIO, "the fake does not run");
	ck_assert_int_eq(fake_count.queues, 0);
	f->run_ret = 0;
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_int_eq(fake_count.queues, 5);
}
END_TEST

START_TEST(an_instance_can_be_destroyed_in_each_state)
{
	fake_destroy(f);
	set_up();
	connect_with(2, 2);
	fake_destroy(f);
	set_up();
	connect_with(2, 2);
	f->queues_until_failure = 3;
	ck_assert_int_eq(blkio_start(b), -ENXIO);
	fake_destroy(f);
	set_up();
	connect_with(2, 2);
	ck_assert_int_eq(blkio_start(b), 0);
	fake_destroy(f);
	set_up();
}
END_TEST

START_TEST(the_queues_of_an_instance_end_by_one_deadline)
{
	connect_with(2, 0);
	ck_assert_int_eq(blkio_start(b), 0);
	fake_destroy(f);
	ck_assert_int_gt(fake_count.destroy_left_ns, 0);
	ck_assert_int_le(fake_count.destroy_left_ns, 10 * NS_PER_S);
	set_up();
}
END_TEST

/* ---- how many queues ---- */

START_TEST(poll_queues_need_a_device_that_can_poll)
{
	b->limits.supports_poll_queues = false;
	connect_with(1, 1);
	ck_assert_error(blkio_start(b), -EINVAL, "num-poll-queues is 1, but poll queues are not");
	set_queues(1, 0);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_error(blkio_add_poll_queue(b), -EINVAL, "poll queues are not supported");
}
END_TEST

START_TEST(no_more_than_max_queues_of_both_kinds_together)
{
	connect_with(5, 4);
	ck_assert_error(blkio_start(b), -EINVAL, "num-queues (5) and num-poll-queues (4)");
	set_queues(INT_MAX, INT_MAX);
	ck_assert_error(blkio_start(b), -EINVAL, "more than max-queues (8)");
	ck_assert_int_eq(f->starts, 0);
	set_queues(4, 4);
	ck_assert_int_eq(blkio_start(b), 0);
}
END_TEST

START_TEST(no_queues_are_fine_where_queues_can_be_added)
{
	connect_with(0, 0);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_ptr_null(blkio_get_queue(b, 0));
	ck_assert_int_eq(blkio_add_queue(b), 0);
	ck_assert_ptr_nonnull(blkio_get_queue(b, 0));
}
END_TEST

START_TEST(no_queues_are_refused_where_none_can_be_added)
{
	b->limits.can_add_queues = false;
	connect_with(0, 0);
	ck_assert_error(blkio_start(b), -EINVAL, "are both 0");
	set_queues(0, 1);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_error(blkio_add_queue(b), -ENOTSUP, "driver fake cannot add queues");
	ck_assert_error(blkio_add_poll_queue(b), -ENOTSUP, "driver fake cannot add queues");
}
END_TEST

START_TEST(queues_are_added_to_a_started_instance_only)
{
	ck_assert_error(blkio_add_queue(b), -EBUSY, "must be started first");
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_error(blkio_add_poll_queue(b), -EBUSY, "must be started first");
}
END_TEST

/* ---- indices ---- */

START_TEST(a_bad_index_is_no_queue)
{
	static const int bad[] = { -1, INT_MIN, 1, INT_MAX };

	ck_assert_ptr_nonnull(blkio_get_queue(b, 0));
	ck_assert_ptr_null(blkio_get_poll_queue(b, 0));
	for (size_t i = 0; i < array_len(bad); i++) {
		ck_assert_ptr_null(blkio_get_queue(b, bad[i]));
		ck_assert_error(blkio_remove_queue(b, bad[i]), -ENOENT, "there is no queue");
		ck_assert_error(blkio_remove_poll_queue(b, bad[i]), -ENOENT, "no poll queue");
	}
	ck_assert_int_eq(fake_count.queues, 1);
}
END_TEST

START_TEST(before_start_there_is_no_queue)
{
	ck_assert_ptr_null(blkio_get_queue(b, 0));
	ck_assert_error(blkio_remove_queue(b, 0), -ENOENT, "there is no queue 0");
}
END_TEST

START_TEST(a_removed_queue_leaves_a_hole_that_the_next_one_fills)
{
	struct blkioq *third;

	for (int i = 1; i < 4; i++)
		ck_assert_int_eq(blkio_add_queue(b), i);
	third = blkio_get_queue(b, 3);
	ck_assert_int_eq(blkio_remove_queue(b, 1), 0);
	ck_assert_error(blkio_remove_queue(b, 1), -ENOENT, "there is no queue 1");
	ck_assert_int_eq(blkio_remove_queue(b, 2), 0);
	ck_assert_ptr_null(blkio_get_queue(b, 1));
	ck_assert_ptr_eq(blkio_get_queue(b, 3), third);
	ck_assert_int_eq(fake_count.queues, 2);
	ck_assert_int_eq(blkio_add_queue(b), 1);
	ck_assert_int_eq(blkio_add_queue(b), 2);
	ck_assert_int_eq(blkio_add_queue(b), 4);
}
END_TEST

START_TEST(regular_and_poll_queues_are_numbered_separately)
{
	ck_assert_int_eq(blkio_add_poll_queue(b), 0);
	ck_assert_int_eq(blkio_add_poll_queue(b), 1);
	ck_assert_int_eq(blkio_add_queue(b), 1);
	ck_assert_ptr_ne(blkio_get_queue(b, 1), blkio_get_poll_queue(b, 1));
	ck_assert_int_eq(blkioq_get_completion_fd(blkio_get_poll_queue(b, 0)), -1);
	ck_assert_int_ge(blkioq_get_completion_fd(blkio_get_queue(b, 0)), 0);
	ck_assert_int_eq(blkio_remove_poll_queue(b, 0), 0);
	ck_assert_ptr_nonnull(blkio_get_queue(b, 0));
}
END_TEST

START_TEST(a_queue_that_cannot_be_added_leaves_the_rest_as_it_was)
{
	struct blkioq *first = blkio_get_queue(b, 0);

	f->queues_until_failure = 0;
	ck_assert_error(blkio_add_queue(b), -ENXIO, "makes no queue 1");
	ck_assert_error(blkio_add_queue(b), -ENXIO, "makes no queue 1");
	ck_assert_ptr_eq(blkio_get_queue(b, 0), first);
	ck_assert_ptr_null(blkio_get_queue(b, 1));
	f->queues_until_failure = -1;
	ck_assert_int_eq(blkio_add_queue(b), 1);
}
END_TEST

START_TEST(many_queues_can_come_and_go)
{
	for (int i = 1; i < 100; i++)
		ck_assert_int_eq(blkio_add_queue(b), i);
	for (int i = 0; i < 100; i += 2)
		ck_assert_int_eq(blkio_remove_queue(b, i), 0);
	for (int i = 0; i < 100; i += 2)
		ck_assert_int_eq(blkio_add_queue(b), i);
	ck_assert_int_eq(fake_count.queues, 100);
}
END_TEST

static Suite *create_suite(void)
{
	const TTest *const tests[] = {
		the_version_is_that_of_the_header,
		create_needs_somewhere_to_put_the_instance,
		create_sets_the_instance_to_null_when_it_fails,
		the_name_of_the_driver_is_exact,
		destroy_of_nothing_does_nothing,
	};

	return SUITE_WITH("create and destroy", tests, set_up_nothing, tear_down);
}

static Suite *state_suite(void)
{
	const TTest *const tests[] = {
		start_before_connect_is_enodev,
		a_second_connect_or_start_does_nothing,
		connect_after_start_is_ebusy,
		a_failed_connect_can_be_tried_again,
		a_failed_start_can_be_tried_again,
		a_queue_that_cannot_be_made_takes_the_others_with_it,
		the_driver_runs_once_all_queues_are_there,
		a_driver_that_does_not_run_loses_its_queues,
		an_instance_can_be_destroyed_in_each_state,
		the_queues_of_an_instance_end_by_one_deadline,
		poll_queues_need_a_device_that_can_poll,
		no_more_than_max_queues_of_both_kinds_together,
		no_queues_are_fine_where_queues_can_be_added,
		no_queues_are_refused_where_none_can_be_added,
		queues_are_added_to_a_started_instance_only,
		before_start_there_is_no_queue,
	};

	return SUITE_WITH("states", tests, set_up, tear_down);
}

static Suite *index_suite(void)
{
	const TTest *const tests[] = {
		a_bad_index_is_no_queue,
		a_removed_queue_leaves_a_hole_that_the_next_one_fills,
		regular_and_poll_queues_are_numbered_separately,
		a_queue_that_cannot_be_added_leaves_the_rest_as_it_was,
		many_queues_can_come_and_go,
	};

	return SUITE_WITH("indices of queues", tests, set_up_started, tear_down);
}

Suite *(*const test_suites[])(void) = { create_suite, state_suite, index_suite, NULL };
