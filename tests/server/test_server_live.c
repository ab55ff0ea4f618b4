// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests over a socket, in each kind of ring, with a server that sleeps or polls: no wake-up is
 * lost in either direction, and data arrives where it should.
 */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/server/server_test.h"
#include "tests/server/vu_client.h"

enum {
	REQUESTS = 3000,
	PATIENCE_MS = 10000,
};

struct live {
	struct vu_client *client;
	struct ring_driver *rd;
	int kick_fd;
	unsigned int n_desc; /* of each request */
};

static uint64_t without(const struct rd_kind *kind)
{
	return (kind->packed ? 0 : BIT(F_RING_PACKED)) |
	       (kind->indirect ? 0 : BIT(F_INDIRECT_DESC)) |
	       (kind->event_idx ? 0 : BIT(F_EVENT_IDX));
}

static struct live live_start(const struct rd_kind *kind, const char *const *args)
{
	struct live l = { .rd = rd_create_alone(kind), .n_desc = kind->indirect ? 1 : 3 };

	l.kick_fd = eventfd(0, EFD_CLOEXEC);
	l.client = vu_start(args);
	vu_negotiate(l.client, without(kind));
	vu_add_memory(l.client, l.rd);
	vu_start_ring(l.client, l.rd, 1, l.kick_fd);
	return l;
}

static void live_stop(struct live *l)
{
	vu_stop(l->client);
	rd_destroy(l->rd);
	close(l->kick_fd);
}

static void kick(const struct live *l)
{
	uint64_t one = 1;

	if (rd_wants_kick(l->rd, l->n_desc))
		ck_assert_int_eq(write(l->kick_fd, &one, sizeof(one)), sizeof(one));
}

static void wait_for_one(const struct live *l)
{
	struct pollfd fd = { .fd = l->rd->call_fd, .events = POLLIN };
	uint32_t len;
	uint16_t id;

	while (!rd_pop(l->rd, &id, &len)) {
		rd_enable_calls(l->rd);
		if (!rd_pop(l->rd, &id, &len)) {
			ck_assert_msg(poll(&fd, 1, PATIENCE_MS) == 1, "a wake-up was lost");
			rd_calls(l->rd);
			rd_disable_calls(l->rd);
			continue;
		}
		rd_disable_calls(l->rd);
		break;
	}
}

/* Write numbers, two requests at a time, and read them back. */
static void do_requests(const struct live *l)
{
	const struct rd_buf out = { RD_DATA, 512, false };
	const struct rd_buf in = { RD_DATA + 4096, 512, true };

	for (uint32_t i = 0; i < REQUESTS; i++) {
		const uint8_t *status[2];

		memcpy(l->rd->shared + RD_DATA, &i, sizeof(i));
		status[0] = rd_request(l->rd, BLK_T_OUT, i % 100, &out, 1);
		kick(l);
		if (i % 3 == 0)
			usleep(i % 50); /* let it fall asleep, sometimes */
		status[1] = rd_request(l->rd, BLK_T_IN, i % 100, &in, 1);
		kick(l);
		wait_for_one(l);
		wait_for_one(l);
		ck_assert_uint_eq(*status[0], BLK_S_OK);
		ck_assert_uint_eq(*status[1], BLK_S_OK);
		ck_assert_mem_eq(l->rd->shared + RD_DATA, l->rd->shared + RD_DATA + 4096, 512);
	}
}

static void test_with(const struct rd_kind *kind, const char *const *args)
{
	struct live l = live_start(kind, args);

	do_requests(&l);
	live_stop(&l);
}

START_TEST(a_server_that_sleeps)
{
	static const char *const args[] = { "--memory=1m", NULL };

	test_with(&rd_kinds[_i], args);
}
END_TEST

START_TEST(a_server_that_polls)
{
	static const char *const args[] = { "--memory=1m", "--poll", NULL };

	test_with(&rd_kinds[_i], args);
}
END_TEST

START_TEST(a_server_that_polls_a_while)
{
	static const char *const args[] = { "--memory=1m", "--poll-ns=2000", "--threads=1", NULL };

	test_with(&rd_kinds[_i], args);
}
END_TEST

/* The server is held and goes on, again and again, with requests in between. */
START_TEST(memory_comes_and_goes_meanwhile)
{
	static const char *const args[] = { "--memory=1m", NULL };
	const struct rd_buf in = { RD_DATA + 4096, 512, true };
	struct live l = live_start(&rd_kinds[_i], args);
	struct vu_mem_reg reg = { .region = { 0x1000, 4096, 0x1000, 0 } };

	for (int i = 0; i < 300; i++) {
		rd_request(l.rd, BLK_T_IN, 0, &in, 1);
		kick(&l);
		ck_assert_uint_eq(vu_ack(l.client, VU_ADD_MEM_REG, &reg, sizeof(reg),
					 &l.rd->memory_fd, 1),
				  0);
		rd_request(l.rd, BLK_T_IN, 0, &in, 1);
		kick(&l);
		ck_assert_uint_eq(vu_ack(l.client, VU_REM_MEM_REG, &reg, sizeof(reg), NULL, 0), 0);
		wait_for_one(&l);
		wait_for_one(&l);
	}
	live_stop(&l);
}
END_TEST

