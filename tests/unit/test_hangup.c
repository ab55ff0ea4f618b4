// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The end of a device is noticed, by looking and by an eventfd; and what one watch leaves behind is
 * not in the way of the next, which uses the same context of the kernel.
 */
#include <check.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drivers/virtio/hangup.h"
#include "tests/support/test.h"

#define MANY 300 /* more than are told */

/* A socket whose other end is the device. */
struct watched {
	int ends[2];
	struct hangup h;
};

static int told;         /* an eventfd */
static int nr_destroyed; /* contexts of the kernel, which takes long */

long __wrap_syscall(long nr, ...);
long __real_syscall(long nr, ...);

long __wrap_syscall(long nr, ...)
{
	long arg[5];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 5; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	nr_destroyed += nr == SYS_io_destroy;
	return __real_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static void watch(struct watched *w)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->ends), 0);
	hangup_init(&w->h, w->ends[0], POLLIN);
	ck_assert_msg(w->h.ctx != 0, "this kernel has no asynchronous I/O");
}

static void unwatch(struct watched *w)
{
	hangup_finish(&w->h);
	ck_assert_uint_eq(w->h.ctx, 0);
	close(w->ends[0]);
	close(w->ends[1]);
}

static void say(const struct watched *w)
{
	ck_assert_int_eq(write(w->ends[1], "x", 1), 1);
}

static void hear(const struct watched *w)
{
	char c;

	ck_assert_int_eq(read(w->ends[0], &c, 1), 1);
}

/* Polls may end a moment after what they wait for. */
static bool is_told(int ms)
{
	struct pollfd pfd = { .fd = told, .events = POLLIN };
	uint64_t n;

	return poll(&pfd, 1, ms) == 1 && read(told, &n, sizeof(n)) == sizeof(n);
}

static bool is_soon_over(const struct hangup *h)
{
	for (int ms = 0; ms < 5000 && !hangup_is_over(h); ms++)
		usleep(1000);
	return hangup_is_over(h);
}

static void setup(void)
{
	told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(told, 0);
}

static void teardown(void)
{
	close(told);
}

START_TEST(the_end_is_seen_and_told)
{
	struct watched w;

	watch(&w);
	hangup_notify(&w.h, told);
	ck_assert(!hangup_is_over(&w.h));
	ck_assert(!is_told(0));
	say(&w);
	ck_assert(is_told(5000));
	ck_assert(is_soon_over(&w.h));
	unwatch(&w);
}
END_TEST

START_TEST(after_a_false_alarm_only_those_that_are_still_there_are_told)
{
	struct watched w;
	int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	watch(&w);
	hangup_notify(&w.h, other);
	hangup_notify(&w.h, told);
	for (int round = 0; round < 3; round++) {
		say(&w);
		ck_assert(is_told(5000));
		ck_assert(is_soon_over(&w.h));
		hear(&w);
		hangup_rearm(&w.h, &told, 1);
		ck_assert(!hangup_is_over(&w.h));
	}
	unwatch(&w);
	close(other);
}
END_TEST

/* Whether nothing has come, or something that nobody has taken. */
START_TEST(what_is_left_of_a_watch_does_not_trouble_the_next)
{
	for (int round = 0; round < 20; round++) {
		struct watched first, second;

		watch(&first);
		for (int i = 0; i < round * MANY / 19; i++)
			hangup_notify(&first.h, told);
		if (round % 2)
			say(&first);
		hangup_finish(&first.h);
		while (is_told(0))
			;
		watch(&second);
		say(&first);
		ck_assert(!is_told(1));
		ck_assert(!hangup_is_over(&second.h));
		hangup_notify(&second.h, told);
		say(&second);
		ck_assert(is_told(5000));
		ck_assert(is_soon_over(&second.h));
		unwatch(&second);
		unwatch(&first);
	}
	ck_assert_int_eq(nr_destroyed, 0);
}
END_TEST

START_TEST(one_that_was_never_set_up_can_be_finished)
{
	struct hangup h = { 0 };

	hangup_finish(&h);
	ck_assert_uint_eq(h.ctx, 0);
}
END_TEST

START_TEST(without_a_context_it_is_asked_for)
{
	struct watched w;

	watch(&w);
	hangup_finish(&w.h);
	hangup_notify(&w.h, told);
	hangup_rearm(&w.h, &told, 1);
	ck_assert(!hangup_is_over(&w.h));
	say(&w);
	ck_assert(hangup_is_over(&w.h));
	unwatch(&w);
}
END_TEST

static Suite *hangup_suite(void)
{
	Suite *suite = suite_create("hangup");
	TCase *tc = tcase_create("hangup");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_end_is_seen_and_told);
	tcase_add_test(tc, after_a_false_alarm_only_those_that_are_still_there_are_told);
	tcase_add_test(tc, what_is_left_of_a_watch_does_not_trouble_the_next);
	tcase_add_test(tc, one_that_was_never_set_up_can_be_finished);
	tcase_add_test(tc, without_a_context_it_is_asked_for);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { hangup_suite, NULL };
