// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/property.h"

#include <limits.h>
#include <stdlib.h>

#include "tests/fakes/fake_driver.h"
#include "tests/unit/unit.h"

static struct fake *f;
static struct blkio *b;

static void set_up(void)
{
	f = fake_create();
	b = &f->b;
}

static void tear_down(void)
{
	fake_destroy(f);
}

static void to_state(enum blkio_state state)
{
	if (state >= BLKIO_CONNECTED)
		ck_assert_int_eq(blkio_connect(b), 0);
	if (state >= BLKIO_STARTED)
		ck_assert_int_eq(blkio_start(b), 0);
}

static void assert_text(const char *name, const char *expected)
{
	char *text;

	ck_assert_int_eq(blkio_get_str(b, name, &text), 0);
	ck_assert_str_eq(text, expected);
	free(text);
}

static void assert_int(const char *name, int expected)
{
	int value;

	ck_assert_int_eq(blkio_get_int(b, name, &value), 0);
	ck_assert_int_eq(value, expected);
}

/* ---- look-up, types, states: the errors and their order ---- */

START_TEST(an_unknown_name_is_enoent_whatever_the_accessor)
{
	static const char *const names[] = {
		"", "no-such", "AN-INT", "an_int", "an-int ", "an-in"
	};

	for (size_t i = 0; i < array_len(names); i++) {
		int value;
		char *text;

		ck_assert_error(blkio_get_int(b, names[i], &value), -ENOENT, "no property");
		ck_assert_error(blkio_get_str(b, names[i], &text), -ENOENT, "no property");
		ck_assert_error(blkio_set_bool(b, names[i], true), -ENOENT, "no property");
		ck_assert_error(blkio_set_str(b, names[i], "\xff"), -ENOENT, "no property");
	}
}
END_TEST

START_TEST(a_name_must_be_text)
{
	bool value;

	ck_assert_error(blkio_get_bool(b, NULL, &value), -EINVAL, "name must not be NULL");
	ck_assert_error(blkio_set_str(b, "a\xff", "x"), -EINVAL, "name is not valid UTF-8");
}
END_TEST

START_TEST(a_wrong_type_is_enotty_and_tells_both_types)
{
	bool flag;
	int number;
	uint64_t big;

	ck_assert_error(blkio_get_bool(b, "an-int", &flag), -ENOTTY, "type int, not bool");
	ck_assert_error(blkio_get_int(b, "a-uint64", &number), -ENOTTY, "type uint64, not int");
	ck_assert_error(blkio_get_uint64(b, "a-str", &big), -ENOTTY, "type str, not uint64");
	ck_assert_error(blkio_get_uint64(b, "a-bool", &big), -ENOTTY, "type bool, not uint64");
	ck_assert_error(blkio_set_bool(b, "an-int", true), -ENOTTY, "an-int");
	ck_assert_error(blkio_set_int(b, "a-uint64", 1), -ENOTTY, "a-uint64");
	ck_assert_error(blkio_set_uint64(b, "an-int", 1), -ENOTTY, "an-int");
}
END_TEST

START_TEST(the_type_is_checked_before_access_and_state)
{
	ck_assert_error(blkio_set_bool(b, "a-constant", true), -ENOTTY, "type int, not bool");
	ck_assert_error(blkio_set_bool(b, "an-int", true), -ENOTTY, "type int, not bool");
}
END_TEST

START_TEST(text_is_parsed_before_access_and_state)
{
	ck_assert_error(blkio_set_str(b, "capacity", "12x"), -EINVAL,
			"'12x' is not a valid uint64");
	ck_assert_error(blkio_set_str(b, "capacity", "12"), -EACCES, "capacity is read-only");
	ck_assert_error(blkio_set_str(b, "an-int", "ten"), -EINVAL, "'ten' is not a valid int");
	ck_assert_error(blkio_set_str(b, "an-int", "10"), -ENODEV, "must be connected");
	ck_assert_error(blkio_set_str(b, "a-str", NULL), -EINVAL, "must not be NULL");
	ck_assert_error(blkio_set_str(b, "a-str", "\xff"), -EINVAL, "value is not valid UTF-8");
}
END_TEST

START_TEST(a_constant_is_eacces_in_every_state)
{
	for (enum blkio_state s = BLKIO_CREATED; s <= BLKIO_STARTED; s++) {
		to_state(s);
		ck_assert_error(blkio_set_int(b, "a-constant", 1), -EACCES,
				"a-constant is read-only");
		assert_int("a-constant", -42);
	}
}
END_TEST

