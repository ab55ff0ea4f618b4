/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Suites from arrays of tests, each test run once for each of `loops` values of _i.
 */
#ifndef TESTS_SERVER_SERVER_TEST_H
#define TESTS_SERVER_SERVER_TEST_H

#include <stddef.h>

#include "tests/support/test.h"

static inline Suite *suite_of_loops(const char *name, const TTest *const *tests, size_t n,
				    int loops)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tc, tests[i], 0, loops);
	suite_add_tcase(s, tc);
	return s;
}

#define SUITE_LOOPS(name, tests, loops) \
	suite_of_loops(name, tests, sizeof(tests) / sizeof(*(tests)), loops)

#endif
