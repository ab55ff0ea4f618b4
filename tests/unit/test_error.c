// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/error.h"

#include <pthread.h>

#include "tests/unit/unit.h"

static void set_text(const char *text)
{
	ck_assert_int_eq(err_set(-EINVAL, "%s", text), -EINVAL);
}

START_TEST(the_message_is_empty_at_first)
{
	ck_assert_str_eq(blkio_get_error_msg(), "");
}
END_TEST

START_TEST(a_failure_returns_its_code_and_leaves_its_text)
{
	ck_assert_error(err_set(-EINVAL, "value %d of %s", 7, "this"), -EINVAL, "value 7 of this");
	ck_assert_str_eq(blkio_get_error_msg(), "value 7 of this");
}
END_TEST

START_TEST(a_later_failure_replaces_the_text)
{
	set_text("a first, longer text");
	set_text("the next");
	ck_assert_str_eq(blkio_get_error_msg(), "the next");
}
END_TEST

START_TEST(a_success_keeps_the_text)
{
	struct blkio *b = NULL;

	ck_assert_error(blkio_create("no such driver", &b), -ENOENT, "no such driver");
	ck_assert_str_ne(blkio_version(), "");
	blkio_destroy(&b);
	ck_assert(strstr(blkio_get_error_msg(), "no such driver"));
}
END_TEST

START_TEST(a_long_text_is_cut_after_255_bytes)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	set_text(text);
	ck_assert_uint_eq(strlen(blkio_get_error_msg()), 255);
	text[255] = '\0';
	ck_assert_str_eq(blkio_get_error_msg(), text);
}
END_TEST

START_TEST(a_failure_of_the_system_has_its_text_and_number)
{
	ck_assert_int_eq(err_os(-ENOENT, "cannot open '%s'", "x"), -ENOENT);
	ck_assert_str_eq(blkio_get_error_msg(),
			 "cannot open 'x': No such file or directory (os error 2)");
}
END_TEST

START_TEST(a_long_failure_of_the_system_still_tells_the_number)
{
	char text[400];

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_error(err_os(-EAGAIN, "%s", text), -EAGAIN, "(os error 11)");
}
END_TEST

START_TEST(an_errno_that_does_not_exist_is_told_too)
{
	ck_assert_error(err_os(-4000, "odd"), -4000, "odd: Unknown error 4000 (os error 4000)");
}
END_TEST

static void *fail_in_thread(void *first)
{
	strcpy(first, blkio_get_error_msg());
	set_text("text of the other thread");
	return NULL;
}

START_TEST(each_thread_has_a_message_of_its_own)
{
	char first[256] = "unset";
	const char *mine;
	pthread_t thread;

	set_text("text of this thread");
	mine = blkio_get_error_msg();
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_in_thread, first), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_str_eq(first, "");
	ck_assert_str_eq(mine, "text of this thread");
	ck_assert_ptr_eq(mine, blkio_get_error_msg());
}
END_TEST

static Suite *error_suite(void)
{
	const TTest *const tests[] = {
		the_message_is_empty_at_first,
		a_failure_returns_its_code_and_leaves_its_text,
		a_later_failure_replaces_the_text,
		a_success_keeps_the_text,
		a_long_text_is_cut_after_255_bytes,
		a_failure_of_the_system_has_its_text_and_number,
		a_long_failure_of_the_system_still_tells_the_number,
		an_errno_that_does_not_exist_is_told_too,
		each_thread_has_a_message_of_its_own,
	};

	return SUITE_OF("error", tests);
}

Suite *(*const test_suites[])(void) = { error_suite, NULL };