START_TEST(a_row_may_have_an_errno_of_its_own_for_being_read_only)
{
	ck_assert_error(blkio_set_int(b, "a-stranger", -1), -ENOENT, "a-stranger is read-only");
	ck_assert_error(blkio_set_str(b, "a-stranger", "x"), -EINVAL, "'x' is not a valid int");
	assert_int("a-stranger", -1);
}
END_TEST

START_TEST(the_state_is_checked_before_the_value)
{
	ck_assert_error(blkio_set_int(b, "an-int", -1), -ENODEV, "must be connected");
	ck_assert_error(blkio_set_int(b, "num-queues", -1), -ENODEV, "must be connected");
	to_state(BLKIO_CONNECTED);
	ck_assert_error(blkio_set_int(b, "an-int", -1), -EINVAL, "greater than 0, not -1");
	ck_assert_error(blkio_set_int(b, "num-queues", -1), -EINVAL, "not be negative, not -1");
	to_state(BLKIO_STARTED);
	ck_assert_error(blkio_set_int(b, "an-int", -1), -EBUSY, "once the device is started");
}
END_TEST

START_TEST(what_can_be_set_until_connect_is_ebusy_after_it)
{
	ck_assert_int_eq(blkio_set_bool(b, "a-bool", false), 0);
	to_state(BLKIO_CONNECTED);
	ck_assert_error(blkio_set_bool(b, "a-bool", true), -EBUSY, "once the device is connected");
	ck_assert_error(blkio_set_str(b, "a-str", "x"), -EBUSY, "a-str");
	assert_text("a-bool", "false");
}
END_TEST

START_TEST(what_can_be_read_from_connect_on_is_enodev_before)
{
	int value = 17;

	ck_assert_error(blkio_get_int(b, "a-late-int", &value), -ENODEV,
			"before property a-late-int");
	ck_assert_int_eq(blkio_set_int(b, "a-late-int", 3), 0);
	to_state(BLKIO_CONNECTED);
	assert_int("a-late-int", 3);
	to_state(BLKIO_STARTED);
	ck_assert_int_eq(blkio_set_int(b, "a-late-int", 0), 0);
	assert_int("a-late-int", 0);
}
END_TEST

START_TEST(a_refused_value_changes_nothing)
{
	to_state(BLKIO_CONNECTED);
	ck_assert_error(blkio_set_int(b, "an-int", 0), -EINVAL, "greater than 0");
	ck_assert_error(blkio_set_str(b, "an-int", "6x"), -EINVAL, "'6x'");
	assert_int("an-int", 5);
}
END_TEST

