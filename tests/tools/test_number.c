// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Numbers of the tools as people write and read them.
 */
#include "examples/common/number.h"

#include <string.h>

#include "tests/support/test.h"

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0 },
	{ "512", 512 },
	{ "512b", 512 },
	{ "4k", 4096 },
	{ "4K", 4096 },
	{ "4kb", 4096 },
	{ "4KiB", 4096 },
	{ "3m", 3 << 20 },
	{ "2GiB", 2ULL << 30 },
	{ "5t", 5ULL << 40 },
	{ "16383p", 16383ULL << 50 },
	{ "18446744073709551615", UINT64_MAX },
};

START_TEST(size_is_parsed)
{
	uint64_t bytes;

	ck_assert(number_parse_size(sizes[_i].text, &bytes));
	ck_assert_uint_eq(bytes, sizes[_i].bytes);
}
END_TEST

static const char *const no_sizes[] = {
	"",   "k",   "-1",  "+1",    " 1",     "1 ",  "0x10",
	"4x", "4ki", "4bb", "4kib ", "16384p", "4k4", "18446744073709551616"
};

START_TEST(what_is_no_size_is_refused)
{
	uint64_t bytes;

	ck_assert(!number_parse_size(no_sizes[_i], &bytes));
}
END_TEST

static const struct {
	const char *text;
	uint64_t ns;
} times[] = {
	{ "0", 0 },
	{ "10", 10000000000 },
	{ "7us", 7000 },
	{ "500ms", 500000000 },
	{ "3s", 3000000000 },
	{ "2m", 120000000000 },
	{ "1h", 3600000000000 },
};

START_TEST(time_is_parsed)
{
	uint64_t ns;

	ck_assert(number_parse_time(times[_i].text, &ns));
	ck_assert_uint_eq(ns, times[_i].ns);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
	static const char *const texts[] = { "", "soon", "1.5", "-1s", "1x", "18446744073710" };
	uint64_t ns;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert(!number_parse_time(texts[i], &ns));
}
END_TEST

START_TEST(plain_number_has_nothing_behind_it)
{
	uint64_t value;

	ck_assert(number_parse("17", &value));
	ck_assert_uint_eq(value, 17);
	ck_assert(!number_parse("17k", &value));
	ck_assert(!number_parse("", &value));
}
END_TEST

static const struct {
	const char *(*write)(char *text, double value);
	double value;
	const char *text;
} written[] = {
	{ number_size, 0, "0 B" },
	{ number_size, 512, "512 B" },
	{ number_size, 4096, "4 KiB" },
	{ number_size, 1536, "1.50 KiB" },
	{ number_size, 1023.9 * 1024, "1.00 MiB" },
	{ number_size, 100.4 * 1024 * 1024, "100 MiB" },
	{ number_size_decimal, 1732000000, "1.73 GB" },
	{ number_count, 7, "7" },
	{ number_count, 12345, "12.3 k" },
	{ number_count, 999999, "1.00 M" },
	{ number_time, 812, "812 ns" },
	{ number_time, 77340, "77.3 us" },
	{ number_time, 1204000, "1.20 ms" },
	{ number_time, 9.996e9, "10.0 s" },
};

START_TEST(number_is_written_with_three_digits)
{
	char text[NUMBER_TEXT_LEN];

	ck_assert_str_eq(written[_i].write(text, written[_i].value), written[_i].text);
}
END_TEST

START_TEST(clock_is_written_with_two_units)
{
	char text[NUMBER_TEXT_LEN];

	ck_assert_str_eq(number_clock(text, 5), "5s");
	ck_assert_str_eq(number_clock(text, 65), "1m 05s");
	ck_assert_str_eq(number_clock(text, 7384), "2h 03m");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *number_suite(void)
{
	Suite *suite = suite_create("number");
	TCase *tc = tcase_create("number");

	tcase_add_loop_test(tc, size_is_parsed, 0, COUNT(sizes));
	tcase_add_loop_test(tc, what_is_no_size_is_refused, 0, COUNT(no_sizes));
	tcase_add_loop_test(tc, time_is_parsed, 0, COUNT(times));
	tcase_add_test(tc, what_is_no_time_is_refused);
	tcase_add_test(tc, plain_number_has_nothing_behind_it);
	tcase_add_loop_test(tc, number_is_written_with_three_digits, 0, COUNT(written));
	tcase_add_test(tc, clock_is_written_with_two_units);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { number_suite, NULL };
