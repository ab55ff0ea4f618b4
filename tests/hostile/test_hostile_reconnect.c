// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A back-end that dies and comes back (HARDENING 11, 15 and 22) with the property
 * reconnect-timeout-ms: requests in flight are done by the new one, each completes once, and the
 * application sees no error.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec) { 0, ms * 1000000 }, NULL);
}

static void open_client(const struct fake_script *script, enum client_mode mode, int patience_ms)
{
	client_init(&client, script, mode);
	ck_assert_int_eq(blkio_set_int(client.b, "reconnect-timeout-ms", patience_ms), 0);
	client_run(&client);
}

/* Test number i is one mode, one format, one depth. */
static unsigned int open_case(int i, struct fake_script *script, enum fake_rings rings)
{
	*script = fake_script_for(&fake_kinds[i / NR_MODES % FAKE_KINDS]);
	script->rings = rings;
	open_client(script, (enum client_mode)(i % NR_MODES), PATIENCE_MS);
	script->rings = RINGS_SERVE;
	return depths[i / NR_MODES / FAKE_KINDS];
}

START_TEST(requests_in_flight_are_done_by_the_next_back_end)
{
	struct fake_script script;
	unsigned int n = open_case(_i, &script, RINGS_SILENT);

	client_submit(&client, n);
	fake_backend_kill(&client.backend);
	fake_backend_again(&client.backend, &script);
	client_expect_success(&client, n);
	client_submit(&client, n);
	client_expect_success(&client, n);
	client_finish(&client);
}
END_TEST

/* The application sleeps in its mode when it happens, and all the while. */
START_TEST(a_sleeping_application_goes_on)
{
	struct fake_script script;
	unsigned int n = open_case(_i, &script, RINGS_SILENT);
	pid_t helper;

	client_submit(&client, n);
	helper = fork();
	ck_assert_int_ge(helper, 0);
	if (!helper) {
		pause_ms(30);
		kill(client.backend.pid, SIGKILL);
		pause_ms(60);
		client.backend.pid = 0;
		fake_backend_again(&client.backend, &script);
		client.backend.pid = 0;
		pause(); /* the back-end dies with us */
	}
	client_expect_success(&client, n);
	kill(helper, SIGKILL);
	waitpid(helper, NULL, 0);
	client_finish(&client);
}
END_TEST

START_TEST(requests_queued_in_the_outage_are_done)
{
	struct fake_script script;
	unsigned int n = open_case(_i, &script, RINGS_SERVE);

	fake_backend_kill(&client.backend);
	client_submit(&client, n);
	pause_ms(30);
	fake_backend_again(&client.backend, &script);
	client_expect_success(&client, n);
	client_finish(&client);
}
END_TEST

START_TEST(it_can_happen_again_and_again)
{
	struct fake_script script;
	unsigned int n = open_case(_i, &script, RINGS_SERVE_ONE);

	for (int i = 0; i < 5; i++) {
		client_submit(&client, n);
		fake_backend_kill(&client.backend);
		fake_backend_again(&client.backend, &script);
		client_expect_success(&client, n);
	}
	client_finish(&client);
}
END_TEST

START_TEST(nobody_comes_back)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i / NR_MODES]);
	int64_t start;

	script.rings = RINGS_SILENT;
	open_client(&script, (enum client_mode)(_i % NR_MODES), 150);
	client_submit(&client, 32);
	fake_backend_kill(&client.backend);
	start = client_now_ms();
	client_expect_failures(&client, 32, -ENOTCONN, "did not come back in time");
	ck_assert_int_ge(client_now_ms() - start, 100);
	ck_assert_int_lt(client_now_ms() - start, 3000);
	client_submit(&client, 32);
	client_expect_failures(&client, 32, -ENOTCONN, "did not come back in time");
	client_finish(&client);
}
END_TEST

