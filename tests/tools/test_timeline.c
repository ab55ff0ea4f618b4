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

static uint64_t twice_from_ns; /* from then on the rate is twice as high */

/* The job's counters: reads at a steady rate, nothing else. */
uint64_t job_done(const struct job *job, enum op op)
{
	uint64_t more_ns = now_ns > twice_from_ns ? now_ns - twice_from_ns : 0;

	(void)job;
	return op == OP_READ ? (now_ns + more_ns) / MS * RATE / 1000 : 0;
}

static void new_timeline(void)
{
	now_ns = 0;
	twice_from_ns = UINT64_MAX;
	ck_assert(timeline_init(&timeline, 2));
}

static void drop_timeline(void)
{
	timeline_finish(&timeline);
}

/* As the main thread does: come back when told to. */
static void run_for(uint64_t ns)
{
	static struct job jobs[2];
	static struct task task = { .jobs = jobs, .job_count = 2 };
	struct run run = { .tasks = &task, .task_count = 1 };

	for (uint64_t end_ns = now_ns + ns; now_ns < end_ns;)
		now_ns = timeline_tick(&timeline, &run, now_ns);
}

static void check_rates(void)
{
	const struct timeline_part reads = { 0, 1, OP_READ }, writes = { 0, 2, OP_WRITE };
	const struct timeline_part both = { 0, 2, OP_READ }, second = { 1, 1, OP_READ };

	for (int i = 1; i < timeline.count; i++) {
		ck_assert_uint_gt(timeline.time_ns[i], timeline.time_ns[i - 1]);
		ck_assert_double_eq_tol(timeline_rate(&timeline, &reads, i - 1, i), RATE, 1);
		ck_assert_double_eq_tol(timeline_rate(&timeline, &second, i - 1, i), RATE, 1);
		ck_assert_double_eq_tol(timeline_rate(&timeline, &both, i - 1, i), 2 * RATE, 1);
		ck_assert_double_eq(timeline_rate(&timeline, &writes, i - 1, i), 0);
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

START_TEST(rates_are_told_for_each_half_second)
{
	const struct timeline_part part = { 0, 1, OP_READ };
	struct timeline_stats s;

	twice_from_ns = 1000ULL * MS;
	run_for(2000ULL * MS);
	s = timeline_stats(&timeline, &part, 0, now_ns);
	ck_assert_int_eq(s.samples, 3); /* RATE, RATE, 2 * RATE */
	ck_assert_double_eq_tol(s.min, RATE, 1);
	ck_assert_double_eq_tol(s.max, 2 * RATE, 1);
	ck_assert_double_eq_tol(s.mean, RATE * 4 / 3.0, 1);
	ck_assert_double_eq_tol(s.stdev, RATE * 0.4714, 1); /* sqrt(2) / 3 */
	s = timeline_stats(&timeline, &part, 1000ULL * MS, 1600ULL * MS);
	ck_assert_int_eq(s.samples, 1);
	ck_assert_double_eq_tol(s.min, 2 * RATE, 1);
	ck_assert_double_eq_tol(s.stdev, 0, 1e-6);
	s = timeline_stats(&timeline, &part, 1800ULL * MS, 2000ULL * MS);
	ck_assert_int_eq(s.samples, 0);
	ck_assert_double_eq(s.mean, 0);
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
	tcase_add_test(tc, rates_are_told_for_each_half_second);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { timeline_suite, NULL };
