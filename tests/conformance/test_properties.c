// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The property calls: names, types, states, text forms, and the order of their errors.
 */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"

enum type {
	BOOL,
	INT,
	U64,
	STR
};

/* The states in which a property can be set. */
enum when {
	NEVER,
	CREATED,
	CONNECTED
};

enum {
	KIND_ALL_BUT_REFERENCE = 1 << 8
};

/* A property, as COMPAT lists it. */
struct row {
	const char *name;
	enum type type;
	int kinds; /* drivers that have it */
	enum when set_in;
	bool late;         /* cannot be read before connect */
	const char *early; /* the text before anything is set, where it is the same for all */
};

/* In 1.5 only one driver has them. */
#define ZONES (KIND_NVME | KIND_ALL_BUT_REFERENCE)

static const struct row rows[] = {
	{ "driver", STR, KIND_ALL, NEVER, false, NULL },
	{ "path", STR, KIND_ALL, CREATED, false, "" },
	{ "fd", INT, KIND_ALL, CREATED, false, "-1" },
	{ "read-only", BOOL, KIND_ALL, CREATED, false, "false" },
	{ "direct", BOOL, KIND_URING, CREATED, false, "false" },
	{ "can-add-queues", BOOL, KIND_ALL, NEVER, false, NULL },
	{ "can-grow", BOOL, KIND_ALL, NEVER, false, "false" },
	{ "supports-poll-queues", BOOL, KIND_ALL, NEVER, false, NULL },
	{ "supports-fua-natively", BOOL, KIND_ALL, NEVER, false, NULL },
	{ "flush-needed", BOOL, KIND_ALL, NEVER, false, "true" },
	{ "needs-mem-regions", BOOL, KIND_ALL, NEVER, false, NULL },
	{ "needs-mem-region-fd", BOOL, KIND_ALL, NEVER, false, NULL },
	{ "may-pin-mem-regions", BOOL, KIND_ALL, NEVER, false, NULL },
	{ "max-queues", INT, KIND_URING | KIND_NVME, NEVER, false, "2147483647" },
	{ "max-queues", INT, KIND_VIRTIO, NEVER, true, NULL },
	{ "max-mem-regions", U64, KIND_URING | KIND_NVME, NEVER, false, "18446744073709551615" },
	{ "max-mem-regions", U64, KIND_VIRTIO, NEVER, true, NULL },
	{ "num-queues", INT, KIND_ALL, CONNECTED, false, "1" },
	{ "num-poll-queues", INT, KIND_ALL, CONNECTED, false, "0" },
	{ "num-entries", INT, KIND_URING | KIND_NVME, CONNECTED, false, "128" },
	{ "queue-size", INT, KIND_VIRTIO, CONNECTED, false, "256" },
	{ "max-queue-size", INT, KIND_VIRTIO, NEVER, true, NULL },
	{ "capacity", U64, KIND_ALL, NEVER, true, NULL },
	{ "request-alignment", INT, KIND_ALL, NEVER, true, NULL },
	{ "buf-alignment", INT, KIND_ALL, NEVER, true, NULL },
	{ "mem-region-alignment", U64, KIND_ALL, NEVER, true, NULL },
	{ "optimal-buf-alignment", INT, KIND_ALL, NEVER, true, NULL },
	{ "optimal-io-alignment", INT, KIND_ALL, NEVER, true, NULL },
	{ "optimal-io-size", INT, KIND_ALL, NEVER, true, NULL },
	{ "max-segments", INT, KIND_ALL, NEVER, true, NULL },
	{ "max-segment-len", INT, KIND_ALL, NEVER, true, NULL },
	{ "max-transfer", INT, KIND_ALL, NEVER, true, NULL },
	{ "max-write-zeroes-len", U64, KIND_ALL, NEVER, true, NULL },
	{ "max-discard-len", U64, KIND_ALL, NEVER, true, NULL },
	{ "discard-alignment", INT, KIND_ALL, NEVER, true, NULL },
	{ "discard-alignment-offset", INT, KIND_ALL, NEVER, true, NULL },
	{ "zoned", INT, ZONES, NEVER, false, "0" },
	{ "max-active-zones", INT, ZONES, NEVER, false, "0" },
	{ "max-open-zones", INT, ZONES, NEVER, false, "0" },
	{ "zone-size", U64, ZONES, NEVER, false, "0" },
	{ "nr-zones", U64, ZONES, NEVER, false, "0" },
	{ "zone-append-max-bytes", U64, ZONES, NEVER, false, "0" },
	{ "append-support", BOOL, ZONES, NEVER, false, "false" },
};

