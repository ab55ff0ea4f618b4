// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The zones of the server, through requests: states, write pointers, limits, reports.
 */
#include <string.h>

#include "examples/vhost-user-blk-server/zoned.h"
#include "tests/server/ring_driver.h"
#include "tests/server/server_test.h"

/* 1 MiB of disk in 8 zones of 256 sectors, of which 200 can be written; the first one is usual. */
static const struct zoned_params params = {
	.zone_sectors = 256,
	.cap_sectors = 200,
	.conventional = 1,
	.max_open = 2,
	.max_active = 3,
	.max_append_sectors = 16,
};

enum {
	ZONE = 256,
	CAP = 200
};

static struct ring_driver *rd;

static void set_up(void)
{
	rd = rd_create_stopped(&rd_kinds[0]);
	rd->blk.zoned = zoned_create(&params, rd->blk.sectors);
	ck_assert_ptr_nonnull(rd->blk.zoned);
	rd_start(rd);
}

static void tear_down(void)
{
	zoned_destroy(rd->blk.zoned);
	rd_destroy(rd);
}

static uint8_t write_at(uint64_t sector, uint32_t n)
{
	const struct rd_buf out = { RD_DATA, n * 512, false };

	return rd_do(rd, BLK_T_OUT, sector, &out, 1);
}

static uint8_t read_at(uint64_t sector, uint32_t n)
{
	const struct rd_buf in = { RD_DATA + 0x20000, n * 512, true };

	return rd_do(rd, BLK_T_IN, sector, &in, 1);
}

static uint8_t manage(uint32_t type, uint64_t sector)
{
	return rd_do(rd, type, sector, NULL, 0);
}

/* The sector that was written, or -status. */
static int64_t append(uint64_t zone, uint32_t n)
{
	const struct rd_buf buf[] = { { RD_DATA, n * 512, false }, { RD_DATA + 0x20000, 8, true } };
	uint8_t status = rd_do(rd, BLK_T_ZONE_APPEND, zone, buf, 2);
	uint64_t at;

	memcpy(&at, rd->shared + RD_DATA + 0x20000, sizeof(at));
	return status == BLK_S_OK ? (int64_t)le64toh(at) : -status;
}

static struct zone_descriptor report(uint64_t sector)
{
	const struct rd_buf in = { RD_DATA, 64 + 64, true };
	struct zone_descriptor zone;

	ck_assert_uint_eq(rd_do(rd, BLK_T_ZONE_REPORT, sector, &in, 1), BLK_S_OK);
	memcpy(&zone, rd->shared + RD_DATA + 64, sizeof(zone));
	return zone;
}

static void expect_zone(uint64_t zone, enum zone_state state, uint64_t wp)
{
	struct zone_descriptor d = report(zone);

	ck_assert_uint_eq(d.state, state);
	ck_assert_uint_eq(le64toh(d.wp), zone + wp);
}

START_TEST(a_report_tells_of_all_zones)
{
	const struct rd_buf in = { RD_DATA, 64 + 64 * 20, true };
	struct zone_descriptor zone[8];
	struct zone_report_header header;

	ck_assert_uint_eq(rd_do(rd, BLK_T_ZONE_REPORT, 0, &in, 1), BLK_S_OK);
	memcpy(&header, rd->shared + RD_DATA, sizeof(header));
	memcpy(zone, rd->shared + RD_DATA + 64, sizeof(zone));
	ck_assert_uint_eq(le64toh(header.nr_zones), 8);
	ck_assert_uint_eq(zone[0].type, ZONE_T_CONVENTIONAL);
	ck_assert_uint_eq(zone[0].state, ZONE_S_NOT_WP);
	for (unsigned int i = 1; i < 8; i++) {
		ck_assert_uint_eq(zone[i].type, ZONE_T_SEQUENTIAL);
		ck_assert_uint_eq(zone[i].state, ZONE_S_EMPTY);
		ck_assert_uint_eq(le64toh(zone[i].start), i * ZONE);
		ck_assert_uint_eq(le64toh(zone[i].cap), CAP);
	}
}
END_TEST

