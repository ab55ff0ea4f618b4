// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a back-end says of its own accord, on the channel that is its own or through the eventfd for
 * errors (HARDENING 7 and 12): events for the application, and never more harm than an error.
 */
#include <errno.h>
#include <string.h>

#include "tests/hostile/client.h"
#include "tests/support/test.h"

#define SECTOR 512

static struct client client;

static struct fake_script honest(void)
{
	return fake_script_for(&fake_kinds[3]);
}

static void run(const struct fake_script *script)
{
	client_init(&client, script, MODE_BLOCKING);
	client_run(&client);
}

static uint64_t capacity(void)
{
	uint64_t bytes;

	ck_assert_msg(blkio_get_uint64(client.b, "capacity", &bytes) == 0, "%s",
		      blkio_get_error_msg());
	return bytes;
}

static void works(void)
{
	client_submit(&client, 8);
	client_expect_success(&client, 8);
}

START_TEST(there_is_no_event_at_first)
{
	struct fake_script script = honest();

	run(&script);
	client_expect_no_event(&client);
	client_finish(&client);
}
END_TEST

START_TEST(a_device_that_has_grown_is_an_event)
{
	struct fake_script script = honest();
	uint64_t before;

	run(&script);
	before = capacity();
	fake_backend_do(&client.backend, COMMAND_GROW);
	ck_assert_uint_eq(client_expect_event(&client, BLKIO_EVENT_CAPACITY_CHANGED).capacity,
			  2 * before);
	ck_assert_uint_eq(capacity(), 2 * before);
	client_expect_no_event(&client);
	works();
	client_finish(&client);
}
END_TEST

/* It waits for our answer, while we wait for its answer to something else. */
START_TEST(a_back_end_that_waits_for_us_does_not_make_us_wait)
{
	struct fake_script script = honest();
	uint64_t before;

	run(&script);
	before = capacity();
	client.backend.stats->answer = 99;
	fake_backend_do(&client.backend, COMMAND_GROW_ASK);
	ck_assert_uint_eq(capacity(), 2 * before);
	ck_assert_uint_eq(client.backend.stats->answer, 0);
	client_expect_event(&client, BLKIO_EVENT_CAPACITY_CHANGED);
	client_finish(&client);
}
END_TEST

START_TEST(a_change_of_nothing_is_no_event)
{
	struct fake_script script = honest();

	run(&script);
	fake_backend_do(&client.backend, COMMAND_SAME);
	client_expect_no_event(&client);
	fake_backend_do(&client.backend, COMMAND_FLOOD);
	client_expect_no_event(&client);
	works();
	client_finish(&client);
}
END_TEST

START_TEST(a_request_that_we_do_not_have_is_refused)
{
	struct fake_script script = honest();

	run(&script);
	fake_backend_do(&client.backend, COMMAND_STRANGE);
	client_expect_no_event(&client);
	ck_assert_uint_gt(capacity(), 0);
	ck_assert_uint_eq(client.backend.stats->answer, 1);
	works();
	client_finish(&client);
}
END_TEST

START_TEST(half_a_message_is_waited_for_without_blocking)
{
	struct fake_script script = honest();

	run(&script);
	fake_backend_do(&client.backend, COMMAND_HALF);
	client_expect_no_event(&client);
	works();
	client_finish(&client);
}
END_TEST

START_TEST(the_end_of_the_channel_is_the_end_of_nothing_else)
{
	struct fake_script script = honest();

	run(&script);
	fake_backend_do(&client.backend, COMMAND_HANG_UP);
	client_expect_no_event(&client);
	works();
	client_finish(&client);
}
END_TEST

static void breaks(enum fake_command command, int code, const char *text)
{
	struct fake_script script = honest();

	script.rings = RINGS_SILENT;
	run(&script);
	client_submit(&client, 32);
	ck_assert_int_ge(blkio_get_event_fd(client.b), 0);
	fake_backend_do(&client.backend, command);
	client_expect_event(&client, BLKIO_EVENT_CONNECTION_LOST);
	client_expect_no_event(&client);
	client_expect_failures(&client, 32, code, text);
	client_finish(&client);
}

