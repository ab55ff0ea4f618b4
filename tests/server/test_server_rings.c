// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The server's rings with a driver that keeps to the rules: all requests, in each kind of ring.
 */
#include <string.h>

#include "examples/vhost-user-blk-server/clock.h"
#include "tests/server/ring_driver.h"
#include "tests/server/server_test.h"

static const struct rd_buf out4k = { RD_DATA, 4096, false };
static const struct rd_buf in4k = { RD_DATA + 0x10000, 4096, true };

START_TEST(what_was_written_is_read)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	memset(rd->shared + RD_DATA, 0x5a, 4096);
	ck_assert_uint_eq(rd_do(rd, BLK_T_OUT, 8, &out4k, 1), BLK_S_OK);
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, 8, &in4k, 1), BLK_S_OK);
	ck_assert_mem_eq(rd->shared + RD_DATA, rd->shared + RD_DATA + 0x10000, 4096);
	rd_destroy(rd);
}
END_TEST

START_TEST(data_may_come_in_pieces)
{
	const struct rd_buf in[] = { { RD_DATA, 100, true },
				     { RD_DATA + 1000, 412, true },
				     { RD_DATA + 5000, 1536, true } };
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	memset(rd->disk.data, 1, 512);
	memset(rd->disk.data + 512, 2, 1536);
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, 0, in, 3), BLK_S_OK);
	ck_assert_uint_eq(rd->shared[RD_DATA + 99], 1);
	ck_assert_uint_eq(rd->shared[RD_DATA + 100], 0);
	ck_assert_uint_eq(rd->shared[RD_DATA + 1411], 1);
	ck_assert_uint_eq(rd->shared[RD_DATA + 5000], 2);
	ck_assert_uint_eq(rd->shared[RD_DATA + 6535], 2);
	rd_destroy(rd);
}
END_TEST

START_TEST(header_and_status_may_share_buffers_with_data)
{
	const struct blk_header h = { .type = htole32(BLK_T_IN), .sector = htole64(1) };
	const struct rd_buf buf[] = { { RD_DATA, 5, false },
				      { RD_DATA + 5, 11, false },
				      { RD_DATA + 64, 513, true } };
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);
	uint32_t len;
	uint16_t id;

	memcpy(rd->shared + RD_DATA, &h, sizeof(h));
	memset(rd->disk.data + 512, 7, 512);
	rd->shared[RD_DATA + 64 + 512] = 0xff;
	rd_push(rd, buf, 3);
	rd_run(rd);
	ck_assert(rd_pop(rd, &id, &len));
	ck_assert_uint_eq(len, 513);
	ck_assert_uint_eq(rd->shared[RD_DATA + 64 + 511], 7);
	ck_assert_uint_eq(rd->shared[RD_DATA + 64 + 512], BLK_S_OK);
	rd_destroy(rd);
}
END_TEST

/* Twice as many entries as 16-bit indexes have, to wrap everything that can wrap. */
START_TEST(the_ring_goes_round_and_round)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);
	uint8_t *status[2];
	uint32_t len;
	uint16_t id;

	for (int i = 0; i < 70000; i++) {
		for (int k = 0; k < 2; k++)
			status[k] = rd_request(rd, BLK_T_IN, (uint64_t)i % 1000, &in4k, 1);
		rd_run(rd);
		for (int k = 0; k < 2; k++) {
			ck_assert(rd_pop(rd, &id, &len));
			ck_assert_uint_eq(len, 4097);
			ck_assert_uint_eq(*status[k], BLK_S_OK);
		}
	}
	ck_assert(!rd->vq.broken);
	rd_destroy(rd);
}
END_TEST

START_TEST(the_end_of_the_disk_is_an_error)
{
	const uint64_t sectors = RD_DISK_BYTES / 512;
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);
	const struct rd_buf odd = { RD_DATA, 511, true };

	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, sectors - 8, &in4k, 1), BLK_S_OK);
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, sectors - 7, &in4k, 1), BLK_S_IOERR);
	ck_assert_uint_eq(rd_do(rd, BLK_T_OUT, sectors, &out4k, 1), BLK_S_IOERR);
	ck_assert_uint_eq(rd_do(rd, BLK_T_OUT, UINT64_MAX, &out4k, 1), BLK_S_IOERR);
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, UINT64_MAX / 512 + 1, &in4k, 1), BLK_S_IOERR);
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, 0, &odd, 1), BLK_S_IOERR);
	rd_destroy(rd);
}
END_TEST