START_TEST(a_report_fits_its_buffer)
{
	static const struct {
		uint32_t bytes;
		uint64_t sector, n;
	} cases[] = { { 64, 0, 0 },
		      { 127, 0, 0 },
		      { 128, 0, 1 },
		      { 64 + 200, 5 * ZONE + 3, 3 },
		      { 64 + 640, 5 * ZONE, 3 } };
	const struct rd_buf none = { RD_DATA, 63, true };

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct rd_buf in = { RD_DATA, cases[i].bytes, true };
		uint64_t n;

		ck_assert_uint_eq(rd_do(rd, BLK_T_ZONE_REPORT, cases[i].sector, &in, 1), BLK_S_OK);
		memcpy(&n, rd->shared + RD_DATA, sizeof(n));
		ck_assert_uint_eq(le64toh(n), cases[i].n);
	}
	ck_assert_uint_eq(rd_do(rd, BLK_T_ZONE_REPORT, 0, &none, 1), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(rd_do(rd, BLK_T_ZONE_REPORT, 8 * ZONE, &none, 1), BLK_S_ZONE_INVALID_CMD);
}
END_TEST

START_TEST(writes_go_to_the_write_pointer)
{
	ck_assert_uint_eq(write_at(ZONE, 8), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_IMPLICIT_OPEN, 8);
	ck_assert_uint_eq(write_at(ZONE, 8), BLK_S_ZONE_UNALIGNED_WP);
	ck_assert_uint_eq(write_at(ZONE + 9, 8), BLK_S_ZONE_UNALIGNED_WP);
	ck_assert_uint_eq(write_at(ZONE + 8, 8), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_IMPLICIT_OPEN, 16);
}
END_TEST

START_TEST(a_zone_is_full_at_its_capacity)
{
	ck_assert_uint_eq(write_at(ZONE, CAP - 8), BLK_S_OK);
	ck_assert_uint_eq(write_at(ZONE + CAP - 8, 9), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(write_at(ZONE + CAP - 8, 8), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_FULL, CAP);
	ck_assert_uint_eq(write_at(ZONE + CAP, 1), BLK_S_ZONE_INVALID_CMD);
	ck_assert_int_eq(append(ZONE, 1), -BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_CLOSE, ZONE), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_FINISH, ZONE), BLK_S_OK);
}
END_TEST

START_TEST(appends_tell_where_they_went)
{
	ck_assert_int_eq(append(2 * ZONE, 4), 2 * ZONE);
	ck_assert_int_eq(append(2 * ZONE, 16), 2 * ZONE + 4);
	ck_assert_int_eq(append(2 * ZONE, 1), 2 * ZONE + 20);
	ck_assert_int_eq(append(2 * ZONE, 17), -BLK_S_ZONE_INVALID_CMD);
	ck_assert_int_eq(append(2 * ZONE + 1, 1), -BLK_S_ZONE_INVALID_CMD);
	ck_assert_int_eq(append(0, 1), -BLK_S_ZONE_INVALID_CMD);
	expect_zone(2 * ZONE, ZONE_S_IMPLICIT_OPEN, 21);
}
END_TEST

START_TEST(what_was_appended_is_there)
{
	memset(rd->shared + RD_DATA, 0x77, 1024);
	ck_assert_int_eq(append(3 * ZONE, 2), 3 * ZONE);
	ck_assert_uint_eq(read_at(3 * ZONE, 4), BLK_S_OK);
	ck_assert_uint_eq(rd->shared[RD_DATA + 0x20000 + 1023], 0x77);
	ck_assert_uint_eq(rd->shared[RD_DATA + 0x20000 + 1024], 0);
}
END_TEST

START_TEST(a_reset_zone_reads_as_zeroes)
{
	memset(rd->shared + RD_DATA, 0x77, 512);
	ck_assert_uint_eq(write_at(ZONE, 1), BLK_S_OK);
	ck_assert_uint_eq(manage(BLK_T_ZONE_RESET, ZONE), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_EMPTY, 0);
	ck_assert_uint_eq(read_at(ZONE, 1), BLK_S_OK);
	ck_assert_uint_eq(rd->shared[RD_DATA + 0x20000], 0);
	ck_assert_uint_eq(manage(BLK_T_ZONE_RESET, ZONE), BLK_S_OK);
	ck_assert_uint_eq(write_at(ZONE, 1), BLK_S_OK);
}
END_TEST

START_TEST(open_and_close)
{
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_EXPLICIT_OPEN, 0);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_OK);
	ck_assert_uint_eq(manage(BLK_T_ZONE_CLOSE, ZONE), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_EMPTY, 0);
	ck_assert_uint_eq(manage(BLK_T_ZONE_CLOSE, ZONE), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_OK);
	ck_assert_uint_eq(write_at(ZONE, 1), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_EXPLICIT_OPEN, 1);
	ck_assert_uint_eq(manage(BLK_T_ZONE_CLOSE, ZONE), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_CLOSED, 1);
	ck_assert_uint_eq(manage(BLK_T_ZONE_FINISH, ZONE), BLK_S_OK);
	expect_zone(ZONE, ZONE_S_FULL, CAP);
}
END_TEST