START_TEST(an_outage_does_not_hold_up_destroy)
{
	struct fake_script script;
	unsigned int n = open_case(_i, &script, RINGS_SILENT);

	client_submit(&client, n);
	fake_backend_kill(&client.backend);
	(void)!blkioq_do_io(client.q, NULL, 0, 0, NULL);
	client_finish(&client);
}
END_TEST

START_TEST(a_timeout_is_kept_in_an_outage)
{
	struct fake_script script;
	struct blkio_completion completion;
	struct timespec timeout = { .tv_nsec = 100000000 };
	int64_t start;

	open_case(_i, &script, RINGS_SILENT);
	client_submit(&client, 1);
	fake_backend_kill(&client.backend);
	start = client_now_ms();
	ck_assert_error(blkioq_do_io(client.q, &completion, 1, 1, &timeout), -ETIME, "timeout");
	ck_assert_int_ge(client_now_ms() - start, 99);
	ck_assert_int_lt(client_now_ms() - start, 2000);
	fake_backend_again(&client.backend, &script);
	client_expect_success(&client, 1);
	client_finish(&client);
}
END_TEST

/* It dies at every message of the handshake after the first death, and at last it lives. */
START_TEST(the_next_back_end_dies_as_well)
{
	struct fake_script script = fake_script_for(&fake_kinds[3]);

	script.rings = RINGS_SILENT;
	open_client(&script, (enum client_mode)_i, PATIENCE_MS);
	for (unsigned int n = 1; n < 30; n++) {
		client_submit(&client, 8);
		fake_backend_kill(&client.backend);
		script = fake_script_for(&fake_kinds[3]);
		script.close_at = n;
		fake_backend_again(&client.backend, &script);
		client_expect_success(&client, 8);
	}
	client_finish(&client);
}
END_TEST

static void comes_back_as(const struct fake_script *next)
{
	struct fake_script script = fake_script_for(&fake_kinds[3]);

	script.rings = RINGS_SILENT;
	open_client(&script, MODE_BLOCKING, 300);
	client_submit(&client, 8);
	fake_backend_kill(&client.backend);
	/* Every connection finds the same: an honest script follows only the first one. */
	client.backend.pid = 0;
	fake_backend_again(&client.backend, next);
	client_expect_failures(&client, 8, -ENOTCONN, "did not come back in time");
	client_finish(&client);
}

START_TEST(another_device_is_not_taken)
{
	struct fake_script next = fake_script_for(&fake_kinds[3]);

	next.stays = true;
	next.config.blk_size = htole32(4096);
	comes_back_as(&next);
	next = fake_script_for(&fake_kinds[0]); /* other features */
	next.stays = true;
	comes_back_as(&next);
}
END_TEST

/* ---- memory and events ---- */

START_TEST(memory_can_be_mapped_and_unmapped_in_an_outage)
{
	struct fake_script script = fake_script_for(&fake_kinds[3]);
	struct blkio_mem_region more;

	script.hidden_protocol = _i ? UINT64_C(1) << 15 : 0; /* with memory slots, and without */
	open_client(&script, MODE_BLOCKING, PATIENCE_MS);
	fake_backend_kill(&client.backend);
	client_submit(&client, 1);
	ck_assert_int_eq(blkio_alloc_mem_region(client.b, &more, 65536), 0);
	ck_assert_msg(blkio_map_mem_region(client.b, &more) == 0, "%s", blkio_get_error_msg());
	fake_backend_again(&client.backend, &script);
	client_expect_success(&client, 1);
	blkio_unmap_mem_region(client.b, &more);
	client_submit(&client, 8);
	client_expect_success(&client, 8);
	client_finish(&client);
}
END_TEST

