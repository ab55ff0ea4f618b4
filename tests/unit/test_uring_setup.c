// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How a ring is made: the flags of old and new kernels, and what is said when there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/iou_fixture.h"
#include "tests/unit/ring_fixture.h"

#define COOP  (IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG)
#define OWNED (IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER)
#define DEFER (IORING_SETUP_SUBMIT_ALL | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG)

static struct ring_fixture x;

/* What the kernel answers; 0: the real one does. */
static unsigned int unknown_flags;
static int setup_ret, files_ret, eventfd_ret;
static const char *sysctl_text;
static struct io_uring_params asked; /* what it was asked for last */
static int nr_asked;

int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *p);
int __real_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *p);
int __wrap_io_uring_register_files(struct io_uring *ring, const int *files, unsigned int n);
int __real_io_uring_register_files(struct io_uring *ring, const int *files, unsigned int n);
int __wrap_io_uring_register_eventfd(struct io_uring *ring, int fd);
int __real_io_uring_register_eventfd(struct io_uring *ring, int fd);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);

int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *p)
{
	asked = *p;
	nr_asked++;
	if (setup_ret)
		return setup_ret;
	if (p->flags & unknown_flags)
		return -EINVAL;
	return __real_io_uring_queue_init_params(entries, ring, p);
}

int __wrap_io_uring_register_files(struct io_uring *ring, const int *files, unsigned int n)
{
	return files_ret ? files_ret : __real_io_uring_register_files(ring, files, n);
}

int __wrap_io_uring_register_eventfd(struct io_uring *ring, int fd)
{
	return eventfd_ret ? eventfd_ret : __real_io_uring_register_eventfd(ring, fd);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!sysctl_text)
		return __real_fopen(path, mode);
	ck_assert_str_eq(path, "/proc/sys/kernel/io_uring_disabled");
	return *sysctl_text ? fmemopen((void *)sysctl_text, strlen(sysctl_text), "r") : NULL;
}

static void set_up(void)
{
	ring_open_files(&x);
	unknown_flags = 0;
	setup_ret = files_ret = eventfd_ret = nr_asked = 0;
	sysctl_text = NULL;
}

static void tear_down(void)
{
	ring_close(&x);
}

static int init(void)
{
	x.r = (struct uring) { 0 };
	return uring_init(&x.r, &x.config, x.file, x.event_fd);
}

/* ---- flags ---- */

/* A kernel that does not know `unknown` gives a ring with `flags`, and that works. */
static void assert_flags(unsigned int unknown, unsigned int flags)
{
	unknown_flags = unknown;
	ck_assert_int_eq(init(), 0);
	ck_assert_uint_eq(x.r.setup_flags, flags);
	ck_assert_uint_eq(asked.flags, flags);
	ring_works(&x);
	uring_finish(&x.r);
}

START_TEST(flags_step_down_to_what_the_kernel_knows)
{
	if (!have_io_uring())
		return;
	ck_assert_int_eq(init(), 0);
	if (x.r.setup_flags != COOP) {
		test_skip("this kernel has no cooperative task running: flags %#x",
			  x.r.setup_flags);
		return;
	}
	uring_finish(&x.r);
	assert_flags(0, COOP);
	assert_flags(IORING_SETUP_TASKRUN_FLAG, IORING_SETUP_SUBMIT_ALL);
	assert_flags(IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SUBMIT_ALL);
	assert_flags(IORING_SETUP_SUBMIT_ALL, 0);
}
END_TEST

START_TEST(flags_of_a_single_issuer_step_down_too)
{
	if (!have_io_uring())
		return;
	x.config.single_issuer = true;
	ck_assert_int_eq(init(), 0);
	if (x.r.setup_flags != (OWNED | DEFER)) {
		test_skip("this kernel has no deferred task running: flags %#x", x.r.setup_flags);
		return;
	}
	uring_finish(&x.r);
	assert_flags(0, OWNED | DEFER);
	assert_flags(IORING_SETUP_DEFER_TASKRUN, OWNED | COOP);
	assert_flags(IORING_SETUP_SINGLE_ISSUER, COOP);
	assert_flags(OWNED | COOP | DEFER, 0);
}
END_TEST