START_TEST(at_most_so_many_zones_are_open)
{
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_OK);
	ck_assert_uint_eq(write_at(2 * ZONE, 1), BLK_S_OK);
	/* The one that was opened by a write makes room. */
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, 3 * ZONE), BLK_S_OK);
	expect_zone(2 * ZONE, ZONE_S_CLOSED, 1);
	/* Two are open by request now, three are active. */
	ck_assert_uint_eq(write_at(2 * ZONE + 1, 1), BLK_S_ZONE_OPEN_RESOURCE);
	expect_zone(2 * ZONE, ZONE_S_CLOSED, 1);
	ck_assert_uint_eq(write_at(4 * ZONE, 1), BLK_S_ZONE_ACTIVE_RESOURCE);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, 4 * ZONE), BLK_S_ZONE_ACTIVE_RESOURCE);
	ck_assert_uint_eq(manage(BLK_T_ZONE_FINISH, 2 * ZONE), BLK_S_OK);
	ck_assert_uint_eq(manage(BLK_T_ZONE_CLOSE, ZONE), BLK_S_OK);
	ck_assert_uint_eq(write_at(4 * ZONE, 1), BLK_S_OK);
}
END_TEST

START_TEST(reset_all_frees_everything)
{
	for (int round = 0; round < 3; round++) {
		ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_OK);
		ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, 2 * ZONE), BLK_S_OK);
		ck_assert_uint_eq(manage(BLK_T_ZONE_FINISH, 7 * ZONE), BLK_S_OK);
		ck_assert_uint_eq(write_at(0, 1), BLK_S_OK);
		ck_assert_uint_eq(manage(BLK_T_ZONE_RESET_ALL, 0), BLK_S_OK);
		for (uint64_t i = 1; i < 8; i++)
			expect_zone(i * ZONE, ZONE_S_EMPTY, 0);
	}
}
END_TEST

START_TEST(conventional_zones_are_like_a_disk)
{
	memset(rd->shared + RD_DATA, 0x66, 512);
	ck_assert_uint_eq(write_at(100, 1), BLK_S_OK);
	ck_assert_uint_eq(write_at(3, 1), BLK_S_OK);
	ck_assert_uint_eq(write_at(255, 1), BLK_S_OK);
	ck_assert_uint_eq(write_at(255, 2), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, 0), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_RESET, 0), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_RESET_ALL, 0), BLK_S_OK);
	ck_assert_uint_eq(rd->disk.data[100 * 512], 0x66);
}
END_TEST

START_TEST(requests_stay_in_their_zone)
{
	ck_assert_uint_eq(read_at(2 * ZONE - 1, 2), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(read_at(2 * ZONE - 1, 1), BLK_S_OK);
	ck_assert_uint_eq(write_at(ZONE, ZONE + 1), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE + 1), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, UINT64_MAX), BLK_S_ZONE_INVALID_CMD);
	ck_assert_uint_eq(manage(BLK_T_ZONE_RESET, 8 * ZONE), BLK_S_ZONE_INVALID_CMD);
}
END_TEST

START_TEST(read_only_zones)
{
	rd->blk.read_only = true;
	ck_assert_uint_eq(manage(BLK_T_ZONE_OPEN, ZONE), BLK_S_IOERR);
	ck_assert_int_eq(append(ZONE, 1), -BLK_S_IOERR);
	ck_assert_uint_eq(write_at(ZONE, 1), BLK_S_IOERR);
	expect_zone(ZONE, ZONE_S_EMPTY, 0);
}
END_TEST

static Suite *suite(void)
{
	const TTest *const tests[] = {
		a_report_tells_of_all_zones,
		a_report_fits_its_buffer,
		writes_go_to_the_write_pointer,
		a_zone_is_full_at_its_capacity,
		appends_tell_where_they_went,
		what_was_appended_is_there,
		a_reset_zone_reads_as_zeroes,
		open_and_close,
		at_most_so_many_zones_are_open,
		reset_all_frees_everything,
		conventional_zones_are_like_a_disk,
		requests_stay_in_their_zone,
		read_only_zones,
	};
	Suite *s = suite_create("server zones");
	TCase *tc = tcase_create("zones");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { suite, NULL };