START_TEST(flush_id_and_unknown_requests)
{
	const struct rd_buf id = { RD_DATA, 20, true };
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	ck_assert_uint_eq(rd_do(rd, BLK_T_FLUSH, 0, NULL, 0), BLK_S_OK);
	ck_assert_uint_eq(rd_do(rd, BLK_T_GET_ID, 0, &id, 1), BLK_S_OK);
	ck_assert_str_eq((char *)rd->shared + RD_DATA, "serial");
	ck_assert_uint_eq(rd_do(rd, 99, 0, NULL, 0), BLK_S_UNSUPP);
	ck_assert_uint_eq(rd_do(rd, BLK_T_ZONE_REPORT, 0, &in4k, 1), BLK_S_UNSUPP);
	rd_destroy(rd);
}
END_TEST

static uint8_t do_range(struct ring_driver *rd, uint32_t type, uint64_t sector, uint32_t n,
			uint32_t flags)
{
	const struct blk_range range = { htole64(sector), htole32(n), htole32(flags) };
	const struct rd_buf buf = { RD_DATA, sizeof(range), false };

	memcpy(rd->shared + RD_DATA, &range, sizeof(range));
	return rd_do(rd, type, 0, &buf, 1);
}

START_TEST(ranges_are_zeroed)
{
	static const uint32_t types[] = { BLK_T_DISCARD, BLK_T_WRITE_ZEROES, BLK_T_SECURE_ERASE };
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	for (int i = 0; i < 3; i++) {
		memset(rd->disk.data, 9, RD_DISK_BYTES);
		ck_assert_uint_eq(do_range(rd, types[i], 3, 100, 0), BLK_S_OK);
		ck_assert_uint_eq(rd->disk.data[3 * 512 - 1], 9);
		ck_assert_uint_eq(rd->disk.data[3 * 512], 0);
		ck_assert_uint_eq(rd->disk.data[103 * 512 - 1], 0);
		ck_assert_uint_eq(rd->disk.data[103 * 512], 9);
	}
	rd_destroy(rd);
}
END_TEST

START_TEST(ranges_are_checked)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	ck_assert_uint_eq(do_range(rd, BLK_T_WRITE_ZEROES, 0, 8, BLK_RANGE_UNMAP), BLK_S_OK);
	ck_assert_uint_eq(do_range(rd, BLK_T_DISCARD, 0, 8, BLK_RANGE_UNMAP), BLK_S_UNSUPP);
	ck_assert_uint_eq(do_range(rd, BLK_T_WRITE_ZEROES, 0, 8, 2), BLK_S_UNSUPP);
	ck_assert_uint_eq(do_range(rd, BLK_T_DISCARD, 0, 1025, 0), BLK_S_IOERR);
	ck_assert_uint_eq(do_range(rd, BLK_T_DISCARD, 2047, 2, 0), BLK_S_IOERR);
	ck_assert_uint_eq(do_range(rd, BLK_T_DISCARD, UINT64_MAX, 2, 0), BLK_S_IOERR);
	ck_assert_uint_eq(rd_do(rd, BLK_T_DISCARD, 0, NULL, 0), BLK_S_IOERR);
	rd_destroy(rd);
}
END_TEST

/* The driver asks for one interrupt, when the third request from now on is used. */
static void ask_for_third(struct ring_driver *rd, unsigned int n_desc)
{
	unsigned int at = rd->used_idx + 2 * n_desc;

	if (!rd->kind.packed) {
		rd_avail(rd)->ring[RD_NUM] = htole16((uint16_t)(rd->used_idx + 2));
		return;
	}
	if (at < RD_NUM)
		at |= rd->used_wrap ? PACKED_WRAP : 0;
	else
		at = (at - RD_NUM) | (rd->used_wrap ? 0 : PACKED_WRAP);
	rd_driver_event(rd)->off_wrap = htole16((uint16_t)at);
	rd_driver_event(rd)->flags = htole16(EVENT_DESC);
}

START_TEST(an_interrupt_comes_when_it_is_asked_for)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);
	unsigned int n_desc = rd->kind.indirect ? 1 : 3;
	const uint8_t wanted[] = { 0, 0, 1, 0 };

	if (!rd->kind.event_idx) {
		rd_destroy(rd);
		return;
	}
	rd_do(rd, BLK_T_IN, 0, &in4k, 1); /* the first one of a ring interrupts */
	for (int round = 0; round < 50; round++) {
		rd_calls(rd);
		ask_for_third(rd, n_desc);
		for (int i = 0; i < 4; i++) {
			rd_do(rd, BLK_T_IN, 0, &in4k, 1);
			ck_assert_uint_eq(rd_calls(rd), wanted[i]);
		}
	}
	rd_destroy(rd);
}
END_TEST

