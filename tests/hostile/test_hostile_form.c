// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the driver tells a back-end: requests in the form of the specification, and nothing that
 * could be used against the application (HARDENING 8 and 9).
 */
#include <string.h>
#include <time.h>

#include "drivers/vhost_user/vhost_user_proto.h"
#include "tests/hostile/client.h"
#include "tests/support/test.h"

static struct client client;

static void start(int kind, uint64_t hidden_protocol)
{
	struct fake_script script = fake_script_for(&fake_kinds[kind]);

	script.rings = RINGS_STRICT;
	script.hidden_protocol = hidden_protocol;
	client_init(&client, &script, MODE_BLOCKING);
	client_run(&client);
}

START_TEST(requests_have_the_form_of_the_specification)
{
	struct blkio_completion completions[5];
	struct timespec timeout = { .tv_sec = 5 };
	struct iovec iov[3];

	start(_i, 0);
	for (unsigned int i = 0; i < 3; i++)
		iov[i] = (struct iovec) { client_buf(&client, 2 * i), BUF_BYTES };
	for (int round = 0; round < 300; round++) {
		blkioq_read(client.q, 0, client_buf(&client, 0), BUF_BYTES, NULL, 0);
		blkioq_readv(client.q, 0, iov, 3, NULL, 0);
		blkioq_write(client.q, 0, client_buf(&client, 1), BUF_BYTES, NULL, BLKIO_REQ_FUA);
		blkioq_discard(client.q, 0, 4096, NULL, 0);
		blkioq_flush(client.q, NULL, 0);
		ck_assert_int_eq(blkioq_do_io(client.q, completions, 5, 5, &timeout), 5);
		for (int i = 0; i < 5; i++)
			ck_assert_msg(completions[i].ret == 0, "%s: %d", fake_kinds[_i].name,
				      completions[i].ret);
	}
	client_finish(&client);
}
END_TEST

START_TEST(messages_have_the_size_of_their_content)
{
	start(_i, UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);
	ck_assert_uint_eq(client.backend.stats->wrong_sizes, 0);
	client_finish(&client);
}
END_TEST

START_TEST(memory_cannot_be_taken_away)
{
	start(_i, 0);
	ck_assert_uint_eq(client.backend.stats->truncated, 0);
	client_finish(&client);
}
END_TEST

START_TEST(addresses_of_this_process_are_not_told)
{
	start(_i, 0);
	ck_assert_uint_ne(client.backend.stats->user_addr, 0);
	ck_assert_uint_ne(client.backend.stats->user_addr, (uintptr_t)client.region.addr);
	client_finish(&client);
}
END_TEST

/* Nothing but the memory of the rings, whatever is mapped; and a device that scribbles over that.
 */
START_TEST(isolated_no_memory_of_the_application_is_shared)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i]);
	unsigned char *buf;

	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_set_bool(client.b, "isolated", true), 0);
	client_run(&client);
	buf = (unsigned char *)client_buf(&client, 0);
	memset(buf, 0x5a, BUF_BYTES * 3);
	blkioq_write(client.q, 0, buf, BUF_BYTES, NULL, 0);
	client_submit(&client, 32);
	ck_assert_uint_eq(client.backend.stats->regions, 1);
	ck_assert_int_eq(blkioq_do_io(client.q, (struct blkio_completion[33]) { { 0 } }, 33, 33,
				      &(struct timespec) { .tv_sec = 5 }),
			 33);
	/* The fake wrote nothing, so what the reads brought is what was in the memory for it. */
	ck_assert_uint_ne(client_buf(&client, 1)[0], 0x5a);
	client_finish(&client);
}
END_TEST

START_TEST(isolated_a_scribbler_does_not_reach_the_application)
{
	struct fake_script script = fake_script_for(&fake_kinds[_i]);
	struct timespec timeout = { .tv_nsec = 300000000 };
	struct blkio_completion c[33];

	script.rings = RINGS_SCRIBBLE;
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_set_bool(client.b, "isolated", true), 0);
	client_run(&client);
	memset(client.region.addr, 0x5a, client.region.len);
	for (int i = 0; i < 8; i++)
		blkioq_write(client.q, 0, client_buf(&client, 0), BUF_BYTES, NULL, 0);
	(void)blkioq_do_io(client.q, c, 8, 33, &timeout);
	for (size_t i = 0; i < client.region.len; i++)
		ck_assert_int_eq(((unsigned char *)client.region.addr)[i], 0x5a);
	client_finish(&client);
}
END_TEST

static Suite *form_suite(void)
{
	const TTest *const tests[] = {
		requests_have_the_form_of_the_specification,
		messages_have_the_size_of_their_content,
		memory_cannot_be_taken_away,
		addresses_of_this_process_are_not_told,
		isolated_no_memory_of_the_application_is_shared,
		isolated_a_scribbler_does_not_reach_the_application,
	};
	Suite *s = suite_create("what a back-end is told");
	TCase *tc = tcase_create("form");

	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, FAKE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { form_suite, NULL };
