// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A back-end that breaks the rules of the rings (HARDENING 2-6), in every format: the device is
 * broken from then on, and the application hears of it with every request.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "tests/hostile/client.h"
#include "tests/support/test.h"

#define SCRIBBLE_MS 600 /* for each format */

static struct client client;

static void start(int kind, enum fake_rings rings, enum client_mode mode)
{
	struct fake_script script = fake_script_for(&fake_kinds[kind]);

	script.rings = rings;
	client_init(&client, &script, mode);
	client_run(&client);
}

/* One chain is broken; all requests in flight and all later ones end with that text. */
static void breaks_the_device(int kind, enum fake_rings rings, const char *text)
{
	start(kind, rings, MODE_EVENTFD);
	client_submit(&client, 8);
	client_expect_failures(&client, 8, -EPROTO, text);
	client_submit(&client, 8);
	client_expect_failures(&client, 8, -EPROTO, text);
	client_finish(&client);
}

START_TEST(an_id_that_does_not_exist_breaks_the_device)
{
	breaks_the_device(_i, RINGS_BAD_ID, "not in flight");
}
END_TEST

START_TEST(more_written_than_there_was_room_for_breaks_the_device)
{
	breaks_the_device(_i, RINGS_TOO_LONG, "more than it may");
}
END_TEST

/* The first use may have been taken before the second one came. */
START_TEST(a_request_used_twice_completes_once)
{
	unsigned int ok = 0, failed = 0;
	int64_t end = client_now_ms() + 5000;

	start(_i, RINGS_TWICE, MODE_POLLING);
	client_submit(&client, 32);
	while (ok + failed < 32) {
		struct blkio_completion completions[32];
		int n = blkioq_do_io(client.q, completions, 0, 32, NULL);

		ck_assert_int_ge(n, 0);
		for (int i = 0; i < n; i++) {
			ck_assert_uint_eq(++*(unsigned char *)completions[i].user_data, 1);
			failed += completions[i].ret == -EPROTO;
			ok += completions[i].ret == 0;
		}
		ck_assert_int_lt(client_now_ms(), end);
	}
	ck_assert_uint_gt(failed, 0);
	client_finish(&client);
}
END_TEST

/* It is the request that fails. */
START_TEST(an_unknown_status_is_an_error)
{
	start(_i, RINGS_BAD_STATUS, MODE_BLOCKING);
	client_submit(&client, 8);
	client_expect_failures(&client, 8, -EPROTO, "status");
	client_finish(&client);
}
END_TEST

START_TEST(a_status_that_was_not_written_is_an_error)
{
	start(_i, RINGS_NO_STATUS, MODE_BLOCKING);
	for (int i = 0; i < 3; i++) {
		client_submit(&client, 8);
		client_expect_failures(&client, 8, -EPROTO, "status");
	}
	client_finish(&client);
}
END_TEST

/* The same slots with a back-end that keeps the rules: the test's own proof. */
START_TEST(an_honest_back_end_serves_all)
{
	struct blkio_completion completions[64];
	struct timespec timeout = { .tv_sec = 5 };

	start(_i, RINGS_SERVE, MODE_BLOCKING);
	for (int round = 0; round < 20; round++) {
		client_submit(&client, 64);
		ck_assert_int_eq(blkioq_do_io(client.q, completions, 64, 64, &timeout), 64);
		for (int i = 0; i < 64; i++)
			ck_assert_int_eq(completions[i].ret, 0);
	}
	ck_assert_uint_eq(client.backend.stats->chains, 20 * 64);
	client_finish(&client);
}
END_TEST

/*
 * Requests against a scribbler until its device is found out, or for a while. Whatever comes back
 * was in flight.
 */
static void live_with_a_scribbler(enum client_mode mode, int kind)
{
	unsigned char in_flight[MAX_DEPTH] = { 0 };
	int64_t end = client_now_ms() + SCRIBBLE_MS / 8;

	start(kind, RINGS_SCRIBBLE, mode);
	while (client_now_ms() < end) {
		struct blkio_completion completions[16];
		struct timespec timeout = { .tv_nsec = 1000000 };
		int n;

		for (unsigned int i = 0; i < 64; i++) {
			if (in_flight[i])
				continue;
			in_flight[i] = 1;
			blkioq_write(client.q, i * 512, client_buf(&client, i), 512, &in_flight[i],
				     i % 2 ? BLKIO_REQ_FUA : 0);
		}
		n = blkioq_do_io(client.q, completions, mode == MODE_BLOCKING, 16, &timeout);
		ck_assert(n >= 0 || n == -ETIME);
		for (int i = 0; i < n; i++) {
			unsigned char *flag = completions[i].user_data;

			ck_assert(flag >= in_flight && flag < in_flight + 64);
			ck_assert_uint_eq((*flag)--, 1);
			if (completions[i].ret < 0 && completions[i].ret != -EIO &&
			    completions[i].ret != -ENOTSUP)
				ck_assert_ptr_nonnull(completions[i].error_msg);
		}
	}
	client_finish(&client);
}

START_TEST(a_scribbler_neither_crashes_nor_hangs_the_application)
{
	for (int life = 0; life < 8; life++)
		live_with_a_scribbler(life % 2 ? MODE_BLOCKING : MODE_POLLING, _i);
}
END_TEST

static Suite *rings_suite(void)
{
	const TTest *const tests[] = {
		an_honest_back_end_serves_all,
		an_id_that_does_not_exist_breaks_the_device,
		more_written_than_there_was_room_for_breaks_the_device,
		a_request_used_twice_completes_once,
		an_unknown_status_is_an_error,
		a_status_that_was_not_written_is_an_error,
		a_scribbler_neither_crashes_nor_hangs_the_application,
	};
	Suite *s = suite_create("hostile rings");
	TCase *tc = tcase_create("rings");

	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, FAKE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { rings_suite, NULL };
