// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A back-end that is killed (HARDENING 15 and 22), in every completion mode and format of the
 * ring: each request in flight completes once with an error and a text, nothing hangs.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/hostile/client.h"
#include "tests/support/test.h"

static const unsigned int depths[] = { 1, 32, 256 };

enum {
	NR_DEPTHS = 3,
	NR_CASES = NR_MODES * FAKE_KINDS * NR_DEPTHS,
};

static struct client client;

/* Test number i is one mode, one format, one depth. */
static unsigned int start_case(int i, enum fake_rings rings)
{
	struct fake_script script = fake_script_for(&fake_kinds[i / NR_MODES % FAKE_KINDS]);

	script.rings = rings;
	client_init(&client, &script, (enum client_mode)(i % NR_MODES));
	client_run(&client);
	return depths[i / NR_MODES / FAKE_KINDS];
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec) { 0, ms * 1000000 }, NULL);
}

START_TEST(requests_in_flight_end_with_the_back_end)
{
	unsigned int n = start_case(_i, RINGS_SILENT);

	client_submit(&client, n);
	fake_backend_kill(&client.backend);
	client_expect_failures(&client, n, -ENOTCONN, "lost");
	client_finish(&client);
}
END_TEST

/* As an application that sleeps when it happens. */
START_TEST(a_sleeping_application_is_woken)
{
	unsigned int n = start_case(_i, RINGS_SILENT);
	pid_t pid = client.backend.pid;

	client_submit(&client, n);
	client.backend.pid = fork();
	ck_assert_int_ge(client.backend.pid, 0);
	if (!client.backend.pid) {
		pause_ms(30);
		kill(pid, SIGKILL);
		_exit(0);
	}
	client_expect_failures(&client, n, -ENOTCONN, "lost");
	client_finish(&client);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(later_requests_end_the_same_way)
{
	uint64_t capacity;
	unsigned int n = start_case(_i, RINGS_SILENT);

	client_submit(&client, n);
	fake_backend_kill(&client.backend);
	client_expect_failures(&client, n, -ENOTCONN, "lost");
	client_submit(&client, n);
	client_expect_failures(&client, n, -ENOTCONN, "lost");
	ck_assert_int_lt(blkio_get_uint64(client.b, "capacity", &capacity), 0);
	ck_assert_str_ne(blkio_get_error_msg(), "");
	client_finish(&client);
}
END_TEST

/* Nothing was submitted when it happened: what is queued then ends too. */
START_TEST(requests_queued_after_its_end_end_too)
{
	unsigned int n = start_case(_i, RINGS_SERVE);

	fake_backend_kill(&client.backend);
	client_submit(&client, n);
	client_expect_failures(&client, n, -ENOTCONN, "lost");
	client_finish(&client);
}
END_TEST

START_TEST(an_instance_with_requests_in_flight_can_be_destroyed)
{
	unsigned int n = start_case(_i, RINGS_SILENT);

	client_submit(&client, n);
	fake_backend_kill(&client.backend);
	client_finish(&client);
}
END_TEST

START_TEST(so_can_one_whose_back_end_lives)
{
	client_submit(&client, start_case(_i, RINGS_SILENT));
	client_finish(&client);
}
END_TEST

/* A slow back-end is not a dead one. */
START_TEST(a_timeout_is_kept_while_the_back_end_is_silent)
{
	struct blkio_completion completion;
	struct timespec timeout = { .tv_nsec = 50000000 };
	int64_t start;

	start_case(_i, RINGS_SILENT);
	client_submit(&client, 1);
	start = client_now_ms();
	ck_assert_error(blkioq_do_io(client.q, &completion, 1, 1, &timeout), -ETIME, "timeout");
	ck_assert_int_ge(client_now_ms() - start, 49);
	ck_assert_int_lt(client_now_ms() - start, 2000);
	fake_backend_kill(&client.backend);
	client_expect_failures(&client, 1, -ENOTCONN, "lost");
	client_finish(&client);
}
END_TEST

static Suite *death_suite(void)
{
	const TTest *const every_case[] = {
		requests_in_flight_end_with_the_back_end,
		later_requests_end_the_same_way,
		an_instance_with_requests_in_flight_can_be_destroyed,
	};
	const TTest *const modes[] = {
		requests_queued_after_its_end_end_too,
		a_sleeping_application_is_woken,
		so_can_one_whose_back_end_lives,
		a_timeout_is_kept_while_the_back_end_is_silent,
	};
	Suite *s = suite_create("death of a back-end");
	TCase *tc = tcase_create("death");

	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < sizeof(every_case) / sizeof(every_case[0]); i++)
		tcase_add_loop_test(tc, every_case[i], 0, NR_CASES);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		tcase_add_loop_test(tc, modes[i], 0, NR_MODES * FAKE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { death_suite, NULL };