START_TEST(a_ring_with_sqpoll_asks_for_no_task_running)
{
	if (!have_io_uring())
		return;
	x.config.sqpoll = true;
	x.config.sqpoll_idle_ms = 77;
	assert_flags(0, IORING_SETUP_SQPOLL | IORING_SETUP_SUBMIT_ALL);
	ck_assert_uint_eq(asked.sq_thread_idle, 77);
	assert_flags(IORING_SETUP_SUBMIT_ALL, IORING_SETUP_SQPOLL);
	x.config.single_issuer = true;
	assert_flags(0, IORING_SETUP_SQPOLL | IORING_SETUP_SUBMIT_ALL);
}
END_TEST

START_TEST(sqpoll_runs_on_the_processor_that_was_asked_for)
{
	if (!have_io_uring())
		return;
	x.config.sqpoll = true;
	x.config.sqpoll_cpu = 0;
	assert_flags(0, IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF | IORING_SETUP_SUBMIT_ALL);
	ck_assert_uint_eq(asked.sq_thread_cpu, 0);
}
END_TEST

START_TEST(a_ring_without_an_event_fd_polls)
{
	if (!have_io_uring())
		return;
	ck_assert_int_eq(uring_init(&x.r, &x.config, x.file, -1), 0);
	ck_assert(x.r.setup_flags & IORING_SETUP_IOPOLL);
	ck_assert_int_eq(x.r.event_fd, -1);
}
END_TEST

/* ---- errors ---- */

START_TEST(a_failure_says_what_to_change)
{
	static const struct {
		int err, ret;
		const char *text;
	} rows[] = {
		{ -ENOSYS, -ENOSYS, "it needs Linux 5.6 or later with CONFIG_IO_URING" },
		{ -EMFILE, -EMFILE, "ulimit -n" },
		{ -ENOMEM, -ENOMEM, "an io_uring of 8 entries: out of memory, or over the limit" },
		{ -ENOMEM, -ENOMEM, "(os error 12)" },
		{ -EINVAL, -EINVAL, "takes 1 to 32768 (num-entries)" },
		{ -ENFILE, -ENFILE, "cannot make an io_uring: Too many open files in system" },
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		setup_ret = rows[i].err;
		ck_assert_error(init(), rows[i].ret, rows[i].text);
	}
}
END_TEST

START_TEST(what_forbids_io_uring_is_named)
{
	static const struct {
		const char *sysctl, *text;
	} rows[] = {
		{ "2\n",
		  "switched off on this system: set the sysctl kernel.io_uring_disabled to 0" },
		{ "1\n", "join the group of the sysctl kernel.io_uring_group" },
		{ "0\n", "seccomp filter of a container" },
		{ "?\n", "seccomp filter of a container" },
		{ "", "seccomp filter of a container" }, /* no such file */
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		sysctl_text = rows[i].sysctl;
		setup_ret = -EPERM;
		ck_assert_error(init(), -EPERM, rows[i].text);
		setup_ret = -EACCES;
		ck_assert_error(init(), -EPERM, rows[i].text);
	}
}
END_TEST

START_TEST(a_processor_that_there_is_not_is_named)
{
	x.config.sqpoll = true;
	x.config.sqpoll_cpu = 4711;
	setup_ret = -EINVAL;
	ck_assert_error(init(), -EINVAL, "check sqpoll-cpu (4711) and num-entries (8");
}
END_TEST

START_TEST(only_einval_is_tried_again_with_fewer_flags)
{
	setup_ret = -ENOMEM;
	ck_assert_int_eq(init(), -ENOMEM);
	ck_assert_int_eq(nr_asked, 1);
	setup_ret = -EINVAL;
	ck_assert_int_eq(init(), -EINVAL);
	ck_assert_int_eq(nr_asked, 1 + 3);
}
END_TEST