START_TEST(what_is_no_message_is_the_end)
{
	breaks(COMMAND_GARBAGE, -ENOTCONN, "lost");
}
END_TEST

START_TEST(a_message_of_four_gigabytes_is_the_end)
{
	breaks(COMMAND_HUGE, -ENOTCONN, "lost");
}
END_TEST

START_TEST(a_queue_that_the_back_end_gives_up_is_the_end)
{
	breaks(COMMAND_ERROR, -EIO, "the back-end reported an error of a queue");
}
END_TEST

/* In every mode; the application does not ask for events. */
START_TEST(an_error_of_a_queue_ends_its_requests)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i / NR_MODES]);

	script.rings = RINGS_SILENT;
	client_init(&client, &script, (enum client_mode)(_i % NR_MODES));
	client_run(&client);
	client_submit(&client, 32);
	fake_backend_do(&client.backend, COMMAND_ERROR);
	client_expect_failures(&client, 32, -EIO, "error of a queue");
	client_finish(&client);
}
END_TEST

START_TEST(a_lost_connection_is_an_event_once)
{
	struct fake_script script = honest();

	run(&script);
	ck_assert_int_ge(blkio_get_event_fd(client.b), 0);
	fake_backend_kill(&client.backend);
	client_expect_event(&client, BLKIO_EVENT_CONNECTION_LOST);
	client_expect_no_event(&client);
	client_finish(&client);
}
END_TEST

START_TEST(it_is_one_for_those_who_ask_late)
{
	struct fake_script script = honest();

	run(&script);
	client_submit(&client, 1);
	fake_backend_kill(&client.backend);
	client_expect_failures(&client, 1, 0, "");
	client_expect_event(&client, BLKIO_EVENT_CONNECTION_LOST);
	client_expect_no_event(&client);
	client_finish(&client);
}
END_TEST

START_TEST(without_the_channel_there_are_no_changes_but_it_works)
{
	struct fake_script script = honest();

	script.hidden_protocol = UINT64_C(1) << 5;
	run(&script);
	client_expect_no_event(&client);
	works();
	client_finish(&client);
}
END_TEST

/* ---- memory of requests in flight ---- */

START_TEST(memory_of_requests_in_flight_is_handed_back)
{
	struct fake_script script = honest();

	script.inflight_bytes = 4096;
	run(&script);
	ck_assert_uint_eq(client.backend.stats->inflight, 1);
	works();
	client_finish(&client);
}
END_TEST

START_TEST(memory_of_requests_in_flight_without_a_descriptor_is_an_error)
{
	struct fake_script script = honest();

	script.inflight_bytes = 4096;
	script.inflight_without_fd = true;
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_connect(client.b), 0);
	ck_assert_error(client_start(&client), -EPROTO, "GET_INFLIGHT_FD has no descriptor");
	client_finish(&client);
}
END_TEST

static Suite *events_suite(void)
{
	const TTest *const tests[] = {
		there_is_no_event_at_first,
		a_device_that_has_grown_is_an_event,
		a_back_end_that_waits_for_us_does_not_make_us_wait,
		a_change_of_nothing_is_no_event,
		a_request_that_we_do_not_have_is_refused,
		half_a_message_is_waited_for_without_blocking,
		the_end_of_the_channel_is_the_end_of_nothing_else,
		what_is_no_message_is_the_end,
		a_message_of_four_gigabytes_is_the_end,
		a_queue_that_the_back_end_gives_up_is_the_end,
		a_lost_connection_is_an_event_once,
		it_is_one_for_those_who_ask_late,
		without_the_channel_there_are_no_changes_but_it_works,
		memory_of_requests_in_flight_is_handed_back,
		memory_of_requests_in_flight_without_a_descriptor_is_an_error,
	};
	Suite *s = suite_create("events of a back-end");
	TCase *tc = tcase_create("events");

	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, an_error_of_a_queue_ends_its_requests, 0, NR_MODES * FAKE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { events_suite, NULL };
