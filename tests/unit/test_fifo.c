// SPDX-License-Identifier: MIT OR Apache-2.0
#include <check.h>

#include "lib/util/fifo.h"
#include "tests/support/test.h"

static void push_back(struct fifo *f, int value)
{
	int *item = fifo_push_back(f);

	ck_assert_ptr_nonnull(item);
	*item = value;
}

static int pop_front(struct fifo *f)
{
	int value = *(int *)fifo_front(f);

	fifo_pop_front(f);
	return value;
}

START_TEST(items_come_out_in_the_order_they_went_in)
{
	struct fifo f;

	fifo_init(&f, sizeof(int));
	for (int i = 0; i < 1000; i++)
		push_back(&f, i);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(pop_front(&f), i);
	ck_assert_uint_eq(f.count, 0);
	fifo_finish(&f);
}
END_TEST

START_TEST(growing_keeps_the_order_of_a_buffer_that_wraps_around)
{
	struct fifo f;
	int next_in = 0, next_out = 0;

	fifo_init(&f, sizeof(int));
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 7; i++)
			push_back(&f, next_in++);
		for (int i = 0; i < 5; i++)
			ck_assert_int_eq(pop_front(&f), next_out++);
	}
	while (f.count)
		ck_assert_int_eq(pop_front(&f), next_out++);
	ck_assert_int_eq(next_out, next_in);
	fifo_finish(&f);
}
END_TEST

START_TEST(what_is_put_back_comes_out_first)
{
	struct fifo f;

	fifo_init(&f, sizeof(int));
	push_back(&f, 3);
	*(int *)fifo_push_front(&f) = 2;
	*(int *)fifo_push_front(&f) = 1;
	for (int i = 1; i <= 3; i++)
		ck_assert_int_eq(pop_front(&f), i);
	fifo_finish(&f);
}
END_TEST

START_TEST(an_impossible_size_is_refused_and_changes_nothing)
{
	struct fifo f;

	fifo_init(&f, sizeof(int));
	push_back(&f, 7);
	ck_assert(!fifo_reserve(&f, UINT32_MAX));
	ck_assert_int_eq(pop_front(&f), 7);
	fifo_finish(&f);
}
END_TEST

static Suite *fifo_suite(void)
{
	Suite *s = suite_create("fifo");
	TCase *tc = tcase_create("fifo");

	tcase_add_test(tc, items_come_out_in_the_order_they_went_in);
	tcase_add_test(tc, growing_keeps_the_order_of_a_buffer_that_wraps_around);
	tcase_add_test(tc, what_is_put_back_comes_out_first);
	tcase_add_test(tc, an_impossible_size_is_refused_and_changes_nothing);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { fifo_suite, NULL };
