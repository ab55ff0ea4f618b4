// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/util/deadline.h"

#include <limits.h>

#include "tests/unit/unit.h"

START_TEST(a_timespec_becomes_nanoseconds)
{
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { 0, 0 }), 0);
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { 0, 1 }), 1);
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { 3, 999999999 }), 3999999999);
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { 9223372036, 854775807 }), INT64_MAX);
}
END_TEST

START_TEST(a_timespec_that_is_too_long_saturates)
{
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { 9223372036, 854775808 }), INT64_MAX);
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { 9223372037, 0 }), INT64_MAX);
	ck_assert_int_eq(timespec_to_ns(&(struct timespec) { LONG_MAX, 999999999 }), INT64_MAX);
}
END_TEST

START_TEST(a_deadline_is_that_long_after_now)
{
	int64_t before = now_ns();
	int64_t deadline = deadline_after_ns(1000);

	ck_assert_int_ge(deadline, before + 1000);
	ck_assert_int_le(deadline, now_ns() + 1000);
}
END_TEST

START_TEST(a_deadline_beyond_time_is_none)
{
	ck_assert_int_eq(deadline_after_ns(INT64_MAX), DEADLINE_NONE);
	ck_assert_int_eq(deadline_after_ns(INT64_MAX - 1), DEADLINE_NONE);
}
END_TEST

START_TEST(what_is_left_is_never_negative)
{
	ck_assert_int_eq(deadline_left_ns(now_ns() - 1), 0);
	ck_assert_int_eq(deadline_left_ns(0), 0);
	ck_assert_int_gt(deadline_left_ns(now_ns() + 60 * NS_PER_S), 59 * NS_PER_S);
	ck_assert_int_gt(deadline_left_ns(DEADLINE_NONE), INT64_MAX / 2);
}
END_TEST

START_TEST(the_clock_is_the_monotonic_one)
{
	struct timespec ts;
	int64_t ns = now_ns();

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ck_assert_int_ge(timespec_to_ns(&ts), ns);
	ck_assert_int_lt(timespec_to_ns(&ts) - ns, 10 * NS_PER_S);
}
END_TEST

static Suite *deadline_suite(void)
{
	const TTest *const tests[] = {
		a_timespec_becomes_nanoseconds,    a_timespec_that_is_too_long_saturates,
		a_deadline_is_that_long_after_now, a_deadline_beyond_time_is_none,
		what_is_left_is_never_negative,    the_clock_is_the_monotonic_one,
	};

	return SUITE_OF("deadline", tests);
}

Suite *(*const test_suites[])(void) = { deadline_suite, NULL };
