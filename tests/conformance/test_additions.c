// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Functions that are in no libblkio 1.5: versions, the lists of drivers and properties, append.
 */
#include "additions.h"

#include <stdio.h>
#include <stdlib.h>

#include "device.h"

TEST(the_version_is_three_numbers_and_not_older_than_the_header)
{
	int major, minor, micro;
	char rest;

	NEEDS_FUNCTION(blkio_version);
	EXPECT_INT(sscanf(blkio_version(), "%d.%d.%d%c", &major, &minor, &micro, &rest), 3);
	EXPECT_INT(major, BLKIO_VERSION_MAJOR);
	EXPECT(minor >= BLKIO_VERSION_MINOR);
}

TEST(the_list_of_drivers_names_those_that_can_be_created)
{
	const char *const *name;
	bool seen = false;

	NEEDS_FUNCTION(blkio_driver_names);
	for (name = blkio_driver_names(); *name; name++) {
		struct blkio *b;

		EXPECT_INT(blkio_create(*name, &b), 0);
		blkio_destroy(&b);
		seen |= strcmp(*name, options.driver) == 0;
	}
	EXPECT(seen);
}

TEST(property_info_ends_with_enoent)
{
	struct blkio_prop_info info;
	int n = 0;

	NEEDS_FUNCTION(blkio_get_prop_info);
	while (blkio_get_prop_info(options.driver, n, &info) == 0)
		n++;
	EXPECT(n > 20);
	EXPECT_ERROR(blkio_get_prop_info(options.driver, n, &info), -ENOENT);
	EXPECT(blkio_get_prop_info(options.driver, -1, &info) < 0);
	EXPECT_ERROR(blkio_get_prop_info("no-such-driver", 0, &info), -ENOENT);
}

static int type_of(struct blkio *b, const char *name)
{
	bool is_bool;
	int n;
	uint64_t u;

	if (blkio_get_bool(b, name, &is_bool) != -ENOTTY)
		return BLKIO_PROP_BOOL;
	if (blkio_get_int(b, name, &n) != -ENOTTY)
		return BLKIO_PROP_INT;
	return blkio_get_uint64(b, name, &u) != -ENOTTY ? BLKIO_PROP_UINT64 : BLKIO_PROP_STR;
}

static bool readable(struct blkio *b, const char *name)
{
	char *text;
	int ret = blkio_get_str(b, name, &text);

	free(text);
	return ret != -ENODEV;
}

/* Set the value that it has, or one that each type can parse. */
static bool writable(struct blkio *b, const struct blkio_prop_info *info)
{
	char *text;
	int ret;

	if (blkio_get_str(b, info->name, &text) < 0)
		text = strdup(info->type == BLKIO_PROP_BOOL ? "false" : "1");
	ret = blkio_set_str(b, info->name, text);
	free(text);
	return ret != -EACCES && ret != -ENODEV && ret != -EBUSY && ret != -ENOENT;
}

static void expect_info_is_true(struct blkio *b, uint32_t state)
{
	struct blkio_prop_info info;

	for (int i = 0; blkio_get_prop_info(options.driver, i, &info) == 0; i++) {
		bool r = readable(b, info.name), w = writable(b, &info);

		if (r != !!(info.readable & state) || w != !!(info.writable & state) ||
		    info.type != type_of(b, info.name) || !info.summary || !info.summary[0])
			test_fail(__FILE__, __LINE__,
				  "%s in state bit %u: type %d, readable %d, writable %d; "
				  "info: type %d, readable %#x, writable %#x, summary \"%s\"",
				  info.name, state, type_of(b, info.name), r, w, info.type,
				  info.readable, info.writable, info.summary ? info.summary : "");
	}
}

TEST(property_info_is_what_get_and_set_do_in_each_state)
{
	struct blkio *b;

	NEEDS_FUNCTION(blkio_get_prop_info);
	b = instance_created();
	expect_info_is_true(b, BLKIO_STATE_CREATED);
	EXPECT_INT(blkio_connect(b), 0);
	expect_info_is_true(b, BLKIO_STATE_CONNECTED);
	set_late_props(b);
	EXPECT_INT(blkio_start(b), 0);
	expect_info_is_true(b, BLKIO_STATE_STARTED);
	blkio_destroy(&b);
}

static int finish_with_text(struct device *d)
{
	int ret = finish(d);

	EXPECT(ret >= 0 || d->last.error_msg != NULL);
	EXPECT(d->last.user_data == d);
	return ret;
}

MODE_TEST(append_completes_with_enotsup_where_there_are_no_zones)
{
	struct device *d;
	struct iovec iov;

	NEEDS_FUNCTION(blkioq_append_zone);
	NEEDS_FUNCTION(blkioq_appendv_zone);
	if (traits->kind == KIND_NVME)
		SKIP("the device may have zones");
	d = device_open(mode);
	iov = (struct iovec) { d->buf, (size_t)traits->block };
	blkioq_append_zone(d->q, 0, d->buf, (size_t)traits->block, d, 0);
	EXPECT_INT(finish_with_text(d), -ENOTSUP);
	blkioq_appendv_zone(d->q, 0, &iov, 1, d, 0);
	EXPECT_INT(finish_with_text(d), -ENOTSUP);
	EXPECT_U64(d->last.append_offset, 0);
	device_close(d);
}
