// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What holds for every driver that is compiled in.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/driver.h"
#include "lib/property_common.h"
#include "tests/unit/unit.h"

START_TEST(names_are_listed_as_drivers_are)
{
	const char *const *names = blkio_driver_names();
	int n = 0;

	for (; blkio_drivers[n]; n++) {
		ck_assert_str_eq(names[n], blkio_drivers[n]->name);
		ck_assert_ptr_eq(driver_find(names[n]), blkio_drivers[n]);
	}
	ck_assert_ptr_null(names[n]);
}
END_TEST

START_TEST(a_name_that_is_not_listed_is_not_found)
{
	ck_assert_ptr_null(driver_find(""));
	ck_assert_ptr_null(driver_find("IO_URING"));
	ck_assert_ptr_null(driver_find("none"));
}
END_TEST

START_TEST(no_op_of_a_driver_is_null)
{
	for (int i = 0; blkio_drivers[i]; i++) {
		const struct blkio_driver *d = blkio_drivers[i];

		ck_assert_uint_ge(d->size, sizeof(struct blkio));
		ck_assert_ptr_nonnull(d->props);
		ck_assert_ptr_nonnull(d->init);
		ck_assert_ptr_nonnull(d->connect);
		ck_assert_ptr_nonnull(d->get_capacity);
		ck_assert_ptr_nonnull(d->start);
		ck_assert_ptr_nonnull(d->create_queue);
		ck_assert_ptr_nonnull(d->run);
		ck_assert_ptr_nonnull(d->map);
		ck_assert_ptr_nonnull(d->unmap);
		ck_assert_ptr_nonnull(d->destroy);
	}
}
END_TEST

/* Whether a value of this type at this offset lies in the instance and is aligned. */
static bool is_in_struct(const struct blkio_prop *p, size_t size)
{
	static const size_t value_size[] = {
		[BLKIO_PROP_BOOL] = sizeof(bool),
		[BLKIO_PROP_INT] = sizeof(int),
		[BLKIO_PROP_UINT64] = sizeof(uint64_t),
		[BLKIO_PROP_STR] = sizeof(char *),
	};

	return p->offset % value_size[p->type] == 0 && p->offset + value_size[p->type] <= size;
}

static void check_row(const struct blkio_prop *p, size_t size)
{
	ck_assert_msg(p->type >= BLKIO_PROP_BOOL && p->type <= BLKIO_PROP_STR, "%s: type", p->name);
	ck_assert_msg(p->summary && *p->summary, "%s has no summary", p->name);
	ck_assert_msg(p->summary[strlen(p->summary) - 1] != '.', "%s: a phrase", p->name);
	ck_assert_msg(!strchr(p->name, '_'), "%s: hyphens, please", p->name);
	ck_assert_msg(is_in_struct(p, size), "%s lies outside of the instance", p->name);
	ck_assert_msg(p->get_from <= BLKIO_STARTED, "%s: get_from", p->name);
	ck_assert_msg(p->set_until <= BLKIO_STARTED, "%s: set_until", p->name);
	ck_assert_msg(p->set_from <= p->set_until, "%s can never be set", p->name);
	ck_assert_msg(!p->check || p->set_until, "%s: a check, but read-only", p->name);
	ck_assert_msg(!p->set_errno || (p->set_errno > 0 && !p->set_until), "%s: set_errno",
		      p->name);
	ck_assert_msg(!p->set_until || p->offset, "%s: nowhere to store it", p->name);
	ck_assert_msg(p->type != BLKIO_PROP_STR || p->get || p->set_until, "%s: no text", p->name);
}

static void check_rows(const struct blkio_prop *rows, size_t size)
{
	for (const struct blkio_prop *p = rows; p->name; p++) {
		check_row(p, size);
		for (const struct blkio_prop *o = rows; o != p; o++)
			ck_assert_str_ne(o->name, p->name);
	}
}

START_TEST(property_rows_make_sense)
{
	check_rows(common_props, sizeof(struct blkio));
	for (int i = 0; blkio_drivers[i]; i++)
		check_rows(blkio_drivers[i]->props, blkio_drivers[i]->size);
}
END_TEST

