// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Zones by way of the kernel's ioctls, with each driver that has them so: answers that cannot be
 * right, errors, calls that are interrupted or hang.
 */
#include <time.h>
#include <unistd.h>

#include "tests/unit/zone_fixture.h"

/* ---- reports that cannot be right ---- */

static void more_than_asked(struct blk_zone_report *r)
{
	r->nr_zones += 1;
}

static void no_end(struct blk_zone_report *r)
{
	r->nr_zones = UINT32_MAX;
}

static void not_advancing(struct blk_zone_report *r)
{
	r->zones[1].start = r->zones[0].start;
}

static void from_the_beginning(struct blk_zone_report *r)
{
	memmove(r->zones, fake_zoned.zones, sizeof(r->zones[0]));
}

static void in_another_order(struct blk_zone_report *r)
{
	struct blk_zone zone = r->zones[0];

	r->zones[0] = r->zones[1];
	r->zones[1] = zone;
}

static void too_much_capacity(struct blk_zone_report *r)
{
	r->zones[1].capacity = FAKE_ZONED_SECTORS + 1;
}

static void overflowing_capacity(struct blk_zone_report *r)
{
	r->zones[1].capacity = UINT64_C(1) << 55;
}

static void overflowing_start(struct blk_zone_report *r)
{
	r->zones[1].start |= UINT64_C(1) << 60;
}

static void no_state(struct blk_zone_report *r)
{
	r->zones[1].cond = 7;
}

static void no_type(struct blk_zone_report *r)
{
	r->zones[1].type = 0;
}

static void write_pointer_elsewhere(struct blk_zone_report *r)
{
	r->zones[1].wp = r->zones[1].start + FAKE_ZONED_SECTORS + 1;
}

static void write_pointer_overflowing(struct blk_zone_report *r)
{
	r->zones[1].wp |= UINT64_C(1) << 56;
}

START_TEST(a_report_that_cannot_be_right_is_eproto)
{
	static void (*const spoilt[])(struct blk_zone_report *) = {
		more_than_asked,
		no_end,
		not_advancing,
		from_the_beginning,
		in_another_order,
		too_much_capacity,
		overflowing_start,
		overflowing_capacity,
		no_state,
		no_type,
		write_pointer_elsewhere,
		write_pointer_overflowing,
	};

	if (!zone_start(_i))
		return;
	for (size_t i = 0; i < array_len(spoilt); i++) {
		fake_zoned.spoil = spoilt[i];
		zone_expect(zone_report(2 * ZONE, 3), -EPROTO, "report of its zones is invalid");
	}
	fake_zoned.spoil = more_than_asked;
	fake_zoned_set_zones(300); /* as many as fit, and one */
	zone_expect(zone_report(0, 255), -EPROTO, "report of its zones is invalid");
	fake_zoned.spoil = not_advancing;
	blkioq_close_all_zones(q, NULL, 0);
	zone_expect(zone_finish(), -EPROTO, "report of its zones is invalid");
}
END_TEST

static void nothing(struct blk_zone_report *r)
{
	r->nr_zones = 0;
}

START_TEST(a_report_of_nothing_does_not_go_on_for_ever)
{
	if (!zone_start(_i))
		return;
	fake_zoned.spoil = nothing;
	ck_assert_int_eq(zone_report(0, 8), 0);
	blkioq_finish_all_zones(q, NULL, 0);
	zone_expect(zone_finish(), -EPROTO, "report of its zones is invalid");
	ck_assert_uint_eq(fake_zoned.nr_calls, 2);
}
END_TEST

/* ---- errors ---- */

START_TEST(errors_are_the_kernels_with_a_text)
{
	static const struct {
		int err, ret;
		const char *text;
	} cases[] = {
		{ ENOTTY, -ENOTSUP, "the kernel cannot do this" },
		{ EOPNOTSUPP, -ENOTSUP, "the kernel cannot do this" },
		{ EPERM, -EPERM, "CAP_SYS_ADMIN" },
		{ EACCES, -EACCES, "CAP_SYS_ADMIN" },
		{ ETOOMANYREFS, -ETOOMANYREFS, "max-open-zones" },
		{ EOVERFLOW, -EOVERFLOW, "max-active-zones" },
		{ EIO, -EIO, "refuses or fails" },
		{ ENODEV, -ENODEV, "failed" },
	};

	if (!zone_start(_i))
		return;
	for (size_t i = 0; i < array_len(cases); i++) {
		fake_zoned.fails = cases[i].err;
		zone_expect(zone_report(0, 1), cases[i].ret, cases[i].text);
		blkioq_open_zone(q, ZONE, NULL, 0);
		zone_expect(zone_finish(), cases[i].ret, cases[i].text);
		blkioq_close_all_zones(q, NULL, 0);
		zone_expect(zone_finish(), cases[i].ret, cases[i].text);
	}
}
END_TEST

START_TEST(calls_that_are_interrupted_are_repeated)
{
	if (!zone_start(_i))
		return;
	fake_zoned.eintr = 5;
	ck_assert_int_eq(zone_report(0, 8), 8);
	fake_zoned.eintr = 5;
	blkioq_open_zone(q, ZONE, NULL, 0);
	ck_assert_int_eq(zone_finish(), 0);
	ck_assert_int_eq(fake_zoned.zones[1].cond, BLK_ZONE_COND_EXP_OPEN);
}
END_TEST

/* It goes on by itself, and touches nothing of the application any more. */
START_TEST(a_call_that_hangs_does_not_hold_the_end)
{
	int fds = count_open_fds();
	time_t begin = time(NULL);

	if (!zone_start(_i))
		return;
	fake_zoned_set_hold(true);
	memset(zones, 0xee, sizeof(zones));
	blkioq_report_zones(q, 0, zones, 8, NULL, 0);
	blkioq_close_all_zones(q, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	fake_zoned_wait_for_any();
	blkio_destroy(&b);
	ck_assert_int_lt(time(NULL) - begin, 10);
	fake_zoned_set_hold(false);
	fake_zoned_wait_for_held(0);
	for (int i = 0; i < 500 && count_open_fds() >= fds; i++)
		usleep(10000);
	ck_assert_uint_eq(zones[0].start, 0xeeeeeeeeeeeeeeee);
	ck_assert_int_le(count_open_fds(), fds);
}
END_TEST

static Suite *error_suite(void)
{
	const TTest *const tests[] = {
		a_report_that_cannot_be_right_is_eproto,
		a_report_of_nothing_does_not_go_on_for_ever,
		errors_are_the_kernels_with_a_text,
		calls_that_are_interrupted_are_repeated,
		a_call_that_hangs_does_not_hold_the_end,
	};

	return suite_of_loops("zones that fail", tests, array_len(tests), zone_nr_drivers,
			      zone_set_up, zone_tear_down);
}

Suite *(*const test_suites[])(void) = { error_suite, NULL };