/* Without a kick fd the server must look by itself. */
START_TEST(a_ring_without_kicks)
{
	static const char *const args[] = { "--memory=1m", NULL };
	const struct rd_buf in = { RD_DATA, 512, true };
	struct live l = { .rd = rd_create_alone(&rd_kinds[_i]), .client = vu_start(args) };

	l.kick_fd = -1;
	vu_negotiate(l.client, without(&rd_kinds[_i]));
	vu_add_memory(l.client, l.rd);
	vu_start_ring(l.client, l.rd, 0, -1);
	rd_request(l.rd, BLK_T_IN, 0, &in, 1);
	wait_for_one(&l);
	vu_stop(l.client);
	rd_destroy(l.rd);
}
END_TEST

/* Stop the ring as a front-end does that goes away for a while, and start it again. */
START_TEST(a_ring_is_stopped_and_goes_on)
{
	static const char *const args[] = { "--memory=1m", NULL };
	const struct rd_buf in = { RD_DATA, 512, true };
	struct live l = live_start(&rd_kinds[_i], args);
	struct vu_vring_state state = { .index = 1 };
	struct vu_msg m;

	for (int i = 0; i < 20; i++) {
		uint64_t index = 1;

		rd_request(l.rd, BLK_T_IN, 0, &in, 1);
		kick(&l);
		wait_for_one(&l);
		vu_send(l.client, VU_GET_VRING_BASE, 0, &state, sizeof(state), NULL, 0);
		vu_receive(l.client, VU_GET_VRING_BASE, &m);
		ck_assert_uint_eq(m.p.state.num & 0x7fff, l.rd->used_idx);
		ck_assert_uint_eq(vu_ack_state(l.client, VU_SET_VRING_BASE, 1, m.p.state.num), 0);
		ck_assert_uint_eq(vu_ack(l.client, VU_SET_VRING_KICK, &index, 8, &l.kick_fd, 1), 0);
	}
	live_stop(&l);
}
END_TEST

/* The third request ends the process with the status of --exit-after. */
START_TEST(exit_after_requests)
{
	static const char *const args[] = { "--memory=1m", "--exit-after=3", NULL };
	const struct rd_buf in = { RD_DATA, 512, true };
	struct live l = live_start(&rd_kinds[0], args);

	for (int i = 0; i < 3; i++) {
		rd_request(l.rd, BLK_T_IN, 0, &in, 1);
		kick(&l);
		wait_for_one(&l);
	}
}
END_TEST

START_TEST(exit_after_messages)
{
	static const char *const args[] = { "--memory=1m", "--exit-after-messages=3", NULL };
	struct vu_client *c = vu_start(args);

	ck_assert_uint_ne(vu_get_u64(c, VU_GET_FEATURES), 0);
	ck_assert_uint_ne(vu_get_u64(c, VU_GET_PROTOCOL_FEATURES), 0);
	vu_get_u64(c, VU_GET_FEATURES);
}
END_TEST

/*
 * A server has taken requests and died. The next one, with the record of the first, does them:
 * those behind the used index, or behind the record's position.
 */
START_TEST(what_was_in_flight_is_done_by_the_next_server)
{
	static const char *const args[] = { "--memory=1m", NULL };
	const struct rd_buf in = { RD_DATA, 512, true };
	struct vu_inflight inflight = { .num_queues = 4, .queue_size = RD_NUM };
	struct live l = live_start(&rd_kinds[_i], args);
	int record = vu_get_inflight(l.client, &inflight);

	ck_assert_uint_eq(vu_ack(l.client, VU_SET_INFLIGHT_FD, &inflight, 24, &record, 1), 0);
	ck_assert_uint_eq(vu_ack_state(l.client, VU_SET_VRING_ENABLE, 1, 0), 0);
	ck_assert_uint_eq(vu_ack_state(l.client, VU_SET_VRING_ENABLE, 1, 1), 0);
	rd_request(l.rd, BLK_T_IN, 0, &in, 1);
	kick(&l);
	wait_for_one(&l);
	vu_stop(l.client);

	/* The base of vu_start_ring() is that of a fresh ring: only the record tells better. */
	rd_request(l.rd, BLK_T_IN, 0, &in, 1);
	l.client = vu_start(args);
	vu_negotiate(l.client, without(&rd_kinds[_i]));
	vu_add_memory(l.client, l.rd);
	ck_assert_uint_eq(vu_ack(l.client, VU_SET_INFLIGHT_FD, &inflight, 24, &record, 1), 0);
	vu_start_ring(l.client, l.rd, 1, -1);
	wait_for_one(&l);
	close(record);
	live_stop(&l);
}
END_TEST

static Suite *suite(void)
{
	const TTest *const tests[] = {
		a_server_that_sleeps,
		a_server_that_polls,
		a_server_that_polls_a_while,
		memory_comes_and_goes_meanwhile,
		a_ring_without_kicks,
		a_ring_is_stopped_and_goes_on,
		what_was_in_flight_is_done_by_the_next_server,
	};
	Suite *s = SUITE_LOOPS("server, live", tests, RD_N_KINDS);
	TCase *exits = tcase_create("exits");

	tcase_add_exit_test(exits, exit_after_requests, 3);
	tcase_add_exit_test(exits, exit_after_messages, 3);
	suite_add_tcase(s, exits);
	return s;
}

Suite *(*const test_suites[])(void) = { suite, NULL };