START_TEST(a_failing_get_still_writes_the_output)
{
	bool flag = true;
	int number = 7;
	uint64_t big = 7;
	char *text = (char *)"x";

	ck_assert_int_eq(blkio_get_bool(b, "no-such", &flag), -ENOENT);
	ck_assert_int_eq(blkio_get_int(b, "a-bool", &number), -ENOTTY);
	ck_assert_int_eq(blkio_get_uint64(b, "capacity", &big), -ENODEV);
	ck_assert_int_eq(blkio_get_str(b, "capacity", &text), -ENODEV);
	ck_assert(!flag);
	ck_assert_int_eq(number, 0);
	ck_assert_uint_eq(big, 0);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(a_value_that_cannot_be_computed_is_not_handed_out)
{
	int number = 7;
	uint64_t big = 7;
	char *text = (char *)"x";

	ck_assert_error(blkio_get_int(b, "failing", &number), -EIO, "the fake cannot tell");
	ck_assert_int_eq(number, 0);
	ck_assert_error(blkio_get_str(b, "failing", &text), -EIO, "the fake cannot tell");
	ck_assert_ptr_null(text);
	to_state(BLKIO_CONNECTED);
	f->capacity_ret = -EIO;
	ck_assert_error(blkio_get_uint64(b, "capacity", &big), -EIO, "the fake has no size");
	ck_assert_uint_eq(big, 0);
}
END_TEST

/* ---- text ---- */

START_TEST(every_type_can_be_read_as_text)
{
	assert_text("driver", "fake");
	assert_text("a-bool", "true");
	assert_text("read-only", "false");
	assert_text("a-constant", "-42");
	assert_text("a-uint64", "18446744073709551615");
	assert_text("a-str", "");
	to_state(BLKIO_CONNECTED);
	assert_text("capacity", "12345");
}
END_TEST

START_TEST(a_bool_is_true_or_false_and_nothing_else)
{
	static const char *const bad[] = { "",      "1",     "0",     "yes", "True",
					   "FALSE", "true ", " true", "t" };

	for (size_t i = 0; i < array_len(bad); i++)
		ck_assert_error(blkio_set_str(b, "a-bool", bad[i]), -EINVAL, "is not a valid bool");
	ck_assert_int_eq(blkio_set_str(b, "a-bool", "false"), 0);
	assert_text("a-bool", "false");
	ck_assert_int_eq(blkio_set_str(b, "a-bool", "true"), 0);
	assert_text("a-bool", "true");
}
END_TEST

START_TEST(an_int_is_decimal_and_in_range)
{
	static const char *const bad[] = {
		"",
		"+",
		"-",
		" 12",
		"12 ",
		"0x1",
		"2.0",
		"1e3",
		"--1",
		"+-1",
		"1-",
		"2147483648",
		"-2147483649",
		"99999999999999999999",
		"18446744073709551617",
	};
	static const struct {
		const char *text;
		int value;
	} good[] = {
		{ "1", 1 },
		{ "+12", 12 },
		{ "007", 7 },
		{ "2147483647", INT_MAX },
		{ "+2147483647", INT_MAX },
		{ "0000000000000000000000009", 9 },
	};

	to_state(BLKIO_CONNECTED);
	for (size_t i = 0; i < array_len(bad); i++)
		ck_assert_error(blkio_set_str(b, "an-int", bad[i]), -EINVAL, "is not a valid int");
	for (size_t i = 0; i < array_len(good); i++) {
		ck_assert_int_eq(blkio_set_str(b, "an-int", good[i].text), 0);
		assert_int("an-int", good[i].value);
	}
}
END_TEST

START_TEST(the_least_int_parses_and_is_then_refused_by_the_check)
{
	to_state(BLKIO_CONNECTED);
	ck_assert_error(blkio_set_str(b, "an-int", "-2147483648"), -EINVAL, "not -2147483648");
	ck_assert_error(blkio_set_str(b, "an-int", "-0"), -EINVAL, "greater than 0, not 0");
}
END_TEST

START_TEST(a_uint64_is_decimal_and_in_range)
{
	static const char *const bad[] = {
		"",
		"+",
		"-1",
		"-0",
		"++1",
		" 1",
		"0x10",
		"18446744073709551616",
		"28446744073709551615",
		"184467440737095516150",
	};
	uint64_t value;

	for (size_t i = 0; i < array_len(bad); i++)
		ck_assert_error(blkio_set_str(b, "a-uint64", bad[i]), -EINVAL,
				"not a valid uint64");
	ck_assert_int_eq(blkio_set_str(b, "a-uint64", "+18446744073709551615"), 0);
	ck_assert_int_eq(blkio_get_uint64(b, "a-uint64", &value), 0);
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert_int_eq(blkio_set_str(b, "a-uint64", "0"), 0);
	assert_text("a-uint64", "0");
}
END_TEST

START_TEST(a_str_is_copied)
{
	char text[] = "first";

	ck_assert_int_eq(blkio_set_str(b, "a-str", text), 0);
	text[0] = 'F';
	assert_text("a-str", "first");
	ck_assert_int_eq(blkio_set_str(b, "a-str", "second \xe2\x82\xac"), 0);
	assert_text("a-str", "second \xe2\x82\xac");
	ck_assert_int_eq(blkio_set_str(b, "a-str", ""), 0);
	assert_text("a-str", "");
}
END_TEST

START_TEST(a_long_value_is_cut_in_the_message)
{
	char text[1000];

	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_error(blkio_set_str(b, "a-bool", text), -EINVAL, "z' is not a valid bool");
}
END_TEST

/* ---- rows ---- */

START_TEST(properties_have_their_defaults)
{
	uint64_t big;

	assert_int("an-int", 5);
	assert_int("num-queues", 1);
	assert_int("num-poll-queues", 0);
	assert_text("a-bool", "true");
	ck_assert_int_eq(blkio_get_uint64(b, "a-uint64", &big), 0);
	ck_assert_uint_eq(big, UINT64_MAX);
}
END_TEST

START_TEST(a_row_of_the_driver_replaces_the_common_one)
{
	bool value = true;

	b->limits.can_grow = false;
	to_state(BLKIO_CONNECTED);
	ck_assert_error(blkio_get_bool(b, "can-grow", &value), -ENODEV, "can-grow");
	to_state(BLKIO_STARTED);
	ck_assert_int_eq(blkio_get_bool(b, "can-grow", &value), 0);
	ck_assert(value);
}
END_TEST

START_TEST(limits_are_read_where_the_driver_puts_them)
{
	to_state(BLKIO_CONNECTED);
	b->limits.max_segments = 77;
	b->limits.max_discard_len = UINT64_MAX - 1;
	b->limits.flush_needed = true;
	assert_int("max-segments", 77);
	assert_text("max-discard-len", "18446744073709551614");
	assert_text("flush-needed", "true");
}
END_TEST

START_TEST(enumeration_has_each_property_once)
{
	struct blkio_prop_info infos[100];
	int n = 0;

	while (blkio_get_prop_info("fake", n, &infos[n]) == 0)
		ck_assert_int_lt(++n, 100);
	ck_assert_error(blkio_get_prop_info("fake", n, &infos[n]), -ENOENT, "no property number");
	for (int i = 0; i < n; i++) {
		char *text = NULL;
		int ret = blkio_get_str(b, infos[i].name, &text);

		ck_assert(ret == 0 || ret == -ENODEV || ret == -EIO);
		free(text);
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(infos[i].name, infos[k].name);
	}
	ck_assert_str_eq(infos[0].name, "a-bool");
	ck_assert_int_gt(n, 30);
}
END_TEST

static struct blkio_prop_info info_of(const char *name)
{
	struct blkio_prop_info info;

	for (int i = 0; blkio_get_prop_info("fake", i, &info) == 0; i++) {
		if (strcmp(info.name, name) == 0)
			return info;
	}
	ck_abort_msg("property %s is not enumerated", name);
}

START_TEST(enumeration_tells_when_a_property_can_be_read_and_set)
{
	const uint32_t created = BLKIO_STATE_CREATED, connected = BLKIO_STATE_CONNECTED;
	const uint32_t started = BLKIO_STATE_STARTED;

	ck_assert_uint_eq(info_of("a-bool").readable, created | connected | started);
	ck_assert_uint_eq(info_of("a-bool").writable, created);
	ck_assert_uint_eq(info_of("an-int").writable, connected);
	ck_assert_uint_eq(info_of("a-late-int").readable, connected | started);
	ck_assert_uint_eq(info_of("a-late-int").writable, created | connected | started);
	ck_assert_uint_eq(info_of("a-constant").writable, 0);
	ck_assert_uint_eq(info_of("can-grow").readable, started);
	ck_assert_str_eq(info_of("can-grow").summary, "in place of the common one");
	ck_assert_int_eq(info_of("a-uint64").type, BLKIO_PROP_UINT64);
}
END_TEST

START_TEST(enumeration_refuses_what_makes_no_sense)
{
	struct blkio_prop_info info;

	ck_assert_error(blkio_get_prop_info(NULL, 0, &info), -EINVAL, "must not be NULL");
	ck_assert_error(blkio_get_prop_info("fake", -1, &info), -EINVAL, "not negative");
	ck_assert_error(blkio_get_prop_info("fake", 0, NULL), -EINVAL, "must not be NULL");
	ck_assert_error(blkio_get_prop_info("none", 0, &info), -ENOENT,
			"no driver is called 'none'");
	ck_assert_error(blkio_get_prop_info("fake", INT_MAX, &info), -ENOENT, "2147483647");
}
END_TEST

static Suite *property_suite(void)
{
	const TTest *const tests[] = {
		an_unknown_name_is_enoent_whatever_the_accessor,
		a_name_must_be_text,
		a_wrong_type_is_enotty_and_tells_both_types,
		the_type_is_checked_before_access_and_state,
		text_is_parsed_before_access_and_state,
		a_constant_is_eacces_in_every_state,
		a_row_may_have_an_errno_of_its_own_for_being_read_only,
		the_state_is_checked_before_the_value,
		what_can_be_set_until_connect_is_ebusy_after_it,
		what_can_be_read_from_connect_on_is_enodev_before,
		a_refused_value_changes_nothing,
		a_failing_get_still_writes_the_output,
		a_value_that_cannot_be_computed_is_not_handed_out,
		every_type_can_be_read_as_text,
		a_bool_is_true_or_false_and_nothing_else,
		an_int_is_decimal_and_in_range,
		the_least_int_parses_and_is_then_refused_by_the_check,
		a_uint64_is_decimal_and_in_range,
		a_str_is_copied,
		a_long_value_is_cut_in_the_message,
		properties_have_their_defaults,
		a_row_of_the_driver_replaces_the_common_one,
		limits_are_read_where_the_driver_puts_them,
		enumeration_has_each_property_once,
		enumeration_tells_when_a_property_can_be_read_and_set,
		enumeration_refuses_what_makes_no_sense,
	};

	return SUITE_WITH("property", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { property_suite, NULL };
