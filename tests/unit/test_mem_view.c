// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/mem_view.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static struct mem_table table;
static struct mem_view view;
static bool no_memory;

void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return no_memory ? NULL : __real_reallocarray(old, n, size);
}

static void set_up(void)
{
	mem_table_init(&table);
	mem_view_init(&view, &table);
}

static void tear_down(void)
{
	mem_view_finish(&view);
	mem_table_finish(&table);
}

static uint64_t value_at(uintptr_t addr, size_t len)
{
	const struct mem_extent *x = mem_view_search(&view, addr, len);

	return x ? x->value : UINT64_MAX;
}

/* 100 extents of 10 bytes, 20 apart. */
static void make_view(void)
{
	mem_view_clear(&view);
	for (uintptr_t i = 0; i < 100; i++)
		ck_assert(mem_view_add(&view, 1000 + i * 20, 10, i));
	mem_view_commit(&view);
}

START_TEST(a_new_view_is_out_of_date)
{
	ck_assert(!mem_view_is_current(&view));
	mem_view_commit(&view);
	ck_assert(mem_view_is_current(&view));
}
END_TEST

START_TEST(a_change_of_the_table_makes_it_out_of_date)
{
	make_view();
	atomic_fetch_add(&table.generation, 1);
	ck_assert(!mem_view_is_current(&view));
	make_view();
	ck_assert(mem_view_is_current(&view));
}
END_TEST

START_TEST(an_extent_is_found_from_its_first_byte_to_its_last)
{
	make_view();
	for (uintptr_t i = 0; i < 100; i++) {
		uintptr_t addr = 1000 + i * 20;

		ck_assert_uint_eq(value_at(addr, 10), i);
		ck_assert_uint_eq(value_at(addr + 9, 1), i);
		ck_assert_uint_eq(value_at(addr, 0), i);
		ck_assert_uint_eq(value_at(addr, 11), UINT64_MAX);
		ck_assert_uint_eq(value_at(addr + 9, 2), UINT64_MAX);
		ck_assert_uint_eq(value_at(addr - 1, 5), UINT64_MAX);
		ck_assert_uint_eq(value_at(addr + 10, 1), UINT64_MAX);
		ck_assert_uint_eq(value_at(addr + 5, SIZE_MAX), UINT64_MAX);
	}
}
END_TEST

START_TEST(the_last_hit_is_kept)
{
	make_view();
	ck_assert(!mem_view_hit(&view, 1000, 1));
	ck_assert_uint_eq(value_at(1025, 2), 1);
	ck_assert(mem_view_hit(&view, 1020, 10));
	ck_assert_uint_eq(value_at(5, 1), UINT64_MAX);
	ck_assert(mem_view_hit(&view, 1020, 10));
	ck_assert(!mem_view_hit(&view, 1020, 11));
	ck_assert_uint_eq(view.last.value, 1);
}
END_TEST

START_TEST(a_new_copy_forgets_the_last_hit)
{
	make_view();
	ck_assert_uint_eq(value_at(1000, 10), 0);
	mem_view_clear(&view);
	mem_view_commit(&view);
	ck_assert(!mem_view_hit(&view, 1000, 10));
	ck_assert_uint_eq(value_at(1000, 10), UINT64_MAX);
}
END_TEST

START_TEST(an_extent_may_end_where_memory_does)
{
	ck_assert(mem_view_add(&view, UINTPTR_MAX - 9, 10, 7));
	ck_assert_uint_eq(value_at(UINTPTR_MAX, 1), 7);
	ck_assert_uint_eq(value_at(UINTPTR_MAX, 2), UINT64_MAX);
	ck_assert_uint_eq(value_at(0, 1), UINT64_MAX);
}
END_TEST

START_TEST(without_memory_what_is_there_stays)
{
	uintptr_t n;

	no_memory = true;
	ck_assert(!mem_view_add(&view, 0, 10, 0));
	no_memory = false;
	ck_assert(mem_view_add(&view, 0, 10, 0));
	no_memory = true;
	for (n = 1; mem_view_add(&view, n * 10, 10, n); n++)
		ck_assert_uint_lt(n, 1000);
	for (uintptr_t i = 0; i < n; i++)
		ck_assert_uint_eq(value_at(i * 10, 10), i);
	ck_assert_uint_eq(value_at(n * 10, 10), UINT64_MAX);
}
END_TEST

static Suite *view_suite(void)
{
	const TTest *const tests[] = {
		a_new_view_is_out_of_date,
		a_change_of_the_table_makes_it_out_of_date,
		an_extent_is_found_from_its_first_byte_to_its_last,
		the_last_hit_is_kept,
		a_new_copy_forgets_the_last_hit,
		an_extent_may_end_where_memory_does,
		without_memory_what_is_there_stays,
	};

	return SUITE_WITH("mem view", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { view_suite, NULL };