START_TEST(the_real_kernel_refuses_too_many_entries)
{
	if (!have_io_uring())
		return;
	x.config.num_entries = 32769;
	ck_assert_error(init(), -EINVAL, "takes 1 to 32768 (num-entries)");
	x.config.num_entries = 3;
	ck_assert_int_eq(init(), 0);
	ck_assert_uint_eq(x.r.sq_entries, 4);
}
END_TEST

START_TEST(a_ring_without_events_is_no_ring)
{
	int fds = count_open_fds();

	if (!have_io_uring())
		return;
	eventfd_ret = -EBUSY;
	ck_assert_error(init(), -EBUSY, "cannot register the completion fd");
	ck_assert_int_eq(count_open_fds(), fds);
	eventfd_ret = 0;
	ck_assert_int_eq(init(), 0);
}
END_TEST

START_TEST(a_ring_that_was_never_made_can_be_finished)
{
	struct uring none = { 0 };
	int fds = count_open_fds();

	uring_finish(&none);
	setup_ret = -ENOMEM;
	ck_assert_int_eq(init(), -ENOMEM);
	uring_finish(&x.r);
	uring_finish(&x.r);
	ck_assert_int_eq(count_open_fds(), fds);
}
END_TEST

/* ---- the file, operations ---- */

START_TEST(the_file_is_registered)
{
	if (!have_io_uring())
		return;
	ck_assert_int_eq(init(), 0);
	ck_assert(x.r.fixed_file);
	ring_read(&x, 0, 1);
	x.r.sqes[0].flags = IOSQE_FIXED_FILE;
	ring_reap(&x, 1, 1);
}
END_TEST

START_TEST(where_no_file_can_be_registered_its_number_is_used)
{
	struct iou_fixture iou;
	char byte;

	files_ret = -EOPNOTSUPP;
	if (!iou_start(&iou, 4096, NULL))
		return;
	ck_assert(!iou.iou_q->u.ring.fixed_file);
	write_pattern(iou.file, 10, 5);
	blkioq_read(iou.q, 3, &byte, 1, NULL, 0);
	ck_assert_int_eq(iou_wait(&iou).ret, 0);
	ck_assert_int_eq(byte, 3 * 31 + 5);
	iou_finish(&iou);
}
END_TEST

START_TEST(the_kernel_is_asked_which_operations_it_knows)
{
	static const uint8_t opcodes[] = { IORING_OP_READ, 255, IORING_OP_WRITE };

	if (!have_io_uring())
		return;
	ck_assert_int_eq(init(), 0);
	ck_assert_int_eq(uring_known_ops(&x.r, opcodes, 3), 1 | 4);
}
END_TEST

static Suite *flags_suite(void)
{
	const TTest *const tests[] = {
		flags_step_down_to_what_the_kernel_knows,
		flags_of_a_single_issuer_step_down_too,
		a_ring_with_sqpoll_asks_for_no_task_running,
		sqpoll_runs_on_the_processor_that_was_asked_for,
		a_ring_without_an_event_fd_polls,
		the_file_is_registered,
		where_no_file_can_be_registered_its_number_is_used,
		the_kernel_is_asked_which_operations_it_knows,
	};

	return SUITE_WITH("ring flags", tests, set_up, tear_down);
}

static Suite *errors_suite(void)
{
	const TTest *const tests[] = {
		a_failure_says_what_to_change,
		what_forbids_io_uring_is_named,
		a_processor_that_there_is_not_is_named,
		only_einval_is_tried_again_with_fewer_flags,
		the_real_kernel_refuses_too_many_entries,
		a_ring_without_events_is_no_ring,
		a_ring_that_was_never_made_can_be_finished,
	};

	return SUITE_WITH("ring errors", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { flags_suite, errors_suite, NULL };