static const size_t num_rows = sizeof(rows) / sizeof(rows[0]);

static void fail_row(int line, const struct row *row, const char *what, int got, int want)
{
	test_fail(__FILE__, line, "%s: %s: got %d, wanted %d (\"%s\")", row->name, what, got, want,
		  blkio_get_error_msg());
}

static bool applies(const struct row *row)
{
	if (row->kinds & KIND_ALL_BUT_REFERENCE && !options.reference)
		return true;
	return row->kinds & (int)traits->kind;
}

static struct blkio *fresh(void)
{
	struct blkio *b;

	EXPECT_INT(blkio_create(options.driver, &b), 0);
	return b;
}

/* Whether the 1.5.0 virtio drivers make up a value before connect. */
static bool made_up_by_reference(const struct row *row)
{
	return options.reference && traits->kind == KIND_VIRTIO && row->late &&
	       strcmp(row->name, "capacity") != 0 && strcmp(row->name, "max-queues") != 0 &&
	       strcmp(row->name, "max-mem-regions") != 0;
}

TEST(properties_have_their_first_value_or_are_enodev_before_connect)
{
	struct blkio *b = fresh();

	for (const struct row *row = rows; row < rows + num_rows; row++) {
		int want = row->late ? -ENODEV : 0;
		char *text;
		int ret;

		if (!applies(row) || made_up_by_reference(row))
			continue;
		ret = blkio_get_str(b, row->name, &text);
		if (ret != want)
			fail_row(__LINE__, row, "get before connect", ret, want);
		if (row->early)
			EXPECT_STR(text, row->early);
		free(text);
	}
	blkio_destroy(&b);
}

static void expect_all_readable(struct blkio *b)
{
	for (const struct row *row = rows; row < rows + num_rows; row++) {
		char *text;
		int ret;

		if (!applies(row))
			continue;
		ret = blkio_get_str(b, row->name, &text);
		if (ret != 0)
			fail_row(__LINE__, row, "get", ret, 0);
		free(text);
	}
}

TEST(all_properties_can_be_read_once_connected)
{
	struct blkio *b = instance_connected();

	expect_all_readable(b);
	EXPECT_INT(blkio_start(b), 0);
	expect_all_readable(b);
	blkio_destroy(&b);
}

TEST(properties_of_other_drivers_are_enoent)
{
	struct blkio *b = fresh();
	char *text;

	for (const struct row *row = rows; row < rows + num_rows; row++) {
		bool elsewhere = false;

		for (const struct row *r = rows; r < rows + num_rows; r++)
			elsewhere |= applies(r) && strcmp(r->name, row->name) == 0;
		if (elsewhere)
			continue;
		EXPECT_ERROR(blkio_get_str(b, row->name, &text), -ENOENT);
		EXPECT(text == NULL);
		EXPECT_ERROR(blkio_set_str(b, row->name, "1"), -ENOENT);
	}
	blkio_destroy(&b);
}

/* -ENOTTY, and the output is cleared. */
static void expect_wrong_type(struct blkio *b, const struct row *row, enum type type)
{
	bool is_bool = true;
	int n = 7, ret;
	uint64_t u = 7;

	if (type == BOOL)
		ret = blkio_get_bool(b, row->name, &is_bool);
	else if (type == INT)
		ret = blkio_get_int(b, row->name, &n);
	else
		ret = blkio_get_uint64(b, row->name, &u);
	if (ret != -ENOTTY)
		fail_row(__LINE__, row, "get as another type", ret, -ENOTTY);
	EXPECT(type != BOOL || !is_bool);
	EXPECT(type != INT || n == 0);
	EXPECT(type != U64 || u == 0);
}

static int set_as(struct blkio *b, const char *name, enum type type)
{
	if (type == BOOL)
		return blkio_set_bool(b, name, true);
	return type == INT ? blkio_set_int(b, name, 1) : blkio_set_uint64(b, name, 1);
}

