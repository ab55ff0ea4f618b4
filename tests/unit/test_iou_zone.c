// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Zone requests of the io_uring driver: a thread carries them out, and what it has done must come
 * out of the ring like everything else, whatever else is in it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/util/deadline.h"
#include "tests/fakes/fake_zoned.h"
#include "tests/unit/iou_fixture.h"

#define ZONE   UINT64_C(32768)
#define BYTES  (8 * 32768)
#define MANY   1000
#define MS     1000000
#define LATE   (5 * NS_PER_S)
#define N_RING 8

static struct iou_fixture x;
static struct blkio_zone zones[8];
static unsigned char buf[4096], data[4096];

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);

static bool no_threads;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	return no_threads ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}

int __wrap_pipe2(int fds[2], int flags);
int __real_pipe2(int fds[2], int flags);

static bool no_reads, no_pipe;
static bool small_pipe; /* with no_reads: what is written stays in there */
static int pipe_end = -1;

/* What cannot be read is in place of the pipe, or nothing. */
int __wrap_pipe2(int fds[2], int flags)
{
	if (no_pipe) {
		errno = EMFILE;
		return -1;
	}
	if (!no_reads)
		return __real_pipe2(fds, flags);
	if (small_pipe) {
		ck_assert_int_eq(__real_pipe2(fds, flags), 0);
		ck_assert_int_gt(fcntl(fds[1], F_SETPIPE_SZ, 4096), 0);
		pipe_end = fds[0];
	} else {
		fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	fds[0] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return 0;
}

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t sz);
int __real_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t sz);

static bool kernel_is_busy;

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t sz)
{
	if (kernel_is_busy)
		return -EBUSY;
	return __real_io_uring_enter2(fd, to_submit, min_complete, flags, sig, sz);
}

/* ---- queues of each kind, by _i ---- */

enum {
	PLAIN,
	SINGLE_ISSUER,
	NO_FIXED_FILE,
	SQPOLL,
	NR_KINDS
};

static void make_small(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_int(b, "num-entries", N_RING), 0);
}

static void make_small_and_owned(struct blkio *b)
{
	make_small(b);
	ck_assert_int_eq(blkio_set_bool(b, "single-issuer", true), 0);
}

static void make_small_with_sqpoll(struct blkio *b)
{
	make_small(b);
	ck_assert_int_eq(blkio_set_bool(b, "sqpoll", true), 0);
}

static void (*const configure[NR_KINDS])(struct blkio *) = {
	[PLAIN] = make_small,
	[SINGLE_ISSUER] = make_small_and_owned,
	[NO_FIXED_FILE] = make_small,
	[SQPOLL] = make_small_with_sqpoll,
};

static bool start(int kind)
{
	fake_zoned_reset();
	if (!iou_start(&x, BYTES, configure[kind])) {
		x.b = NULL;
		return false;
	}
	if (kind == NO_FIXED_FILE) {
		x.iou_q->u.ring.fixed_file = false;
		uring_preset(&x.iou_q->u.ring, &(struct io_uring_sqe) { .fd = x.dev->file.fd });
	}
	fill_pattern(data, sizeof(data), 0, 5);
	write_pattern(x.file, BYTES, 5);
	return true;
}

static void tear_down(void)
{
	fake_zoned_set_hold(false);
	if (x.b)
		iou_finish(&x);
	if (fake_zoned.active)
		fake_zoned_finish();
}

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = -2; /* . and .. */

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void open_zone(unsigned int zone)
{
	blkioq_open_zone(x.q, zone * ZONE, tag(zone), 0);
}

static void expect_read(void)
{
	memset(buf, 0, sizeof(buf));
	blkioq_read(x.q, 0, buf, sizeof(buf), tag(100), 0);
	ck_assert_int_eq(iou_wait(&x).ret, 0);
	ck_assert_mem_eq(buf, data, sizeof(buf));
}

/* ---- a thread ---- */

static void *do_nothing(void *nothing)
{
	return nothing;
}

