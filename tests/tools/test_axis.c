// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The axes of blkio-bench's picture.
 */
#include "examples/bench/axis.h"

#include <stddef.h>

#include "tests/support/test.h"

static double marks[AXIS_MAX_MARKS];

START_TEST(linear_axis_ends_at_a_round_number)
{
	static const struct {
		double high, end;
		int marks;
	} axes[] = { { 648000, 700000, 8 }, { 1000, 1000, 6 }, { 3, 3, 7 },
		     { 0.4, 0.4, 5 },       { 99, 100, 6 },    { 0, 1, 6 } };
	struct axis a;

	axis_linear(&a, axes[_i].high, 0, 100);
	ck_assert_double_eq_tol(a.high, axes[_i].end, 1e-9 * axes[_i].end);
	ck_assert_int_eq(axis_marks(&a, marks), axes[_i].marks);
	ck_assert_double_eq(marks[0], 0);
	ck_assert_double_eq_tol(marks[axes[_i].marks - 1], axes[_i].end, 1e-9 * axes[_i].end);
}
END_TEST

START_TEST(log_axis_marks_round_numbers_in_its_range)
{
	static const double expected[] = { 50, 100, 200, 500, 1000 };
	struct axis a;

	axis_log(&a, 30, 1200, 0, 100);
	ck_assert_int_eq(axis_marks(&a, marks), 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_double_eq_tol(marks[i], expected[i], 1e-6);
}
END_TEST

START_TEST(wide_log_axis_marks_only_powers)
{
	struct axis a;

	axis_log(&a, 900, 2e7, 0, 100);
	ck_assert_int_eq(axis_marks(&a, marks), 5);
	ck_assert_double_eq_tol(marks[0], 1000, 1e-6);
	ck_assert_double_eq_tol(marks[4], 1e7, 1e-3);
}
END_TEST

START_TEST(narrow_log_axis_is_made_wide_enough_for_marks)
{
	struct axis a;

	axis_log(&a, 1000, 1001, 0, 100);
	ck_assert_int_ge(axis_marks(&a, marks), 2);
}
END_TEST

START_TEST(places_are_in_proportion_and_never_outside)
{
	struct axis a;

	axis_linear(&a, 100, 350, 50); /* upwards, as in a picture */
	ck_assert_double_eq_tol(axis_at(&a, 0), 350, 1e-9);
	ck_assert_double_eq_tol(axis_at(&a, 50), 200, 1e-9);
	ck_assert_double_eq_tol(axis_at(&a, 1000), 50, 1e-9);
	axis_log(&a, 10, 100000, 0, 100);
	ck_assert_double_eq_tol(axis_at(&a, 1000), 50, 1e-9);
	ck_assert_double_eq_tol(axis_at(&a, 0), 0, 1e-9);
	ck_assert_double_eq_tol(axis_at(&a, 1e9), 100, 1e-9);
}
END_TEST

static Suite *axis_suite(void)
{
	Suite *suite = suite_create("axis");
	TCase *tc = tcase_create("axis");

	tcase_add_loop_test(tc, linear_axis_ends_at_a_round_number, 0, 6);
	tcase_add_test(tc, log_axis_marks_round_numbers_in_its_range);
	tcase_add_test(tc, wide_log_axis_marks_only_powers);
	tcase_add_test(tc, narrow_log_axis_is_made_wide_enough_for_marks);
	tcase_add_test(tc, places_are_in_proportion_and_never_outside);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { axis_suite, NULL };
