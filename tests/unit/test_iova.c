// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Addresses for the device: what is given out is aligned, lies in the space and overlaps nothing.
 */
#include "drivers/virtio/iova.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

#define PAGE  UINT64_C(0x1000)
#define FIRST UINT64_C(0x100000000)

static struct iova_space space;
static bool no_memory;

void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return no_memory ? NULL : __real_reallocarray(old, n, size);
}

/* Sixteen pages. */
static void set_up(void)
{
	iova_init(&space, FIRST, FIRST + 16 * PAGE, PAGE);
}

static void tear_down(void)
{
	iova_finish(&space);
}

static iova_t alloc(uint64_t len)
{
	iova_t iova = 0;

	ck_assert_int_eq(iova_alloc(&space, len, &iova), 0);
	return iova;
}

static void assert_full(uint64_t len)
{
	iova_t iova = 7;

	ck_assert_int_eq(iova_alloc(&space, len, &iova), -ENOSPC);
	ck_assert_uint_eq(iova, 7);
}

START_TEST(ranges_follow_each_other_aligned)
{
	ck_assert_uint_eq(alloc(1), FIRST);
	ck_assert_uint_eq(alloc(PAGE + 1), FIRST + PAGE);
	ck_assert_uint_eq(alloc(PAGE), FIRST + 3 * PAGE);
}
END_TEST

START_TEST(the_lowest_gap_that_is_long_enough_is_taken)
{
	for (int i = 0; i < 8; i++)
		alloc(PAGE);
	iova_free(&space, FIRST + 1 * PAGE);
	iova_free(&space, FIRST + 4 * PAGE);
	iova_free(&space, FIRST + 5 * PAGE);
	ck_assert_uint_eq(alloc(2 * PAGE), FIRST + 4 * PAGE);
	ck_assert_uint_eq(alloc(3 * PAGE), FIRST + 8 * PAGE);
	ck_assert_uint_eq(alloc(5), FIRST + 1 * PAGE);
}
END_TEST

START_TEST(a_gap_at_the_front_is_used_again)
{
	alloc(PAGE);
	alloc(PAGE);
	iova_free(&space, FIRST);
	ck_assert_uint_eq(alloc(2 * PAGE), FIRST + 2 * PAGE);
	ck_assert_uint_eq(alloc(PAGE), FIRST);
}
END_TEST

START_TEST(a_full_space_says_so_until_something_is_freed)
{
	for (int i = 0; i < 16; i++)
		alloc(PAGE);
	assert_full(1);
	iova_free(&space, FIRST + 15 * PAGE);
	assert_full(PAGE + 1);
	ck_assert_uint_eq(alloc(PAGE), FIRST + 15 * PAGE);
}
END_TEST

START_TEST(what_is_longer_than_the_space_does_not_fit)
{
	assert_full(16 * PAGE + 1);
	assert_full(UINT64_MAX);
	assert_full(UINT64_MAX - FIRST + 1);
	ck_assert_uint_eq(alloc(16 * PAGE), FIRST);
}
END_TEST

START_TEST(freeing_what_is_not_taken_changes_nothing)
{
	alloc(2 * PAGE);
	iova_free(&space, FIRST + PAGE);
	iova_free(&space, 0);
	ck_assert_uint_eq(alloc(PAGE), FIRST + 2 * PAGE);
	iova_free(&space, FIRST);
	iova_free(&space, FIRST);
	ck_assert_uint_eq(alloc(2 * PAGE), FIRST);
}
END_TEST

START_TEST(a_space_that_begins_between_two_pages_begins_at_the_next)
{
	iova_init(&space, FIRST + 1, FIRST + 2 * PAGE, PAGE);
	ck_assert_uint_eq(alloc(PAGE), FIRST + PAGE);
	assert_full(1);
}
END_TEST

START_TEST(nothing_wraps_around_at_the_highest_address)
{
	iova_init(&space, UINT64_MAX - 2 * PAGE + 1, UINT64_MAX, PAGE);
	ck_assert_uint_eq(alloc(PAGE), UINT64_MAX - 2 * PAGE + 1);
	assert_full(PAGE);
	ck_assert_uint_eq(alloc(PAGE - 1), UINT64_MAX - PAGE + 1);
	assert_full(1);
}
END_TEST

START_TEST(a_space_beyond_the_last_page_is_empty)
{
	iova_init(&space, UINT64_MAX - 1, UINT64_MAX, PAGE);
	assert_full(1);
}
END_TEST

START_TEST(without_memory_nothing_is_taken)
{
	iova_t iova = 7;

	no_memory = true;
	ck_assert_int_eq(iova_alloc(&space, PAGE, &iova), -ENOMEM);
	no_memory = false;
	ck_assert_uint_eq(iova, 7);
	ck_assert_uint_eq(alloc(PAGE), FIRST);
}
END_TEST

/* A page map as the model: each page is taken by one range or by none. */
static void check_random_step(bool *taken, iova_t *start, uint64_t *len, unsigned int i)
{
	uint64_t first;

	if (len[i]) {
		iova_free(&space, start[i]);
		first = (start[i] - FIRST) / PAGE;
		for (uint64_t page = first; page < first + len[i]; page++)
			taken[page] = false;
		len[i] = 0;
		return;
	}
	len[i] = 1 + (uint64_t)rand() % 7;
	if (iova_alloc(&space, len[i] * PAGE, &start[i]) < 0) {
		len[i] = 0;
		return;
	}
	ck_assert_uint_eq(start[i] % PAGE, 0);
	ck_assert_uint_ge(start[i], FIRST);
	ck_assert_uint_le(start[i] + len[i] * PAGE, FIRST + 256 * PAGE);
	first = (start[i] - FIRST) / PAGE;
	for (uint64_t page = first; page < first + len[i]; page++) {
		ck_assert(!taken[page]);
		taken[page] = true;
	}
}

START_TEST(no_two_ranges_overlap_whatever_the_order)
{
	bool taken[256] = { 0 };
	iova_t start[128];
	uint64_t len[128] = { 0 };

	iova_init(&space, FIRST, FIRST + 256 * PAGE, PAGE);
	srand(1);
	for (int i = 0; i < 20000; i++)
		check_random_step(taken, start, len, (unsigned int)rand() % 128);
}
END_TEST

static Suite *iova_suite(void)
{
	const TTest *const tests[] = {
		ranges_follow_each_other_aligned,
		the_lowest_gap_that_is_long_enough_is_taken,
		a_gap_at_the_front_is_used_again,
		a_full_space_says_so_until_something_is_freed,
		what_is_longer_than_the_space_does_not_fit,
		freeing_what_is_not_taken_changes_nothing,
		a_space_that_begins_between_two_pages_begins_at_the_next,
		nothing_wraps_around_at_the_highest_address,
		a_space_beyond_the_last_page_is_empty,
		without_memory_nothing_is_taken,
		no_two_ranges_overlap_whatever_the_order,
	};

	return SUITE_WITH("iova", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { iova_suite, NULL };
