// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A zoned device that says what cannot be of its zones (HARDENING 13), and one with a strange
 * serial number, or none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/fake_backend_zones.h"
#include "tests/hostile/client.h"
#include "tests/support/test.h"

static struct client client;
static struct blkio_zone zones[FAKE_NR_ZONES + 1];

static void start(int kind, enum fake_zones spoilt)
{
	struct fake_script script = fake_script_for(&fake_kinds[kind]);

	fake_zones_script(&script, spoilt);
	client_init(&client, &script, MODE_BLOCKING);
	client_run(&client);
}

static struct blkio_completion take(void)
{
	struct blkio_completion c;
	struct timespec timeout = { .tv_sec = 5 };

	ck_assert_msg(blkioq_do_io(client.q, &c, 1, 1, &timeout) == 1, "%s", blkio_get_error_msg());
	return c;
}

static struct blkio_completion report(uint32_t n)
{
	memset(zones, 0xee, sizeof(zones));
	blkioq_report_zones(client.q, 0, zones, n, NULL, 0);
	return take();
}

static struct blkio_completion append(void)
{
	blkioq_append_zone(client.q, FAKE_ZONE_SECTORS * 512, client_buf(&client, 0), BUF_BYTES,
			   NULL, 0);
	return take();
}

START_TEST(an_honest_report_is_put_together_from_pieces)
{
	start(_i, ZONES_HONEST);
	ck_assert_int_eq(report(FAKE_NR_ZONES).ret, FAKE_NR_ZONES);
	for (uint64_t i = 0; i < FAKE_NR_ZONES; i++) {
		ck_assert_uint_eq(zones[i].start, i * FAKE_ZONE_SECTORS * 512);
		ck_assert_uint_eq(zones[i].len, FAKE_ZONE_SECTORS * 512);
		ck_assert_int_eq(zones[i].zone_state, BLKIO_ZONE_STATE_EMPTY);
	}
	ck_assert_uint_eq(zones[FAKE_NR_ZONES].start, 0xeeeeeeeeeeeeeeee);
	client_finish(&client);
}
END_TEST

START_TEST(fewer_zones_than_there_are_can_be_asked_for)
{
	start(_i, ZONES_HONEST);
	ck_assert_int_eq(report(300).ret, 300);
	ck_assert_uint_eq(zones[300].start, 0xeeeeeeeeeeeeeeee);
	client_finish(&client);
}
END_TEST