/* ThreadSanitizer has a thread of its own from the first one on. */
static int count_threads_before(void)
{
	pthread_t thread;

	ck_assert_int_eq(__real_pthread_create(&thread, NULL, do_nothing, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	usleep(50000);
	return count_threads();
}

START_TEST(there_is_a_thread_only_for_zone_requests)
{
	int after = count_threads_before();
	int before = after + (_i == SQPOLL); /* the kernel's */

	if (!start(_i))
		return;
	expect_read();
	ck_assert_int_eq(x.iou_q->u.q.in_flight, 0);
	ck_assert_int_le(count_threads(), before);
	blkioq_report_zones(x.q, 0, zones, 8, NULL, 0);
	ck_assert_int_le(count_threads(), before); /* queueing starts nothing */
	ck_assert_int_eq(iou_wait(&x).ret, 8);
	ck_assert_int_ge(count_threads(), before + 1);
	blkio_destroy(&x.b);
	close(x.file);
	for (int i = 0; i < 500 && count_threads() > after; i++)
		usleep(10000); /* a thread that was joined can be seen for a moment */
	ck_assert_int_eq(count_threads(), after);
}
END_TEST

START_TEST(without_a_thread_the_request_fails_with_a_text)
{
	struct blkio_completion c[3];

	if (!start(_i))
		return;
	no_threads = true;
	for (unsigned int i = 1; i <= 3; i++)
		open_zone(i);
	ck_assert_int_eq(blkioq_do_io(x.q, c, 3, 3, NULL), 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(c[i].ret, -EAGAIN);
		ck_assert_str_eq(c[i].error_msg, "no thread for it can be started (see ulimit -u)");
	}
	expect_read();
	no_threads = false;
	open_zone(1);
	ck_assert_int_eq(iou_wait(&x).ret, 0);
}
END_TEST

/* ---- waiting ---- */

START_TEST(the_caller_is_not_held)
{
	struct blkio_completion c;
	int64_t begin = now_ns();

	if (!start(_i))
		return;
	fake_zoned_set_hold(true);
	open_zone(1);
	ck_assert_int_eq(blkioq_do_io(x.q, &c, 0, 1, NULL), 0);
	expect_read(); /* overtakes it */
	ck_assert_int_lt(now_ns() - begin, LATE);
	fake_zoned_set_hold(false);
	ck_assert_int_eq(blkioq_do_io(x.q, &c, 1, 1, NULL), 1);
	ck_assert_ptr_eq(c.user_data, tag(1));
}
END_TEST

static void *let_go_later(void *nothing)
{
	usleep(30000);
	fake_zoned_set_hold(false);
	return nothing;
}

START_TEST(who_sleeps_is_woken)
{
	struct blkio_completion c[3];
	pthread_t thread;

	if (!start(_i))
		return;
	fake_zoned_set_hold(true);
	for (unsigned int i = 1; i <= 3; i++)
		open_zone(i);
	ck_assert_int_eq(__real_pthread_create(&thread, NULL, let_go_later, NULL), 0);
	ck_assert_int_eq(blkioq_do_io(x.q, c, 3, 3, NULL), 3);
	for (unsigned int i = 0; i < 3; i++) { /* one thread: in order */
		ck_assert_int_eq(c[i].ret, 0);
		ck_assert_ptr_eq(c[i].user_data, tag(i + 1));
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(waiting_ends_with_the_timeout)
{
	struct timespec timeout = { .tv_nsec = 30 * MS };
	struct blkio_completion c;

	if (!start(_i))
		return;
	fake_zoned_set_hold(true);
	open_zone(1);
	ck_assert_error(blkioq_do_io(x.q, &c, 1, 1, &timeout), -ETIME, "timeout");
	fake_zoned_set_hold(false);
	ck_assert_int_eq(iou_wait(&x).ret, 0);
}
END_TEST

/* More than once: there were kernels (6.12, DEFER_TASKRUN) in which an eventfd that is written
 * makes another one readable only the first time. */
START_TEST(the_completion_fd_tells)
{
	struct pollfd p = { .events = POLLIN };
	struct blkio_completion c;
	pthread_t thread;

	if (!start(_i))
		return;
	p.fd = blkioq_get_completion_fd(x.q);
	blkioq_set_completion_fd_enabled(x.q, true);
	for (int i = 0; i < 5; i++) {
		fake_zoned_set_hold(true);
		open_zone(1);
		ck_assert_int_eq(blkioq_do_io(x.q, &c, 0, 1, NULL), 0);
		(void)count_events(p.fd);
		ck_assert_int_eq(poll(&p, 1, 20), 0);
		ck_assert_int_eq(__real_pthread_create(&thread, NULL, let_go_later, NULL), 0);
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		ck_assert_int_eq(blkioq_do_io(x.q, &c, 0, 1, NULL), 1);
		ck_assert_int_eq(c.ret, 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
}
END_TEST

START_TEST(who_polls_sees_it)
{
	struct blkio_completion c;
	int64_t begin = now_ns();
	int n = 0;

	if (!start(_i))
		return;
	open_zone(1);
	while (n == 0 && now_ns() - begin < LATE)
		n = blkioq_do_io(x.q, &c, 0, 1, NULL);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(c.ret, 0);
}
END_TEST

START_TEST(where_the_read_fails_the_thread_is_waited_for)
{
	struct blkio_completion c[3];
	pthread_t thread;

	no_reads = true;
	if (!start(_i))
		return;
	fake_zoned_set_hold(true);
	for (unsigned int i = 1; i <= 3; i++)
		open_zone(i);
	ck_assert_int_eq(__real_pthread_create(&thread, NULL, let_go_later, NULL), 0);
	ck_assert_int_eq(blkioq_do_io(x.q, c, 3, 3, NULL), 3);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(c[i].ret, 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	expect_read();
}
END_TEST

/* What nobody reads fills the pipe: the thread, who asks it for something and the end go on. */
START_TEST(a_full_pipe_holds_nobody)
{
	no_reads = small_pipe = true;
	if (!start(_i))
		return;
	for (unsigned int i = 0; i < 520; i++) {
		open_zone(1);
		ck_assert_int_eq(iou_wait(&x).ret, 0);
	}
	iou_finish(&x);
	close(pipe_end);
}
END_TEST

/* ---- together with others ---- */

/* Far more than the ring has entries: what was an SQE of a zone request is one of a read next. */
START_TEST(reads_and_zone_requests_do_not_disturb_each_other)
{
	static unsigned char bufs[MANY][512];
	static struct blkio_completion c[MANY];
	static bool seen[MANY];

	if (!start(_i))
		return;
	for (unsigned int i = 0; i < MANY; i++) {
		if (i % 3 == 0)
			blkioq_open_zone(x.q, (1 + i % 7) * ZONE, tag(i), 0);
		else if (i % 3 == 1)
			blkioq_read(x.q, i * 8, bufs[i], 512, tag(i), 0);
		else
			blkioq_read(x.q, BYTES - 512, bufs[i], 512, tag(i), 0);
	}
	ck_assert_int_eq(blkioq_do_io(x.q, c, MANY, MANY, NULL), MANY);
	for (int i = 0; i < MANY; i++) {
		uintptr_t k = (uintptr_t)c[i].user_data;

		ck_assert_int_eq(c[i].ret, 0);
		ck_assert(!seen[k]);
		seen[k] = true;
	}
	for (unsigned int i = 1; i < MANY; i += 3) {
		fill_pattern(data, 512, i * 8, 5);
		ck_assert_mem_eq(bufs[i], data, 512);
	}
	fill_pattern(data, sizeof(data), 0, 5);
	for (int i = 0; i < 3 * N_RING; i++)
		expect_read();
}
END_TEST

/* SQEs that the kernel has not read must not be put right. */
START_TEST(a_system_call_that_fails_changes_nothing)
{
	struct blkio_completion c[4];

	if (!start(_i))
		return;
	if (_i == SQPOLL)
		return; /* the kernel reads them without a call */
	kernel_is_busy = true;
	blkioq_read(x.q, 0, buf, 512, tag(3), 0);
	open_zone(1);
	ck_assert_error(blkioq_do_io(x.q, NULL, 0, 0, NULL), -EBUSY, "io_uring_enter");
	ck_assert_int_ne(x.iou_q->u.ring.sqes[1].fd, x.iou_q->u.ring.sqes[0].fd);
	blkioq_read(x.q, 512, buf + 512, 512, tag(4), 0);
	open_zone(2);
	ck_assert_error(blkioq_do_io(x.q, NULL, 0, 0, NULL), -EBUSY, "io_uring_enter");
	kernel_is_busy = false;
	ck_assert_int_eq(blkioq_do_io(x.q, c, 4, 4, NULL), 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(c[i].ret, 0);
	ck_assert_mem_eq(buf, data, 1024);
	fake_zoned_set_hold(true);
	open_zone(1);
	ck_assert_int_eq(blkioq_do_io(x.q, c, 0, 1, NULL), 0);
	expect_read();
	fake_zoned_set_hold(false);
	ck_assert_int_eq(iou_wait(&x).ret, 0);
}
END_TEST

START_TEST(each_completion_is_that_of_its_request)
{
	struct blkio_completion c[4];

	if (!start(_i))
		return;
	blkioq_report_zones(x.q, 0, zones, 5, tag(1), 0);
	blkioq_close_zone(x.q, ZONE, tag(2), 0); /* empty: an error */
	blkioq_report_zones(x.q, 0, zones, 0, tag(3), 0);
	blkioq_reset_all_zones(x.q, tag(4), 0);
	ck_assert_int_eq(blkioq_do_io(x.q, c, 4, 4, NULL), 4);
	ck_assert_ptr_eq(c[0].user_data, tag(3)); /* over at once */
	ck_assert_int_eq(c[0].ret, 0);
	ck_assert_ptr_eq(c[1].user_data, tag(1));
	ck_assert_int_eq(c[1].ret, 5);
	ck_assert_ptr_null(c[1].error_msg);
	ck_assert_ptr_eq(c[2].user_data, tag(2));
	ck_assert_int_eq(c[2].ret, -EIO);
	ck_assert_ptr_nonnull(c[2].error_msg);
	ck_assert_ptr_eq(c[3].user_data, tag(4));
	ck_assert_int_eq(c[3].ret, 0);
}
END_TEST

/* ---- queues ---- */

START_TEST(a_queue_that_cannot_be_made_leaves_nothing)
{
	int fds;

	if (!start(_i))
		return;
	fds = count_open_fds();
	no_pipe = true;
	ck_assert_error(blkio_add_queue(x.b), -EMFILE, "ulimit -n");
	ck_assert_int_eq(count_open_fds(), fds);
	no_pipe = false;
	ck_assert_int_eq(blkio_add_queue(x.b), 1);
	x.q = blkio_get_queue(x.b, 1);
	open_zone(1);
	ck_assert_int_eq(iou_wait(&x).ret, 0);
}
END_TEST

/* ---- the end ---- */

START_TEST(the_end_comes_with_requests_in_each_state)
{
	int fds = count_open_fds();

	if (!start(_i))
		return;
	fake_zoned_set_hold(true);
	open_zone(1);
	ck_assert_int_eq(blkioq_do_io(x.q, NULL, 0, 0, NULL), 0);
	fake_zoned_wait_for_held(1);
	open_zone(2);
	ck_assert_int_eq(blkioq_do_io(x.q, NULL, 0, 0, NULL), 0);
	open_zone(3); /* not given to the thread */
	blkioq_read(x.q, 0, buf, 512, NULL, 0);
	ck_assert_int_eq(blkio_remove_queue(x.b, 0), 0);
	fake_zoned_set_hold(false);
	iou_finish(&x);
	x.b = NULL;
	for (int i = 0; i < 500 && count_open_fds() > fds; i++)
		usleep(10000);
	ck_assert_int_eq(count_open_fds(), fds);
	ck_assert_int_ne(fake_zoned.zones[2].cond, BLK_ZONE_COND_EXP_OPEN);
}
END_TEST

START_TEST(what_is_done_but_not_taken_does_not_matter)
{
	if (!start(_i))
		return;
	for (unsigned int i = 1; i <= 5; i++)
		open_zone(i);
	ck_assert_int_eq(blkioq_do_io(x.q, NULL, 0, 0, NULL), 0);
	while (fake_zoned.nr_calls < 5)
		usleep(1000);
}
END_TEST

static Suite *zone_suite(void)
{
	const TTest *const tests[] = {
		there_is_a_thread_only_for_zone_requests,
		without_a_thread_the_request_fails_with_a_text,
		the_caller_is_not_held,
		who_sleeps_is_woken,
		waiting_ends_with_the_timeout,
		the_completion_fd_tells,
		who_polls_sees_it,
		where_the_read_fails_the_thread_is_waited_for,
		a_full_pipe_holds_nobody,
		reads_and_zone_requests_do_not_disturb_each_other,
		a_system_call_that_fails_changes_nothing,
		each_completion_is_that_of_its_request,
		a_queue_that_cannot_be_made_leaves_nothing,
		the_end_comes_with_requests_in_each_state,
		what_is_done_but_not_taken_does_not_matter,
	};

	return suite_of_loops("zones with io_uring", tests, array_len(tests), NR_KINDS, NULL,
			      tear_down);
}

Suite *(*const test_suites[])(void) = { zone_suite, NULL };