START_TEST(interrupts_can_be_switched_off)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	if (rd->kind.event_idx && !rd->kind.packed) {
		rd_destroy(rd); /* the flag does not count then */
		return;
	}
	rd_do(rd, BLK_T_IN, 0, &in4k, 1);
	ck_assert_uint_eq(rd_calls(rd), 1);
	if (rd->kind.packed)
		rd_driver_event(rd)->flags = htole16(EVENT_DISABLE);
	else
		rd_avail(rd)->flags = htole16(AVAIL_F_NO_INTERRUPT);
	rd_do(rd, BLK_T_IN, 0, &in4k, 1);
	ck_assert_uint_eq(rd_calls(rd), 0);
	rd_destroy(rd);
}
END_TEST

START_TEST(asking_for_kicks_tells_of_what_is_there_already)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	rd_run(rd);
	ck_assert(!rd->vq.ops->enable_kicks(&rd->vq));
	rd_request(rd, BLK_T_FLUSH, 0, NULL, 0);
	ck_assert(rd->vq.ops->enable_kicks(&rd->vq));
	rd_destroy(rd);
}
END_TEST

/* Where the ring stands must be right after a stop, whatever lap it is on. */
START_TEST(a_ring_goes_on_where_it_was_stopped)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	for (int i = 0; i < 40; i++) {
		ck_assert_uint_eq(rd_do(rd, BLK_T_IN, 0, &in4k, 1), BLK_S_OK);
		vring_stop(&rd->vq);
		ck_assert(!rd->vq.running);
		rd_start(rd);
	}
	rd_destroy(rd);
}
END_TEST

START_TEST(delayed_requests_are_used_when_they_are_due)
{
	struct ring_driver *rd = rd_create_stopped(&rd_kinds[_i]);
	uint64_t start_ns = clock_ns();
	uint32_t len;
	uint16_t id;

	rd->blk.delay_ns = 20000000;
	rd_start(rd);
	rd_request(rd, BLK_T_IN, 0, &in4k, 1);
	rd_request(rd, BLK_T_FLUSH, 0, NULL, 0);
	rd_run(rd);
	ck_assert(!rd_pop(rd, &id, &len));
	ck_assert_uint_ge(vring_due_ns(&rd->vq), start_ns + rd->blk.delay_ns);
	while (clock_ns() < start_ns + rd->blk.delay_ns * 2)
		rd_run(rd);
	ck_assert(rd_pop(rd, &id, &len));
	ck_assert_uint_eq(len, 4097);
	ck_assert(rd_pop(rd, &id, &len));
	ck_assert_uint_eq(len, 1);
	rd_destroy(rd);
}
END_TEST

START_TEST(a_stop_does_not_wait_for_what_is_due_later)
{
	struct ring_driver *rd = rd_create_stopped(&rd_kinds[_i]);
	uint32_t len;
	uint16_t id;

	rd->blk.delay_ns = 3600000000000;
	rd_start(rd);
	rd_request(rd, BLK_T_IN, 0, &in4k, 1);
	rd_run(rd);
	vring_stop(&rd->vq);
	ck_assert(rd_pop(rd, &id, &len));
	rd_destroy(rd);
}
END_TEST

START_TEST(chosen_sectors_fail)
{
	struct ring_driver *rd = rd_create(&rd_kinds[_i]);

	rd->blk.fail[0] = (struct blk_fail) { .offset = 10000, .status = BLK_S_IOERR };
	rd->blk.fail[1] = (struct blk_fail) { .offset = 512 * 100, .status = BLK_S_UNSUPP };
	rd->blk.n_fails = 2;
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, 16, &in4k, 1), BLK_S_IOERR);
	ck_assert_uint_eq(rd_do(rd, BLK_T_IN, 20, &in4k, 1), BLK_S_OK);
	ck_assert_uint_eq(rd_do(rd, BLK_T_OUT, 93, &out4k, 1), BLK_S_UNSUPP);
	ck_assert_uint_eq(do_range(rd, BLK_T_DISCARD, 0, 1000, 0), BLK_S_IOERR);
	rd_destroy(rd);
}
END_TEST

static Suite *suite(void)
{
	const TTest *const tests[] = {
		what_was_written_is_read,
		data_may_come_in_pieces,
		header_and_status_may_share_buffers_with_data,
		the_ring_goes_round_and_round,
		the_end_of_the_disk_is_an_error,
		flush_id_and_unknown_requests,
		ranges_are_zeroed,
		ranges_are_checked,
		an_interrupt_comes_when_it_is_asked_for,
		interrupts_can_be_switched_off,
		asking_for_kicks_tells_of_what_is_there_already,
		a_ring_goes_on_where_it_was_stopped,
		delayed_requests_are_used_when_they_are_due,
		a_stop_does_not_wait_for_what_is_due_later,
		chosen_sectors_fail,
	};

	return SUITE_LOOPS("server rings", tests, RD_N_KINDS);
}

Suite *(*const test_suites[])(void) = { suite, NULL };
