// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The control channel against a back-end that breaks the protocol (HARDENING 12-14): connect or
 * start fails in time, with a text that names what was wrong, and leaves nothing behind.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/vhost_user/vhost_user_proto.h"
#include "drivers/virtio/virtio_ring.h"
#include "tests/hostile/client.h"
#include "tests/support/test.h"

#define array_len(a) (sizeof(a) / sizeof((a)[0]))

/* The messages with an answer of their own that connect sends. */
static const struct {
	uint32_t request;
	const char *name;
} queries[] = {
	{ VHOST_USER_GET_FEATURES, "GET_FEATURES" },
	{ VHOST_USER_GET_PROTOCOL_FEATURES, "GET_PROTOCOL_FEATURES" },
	{ VHOST_USER_GET_CONFIG, "GET_CONFIG" },
	{ VHOST_USER_GET_QUEUE_NUM, "GET_QUEUE_NUM" },
	{ VHOST_USER_GET_MAX_MEM_SLOTS, "GET_MAX_MEM_SLOTS" },
};

/* Those without, as a start sends them: with REPLY_ACK each is acknowledged. */
static const struct {
	uint32_t request;
	const char *name;
} orders[] = {
	{ VHOST_USER_ADD_MEM_REG, "ADD_MEM_REG" },
	{ VHOST_USER_SET_VRING_NUM, "SET_VRING_NUM" },
	{ VHOST_USER_SET_VRING_BASE, "SET_VRING_BASE" },
	{ VHOST_USER_SET_VRING_ADDR, "SET_VRING_ADDR" },
	{ VHOST_USER_SET_VRING_CALL, "SET_VRING_CALL" },
	{ VHOST_USER_SET_VRING_KICK, "SET_VRING_KICK" },
	{ VHOST_USER_SET_VRING_ENABLE, "SET_VRING_ENABLE" },
};

static struct client client;
static int open_fds;

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void set_up(void)
{
	open_fds = count_fds();
}

static void finish(void)
{
	client_finish(&client);
	ck_assert_int_eq(count_fds(), open_fds);
}

static struct fake_script honest(void)
{
	return fake_script_for(&fake_kinds[3]);
}

/* Connect fails in time; the back-end's next connection is honest, and the instance good for it. */
static void connect_fails(const struct fake_script *script, int code, const char *text)
{
	int64_t start = client_now_ms();

	client_init(&client, script, MODE_BLOCKING);
	ck_assert_error(blkio_connect(client.b), code, text);
	ck_assert_int_lt(client_now_ms() - start, GOES_WITHIN_MS);
	ck_assert_int_eq(blkio_set_int(client.b, "connect-timeout-ms", PATIENCE_MS), 0);
	ck_assert_msg(blkio_connect(client.b) == 0, "again: %s", blkio_get_error_msg());
	finish();
}

static void spoilt_answer(int i, enum fake_spoil spoil, int code)
{
	struct fake_script script = honest();

	script.spoilt = queries[i].request;
	script.spoil = spoil;
	connect_fails(&script, code, queries[i].name);
}

START_TEST(no_answer)
{
	spoilt_answer(_i, SPOIL_SILENCE, -ETIMEDOUT);
}
END_TEST

START_TEST(an_answer_that_takes_too_long_byte_by_byte)
{
	spoilt_answer(_i, SPOIL_SLOW_DRIP, -ETIMEDOUT);
}
END_TEST

START_TEST(half_an_answer)
{
	spoilt_answer(_i, SPOIL_HALF_SILENCE, -ETIMEDOUT);
}
END_TEST

START_TEST(half_an_answer_and_the_end)
{
	spoilt_answer(_i, SPOIL_HALF, -EIO);
}
END_TEST

START_TEST(the_end_instead_of_an_answer)
{
	spoilt_answer(_i, SPOIL_CLOSE, -EIO);
}
END_TEST

START_TEST(an_answer_that_is_none)
{
	spoilt_answer(_i, SPOIL_NO_REPLY_FLAG, -EPROTO);
}
END_TEST

START_TEST(an_answer_of_another_version)
{
	spoilt_answer(_i, SPOIL_VERSION, -EPROTO);
}
END_TEST

START_TEST(an_answer_to_another_request)
{
	spoilt_answer(_i, SPOIL_REQUEST, -EPROTO);
}
END_TEST

START_TEST(an_answer_that_is_too_short)
{
	spoilt_answer(_i, SPOIL_SHORT, -EPROTO);
}
END_TEST

START_TEST(an_answer_that_is_too_long)
{
	spoilt_answer(_i, SPOIL_LONG, -EPROTO);
}
END_TEST

START_TEST(an_answer_of_four_gigabytes)
{
	spoilt_answer(_i, SPOIL_HUGE, -EPROTO);
}
END_TEST

