// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The options of vhost-user-blk-server: what goes together, what does not, and what is meant.
 */
#include "examples/vhost-user-blk-server/options.h"

#include <string.h>

#include "examples/common/msg.h"
#include "examples/vhost-user-blk-server/feature_list.h"
#include "tests/server/server_test.h"

enum {
	MAX_WORDS = 8
};

/* Split a line into words and parse those. */
static int parse(struct options *o, const char *line)
{
	static char text[256];
	char *argv[MAX_WORDS + 2] = { "server" };
	int n = 1;

	ck_assert_uint_lt(strlen(line), sizeof(text));
	strcpy(text, line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		ck_assert_int_le(n, MAX_WORDS);
		argv[n++] = word;
	}
	return options_parse(o, argv);
}

static const char *const good[] = {
	"--socket-path=s FILE",
	"--socket-path=s --blk-file=FILE",
	"--fd=3 --memory=1m",
	"--fd=0 --null",
	"--socket-path s --null --size 4k --read-only --once",
	"--fd=3 --memory=1m --num-queues=64 --threads=2 --poll",
	"--fd=3 --memory=1m --block-size=4096 --physical-block-size=16k",
	"--fd=3 --memory=1m --zone-size=64k --zone-capacity=32k --max-append=0",
	"--help",
	"--version",
	"--print-capabilities",
};

START_TEST(these_are_accepted)
{
	struct options o;

	ck_assert_int_eq(parse(&o, good[_i]), STATUS_OK);
	options_finish(&o);
}
END_TEST

static const char *const bad[] = {
	"",
	"FILE",
	"--socket-path=s",
	"--socket-path=s --fd=3 FILE",
	"--fd=3 FILE FILE2",
	"--fd=3 FILE --memory=1m",
	"--fd=3 --memory=1m --null",
	"--fd=3 --memory=1m --size=1m",
	"--fd=3 --memory=5",
	"--fd=3 --null --num-queues=0",
	"--fd=3 --null --num-queues=65",
	"--fd=3 --null --block-size=1024",
	"--fd=3 --null --block-size=4096 --physical-block-size=512",
	"--fd=3 --null --physical-block-size=1536",
	"--fd=3 --null --seg-max=0",
	"--fd=3 --null --seg-max=1025",
	"--fd=3 --null --mem-slots=65",
	"--fd=3 --null --queue-size-max=32769",
	"--fd=3 --null --max-open-zones=1",
	"--fd=3 --null --zone-capacity=1m",
	"--fd=3 --null --zone-size=1000",
	"--fd=3 --null --zone-size=64k --zone-capacity=128k",
	"--fd=3 --null --zone-size=64k --block-size=4096 --zone-capacity=512",
	"--fd=3 --null --serial=123456789012345678901",
	"--fd=99999999999 --null",
};

START_TEST(these_are_refused)
{
	struct options o;

	ck_assert_int_eq(parse(&o, bad[_i]), STATUS_USAGE);
	options_finish(&o);
}
END_TEST

static void offered(const char *line, int status, uint64_t *features, uint64_t *protocol)
{
	struct options o;

	ck_assert_int_eq(parse(&o, line), STATUS_OK);
	ck_assert_int_eq(features_offered(&o, features, protocol), status);
	options_finish(&o);
}

START_TEST(features_follow_the_options)
{
	uint64_t all, protocol, f;

	offered("--fd=3 --null", STATUS_OK, &all, &protocol);
	ck_assert_uint_eq(protocol & BIT(VU_F_CONFIG), BIT(VU_F_CONFIG));
	offered("--fd=3 --null --read-only", STATUS_OK, &f, &protocol);
	ck_assert_uint_eq(f, all | BIT(BLK_F_RO));
	offered("--fd=3 --null --size-max=4k", STATUS_OK, &f, &protocol);
	ck_assert_uint_eq(f, all | BIT(BLK_F_SIZE_MAX));
	offered("--fd=3 --null --no=flush", STATUS_OK, &f, &protocol);
	ck_assert_uint_eq(f, all & ~(BIT(BLK_F_FLUSH) | BIT(BLK_F_CONFIG_WCE)));
	offered("--fd=3 --null --no=packed,mq --no=indirect", STATUS_OK, &f, &protocol);
	ck_assert_uint_eq(f, all & ~(BIT(F_RING_PACKED) | BIT(BLK_F_MQ) | BIT(F_INDIRECT_DESC)));
	offered("--fd=3 --null --no=protocol-features", STATUS_OK, &f, &protocol);
	ck_assert_uint_eq(protocol, 0);
}
END_TEST

START_TEST(unknown_features)
{
	static const char *const lines[] = { "--fd=3 --null --no=nothing", "--fd=3 --null --no=mq,",
					     "--fd=3 --null --no=,mq", "--fd=3 --null --no=m" };
	uint64_t f, protocol;

	for (int i = 0; i < 4; i++)
		offered(lines[i], STATUS_USAGE, &f, &protocol);
}
END_TEST

static int parse_fails(const char *line, struct blk *blk)
{
	struct options o;
	int status;

	ck_assert_int_eq(parse(&o, line), STATUS_OK);
	status = options_get_fails(&o, blk);
	options_finish(&o);
	return status;
}

START_TEST(failing_places)
{
	struct blk blk = { 0 };

	ck_assert_int_eq(parse_fails("--fd=3 --null --fail=4k --fail=1m:unsupp --fail 7:ioerr",
				     &blk),
			 STATUS_OK);
	ck_assert_uint_eq(blk.n_fails, 3);
	ck_assert_uint_eq(blk.fail[0].offset, 4096);
	ck_assert_uint_eq(blk.fail[0].status, BLK_S_IOERR);
	ck_assert_uint_eq(blk.fail[1].offset, 1 << 20);
	ck_assert_uint_eq(blk.fail[1].status, BLK_S_UNSUPP);
	ck_assert_int_eq(parse_fails("--fd=3 --null --fail=x", &blk), STATUS_USAGE);
	ck_assert_int_eq(parse_fails("--fd=3 --null --fail=4k:eio", &blk), STATUS_USAGE);
	ck_assert_int_eq(parse_fails("--fd=3 --null --fail=:ioerr", &blk), STATUS_USAGE);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("server options");
	TCase *tc = tcase_create("options");

	tcase_add_loop_test(tc, these_are_accepted, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(tc, these_are_refused, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, features_follow_the_options);
	tcase_add_test(tc, unknown_features);
	tcase_add_test(tc, failing_places);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { suite, NULL };