TEST(types_are_as_documented_and_nothing_is_converted)
{
	struct blkio *b = fresh();

	for (const struct row *row = rows; row < rows + num_rows; row++) {
		if (!applies(row))
			continue;
		for (enum type type = BOOL; type <= U64; type++) {
			if (type == row->type)
				continue;
			expect_wrong_type(b, row, type);
			if (set_as(b, row->name, type) != -ENOTTY)
				fail_row(__LINE__, row, "set as another type", type, -ENOTTY);
		}
	}
	blkio_destroy(&b);
}

static const char *sample(const struct row *row)
{
	if (row->type == BOOL)
		return "false";
	return strcmp(row->name, depth_property()) == 0 ? "64" : "1";
}

static void expect_set_in_state(struct blkio *b, enum when now)
{
	for (const struct row *row = rows; row < rows + num_rows; row++) {
		int want = now < row->set_in ? -ENODEV : now > row->set_in ? -EBUSY : 0;
		int ret;

		if (!applies(row) || strcmp(row->name, "fd") == 0)
			continue;
		if (row->set_in == NEVER)
			want = -EACCES;
		if (want == 0 && (row->type == STR || strcmp(row->name, "num-poll-queues") == 0))
			continue; /* would keep us from connecting or starting */
		ret = blkio_set_str(b, row->name, sample(row));
		if (ret != want)
			fail_row(__LINE__, row, "set", ret, want);
	}
}

TEST(properties_can_be_set_in_their_state_only)
{
	struct blkio *b = fresh();

	expect_set_in_state(b, CREATED);
	blkio_destroy(&b);
	b = instance_connected();
	expect_set_in_state(b, CONNECTED);
	EXPECT_INT(blkio_start(b), 0);
	expect_set_in_state(b, CONNECTED + 1);
	if (traits->has_user_fd)
		EXPECT_ERROR(blkio_set_int(b, "fd", -1), -EBUSY);
	blkio_destroy(&b);
}

TEST(names_match_exactly)
{
	static const char *const wrong[] = {
		"",          "num_queues", "NUM-QUEUES", "num-queues ", " num-queues",
		"num-queue", "num-queuess"
	};
	struct blkio *b = fresh();
	int n = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		n = 7;
		EXPECT_ERROR(blkio_get_int(b, wrong[i], &n), -ENOENT);
		EXPECT_INT(n, 0);
		EXPECT_ERROR(blkio_set_int(b, wrong[i], 1), -ENOENT);
	}
	blkio_destroy(&b);
}

TEST(names_and_values_that_are_not_utf8_are_einval)
{
	struct blkio *b = fresh();
	char *text;
	bool value;

	EXPECT_ERROR(blkio_get_bool(b, "\xc3\x28", &value), -EINVAL);
	EXPECT_ERROR(blkio_get_str(b, "path\xff", &text), -EINVAL);
	EXPECT_ERROR(blkio_set_int(b, "\xed\xa0\x80", 1), -EINVAL);
	EXPECT_ERROR(blkio_set_str(b, "path", "/tmp/\xfe"), -EINVAL);
	EXPECT_INT(blkio_set_str(b, "path", "/tmp/\xc3\xa4\xe2\x82\xac"), 0);
	blkio_destroy(&b);
}

TEST(failed_gets_clear_the_output)
{
	struct blkio *b = fresh();
	bool value = true;
	int n = 7;
	uint64_t u = 7;
	char *text = (char *)&text;

	EXPECT_ERROR(blkio_get_bool(b, "nothing", &value), -ENOENT);
	EXPECT(!value);
	EXPECT_ERROR(blkio_get_int(b, "nothing", &n), -ENOENT);
	EXPECT_INT(n, 0);
	EXPECT_ERROR(blkio_get_uint64(b, "capacity", &u), -ENODEV);
	EXPECT_U64(u, 0);
	EXPECT_ERROR(blkio_get_str(b, "capacity", &text), -ENODEV);
	EXPECT(text == NULL);
	blkio_destroy(&b);
}