START_TEST(an_answer_in_pieces_is_as_good_as_another)
{
	struct fake_script script = honest();

	script.spoilt = queries[_i].request;
	script.spoil = SPOIL_DRIP;
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_msg(blkio_connect(client.b) == 0, "%s", blkio_get_error_msg());
	finish();
}
END_TEST

START_TEST(descriptors_that_nobody_asked_for_are_closed)
{
	struct fake_script script = honest();
	int before;

	script.spoilt = queries[_i].request;
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_connect(client.b), 0);
	before = count_fds();
	finish();
	script.spoil = SPOIL_FDS;
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_connect(client.b), 0);
	ck_assert_int_eq(count_fds(), before);
	finish();
}
END_TEST

/* ---- values ---- */

static void wrong_value(uint32_t request, uint64_t value, int code, const char *field,
			const char *text)
{
	struct fake_script script = honest();

	script.spoilt = request;
	script.spoil = SPOIL_VALUE;
	script.value = value;
	connect_fails(&script, code, field);
	script.value = value;
	connect_fails(&script, code, text);
}

START_TEST(no_queues)
{
	wrong_value(VHOST_USER_GET_QUEUE_NUM, 0, -EPROTO, "queues", "0");
}
END_TEST

START_TEST(too_few_memory_slots)
{
	wrong_value(VHOST_USER_GET_MAX_MEM_SLOTS, 0, -EPROTO, "memory slots", "0");
	wrong_value(VHOST_USER_GET_MAX_MEM_SLOTS, 1, -EPROTO, "memory slots", "1");
}
END_TEST

START_TEST(numbers_that_are_too_large_are_cut)
{
	const uint32_t requests[] = { VHOST_USER_GET_QUEUE_NUM, VHOST_USER_GET_MAX_MEM_SLOTS };

	for (size_t i = 0; i < array_len(requests); i++) {
		struct fake_script script = honest();
		int max_queues;

		script.spoilt = requests[i];
		script.spoil = SPOIL_VALUE;
		script.value = UINT64_MAX;
		client_init(&client, &script, MODE_BLOCKING);
		client_run(&client);
		ck_assert_int_eq(blkio_get_int(client.b, "max-queues", &max_queues), 0);
		ck_assert_int_eq(max_queues, 2);
		finish();
	}
}
END_TEST

START_TEST(a_legacy_device)
{
	struct fake_script script = honest();

	script.hidden_features = UINT64_C(1) << VIRTIO_F_VERSION_1;
	connect_fails(&script, -ENOTSUP, "VERSION_1");
}
END_TEST

START_TEST(no_protocol_features)
{
	struct fake_script script = honest();

	script.hidden_features = UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES;
	connect_fails(&script, -ENOTSUP, "protocol features");
}
END_TEST

START_TEST(no_configuration)
{
	struct fake_script script = honest();

	script.hidden_protocol = UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIG;
	connect_fails(&script, -ENOTSUP, "CONFIG");
}
END_TEST

/* Those of a block device (bits 1 to 17 as far as they exist), of the ring, of the protocol. */
#define KNOWN_FEATURES (UINT64_C(0x37e66) | UINT64_C(0x570000000))

/* What is offered beyond what the driver knows is not accepted. */
START_TEST(all_features_there_are)
{
	struct fake_script script = honest();

	script.extra_features = UINT64_MAX & ~(UINT64_C(1) << 5);
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_msg(blkio_connect(client.b) == 0, "%s", blkio_get_error_msg());
	ck_assert_uint_eq(client.backend.stats->features & ~KNOWN_FEATURES, 0);
	ck_assert_uint_ne(client.backend.stats->features >> VIRTIO_F_VERSION_1 & 1, 0);
	ck_assert_uint_eq(client.backend.stats->protocol & ~UINT64_C(0xffff), 0);
	finish();
}
END_TEST

static void bad_config(const struct virtio_blk_config *config, const char *text)
{
	struct fake_script script = honest();

	script.config = *config;
	connect_fails(&script, -EPROTO, text);
}

START_TEST(a_configuration_that_makes_no_sense)
{
	struct virtio_blk_config c = honest().config;

	c.capacity = htole64(UINT64_MAX);
	bad_config(&c, "capacity");
	c = honest().config;
	c.blk_size = htole32(3);
	bad_config(&c, "blk_size");
	c = honest().config;
	c.seg_max = 0;
	bad_config(&c, "seg_max");
	c = honest().config;
	c.num_queues = 0;
	bad_config(&c, "num_queues");
	c = honest().config;
	c.max_discard_sectors = 0;
	bad_config(&c, "max_discard_sectors");
	c = honest().config;
	c.max_write_zeroes_sectors = 0;
	bad_config(&c, "max_write_zeroes_sectors");
}
END_TEST

/* ---- start ---- */

