// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Zones by way of the kernel's ioctls, with each driver that has them so: properties, and what is
 * asked of the kernel. What goes wrong is in test_file_zone_errors.c.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/zone_fixture.h"

#define CAPACITY UINT64_C(24576)

static void expect_call(unsigned int i, unsigned long request, uint64_t start, uint64_t len)
{
	const struct fake_zoned_call *call = &fake_zoned.log[i];

	ck_assert_uint_gt(fake_zoned.nr_calls, i);
	ck_assert_uint_eq(call->request, request);
	ck_assert_uint_eq(call->sector << 9, start);
	ck_assert_uint_eq(call->nr << 9, len);
}

static void set_state(unsigned int zone, unsigned int cond, unsigned int written_sectors)
{
	struct blk_zone *z = &fake_zoned.zones[zone];

	z->cond = (__u8)cond;
	z->wp = cond == BLK_ZONE_COND_FULL ? UINT64_MAX : z->start + written_sectors;
}

/* ---- properties ---- */

static void expect_int_prop(const char *name, int want)
{
	int value;

	ck_assert_int_eq(blkio_get_int(b, name, &value), 0);
	ck_assert_msg(value == want, "%s is %d, not %d", name, value, want);
}

static void expect_u64_prop(const char *name, uint64_t want)
{
	uint64_t value;

	ck_assert_int_eq(blkio_get_uint64(b, name, &value), 0);
	ck_assert_msg(value == want, "%s is %ju, not %ju", name, value, want);
}

static void expect_no_zones(int driver)
{
	zone_connect(driver);
	expect_int_prop("zoned", BLKIO_ZONED_NONE);
	expect_u64_prop("zone-size", 0);
	expect_u64_prop("nr-zones", 0);
	expect_int_prop("max-open-zones", 0);
	expect_int_prop("max-active-zones", 0);
}

START_TEST(the_properties_are_those_of_the_device)
{
	bool append;

	zone_connect(_i);
	expect_int_prop("zoned", BLKIO_ZONED_HOST_MANAGED);
	expect_u64_prop("zone-size", ZONE);
	expect_u64_prop("nr-zones", 8);
	expect_int_prop("max-open-zones", 3);
	expect_int_prop("max-active-zones", 5);
	expect_u64_prop("zone-append-max-bytes", 0);
	ck_assert_int_eq(blkio_get_bool(b, "append-support", &append), 0);
	ck_assert(!append);
}
END_TEST

START_TEST(a_host_aware_device_says_so)
{
	fake_zoned_set_sysfs("zoned", "host-aware");
	zone_connect(_i);
	expect_int_prop("zoned", BLKIO_ZONED_HOST_AWARE);
}
END_TEST

START_TEST(without_sysfs_a_device_with_zones_is_host_managed)
{
	char sysfs[sizeof(fake_zoned.sysfs)];

	memcpy(sysfs, fake_zoned.sysfs, sizeof(sysfs));
	*fake_zoned.sysfs = '\0';
	zone_connect(_i);
	memcpy(fake_zoned.sysfs, sysfs, sizeof(sysfs));
	expect_int_prop("zoned", BLKIO_ZONED_HOST_MANAGED);
	expect_int_prop("max-open-zones", 0);
	expect_u64_prop("nr-zones", 8);
}
END_TEST

START_TEST(a_kernel_without_the_ioctls_has_no_zones)
{
	fake_zoned.size_errno = ENOTTY;
	expect_no_zones(_i);
}
END_TEST

START_TEST(zones_of_no_size_are_none)
{
	fake_zoned.zone_sectors = 0;
	expect_no_zones(_i);
}
END_TEST

START_TEST(zones_that_do_not_make_up_the_device_are_none)
{
	fake_zoned.nr_zones = 9;
	expect_no_zones(_i);
}
END_TEST

START_TEST(there_are_no_poll_queues)
{
	bool poll;

	fake_zoned_set_sysfs("io_poll", "1");
	zone_connect(_i);
	ck_assert_int_eq(blkio_get_bool(b, "supports-poll-queues", &poll), 0);
	ck_assert(!poll);
}
END_TEST

START_TEST(a_device_whose_model_is_none_has_no_zones)
{
	fake_zoned_set_sysfs("zoned", "none");
	expect_no_zones(_i);
	ck_assert_int_eq(blkio_start(b), 0);
	q = blkio_get_queue(b, 0);
	zone_expect(zone_report(0, 1), -ENOTSUP, "not supported for this driver");
	blkioq_reset_all_zones(q, NULL, 0);
	zone_expect(zone_finish(), -ENOTSUP, "not supported for this driver");
}
END_TEST

/* ---- reports ---- */