TEST(errors_come_in_the_order_name_type_text_access)
{
	struct blkio *b = fresh();

	EXPECT_ERROR(blkio_set_bool(b, "nothing", true), -ENOENT);
	EXPECT_ERROR(blkio_set_bool(b, "capacity", true), -ENOTTY);
	EXPECT_ERROR(blkio_set_str(b, "capacity", "12x"), -EINVAL);
	EXPECT_ERROR(blkio_set_str(b, "capacity", "12"), -EACCES);
	EXPECT_ERROR(blkio_set_uint64(b, "capacity", 12), -EACCES);
	EXPECT_ERROR(blkio_set_str(b, "num-queues", "x"), -EINVAL);
	EXPECT_ERROR(blkio_set_int(b, "num-queues", -1), -ENODEV);
	EXPECT_ERROR(blkio_set_bool(b, "num-queues", true), -ENOTTY);
	blkio_destroy(&b);
	b = instance_started();
	EXPECT_ERROR(blkio_set_int(b, "num-queues", -1), -EBUSY);
	EXPECT_ERROR(blkio_set_str(b, "num-queues", "x"), -EINVAL);
	EXPECT_ERROR(blkio_set_bool(b, "read-only", true), -EBUSY);
	blkio_destroy(&b);
}

static void expect_text(struct blkio *b, const char *name, const char *want)
{
	char *text;

	EXPECT_INT(blkio_get_str(b, name, &text), 0);
	EXPECT_STR(text, want);
	free(text);
}

TEST(every_type_can_be_read_as_text)
{
	struct blkio *b = instance_connected();
	char want[32];

	expect_text(b, "driver", options.driver);
	expect_text(b, "can-grow", traits->can_grow ? "true" : "false");
	expect_text(b, "num-poll-queues", "0");
	snprintf(want, sizeof(want), "%llu", (unsigned long long)traits->capacity);
	expect_text(b, "capacity", want);
	blkio_destroy(&b);
}