START_TEST(reports_in_flight_wait_for_each_other)
{
	struct blkio_completion c[3];
	struct timespec timeout = { .tv_sec = 5 };

	start(_i, ZONES_HONEST);
	for (int i = 0; i < 3; i++)
		blkioq_report_zones(client.q, 0, zones, FAKE_NR_ZONES, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(client.q, c, 3, 3, &timeout), 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(c[i].ret, FAKE_NR_ZONES);
	client_finish(&client);
}
END_TEST

START_TEST(a_device_that_reports_no_zones_ends_the_report)
{
	start(_i, ZONES_NONE);
	ck_assert_int_eq(report(8).ret, 0);
	client_finish(&client);
}
END_TEST

/* Nothing behind the array is written, whatever the device says. */
START_TEST(a_report_that_cannot_be_is_an_error)
{
	struct blkio_completion c;

	start(_i % FAKE_KINDS, ZONES_TOO_MANY + (enum fake_zones)(_i / FAKE_KINDS));
	c = report(8);
	ck_assert_int_eq(c.ret, -EPROTO);
	ck_assert_str_eq(c.error_msg, "the device's report of its zones is invalid");
	ck_assert_uint_eq(zones[8].start, 0xeeeeeeeeeeeeeeee);
	client_submit(&client, 8); /* the device is not given up for that */
	client_expect_success(&client, 8);
	client_finish(&client);
}
END_TEST

START_TEST(an_append_says_where_it_went)
{
	start(_i, ZONES_HONEST);
	ck_assert_uint_eq(append().append_offset, FAKE_ZONE_SECTORS * 512);
	client_finish(&client);
}
END_TEST

START_TEST(an_append_to_another_zone_is_an_error)
{
	struct blkio_completion c;

	start(_i % FAKE_KINDS, ZONES_APPEND_BEFORE + (enum fake_zones)(_i / FAKE_KINDS));
	c = append();
	ck_assert_int_eq(c.ret, -EPROTO);
	ck_assert_str_eq(c.error_msg, "the device appended to a place outside of the zone");
	ck_assert_uint_eq(c.append_offset, 0);
	client_finish(&client);
}
END_TEST

/* ---- the configuration ---- */

static void bad_config(void (*spoil)(struct virtio_blk_config *c), const char *field)
{
	struct fake_script script = fake_script_for(&fake_kinds[3]);

	fake_zones_script(&script, ZONES_HONEST);
	spoil(&script.config);
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_error(blkio_connect(client.b), -EPROTO, field);
	client_finish(&client);
}

static void no_zone_size(struct virtio_blk_config *c)
{
	c->zone_sectors = 0;
}

static void unknown_model(struct virtio_blk_config *c)
{
	c->zone_model = 3;
}

static void odd_granularity(struct virtio_blk_config *c)
{
	c->write_granularity = htole32(513);
}

static void many_open(struct virtio_blk_config *c)
{
	c->max_open_zones = htole32(UINT32_MAX);
}

static void many_active(struct virtio_blk_config *c)
{
	c->max_active_zones = htole32(UINT32_MAX);
}

START_TEST(zones_that_cannot_be_are_refused)
{
	bad_config(no_zone_size, "zone_sectors");
	bad_config(unknown_model, "zoned.model");
	bad_config(odd_granularity, "write_granularity");
	bad_config(many_open, "max_open_zones");
	bad_config(many_active, "max_active_zones");
}
END_TEST

/* ---- the serial number ---- */

static void expect_serial(const struct fake_script *script, const char *want)
{
	char *serial;

	client_init(&client, script, MODE_BLOCKING);
	client_run(&client);
	ck_assert_int_eq(blkio_get_str(client.b, "serial", &serial), 0);
	ck_assert_str_eq(serial, want);
	free(serial);
	client_submit(&client, 8);
	client_expect_success(&client, 8);
	client_finish(&client);
}

START_TEST(the_serial_number_is_that_of_the_device)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i]);

	expect_serial(&script, "fake");
}
END_TEST

START_TEST(a_serial_number_need_not_end)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i]);

	memset(script.id, 'x', sizeof(script.id));
	script.id[3] = '\n';
	script.id[4] = 0xff;
	expect_serial(&script, "xxx??xxxxxxxxxxxxxxx");
}
END_TEST

START_TEST(a_serial_number_need_not_come)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i]);

	script.no_id = true;
	expect_serial(&script, "");
}
END_TEST

static Suite *zones_suite(void)
{
	const TTest *const each_kind[] = {
		an_honest_report_is_put_together_from_pieces,
		fewer_zones_than_there_are_can_be_asked_for,
		reports_in_flight_wait_for_each_other,
		a_device_that_reports_no_zones_ends_the_report,
		an_append_says_where_it_went,
		the_serial_number_is_that_of_the_device,
		a_serial_number_need_not_end,
		a_serial_number_need_not_come,
	};
	Suite *s = suite_create("zones of a hostile device");
	TCase *tc = tcase_create("zones");

	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < sizeof(each_kind) / sizeof(each_kind[0]); i++)
		tcase_add_loop_test(tc, each_kind[i], 0, FAKE_KINDS);
	tcase_add_loop_test(tc, a_report_that_cannot_be_is_an_error, 0,
			    (ZONES_APPEND_BEFORE - ZONES_TOO_MANY) * FAKE_KINDS);
	tcase_add_loop_test(tc, an_append_to_another_zone_is_an_error, 0,
			    (NR_ZONES_SPOILT - ZONES_APPEND_BEFORE) * FAKE_KINDS);
	tcase_add_test(tc, zones_that_cannot_be_are_refused);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { zones_suite, NULL };
