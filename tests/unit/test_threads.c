// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The threads driver: system calls that do half of what they should, that are interrupted, that
 * fail or hang; and how a queue with such a thread ends. What works is for the conformance tests.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/threads/threads.h"
#include "tests/unit/unit.h"

#define BYTES 65536

static int file;
static struct blkio *b;
static struct blkioq *q;
static unsigned char data[BYTES], buf[BYTES];

/* ---- what the system calls do ---- */

static atomic_uint at_once;   /* bytes that one call transfers; 0: all */
static atomic_uint calls;     /* every third one is interrupted, if at_once is set */
static atomic_int fails_with; /* an errno */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool hold;         /* calls wait until it is over */
static unsigned int held; /* that do so now */

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags);
ssize_t __real_preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags);
ssize_t __wrap_pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags);
ssize_t __real_pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags);

static void wait_if_held(void)
{
	pthread_mutex_lock(&lock);
	held++;
	pthread_cond_broadcast(&changed);
	while (hold)
		pthread_cond_wait(&changed, &lock);
	held--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void set_hold(bool on)
{
	pthread_mutex_lock(&lock);
	hold = on;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_for_held(unsigned int n)
{
	pthread_mutex_lock(&lock);
	while (held != n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* 0, or -1 with errno; *one is what the call may transfer. */
static int disturb(const struct iovec *iov, int iovcnt, struct iovec *one)
{
	wait_if_held();
	if (fails_with) {
		errno = fails_with;
		return -1;
	}
	if (!at_once)
		return 0;
	if (++calls % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	while (iovcnt > 1 && !iov->iov_len) {
		iov++;
		iovcnt--;
	}
	*one = *iov;
	if (one->iov_len > at_once)
		one->iov_len = at_once;
	return 1;
}

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)
{
	struct iovec one;
	int ret = disturb(iov, iovcnt, &one);

	if (ret < 0)
		return -1;
	return ret ? __real_preadv2(fd, &one, 1, offset, flags)
		   : __real_preadv2(fd, iov, iovcnt, offset, flags);
}

ssize_t __wrap_pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)
{
	struct iovec one;
	int ret = disturb(iov, iovcnt, &one);

	if (ret < 0)
		return -1;
	return ret ? __real_pwritev2(fd, &one, 1, offset, flags)
		   : __real_pwritev2(fd, iov, iovcnt, offset, flags);
}

/* ---- the instance ---- */

static void connect_file(void)
{
	file = temp_file(BYTES);
	for (size_t i = 0; i < BYTES; i++)
		data[i] = (unsigned char)(i * 31 + (i >> 8));
	ck_assert_int_eq(pwrite(file, data, BYTES, 0), BYTES);
	ck_assert_int_eq(blkio_create("threads", &b), 0);
	ck_assert_int_eq(blkio_set_int(b, "fd", dup(file)), 0);
	ck_assert_int_eq(blkio_connect(b), 0);
}

static void set_up(void)
{
	connect_file();
	ck_assert_int_eq(blkio_start(b), 0);
	q = blkio_get_queue(b, 0);
}

static void tear_down(void)
{
	set_hold(false);
	if (b)
		blkio_destroy(&b);
	close(file);
}

static int finish(void)
{
	struct blkio_completion c = { .ret = 1 };

	ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, NULL), 1);
	return c.ret;
}

START_TEST(numbers_of_threads_and_requests_have_limits)
{
	static const int wrong[] = { 0, -1, 1025, INT_MAX };

	blkio_destroy(&b);
	close(file);
	connect_file();
	for (size_t i = 0; i < array_len(wrong); i++)
		ck_assert_error(blkio_set_int(b, "num-threads", wrong[i]), -EINVAL, "1 to 1024");
	ck_assert_int_eq(blkio_set_int(b, "num-entries", 32769), 0);
	ck_assert_error(blkio_start(b), -EINVAL, "at most 32768");
	ck_assert_int_eq(blkio_set_int(b, "num-entries", 1), 0);
	ck_assert_int_eq(blkio_set_int(b, "num-threads", 1), 0);
	ck_assert_int_eq(blkio_set_int(b, "num-poll-queues", 1), 0);
	ck_assert_int_eq(blkio_start(b), -EINVAL);
	ck_assert_int_eq(blkio_set_int(b, "num-poll-queues", 0), 0);
	ck_assert_int_eq(blkio_start(b), 0);
}
END_TEST

START_TEST(transfers_go_on_wherever_they_were_cut)
{
	struct iovec iov[5] = {
		{ buf, 0 }, { buf, 5 }, { buf + 5, 1 }, { buf, 0 }, { buf + 6, 11 }
	};

	for (at_once = 1; at_once < 40; at_once++) {
		memset(buf, 0, 100);
		blkioq_read(q, 100, buf, 37, NULL, 0);
		ck_assert_int_eq(finish(), 0);
		ck_assert_mem_eq(buf, data + 100, 37);
		memset(buf, 0, 100);
		blkioq_readv(q, 200, iov, 5, NULL, 0);
		ck_assert_int_eq(finish(), 0);
		ck_assert_mem_eq(buf, data + 200, 17);
		memset(buf, (int)at_once, 17);
		blkioq_writev(q, 1000, iov, 5, NULL, BLKIO_REQ_FUA);
		ck_assert_int_eq(finish(), 0);
		ck_assert_int_eq(pread(file, buf + 100, 17, 1000), 17);
		ck_assert_mem_eq(buf, buf + 100, 17);
	}
}
END_TEST

START_TEST(past_the_end_there_are_zeroes)
{
	struct iovec iov[2] = { { buf, 300 }, { buf + 300, 300 } };

	at_once = 7;
	memset(buf, 0xee, 1000);
	blkioq_readv(q, BYTES - 100, iov, 2, NULL, 0);
	ck_assert_int_eq(finish(), 0);
	ck_assert_mem_eq(buf, data + BYTES - 100, 100);
	for (int i = 100; i < 600; i++)
		ck_assert_int_eq(buf[i], 0);
	ck_assert_int_eq(buf[600], 0xee);
}
END_TEST

START_TEST(an_error_is_the_requests_result)
{
	fails_with = EIO;
	blkioq_read(q, 0, buf, 512, NULL, 0);
	ck_assert_int_eq(finish(), -EIO);
	blkioq_write(q, 0, buf, 512, NULL, 0);
	ck_assert_int_eq(finish(), -EIO);
	fails_with = 0;
	blkioq_read(q, 0, buf, 512, NULL, 0);
	ck_assert_int_eq(finish(), 0);
}
END_TEST

START_TEST(what_is_refused_says_why)
{
	struct iovec iov[2] = { { buf, SIZE_MAX }, { buf, 1 } };
	struct blkio_completion c;

	blkioq_readv(q, 0, iov, 2, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, NULL), 1);
	ck_assert_int_eq(c.ret, -EINVAL);
	ck_assert_str_eq(c.error_msg, "the end of the request lies beyond 2^63 - 1");
	blkioq_readv(q, 0, iov, 1025, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, NULL), 1);
	ck_assert_str_eq(c.error_msg, "iovcnt is greater than max-segments");
}
END_TEST