START_TEST(a_report_has_what_the_kernel_says)
{
	if (!zone_start(_i))
		return;
	set_state(2, BLK_ZONE_COND_IMP_OPEN, 10);
	set_state(3, BLK_ZONE_COND_FULL, 0);
	fake_zoned.zones[3].reset = 7;
	ck_assert_int_eq(zone_report(0, 100), 8);
	for (unsigned int i = 0; i < 8; i++) {
		ck_assert_uint_eq(zones[i].start, i * ZONE);
		ck_assert_uint_eq(zones[i].len, i == 7 ? ZONE / 2 : ZONE);
		ck_assert_int_eq(zones[i].zone_type, fake_zoned.zones[i].type);
		ck_assert_int_eq(zones[i].zone_state, fake_zoned.zones[i].cond);
		ck_assert_uint_eq(zones[i].reset, i == 3);
	}
	ck_assert_uint_eq(zones[0].capacity, ZONE);
	ck_assert_uint_eq(zones[0].write_pointer, ZONE); /* it has none: the end */
	ck_assert_uint_eq(zones[2].capacity, CAPACITY);
	ck_assert_uint_eq(zones[2].write_pointer, 2 * ZONE + 10 * 512);
	ck_assert_uint_eq(zones[3].write_pointer, 4 * ZONE);
	ck_assert_uint_eq(zones[7].capacity, ZONE / 2);
	ck_assert_uint_eq(zones[8].start, 0xeeeeeeeeeeeeeeee);
}
END_TEST

START_TEST(a_report_begins_in_the_zone_of_its_offset)
{
	if (!zone_start(_i))
		return;
	ck_assert_int_eq(zone_report(2 * ZONE + 512, 2), 2);
	ck_assert_uint_eq(zones[0].start, 2 * ZONE);
	ck_assert_uint_eq(zones[1].start, 3 * ZONE);
	ck_assert_uint_eq(zones[2].start, 0xeeeeeeeeeeeeeeee);
	ck_assert_int_eq(zone_report(0, 0), 0);
	ck_assert_uint_eq(fake_zoned.nr_calls, 1);
	zone_expect(zone_report(8 * ZONE - ZONE / 2, 1), -EINVAL, "behind the last zone");
}
END_TEST

START_TEST(a_long_report_is_several_calls)
{
	fake_zoned_set_zones(600);
	if (!zone_start(_i))
		return;
	ck_assert_int_eq(zone_report(0, 600), 600);
	ck_assert_uint_eq(zones[599].start, 599 * ZONE);
	ck_assert_uint_eq(fake_zoned.nr_calls, 3);
	ck_assert_uint_eq(fake_zoned.log[0].nr, 255);
	ck_assert_uint_eq(fake_zoned.log[1].sector, 255 * FAKE_ZONED_SECTORS);
	ck_assert_uint_eq(fake_zoned.log[2].nr, 90);
	ck_assert_int_eq(zone_report(400 * ZONE, UINT32_MAX), 200);
}
END_TEST

START_TEST(before_5_9_the_capacity_is_the_length)
{
	fake_zoned.no_capacity = true;
	if (!zone_start(_i))
		return;
	ck_assert_int_eq(zone_report(ZONE, 1), 1);
	ck_assert_uint_eq(zones[0].capacity, ZONE);
}
END_TEST

/* ---- commands ---- */

typedef void zone_call(struct blkioq *, uint64_t, void *, uint32_t);

static zone_call *const calls[] = { blkioq_open_zone, blkioq_close_zone, blkioq_finish_zone,
				    blkioq_reset_zone };
static const unsigned long requests[] = { BLKOPENZONE, BLKCLOSEZONE, BLKFINISHZONE, BLKRESETZONE };