TEST(bools_are_parsed_from_true_and_false_only)
{
	static const char *const wrong[] = {
		"", "True", "TRUE", "1", "0", "yes", "true ", " true"
	};
	struct blkio *b = fresh();

	EXPECT_INT(blkio_set_str(b, "read-only", "true"), 0);
	EXPECT(get_bool(b, "read-only"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_ERROR(blkio_set_str(b, "read-only", wrong[i]), -EINVAL);
	EXPECT(get_bool(b, "read-only"));
	EXPECT_INT(blkio_set_str(b, "read-only", "false"), 0);
	EXPECT(!get_bool(b, "read-only"));
	blkio_destroy(&b);
}

TEST(ints_are_parsed_as_decimal_with_an_optional_sign)
{
	static const char *const wrong[] = { "",           " 12",         "12 ",
					     "0x1",        "2.0",         "12x",
					     "+",          "-",           "--1",
					     "2147483648", "-2147483649", "99999999999999999999" };
	struct blkio *b = instance_connected();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_ERROR(blkio_set_str(b, "num-queues", wrong[i]), -EINVAL);
	EXPECT_INT(blkio_set_str(b, "num-queues", "+12"), 0);
	EXPECT_INT(get_int(b, "num-queues"), 12);
	EXPECT_INT(blkio_set_str(b, "num-queues", "007"), 0);
	EXPECT_INT(get_int(b, "num-queues"), 7);
	EXPECT_INT(blkio_set_str(b, "num-queues", "2147483647"), 0);
	EXPECT_ERROR(blkio_set_str(b, "num-queues", "-1"), -EINVAL);
	blkio_destroy(&b);
	if (!traits->has_user_fd)
		return;
	b = fresh();
	EXPECT_INT(blkio_set_str(b, "fd", "-2147483648"), 0);
	EXPECT_INT(get_int(b, "fd"), -2147483647 - 1);
	blkio_destroy(&b);
}

TEST(uint64_texts_are_parsed_before_access_is_checked)
{
	struct blkio *b = fresh();

	EXPECT_ERROR(blkio_set_str(b, "capacity", "18446744073709551615"), -EACCES);
	EXPECT_ERROR(blkio_set_str(b, "capacity", "+1"), -EACCES);
	EXPECT_ERROR(blkio_set_str(b, "capacity", "18446744073709551616"), -EINVAL);
	EXPECT_ERROR(blkio_set_str(b, "capacity", "-1"), -EINVAL);
	EXPECT_ERROR(blkio_set_str(b, "capacity", ""), -EINVAL);
	blkio_destroy(&b);
}

TEST(numbers_of_queues_must_not_be_negative)
{
	static const char *const names[] = { "num-queues", "num-poll-queues" };
	struct blkio *b = instance_connected();

	for (int i = 0; i < 2; i++) {
		EXPECT_ERROR(blkio_set_int(b, names[i], -1), -EINVAL);
		EXPECT_INT(blkio_set_int(b, names[i], 0), 0);
		EXPECT_INT(get_int(b, names[i]), 0);
		EXPECT_INT(blkio_set_int(b, names[i], 2147483647), 0);
		EXPECT_INT(get_int(b, names[i]), 2147483647);
	}
	blkio_destroy(&b);
}

TEST(the_depth_of_queues_is_checked)
{
	static const int bad_sizes[] = { 3, 100, 32769, 65536 };
	struct blkio *b = instance_connected();
	const char *name = depth_property();

	EXPECT_ERROR(blkio_set_int(b, name, 0), -EINVAL);
	EXPECT_ERROR(blkio_set_int(b, name, -1), -EINVAL);
	for (int i = 0; i < 4; i++) {
		int want = traits->kind == KIND_VIRTIO ? -EINVAL : 0;

		EXPECT_INT(blkio_set_int(b, name, bad_sizes[i]), want);
	}
	EXPECT_INT(blkio_set_int(b, name, 16), 0);
	EXPECT_INT(get_int(b, name), 16);
	EXPECT_INT(blkio_start(b), 0);
	blkio_destroy(&b);
}

TEST(a_depth_that_is_no_power_of_two_works_with_io_uring)
{
	struct blkio *b = instance_connected();

	if (traits->kind == KIND_VIRTIO)
		SKIP("virtqueues are a power of two");
	EXPECT_INT(blkio_set_int(b, "num-entries", 3), 0);
	EXPECT_INT(blkio_start(b), 0);
	blkio_destroy(&b);
	b = instance_connected();
	EXPECT_INT(blkio_set_int(b, "num-entries", 32769), 0);
	EXPECT_ERROR(blkio_start(b), -EINVAL);
	blkio_destroy(&b);
}

TEST(additions_can_be_set_between_connect_and_start)
{
	static const char *const names[] = { "single-issuer", "sqpoll", "pin-mem-regions" };
	struct blkio *b = fresh();
	bool value;

	if (blkio_get_bool(b, "single-issuer", &value) == -ENOENT)
		SKIP("this driver has none of them");
	EXPECT_ERROR(blkio_set_int(b, "sqpoll-cpu", -1), -ENODEV);
	EXPECT_INT(get_int(b, "sqpoll-cpu"), -1);
	EXPECT_INT(get_int(b, "sqpoll-idle-ms"), 1000);
	if (blkio_get_bool(b, "register-mem-regions", &value) == 0) {
		EXPECT(value);
		EXPECT_ERROR(blkio_set_bool(b, "register-mem-regions", false), -ENODEV);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT(!get_bool(b, names[i]));
		EXPECT_ERROR(blkio_set_bool(b, names[i], true), -ENODEV);
	}
	blkio_destroy(&b);
	b = instance_connected();
	for (int i = 0; i < 3; i++)
		EXPECT_INT(blkio_set_bool(b, names[i], get_bool(b, names[i])), 0);
	EXPECT_INT(blkio_start(b), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_ERROR(blkio_set_bool(b, names[i], true), -EBUSY);
	blkio_destroy(&b);
}

TEST(may_pin_mem_regions_follows_pin_mem_regions)
{
	struct blkio *b = instance_connected();
	bool pinned;

	if (blkio_get_bool(b, "pin-mem-regions", &pinned) == -ENOENT)
		SKIP("the driver has no \"pin-mem-regions\"");
	EXPECT_INT(blkio_set_bool(b, "pin-mem-regions", false), 0);
	EXPECT(!get_bool(b, "may-pin-mem-regions"));
	EXPECT_INT(blkio_set_bool(b, "pin-mem-regions", true), 0);
	EXPECT(get_bool(b, "may-pin-mem-regions"));
	blkio_destroy(&b);
}
