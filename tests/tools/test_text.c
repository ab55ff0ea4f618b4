// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Names for blkio-bench's picture and JSON.
 */
#include "examples/bench/text.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

START_TEST(characters_stay_and_other_bytes_do_not)
{
	static const struct {
		const char *is, *becomes;
	} texts[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\xff"
		  "b",
		  "a?b" },
		{ "\x80x", "?x" },
		{ "cut \xe2\x82", "cut ??" },
		{ "\xc3(", "?(" },
		{ "\xc0\xaf", "??" },
		{ "\xe0\x80\xaf", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xef\xbf\xbf", "???" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xf8\x88\x80\x80\x80", "?????" },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(text, sizeof(text), "%s", texts[i].is);
		ck_assert_str_eq(text_clean(text), texts[i].becomes);
	}
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
	static const size_t len[] = { 0, 1, 1, 3, 3, 3, 6, 6 };

	for (size_t max = 0; max < sizeof(len) / sizeof(len[0]); max++) {
		char text[] = "a\xc3\xa4\xe2\x82\xac";

		ck_assert_uint_eq(text_cut(text, max), len[max]);
		ck_assert_uint_eq(strlen(text), len[max]);
	}
}
END_TEST

static Suite *text_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, characters_stay_and_other_bytes_do_not);
	tcase_add_test(tc, text_is_cut_between_characters);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { text_suite, NULL };