START_TEST(a_replaced_row_keeps_its_type)
{
	for (int i = 0; blkio_drivers[i]; i++) {
		for (const struct blkio_prop *p = blkio_drivers[i]->props; p->name; p++) {
			for (const struct blkio_prop *c = common_props; c->name; c++) {
				if (strcmp(p->name, c->name) == 0)
					ck_assert_int_eq(p->type, c->type);
			}
		}
	}
}
END_TEST

/* Look at each property of a new instance of each driver. */
static void look_at_all(void (*look)(struct blkio *b, const struct blkio_prop_info *info))
{
	for (int i = 0; blkio_drivers[i]; i++) {
		const char *name = blkio_drivers[i]->name;
		struct blkio_prop_info info;
		struct blkio *b;

		ck_assert_int_eq(blkio_create(name, &b), 0);
		for (int k = 0; blkio_get_prop_info(name, k, &info) == 0; k++)
			look(b, &info);
		blkio_destroy(&b);
	}
}

static void look_whether_readable(struct blkio *b, const struct blkio_prop_info *info)
{
	bool readable = info->readable & BLKIO_STATE_CREATED;
	char *text;
	int ret = blkio_get_str(b, info->name, &text);

	ck_assert_msg(ret == (readable ? 0 : -ENODEV), "%s: %d", info->name, ret);
	free(text);
}

START_TEST(a_new_instance_tells_what_it_says_can_be_read)
{
	look_at_all(look_whether_readable);
}
END_TEST

/* What can be set takes its own value back. What never can is -EACCES, or what its row says. */
static void look_whether_writable(struct blkio *b, const struct blkio_prop_info *info)
{
	char *text;
	int ret;

	if (blkio_get_str(b, info->name, &text) < 0)
		return;
	ret = blkio_set_str(b, info->name, text);
	free(text);
	if (info->writable & BLKIO_STATE_CREATED)
		ck_assert_msg(ret == 0, "%s: %d", info->name, ret);
	else if (info->writable)
		ck_assert_msg(ret == -ENODEV, "%s: %d", info->name, ret);
	else
		ck_assert_msg(ret == -EACCES || ret == -ENOENT, "%s: %d", info->name, ret);
}

START_TEST(a_new_instance_takes_what_it_says_can_be_set)
{
	look_at_all(look_whether_writable);
}
END_TEST

static void check_queue_ops(const struct blkioq_ops *ops)
{
	ck_assert_ptr_nonnull(ops->submit_rw);
	ck_assert_ptr_nonnull(ops->submit);
	ck_assert_ptr_nonnull(ops->enter);
	ck_assert_ptr_nonnull(ops->reap);
	ck_assert_ptr_nonnull(ops->ready);
	ck_assert_ptr_nonnull(ops->set_notify);
	ck_assert_ptr_nonnull(ops->destroy);
}

START_TEST(no_op_of_a_queue_is_null)
{
	struct blkio *b;

	if (!driver_find("io_uring"))
		SKIP("no driver that needs no device is compiled in");
	ck_assert_int_eq(blkio_create("io_uring", &b), 0);
	ck_assert_int_eq(blkio_set_int(b, "fd", temp_file(4096)), 0);
	ck_assert_int_eq(blkio_connect(b), 0);
	if (blkio_start(b) < 0) {
		blkio_destroy(&b);
		SKIP("%s", blkio_get_error_msg());
	}
	check_queue_ops(blkio_get_queue(b, 0)->ops);
	blkio_destroy(&b);
}
END_TEST

static Suite *drivers_suite(void)
{
	const TTest *const tests[] = {
		names_are_listed_as_drivers_are,
		a_name_that_is_not_listed_is_not_found,
		no_op_of_a_driver_is_null,
		property_rows_make_sense,
		a_replaced_row_keeps_its_type,
		a_new_instance_tells_what_it_says_can_be_read,
		a_new_instance_takes_what_it_says_can_be_set,
		no_op_of_a_queue_is_null,
	};

	return SUITE_OF("drivers", tests);
}

Suite *(*const test_suites[])(void) = { drivers_suite, NULL };
