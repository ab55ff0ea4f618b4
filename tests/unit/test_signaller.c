// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An eventfd that somebody else has as well is signalled without ever waiting.
 */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util/signaller.h"
#include "tests/support/test.h"

static struct signaller s;
static int fd;

static void setup(void)
{
	signaller_init(&s);
	ck_assert_msg(s.ctx != 0, "this kernel has no asynchronous I/O");
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(fd, 0);
}

static void setup_refused(void)
{
	setup();
	signaller_finish(&s);
	ck_assert_uint_eq(s.ctx, 0);
}

static void teardown(void)
{
	signaller_finish(&s);
	close(fd);
}

static bool is_readable(void)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static void fill(void)
{
	const uint64_t full = UINT64_MAX - 1;

	ck_assert_int_eq(write(fd, &full, sizeof(full)), sizeof(full));
}

/* As many as make the kernel's list of events full, many times over. */
START_TEST(each_signal_adds_one)
{
	uint64_t n = 0;

	ck_assert(!is_readable());
	for (int i = 0; i < 5000; i++)
		signaller_signal(&s, fd);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 5000);
	ck_assert(!is_readable());
}
END_TEST

START_TEST(one_that_is_blocking_and_full_does_not_hold_us)
{
	fill();
	ck_assert_int_eq(fcntl(fd, F_SETFL, 0), 0);
	for (int i = 0; i < 200; i++)
		signaller_signal(&s, fd);
	ck_assert(is_readable());
}
END_TEST

/* A context is used again by whoever comes next, and has nothing left of the one before. */
START_TEST(what_was_used_before_is_as_good_as_new)
{
	struct signaller many[40] = { 0 };
	uint64_t n = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 40; i++)
			signaller_init(&many[i]);
		for (int i = 0; i < 40 * 100; i++)
			signaller_signal(&many[i % 40], fd);
		for (int i = 0; i < 40; i++)
			signaller_finish(&many[i]);
	}
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 3 * 40 * 100);
}
END_TEST

/* The contexts of a process are not those of its child: it signals all the same. */
START_TEST(a_child_has_its_own)
{
	struct signaller mine = { 0 }, left = { 0 };
	uint64_t n = 0;
	pid_t child;
	int status;

	signaller_init(&left);
	signaller_finish(&left);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		signaller_init(&mine);
		signaller_signal(&mine, fd);
		signaller_signal(&s, fd); /* the parent's */
		signaller_finish(&mine);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 2);
}
END_TEST

/* ---- it happens in between ---- */

static bool stop;
static unsigned int nr_signals;

/* Whether a signal still goes through, within seconds. */
static bool goes_on(void)
{
	unsigned int before = __atomic_load_n(&nr_signals, __ATOMIC_RELAXED);

	for (int i = 0; i < 30000; i++) {
		if (__atomic_load_n(&nr_signals, __ATOMIC_RELAXED) != before ||
		    __atomic_load_n(&stop, __ATOMIC_RELAXED))
			return true;
		usleep(100);
	}
	return false;
}

/* Drain it, fill it and take O_NONBLOCK away, and stay so until the other end has gone on. */
static void *make_it_hang(void *arg)
{
	bool *held = arg;
	uint64_t n;

	while (!*held && !__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		(void)!read(fd, &n, sizeof(n));
		n = UINT64_MAX - 1;
		(void)!write(fd, &n, sizeof(n));
		(void)fcntl(fd, F_SETFL, 0);
		*held = !goes_on();
	}
	(void)!read(fd, &n, sizeof(n));
	return NULL;
}

START_TEST(nor_one_that_becomes_so_meanwhile)
{
	pthread_t thread;
	bool held = false;

	stop = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, make_it_hang, &held), 0);
	for (int i = 0; i < 200000; i++) {
		signaller_signal(&s, fd);
		__atomic_fetch_add(&nr_signals, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ck_assert(!held);
}
END_TEST

static void add_tests(Suite *suite, const char *name, void (*set_up)(void), bool never_waits)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, each_signal_adds_one);
	tcase_add_test(tc, one_that_is_blocking_and_full_does_not_hold_us);
	if (never_waits)
		tcase_add_test(tc, nor_one_that_becomes_so_meanwhile);
	suite_add_tcase(suite, tc);
}

static Suite *signaller_suite(void)
{
	Suite *suite = suite_create("signaller");
	TCase *tc;

	add_tests(suite, "by the kernel", setup, true);
	tc = tcase_create("contexts");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_was_used_before_is_as_good_as_new);
	tcase_add_test(tc, a_child_has_its_own);
	suite_add_tcase(suite, tc);
	add_tests(suite, "where the kernel refuses", setup_refused, false);
	return suite;
}

Suite *(*const test_suites[])(void) = { signaller_suite, NULL };
