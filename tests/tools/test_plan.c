// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * From job files and command lines to what blkio-bench does.
 */
#include "examples/bench/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/bench/jobfile.h"
#include "tests/support/test.h"
#include "tests/tools/fake_msg.h"

static struct plan plan;

static void no_plan(void)
{
	memset(&plan, 0, sizeof(plan));
	fake_msg[0] = '\0';
}

static void drop_plan(void)
{
	plan_finish(&plan);
}

/* A job file with a command line; both are checked as the program would. */
static int read_with(const char *text, char **argv)
{
	plan.text = strdup(text);
	return plan_add_file(&plan, "x.fio", plan.text, argv);
}

static int read_text(const char *text)
{
	return read_with(text, (char *[]) { "blkio-bench", NULL });
}

#define ck_assert_fault(text, part)                                                          \
	do {                                                                                 \
		ck_assert_int_eq(read_text(text), STATUS_USAGE);                             \
		ck_assert_msg(strstr(fake_msg, part), "'%s' is not in: %s", part, fake_msg); \
	} while (0)

static int command_line(char **argv)
{
	return plan_make(&plan, argv);
}

START_TEST(keys_are_read_with_any_white_space_and_comments)
{
	ck_assert_int_eq(read_text("# comment\n; another\n\n\r\n  [ a ]  \r\n"
				   "\t rw = randwrite \r\n bs=8k\ndevice = x path=y\nstonewall"),
			 STATUS_OK);
	ck_assert_int_eq(plan.count, 1);
	ck_assert_str_eq(plan.section[0].name, "a");
	ck_assert_int_eq(plan.section[0].o.rw, RW_RANDWRITE);
	ck_assert_uint_eq(plan.section[0].o.bs, 8192);
	ck_assert_int_eq(plan.section[0].o.stonewall, 1);
}
END_TEST

START_TEST(sections_begin_with_what_global_has_by_then)
{
	ck_assert_int_eq(read_text("[global]\ndevice=d\nbs=1k\n[a]\n[b]\nbs=2k\n"
				   "[global]\nbs=16k\n[c]\n"),
			 STATUS_OK);
	ck_assert_int_eq(plan.count, 3);
	ck_assert_uint_eq(plan.section[0].o.bs, 1024);
	ck_assert_uint_eq(plan.section[1].o.bs, 2048);
	ck_assert_uint_eq(plan.section[2].o.bs, 16384);
}
END_TEST

START_TEST(stonewall_begins_a_group)
{
	ck_assert_int_eq(read_text("[global]\ndevice=d\n[a]\nstonewall\n[b]\n[c]\nstonewall\n[d]\n"
				   "[e]\nstonewall=1\n[f]\nstonewall=0\n"),
			 STATUS_OK);
	ck_assert_int_eq(plan.section[0].group, 0);
	ck_assert_int_eq(plan.section[1].group, 0);
	ck_assert_int_eq(plan.section[2].group, 1);
	ck_assert_int_eq(plan.section[3].group, 1);
	ck_assert_int_eq(plan.section[4].group, 2);
	ck_assert_int_eq(plan.section[5].group, 2);
	ck_assert_int_eq(plan_groups(&plan), 3);
}
END_TEST

START_TEST(words_of_a_device_may_be_quoted)
{
	ck_assert_int_eq(read_text("[global]\ndevice=  io_uring  \"path=/a b/c\" fd=\"\"1 \n[a]\n"),
			 STATUS_OK);
	ck_assert_int_eq(plan.section[0].o.words.count, 3);
	ck_assert_str_eq(plan.section[0].o.words.word[0], "io_uring");
	ck_assert_str_eq(plan.section[0].o.words.word[1], "path=/a b/c");
	ck_assert_str_eq(plan.section[0].o.words.word[2], "fd=1");
}
END_TEST

START_TEST(command_line_counts_more_than_the_file)
{
	char *argv[] = { "blkio-bench", "--bs=64k", "threads", "path=z", NULL };

	ck_assert_int_eq(read_with("[a]\nbs=4k\niodepth=5\ndevice=io_uring path=y\n", argv),
			 STATUS_OK);
	ck_assert_uint_eq(plan.section[0].o.bs, 65536);
	ck_assert_uint_eq(plan.section[0].o.iodepth, 5);
	ck_assert_int_eq(plan.section[0].o.words.count, 2);
	ck_assert_str_eq(plan.section[0].o.words.word[0], "threads");
}
END_TEST

START_TEST(sections_have_different_seeds_unless_one_is_given)
{
	ck_assert_int_eq(read_text("[global]\ndevice=d\n[a]\n[b]\n[c]\nrandseed=7\n"), STATUS_OK);
	ck_assert_uint_eq(plan.section[0].o.randseed, 1);
	ck_assert_uint_eq(plan.section[1].o.randseed, 2);
	ck_assert_uint_eq(plan.section[2].o.randseed, 7);
}
END_TEST

