// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The time stamps of blkio-bench are as long as real time.
 */
#include "examples/bench/stamp.h"

#include <time.h>

#include "tests/support/test.h"

/* A stamp, and the times before and after it was taken: the thread may sleep in between. */
struct bracket {
	uint64_t before, stamp, after;
};

static struct bracket take(void)
{
	struct bracket b;

	b.before = clock_ns();
	b.stamp = stamp_ns();
	b.after = clock_ns();
	return b;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void check_length(void)
{
	struct bracket a = take(), b;
	uint64_t stamps;

	sleep_ms(50);
	b = take();
	stamps = b.stamp - a.stamp;
	ck_assert_uint_ge(stamps + stamps / 1000 + 1000, b.before - a.after);
	ck_assert_uint_le(stamps, (b.after - a.before) * 1001 / 1000 + 1000);
}

START_TEST(stamps_are_right_before_the_counter_is_known)
{
	check_length();
}
END_TEST

START_TEST(stamps_are_right_with_the_counter)
{
	stamp_init();
	if (!stamp_clock.counter)
		SKIP("the kernel does not use the counter");
	check_length();
}
END_TEST

START_TEST(stamps_do_not_go_back)
{
	uint64_t last = 0;

	stamp_init();
	for (int i = 0; i < 100000; i++) {
		uint64_t now = stamp_ns();

		ck_assert(now >= last);
		last = now;
	}
}
END_TEST

static Suite *stamp_suite(void)
{
	Suite *suite = suite_create("stamp");
	TCase *tc = tcase_create("stamp");

	tcase_add_test(tc, stamps_are_right_before_the_counter_is_known);
	tcase_add_test(tc, stamps_are_right_with_the_counter);
	tcase_add_test(tc, stamps_do_not_go_back);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { stamp_suite, NULL };