/* ---- threads that are held ---- */

START_TEST(each_thread_has_a_request_of_its_own)
{
	struct blkio_completion c[8];

	set_hold(true);
	for (int i = 0; i < 8; i++)
		blkioq_read(q, 0, buf + i * 512, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	wait_for_held(4); /* num-threads */
	ck_assert_int_eq(blkioq_do_io(q, c, 0, 8, NULL), 0);
	set_hold(false);
	ck_assert_int_eq(blkioq_do_io(q, c, 8, 8, NULL), 8);
}
END_TEST

START_TEST(waiting_ends_with_the_timeout)
{
	struct timespec timeout = { .tv_nsec = 30000000 };
	struct blkio_completion c;

	set_hold(true);
	blkioq_read(q, 0, buf, 512, NULL, 0);
	ck_assert_error(blkioq_do_io(q, &c, 1, 1, &timeout), -ETIME, "timeout");
	set_hold(false);
	ck_assert_int_eq(finish(), 0);
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

START_TEST(waiting_ends_with_a_signal_if_that_is_wanted)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	struct blkio_completion c;

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	set_hold(true);
	blkioq_read(q, 0, buf, 512, NULL, 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ck_assert_error(blkioq_do_io_interruptible(q, &c, 1, 1, NULL, NULL), -EINTR, "signal");
	set_hold(false);
	ck_assert_int_eq(finish(), 0);
}
END_TEST

/* It goes on by itself, and touches nothing of the instance any more. */
START_TEST(a_thread_that_hangs_does_not_hold_the_end)
{
	int fds = count_open_fds();
	time_t begin = time(NULL);

	set_hold(true);
	for (int i = 0; i < 8; i++)
		blkioq_write(q, 0, data, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	wait_for_held(4);
	blkio_destroy(&b);
	ck_assert_int_lt(time(NULL) - begin, 10);
	set_hold(false);
	wait_for_held(0);
	for (int i = 0; i < 500 && count_open_fds() >= fds; i++)
		usleep(10000);
	ck_assert_int_lt(count_open_fds(), fds);
}
END_TEST

START_TEST(what_was_not_begun_is_not_begun_any_more)
{
	set_hold(true);
	for (int i = 0; i < 100; i++)
		blkioq_write(q, 0, buf, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	wait_for_held(4);
	calls = 0;
	at_once = 512; /* from now on calls are counted */
	blkio_destroy(&b);
	set_hold(false);
	wait_for_held(0);
	usleep(50000);
	ck_assert_uint_le(calls, 4 * 2);
}
END_TEST

/* A request of several system calls does only the one that it is in. */
START_TEST(what_was_begun_does_not_go_on)
{
	static unsigned char own[4096];
	static struct iovec iov[2] = { { own, 100 }, { own + 100, 3000 } };

	memset(own, 0xee, sizeof(own));
	at_once = 10;
	set_hold(true);
	blkioq_writev(q, 0, iov, 2, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	wait_for_held(1);
	blkio_destroy(&b);
	calls = 0;
	set_hold(false);
	wait_for_held(0);
	usleep(50000);
	ck_assert_uint_le(calls, 2); /* it may be interrupted once */
	ck_assert_int_eq(pread(file, buf, BYTES, 0), BYTES);
	ck_assert_mem_eq(buf + 10, data + 10, BYTES - 10);
}
END_TEST

static Suite *call_suite(void)
{
	const TTest *const tests[] = {
		numbers_of_threads_and_requests_have_limits,
		transfers_go_on_wherever_they_were_cut,
		past_the_end_there_are_zeroes,
		an_error_is_the_requests_result,
		what_is_refused_says_why,
		each_thread_has_a_request_of_its_own,
		waiting_ends_with_the_timeout,
		waiting_ends_with_a_signal_if_that_is_wanted,
		a_thread_that_hangs_does_not_hold_the_end,
		what_was_not_begun_is_not_begun_any_more,
		what_was_begun_does_not_go_on,
	};

	return SUITE_WITH("threads", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { call_suite, NULL };