START_TEST(a_command_is_for_the_zone_of_its_offset)
{
	if (!zone_start(_i))
		return;
	for (unsigned int i = 0; i < array_len(calls); i++) {
		set_state(3, BLK_ZONE_COND_IMP_OPEN, 1);
		calls[i](q, 4 * ZONE - 1, tag(7), 0);
		ck_assert_int_eq(zone_finish(), 0);
		ck_assert_ptr_eq(last.user_data, tag(7));
		ck_assert_ptr_null(last.error_msg);
		expect_call(i, requests[i], 3 * ZONE, ZONE);
	}
	blkioq_reset_zone(q, 7 * ZONE, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	expect_call(4, BLKRESETZONE, 7 * ZONE, ZONE / 2);
	for (unsigned int i = 0; i < array_len(calls); i++) {
		calls[i](q, 8 * ZONE, NULL, 0);
		zone_expect(zone_finish(), -EINVAL, "behind the last zone");
	}
}
END_TEST

static void set_states(void)
{
	static const unsigned int states[] = { 0,
					       BLK_ZONE_COND_IMP_OPEN,
					       BLK_ZONE_COND_EXP_OPEN,
					       BLK_ZONE_COND_EMPTY,
					       BLK_ZONE_COND_CLOSED,
					       BLK_ZONE_COND_FULL,
					       BLK_ZONE_COND_CLOSED,
					       BLK_ZONE_COND_IMP_OPEN };

	for (unsigned int i = 1; i < array_len(states); i++)
		set_state(i, states[i], states[i] == BLK_ZONE_COND_EMPTY ? 0 : 1);
}

START_TEST(closing_all_is_for_those_that_are_open)
{
	if (!zone_start(_i))
		return;
	set_states();
	blkioq_close_all_zones(q, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	ck_assert_uint_eq(fake_zoned.nr_calls, 3);
	expect_call(1, BLKCLOSEZONE, ZONE, 2 * ZONE);
	expect_call(2, BLKCLOSEZONE, 7 * ZONE, ZONE / 2);
}
END_TEST

START_TEST(opening_all_is_for_those_that_are_closed)
{
	if (!zone_start(_i))
		return;
	set_states();
	blkioq_open_all_zones(q, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	ck_assert_uint_eq(fake_zoned.nr_calls, 3);
	expect_call(1, BLKOPENZONE, 4 * ZONE, ZONE);
	expect_call(2, BLKOPENZONE, 6 * ZONE, ZONE);
}
END_TEST

START_TEST(finishing_all_is_for_those_that_are_open_or_closed)
{
	if (!zone_start(_i))
		return;
	set_states();
	blkioq_finish_all_zones(q, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	ck_assert_uint_eq(fake_zoned.nr_calls, 4);
	expect_call(1, BLKFINISHZONE, ZONE, 2 * ZONE);
	expect_call(2, BLKFINISHZONE, 4 * ZONE, ZONE);
	expect_call(3, BLKFINISHZONE, 6 * ZONE, 2 * ZONE - ZONE / 2);
	ck_assert_int_eq(fake_zoned.zones[3].cond, BLK_ZONE_COND_EMPTY);
}
END_TEST

START_TEST(resetting_all_is_one_call)
{
	if (!zone_start(_i))
		return;
	set_states();
	blkioq_reset_all_zones(q, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	ck_assert_uint_eq(fake_zoned.nr_calls, 1);
	expect_call(0, BLKRESETZONE, 0, 8 * ZONE - ZONE / 2);
}
END_TEST

START_TEST(nothing_to_do_for_all_is_only_a_report)
{
	fake_zoned_set_zones(300);
	if (!zone_start(_i))
		return;
	blkioq_close_all_zones(q, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	ck_assert_uint_eq(fake_zoned.nr_calls, 2);
}
END_TEST

START_TEST(there_is_no_append)
{
	char buf[512] = "";
	struct iovec iov = { buf, sizeof(buf) };

	if (!zone_start(_i))
		return;
	blkioq_append_zone(q, ZONE, buf, sizeof(buf), NULL, 0);
	zone_expect(zone_finish(), -ENOTSUP, "not supported for this driver");
	blkioq_appendv_zone(q, ZONE, &iov, 1, NULL, BLKIO_REQ_FUA);
	zone_expect(zone_finish(), -ENOTSUP, "not supported for this driver");
}
END_TEST

START_TEST(a_read_only_device_can_be_looked_at)
{
	char path[32];

	ck_assert_int_eq(blkio_create(zone_drivers[_i], &b), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	ck_assert_int_eq(blkio_set_int(b, "fd", open(path, O_RDONLY | O_CLOEXEC)), 0);
	ck_assert_int_eq(blkio_connect(b), 0);
	if (blkio_start(b) < 0)
		SKIP("%s", blkio_get_error_msg());
	q = blkio_get_queue(b, 0);
	ck_assert_int_eq(zone_report(0, 8), 8);
	blkioq_reset_zone(q, ZONE, NULL, 0);
	zone_expect(zone_finish(), -EBADF, "device is read-only");
}
END_TEST

static Suite *zone_suite(void)
{
	const TTest *const tests[] = {
		the_properties_are_those_of_the_device,
		a_host_aware_device_says_so,
		without_sysfs_a_device_with_zones_is_host_managed,
		a_kernel_without_the_ioctls_has_no_zones,
		zones_of_no_size_are_none,
		zones_that_do_not_make_up_the_device_are_none,
		there_are_no_poll_queues,
		a_device_whose_model_is_none_has_no_zones,
		a_report_has_what_the_kernel_says,
		a_report_begins_in_the_zone_of_its_offset,
		a_long_report_is_several_calls,
		before_5_9_the_capacity_is_the_length,
		a_command_is_for_the_zone_of_its_offset,
		closing_all_is_for_those_that_are_open,
		opening_all_is_for_those_that_are_closed,
		finishing_all_is_for_those_that_are_open_or_closed,
		resetting_all_is_one_call,
		nothing_to_do_for_all_is_only_a_report,
		there_is_no_append,
		a_read_only_device_can_be_looked_at,
	};

	return suite_of_loops("zones of a block device", tests, array_len(tests), zone_nr_drivers,
			      zone_set_up, zone_tear_down);
}

Suite *(*const test_suites[])(void) = { zone_suite, NULL };
