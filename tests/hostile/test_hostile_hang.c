// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A back-end that lives and tries to hold the application: in a system call, or in a loop.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "tests/hostile/client.h"
#include "tests/support/test.h"

static struct client client;

static void start(int kind, enum fake_rings rings, enum client_mode mode)
{
	struct fake_script script = fake_script_for(&fake_kinds[kind]);

	script.rings = rings;
	client_init(&client, &script, mode);
	ck_assert_int_eq(blkio_connect(client.b), 0);
	ck_assert_int_eq(blkio_set_int(client.b, "queue-size", 16), 0);
	client_run(&client);
	nanosleep(&(struct timespec) { 0, 50000000 }, NULL); /* for what it does to the fds */
}

/* The eventfds are shared open files: blocking and full, a write to one would wait for ever. */
START_TEST(eventfds_made_blocking_and_full_do_not_hold_a_submission)
{
	start(_i, RINGS_BLOCK_FDS, MODE_EVENTFD);
	client_submit(&client, 4);
	fake_backend_kill(&client.backend);
	client_expect_failures(&client, 4, -ENOTCONN, "lost");
	client_finish(&client);
}
END_TEST

START_TEST(nor_do_they_hold_a_notification)
{
	struct blkio_completion completion;

	start(_i, RINGS_BLOCK_FDS, MODE_EVENTFD);
	/* Misaligned: complete at once, and the completion fd tells. */
	blkioq_read(client.q, 1, client_buf(&client, 0), BUF_BYTES, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(client.q, &completion, 1, 1, NULL), 1);
	ck_assert_int_eq(completion.ret, -EINVAL);
	client_finish(&client);
}
END_TEST

/*
 * A write with FUA is done but for its flush, and the ring is full of what the device does not
 * answer: the flush waits, the application does not.
 */
START_TEST(a_next_step_without_room_keeps_the_timeout)
{
	struct blkio_completion completions[4];
	struct timespec timeout = { .tv_nsec = 100000000 };
	struct iovec iov[4];
	int64_t begin;

	start(_i, RINGS_SERVE_ONE, MODE_BLOCKING);
	for (unsigned int i = 0; i < 4; i++)
		iov[i] = (struct iovec) { client_buf(&client, 2 * i), 512 };
	blkioq_write(client.q, 0, client_buf(&client, 0), 512, &client.done[0], BLKIO_REQ_FUA);
	blkioq_read(client.q, 0, client_buf(&client, 1), 512, &client.done[1], 0);
	blkioq_read(client.q, 0, client_buf(&client, 3), 512, &client.done[2], 0);
	blkioq_readv(client.q, 0, iov, 4, &client.done[3], 0);
	begin = client_now_ms();
	ck_assert_error(blkioq_do_io(client.q, completions, 1, 4, &timeout), -ETIME, "timeout");
	ck_assert_int_lt(client_now_ms() - begin, 3000);
	ck_assert_int_eq(blkioq_do_io(client.q, completions, 0, 4, NULL), 0);
	fake_backend_kill(&client.backend);
	client_expect_failures(&client, 4, -ENOTCONN, "lost");
	client_finish(&client);
}
END_TEST

static Suite *hang_suite(void)
{
	const TTest *const tests[] = {
		eventfds_made_blocking_and_full_do_not_hold_a_submission,
		nor_do_they_hold_a_notification,
		a_next_step_without_room_keeps_the_timeout,
	};
	Suite *s = suite_create("a back-end that holds on");
	TCase *tc = tcase_create("hang");

	tcase_set_timeout(tc, 6);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, FAKE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { hang_suite, NULL };
