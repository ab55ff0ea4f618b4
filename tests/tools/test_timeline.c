// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The samples for the picture of blkio-bench.
 */
#include "examples/bench/timeline.h"

#include "examples/bench/run.h"
#include "tests/support/test.h"

enum {
	RATE = 2000, /* of the job, per second */
	MS = 1000000,
};

static struct timeline timeline;
static uint64_t now_ns;

/* The jobs' counters: reads at a steady rate, nothing else. */
uint64_t task_done(const struct task *task, enum op op)
{
	(void)task;
	return op == OP_READ ? now_ns / MS * RATE / 1000 : 0;
}

static void new_timeline(void)
{
	now_ns = 0;
	ck_assert_int_eq(timeline_init(&timeline, OP_COUNT), 0);
}

static void drop_timeline(void)
{
	timeline_finish(&timeline);
}

/* As the main thread does: come back when told to. */
static void run_for(uint64_t ns)
{
	static struct task task;
	struct run run = { .tasks = &task, .task_count = 1 };

	for (uint64_t end_ns = now_ns + ns; now_ns < end_ns;)
		now_ns = timeline_tick(&timeline, &run, now_ns);
}

static void check_rates(void)
{
	for (int i = 1; i < timeline.count; i++) {
		ck_assert_uint_gt(timeline.time_ns[i], timeline.time_ns[i - 1]);
		ck_assert_double_eq_tol(timeline_rate(&timeline, OP_READ, i - 1, i), RATE, 1);
		ck_assert_double_eq(timeline_rate(&timeline, OP_WRITE, i - 1, i), 0);
	}
}

START_TEST(short_run_has_a_sample_every_50_ms)
{
	run_for(1000ULL * MS);
	ck_assert_int_eq(timeline.count, 20);
	check_rates();
}
END_TEST

START_TEST(long_run_has_samples_of_all_of_it)
{
	run_for(3600ULL * 1000 * MS);
	ck_assert_int_le(timeline.count, TIMELINE_MAX);
	ck_assert_int_ge(timeline.count, TIMELINE_MAX / 2);
	ck_assert_uint_eq(timeline.time_ns[0], 0);
	ck_assert_uint_gt(timeline.time_ns[timeline.count - 1], 3590ULL * 1000 * MS);
	check_rates();
}
END_TEST

START_TEST(tick_before_its_time_takes_no_sample)
{
	struct run run = { 0 };
	uint64_t next_ns = timeline_tick(&timeline, &run, 7);

	ck_assert_uint_eq(timeline_tick(&timeline, &run, next_ns - 1), next_ns);
	ck_assert_int_eq(timeline.count, 1);
}
END_TEST

static Suite *timeline_suite(void)
{
	Suite *suite = suite_create("timeline");
	TCase *tc = tcase_create("timeline");

	tcase_add_checked_fixture(tc, new_timeline, drop_timeline);
	tcase_add_test(tc, short_run_has_a_sample_every_50_ms);
	tcase_add_test(tc, long_run_has_samples_of_all_of_it);
	tcase_add_test(tc, tick_before_its_time_takes_no_sample);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { timeline_suite, NULL };