START_TEST(fault_of_a_file_names_line_and_key)
{
	static const struct {
		const char *text, *part;
	} faults[] = {
		{ "[a]\nbz=4k\n", "x.fio:2: there is no key 'bz'" },
		{ "\n\n[a]\n# c\nbs=4x\n", "x.fio:5: --bs: '4x' is not a size" },
		{ "[a]\nbs\n", "x.fio:2: --bs needs a value" },
		{ "[a]\nrw=sideways\n", "x.fio:2: --rw: 'sideways' is none of" },
		{ "[a]\nioengine=libaio\n",
		  "x.fio:2: --ioengine is not an option here: the driver" },
		{ "[a]\nfilename=/dev/x\n", "device=DRIVER path=FILE" },
		{ "[a]\noutput-format=json\n", "x.fio:2: 'output-format' is for the command line" },
		{ "[a]\nhelp\n", "'help' is for the command line" },
		{ "bs=4k\n[a]\n", "x.fio:1: 'bs' is in no section" },
		{ "[a\n", "x.fio:1: the ']'" },
		{ "[a] b\n", "x.fio:1: there is something behind" },
		{ "[]\n", "x.fio:1: the section has no name" },
		{ "[a]\n= 5\n", "x.fio:2: there is nothing in front" },
		{ "[a]\nrw=read\n", "x.fio:1: DRIVER is missing" },
		{ "[global]\ndevice=d\n\n[a]\n[b]\nbs=4k\nsize=1k\n",
		  "x.fio:5: --size is smaller than --bs" },
		{ "", "no section" },
		{ "[global]\nbs=4k\n", "no section" },
	};

	ck_assert_fault(faults[_i].text, faults[_i].part);
}
END_TEST

START_TEST(command_line_is_a_section)
{
	char *argv[] = { "blkio-bench", "--rw", "randrw", "--name=x", "io_uring", "path=p", NULL };

	ck_assert_int_eq(command_line(argv), STATUS_OK);
	ck_assert_int_eq(plan.count, 1);
	ck_assert_str_eq(plan.section[0].name, "x");
	ck_assert(options_does(&plan.section[0].o, OP_READ));
	ck_assert(options_does(&plan.section[0].o, OP_WRITE));
	ck_assert(!options_does(&plan.section[0].o, OP_TRIM));
	ck_assert(options_random(&plan.section[0].o));
}
END_TEST

START_TEST(what_does_not_go_together_is_refused)
{
	static const struct {
		char *option[3], *part;
	} faults[] = {
		{ { "--readonly", "--rw=write" }, "--readonly forbids --rw=write" },
		{ { "--readonly", "--rw=randtrim" }, "--readonly forbids --rw=randtrim" },
		{ { "--io_size=1k" }, "--io_size is smaller than --bs" },
		{ { "--vectored=5" }, "no 5 equal parts" },
		{ { "--iodepth_batch_complete_min=2" }, "larger than --iodepth" },
		{ { "--iodepth=4", "--batch=2", "--wait=poll" }, "--wait=block" },
		{ { "--rwmixread=101" }, "too large" },
		{ { "--verify=crc32c", "--rw=trim" }, "cannot be verified" },
		{ { "--verify=crc32c", "--bs=32" }, "at least 64" },
		{ { "--verify_only" }, "--verify_only is for" },
		{ { "--verify=crc32c", "--verify_only" }, "the --rw that has written" },
		{ { "--verify=crc32c", "--rw=write", "--ramp_time=1" }, "--ramp_time" },
		{ { "--jobfile=x", "--name=a" }, "--name" },
		{ { "--ioengine", "libaio" }, "not an option here" },
	};
	char *argv[6] = { "blkio-bench" };
	int n = 1;

	for (int i = 0; i < 3 && faults[_i].option[i]; i++)
		argv[n++] = faults[_i].option[i];
	argv[n] = "io_uring";
	ck_assert_int_eq(command_line(argv), STATUS_USAGE);
	ck_assert_ptr_nonnull(faults[_i].part);
	ck_assert_msg(strstr(fake_msg, faults[_i].part), "%s", fake_msg);
}
END_TEST

static Suite *plan_suite(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("plan");

	tcase_add_checked_fixture(tc, no_plan, drop_plan);
	tcase_add_test(tc, keys_are_read_with_any_white_space_and_comments);
	tcase_add_test(tc, sections_begin_with_what_global_has_by_then);
	tcase_add_test(tc, stonewall_begins_a_group);
	tcase_add_test(tc, words_of_a_device_may_be_quoted);
	tcase_add_test(tc, command_line_counts_more_than_the_file);
	tcase_add_test(tc, sections_have_different_seeds_unless_one_is_given);
	tcase_add_loop_test(tc, fault_of_a_file_names_line_and_key, 0, 17);
	tcase_add_test(tc, command_line_is_a_section);
	tcase_add_loop_test(tc, what_does_not_go_together_is_refused, 0, 14);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { plan_suite, NULL };