static int start_with(int i, enum fake_spoil spoil, uint64_t value)
{
	struct fake_script script = honest();

	script.spoilt = orders[i].request;
	script.spoil = spoil;
	script.value = value;
	client_init(&client, &script, MODE_BLOCKING);
	ck_assert_int_eq(blkio_connect(client.b), 0);
	return client_start(&client);
}

START_TEST(an_order_that_is_refused)
{
	ck_assert_error(start_with(_i, SPOIL_VALUE, 1), -EIO, orders[_i].name);
	finish();
}
END_TEST

START_TEST(an_order_that_is_not_acknowledged)
{
	ck_assert_error(start_with(_i, SPOIL_SILENCE, 0), -ETIMEDOUT, orders[_i].name);
	finish();
}
END_TEST

START_TEST(an_order_with_a_wrong_acknowledgement)
{
	ck_assert_error(start_with(_i, SPOIL_HUGE, 0), -EPROTO, orders[_i].name);
	finish();
}
END_TEST

START_TEST(a_queue_that_is_never_given_back)
{
	struct fake_script script = honest();

	script.spoilt = VHOST_USER_GET_VRING_BASE;
	script.spoil = SPOIL_SILENCE;
	client_init(&client, &script, MODE_BLOCKING);
	client_run(&client);
	finish();
}
END_TEST

/* ---- the end, anywhere ---- */

/* A whole life; true if nothing of it failed. Whatever fails has a text. */
static bool live(void)
{
	struct blkio_completion completion;
	struct timespec timeout = { .tv_sec = 5 };
	int ret = blkio_connect(client.b);

	if (ret == 0)
		ret = client_start(&client);
	if (ret == 0)
		ret = client_map(&client);
	ck_assert_str_ne(ret < 0 ? blkio_get_error_msg() : "good", "");
	if (ret < 0)
		return false;
	blkioq_read(client.q, 0, client_buf(&client, 0), BUF_BYTES, &client, 0);
	ck_assert_int_eq(blkioq_do_io(client.q, &completion, 1, 1, &timeout), 1);
	ck_assert_ptr_eq(completion.user_data, &client);
	if (completion.ret < 0)
		ck_assert_ptr_nonnull(completion.error_msg);
	return completion.ret == 0;
}

static void end_at_every_message(uint64_t hidden_protocol)
{
	unsigned int messages = 1000;

	for (unsigned int n = 0; n <= messages; n++) {
		struct fake_script script = honest();
		bool good;

		script.close_at = n;
		script.hidden_protocol = hidden_protocol;
		client_init(&client, &script, MODE_BLOCKING);
		good = live();
		ck_assert(n || good);
		blkio_destroy(&client.b);
		if (!n) {
			for (int i = 0; i < 1000 && !client.backend.stats->messages; i++)
				nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
			messages = client.backend.stats->messages;
			ck_assert_uint_gt(messages, 10);
			ck_assert_uint_lt(messages, 100);
		}
		finish();
	}
}

START_TEST(the_end_of_the_connection_at_every_message)
{
	end_at_every_message(0);
}
END_TEST

START_TEST(the_same_without_optional_protocol_features)
{
	end_at_every_message(UINT64_C(1) << VHOST_USER_PROTOCOL_F_REPLY_ACK |
			     UINT64_C(1) << VHOST_USER_PROTOCOL_F_MQ |
			     UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);
}
END_TEST

/* ---- suite ---- */

static void add(TCase *tc, const TTest *const *tests, size_t n, size_t loops)
{
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tc, tests[i], 0, (int)loops);
}

static Suite *control_suite(void)
{
	const TTest *const of_queries[] = {
		no_answer,
		an_answer_that_takes_too_long_byte_by_byte,
		half_an_answer,
		half_an_answer_and_the_end,
		the_end_instead_of_an_answer,
		an_answer_that_is_none,
		an_answer_of_another_version,
		an_answer_to_another_request,
		an_answer_that_is_too_short,
		an_answer_that_is_too_long,
		an_answer_of_four_gigabytes,
		an_answer_in_pieces_is_as_good_as_another,
		descriptors_that_nobody_asked_for_are_closed,
	};
	const TTest *const of_orders[] = {
		an_order_that_is_refused,
		an_order_that_is_not_acknowledged,
		an_order_with_a_wrong_acknowledgement,
	};
	const TTest *const others[] = {
		no_queues,
		too_few_memory_slots,
		numbers_that_are_too_large_are_cut,
		a_legacy_device,
		no_protocol_features,
		no_configuration,
		all_features_there_are,
		a_configuration_that_makes_no_sense,
		a_queue_that_is_never_given_back,
		the_end_of_the_connection_at_every_message,
		the_same_without_optional_protocol_features,
	};
	Suite *s = suite_create("hostile control channel");
	TCase *tc = tcase_create("control");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, NULL);
	add(tc, of_queries, array_len(of_queries), array_len(queries));
	add(tc, of_orders, array_len(of_orders), array_len(orders));
	add(tc, others, array_len(others), 1);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { control_suite, NULL };
