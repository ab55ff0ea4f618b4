// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/util/utf8.h"

#include "tests/unit/unit.h"

static void assert_all(const char *const *texts, size_t n, bool valid)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(utf8_valid(texts[i]) == valid, "text %zu is %s", i,
			      valid ? "refused" : "accepted");
}

START_TEST(text_of_every_length_of_character_is_valid)
{
	static const char *const good[] = {
		"",
		"num-queues",
		"\x01\x7f",
		"\xc3\xa4",
		"\xe2\x82\xac",
		"a\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\xf0\x9f\x98\x80 and more",
	};

	assert_all(good, array_len(good), true);
}
END_TEST

START_TEST(the_first_and_last_character_of_each_length_are_valid)
{
	static const char *const good[] = {
		"\xc2\x80",     "\xdf\xbf",     "\xe0\xa0\x80",     "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};

	assert_all(good, array_len(good), true);
}
END_TEST

START_TEST(overlong_forms_are_refused)
{
	static const char *const bad[] = {
		"\xc0\x80",     "\xc1\xbf",         "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
	};

	assert_all(bad, array_len(bad), false);
}
END_TEST

START_TEST(surrogates_and_what_lies_over_10ffff_are_refused)
{
	static const char *const bad[] = {
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
	};

	assert_all(bad, array_len(bad), false);
}
END_TEST

START_TEST(a_character_that_is_cut_off_is_refused)
{
	static const char *const bad[] = {
		"\x80",         "\xbf",         "\xc3",      "\xe2\x82",
		"\xf0\x9f\x98", "\xc3 ",        "\xe2\x82z", "\xf0\x9f\x98!",
		"ok\xc3",       "\xe2\xc3\xa4", "\xf0\x9f",  "\xe2\x82\xac\x80",
	};

	assert_all(bad, array_len(bad), false);
}
END_TEST

static Suite *utf8_suite(void)
{
	const TTest *const tests[] = {
		text_of_every_length_of_character_is_valid,
		the_first_and_last_character_of_each_length_are_valid,
		overlong_forms_are_refused,
		surrogates_and_what_lies_over_10ffff_are_refused,
		a_character_that_is_cut_off_is_refused,
	};

	return SUITE_OF("utf8", tests);
}

Suite *(*const test_suites[])(void) = { utf8_suite, NULL };