START_TEST(an_outage_and_its_end_are_events)
{
	struct fake_script script = fake_script_for(&fake_kinds[3]);

	open_client(&script, MODE_BLOCKING, PATIENCE_MS);
	ck_assert_int_ge(blkio_get_event_fd(client.b), 0);
	fake_backend_kill(&client.backend);
	client_expect_event(&client, BLKIO_EVENT_CONNECTION_LOST);
	script.config.capacity = htole64(4 * 65536);
	fake_backend_again(&client.backend, &script);
	client_expect_event(&client, BLKIO_EVENT_CONNECTION_RESTORED);
	ck_assert_uint_eq(client_expect_event(&client, BLKIO_EVENT_CAPACITY_CHANGED).capacity,
			  4 * 65536 * 512);
	client_expect_no_event(&client);
	fake_backend_do(&client.backend, COMMAND_GROW);
	client_expect_event(&client, BLKIO_EVENT_CAPACITY_CHANGED);
	client_submit(&client, 8);
	client_expect_success(&client, 8);
	client_finish(&client);
}
END_TEST

/* ---- threads ---- */

struct worker {
	struct blkioq *q;
	unsigned int done;
};

static atomic_bool stop;

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!stop || !w->done) {
		struct blkio_completion completion;
		struct timespec timeout = { .tv_sec = 5 };

		blkioq_read(w->q, 0, client_buf(&client, 0), BUF_BYTES, NULL, 0);
		ck_assert_msg(blkioq_do_io(w->q, &completion, 1, 1, &timeout) == 1, "%s",
			      blkio_get_error_msg());
		ck_assert_int_eq(completion.ret, 0);
		w->done++;
	}
	return NULL;
}

/* The fake serves one queue only; so what the other one does is to poll it. */
START_TEST(queues_in_several_threads_find_it_together)
{
	struct fake_script script = fake_script_for(&fake_kinds[3]);
	struct worker w = { 0 };
	pthread_t thread;

	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_set_int(client.b, "reconnect-timeout-ms", PATIENCE_MS), 0);
	ck_assert_int_eq(blkio_connect(client.b), 0);
	ck_assert_int_eq(blkio_set_int(client.b, "num-queues", 2), 0);
	ck_assert_int_eq(blkio_start(client.b), 0);
	ck_assert_int_eq(client_map(&client), 0);
	w.q = blkio_get_queue(client.b, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, work, &w), 0);
	for (int i = 0; i < 10; i++) {
		struct blkioq *q = blkio_get_queue(client.b, 1);

		fake_backend_kill(&client.backend);
		fake_backend_again(&client.backend, &script);
		for (int64_t end = client_now_ms() + 40; client_now_ms() < end;)
			ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	}
	stop = true;
	pthread_join(thread, NULL);
	client_finish(&client);
}
END_TEST

static Suite *reconnect_suite(void)
{
	Suite *s = suite_create("a back-end that comes back");
	TCase *tc = tcase_create("reconnect");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, requests_in_flight_are_done_by_the_next_back_end, 0, NR_CASES);
	tcase_add_loop_test(tc, a_sleeping_application_goes_on, 0, NR_MODES * FAKE_KINDS);
	tcase_add_loop_test(tc, requests_queued_in_the_outage_are_done, 0, NR_MODES * FAKE_KINDS);
	tcase_add_loop_test(tc, it_can_happen_again_and_again, 0, NR_MODES * FAKE_KINDS);
	tcase_add_loop_test(tc, nobody_comes_back, 0, NR_MODES * FAKE_KINDS);
	tcase_add_loop_test(tc, an_outage_does_not_hold_up_destroy, 0, NR_MODES);
	tcase_add_loop_test(tc, a_timeout_is_kept_in_an_outage, 0, NR_MODES);
	tcase_add_loop_test(tc, the_next_back_end_dies_as_well, 0, NR_MODES);
	tcase_add_test(tc, another_device_is_not_taken);
	tcase_add_loop_test(tc, memory_can_be_mapped_and_unmapped_in_an_outage, 0, 2);
	tcase_add_test(tc, an_outage_and_its_end_are_events);
	tcase_add_test(tc, queues_in_several_threads_find_it_together);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { reconnect_suite, NULL };
