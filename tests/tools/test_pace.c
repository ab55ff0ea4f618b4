// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The pace of --rate_iops.
 */
#include "examples/bench/pace.h"

#include "tests/support/test.h"

#define MS 1000000ULL

static const uint64_t start_ns = 5000000000;

static struct pace pace_of(uint64_t rate)
{
	return (struct pace) { .rate = rate, .base_ns = start_ns };
}

/* Make all that are allowed, as a job does. */
static int make(struct pace *p, uint64_t now_ns, int want)
{
	int count = pace_allows(p, now_ns, want);

	p->count += (uint64_t)count;
	return count;
}

START_TEST(requests_are_due_evenly)
{
	struct pace p = pace_of(1000);

	for (uint64_t i = 0; i < 50; i++) {
		ck_assert_uint_eq(pace_due_ns(&p), start_ns + i * MS);
		ck_assert_int_eq(make(&p, start_ns + i * MS - 1, 8), 0);
		ck_assert_int_eq(make(&p, start_ns + i * MS, 8), 1);
	}
}
END_TEST

START_TEST(rate_that_is_no_round_number_of_ns_is_kept)
{
	struct pace p = pace_of(300000007);

	p.count = 300000007ULL * 3600ULL;
	ck_assert_uint_eq(pace_due_ns(&p), start_ns + 3600000 * MS);
}
END_TEST

START_TEST(who_is_late_catches_up)
{
	struct pace p = pace_of(1000);

	ck_assert_int_eq(make(&p, start_ns, 8), 1);
	ck_assert_int_eq(make(&p, start_ns + 5 * MS, 3), 3); /* 5 are due, 3 are wanted */
	ck_assert_int_eq(make(&p, start_ns + 5 * MS, 8), 2);
	ck_assert_int_eq(make(&p, start_ns + 5 * MS, 8), 0);
}
END_TEST

START_TEST(who_was_stuck_does_not_make_up_for_it)
{
	struct pace p = pace_of(1000);
	uint64_t now_ns = start_ns + 60000 * MS;

	/* A tenth of a second is made up for, and the one that is due now. */
	ck_assert_int_eq(make(&p, now_ns, 100000), 101);
	ck_assert_int_eq(make(&p, now_ns, 100000), 0);
	ck_assert_int_eq(make(&p, now_ns + MS, 100000), 1);
}
END_TEST

static Suite *pace_suite(void)
{
	Suite *suite = suite_create("pace");
	TCase *tc = tcase_create("pace");

	tcase_add_test(tc, requests_are_due_evenly);
	tcase_add_test(tc, rate_that_is_no_round_number_of_ns_is_kept);
	tcase_add_test(tc, who_is_late_catches_up);
	tcase_add_test(tc, who_was_stuck_does_not_make_up_for_it);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { pace_suite, NULL };
