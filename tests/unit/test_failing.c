// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The whole life of an instance, with each call to the system failing in turn: every call of ours
 * succeeds or says why not, no request gets lost or is reported twice, nothing leaks.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/error.h"
#include "tests/fakes/failing.h"
#include "tests/unit/ring_fixture.h"

#define FILE_LEN    65536
#define NR_REQUESTS 120
#define NR_BAD      70 /* of them; more than completions that need no allocation */
#define ATTEMPTS    3

static int file;
static char path[64];
static char buf[4096];
static struct iovec iov[2] = { { buf, 100 }, { buf, 200 } };
static int reported[NR_REQUESTS];
static int dropped;

/* A path to a file that goes with the process. */
static void set_up(void)
{
	file = temp_file(FILE_LEN);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
}

static void tear_down(void)
{
	close(file);
}

/* Forget the last message, so that the next one is seen. */
static void forget_message(void)
{
	ck_assert_int_eq(err_set(-1, "old"), -1);
}

/* Whether a call succeeded. If not, a call of the system has failed, and there is a message. */
static bool is_ok(int ret)
{
	if (ret < 0) {
		ck_assert_int_gt(failing.failed, 0);
		ck_assert_str_ne(blkio_get_error_msg(), "old");
		ck_assert_str_ne(blkio_get_error_msg(), "");
	}
	forget_message();
	return ret >= 0;
}

#define ok(call) is_ok(IN_LIBRARY(call))

/* ok(), but a call that fails is tried again, as applications may. */
#define again_ok(call)                                          \
	({                                                      \
		bool good_ = false;                             \
		for (int i_ = 0; i_ < ATTEMPTS && !good_; i_++) \
			good_ = ok(call);                       \
		good_;                                          \
	})

static struct blkio *life_begins(void)
{
	struct blkio *b = NULL;
	char *text = NULL;

	if (!again_ok(blkio_create("io_uring", &b)))
		return NULL;
	if (!again_ok(blkio_set_str(b, "path", path)) || !again_ok(blkio_connect(b)) ||
	    !again_ok(blkio_get_str(b, "capacity", &text)) ||
	    !again_ok(blkio_set_str(b, "num-entries", "4")) ||
	    !again_ok(blkio_set_int(b, "num-queues", 2)) || !again_ok(blkio_start(b)))
		IN_LIBRARY_DO(blkio_destroy(&b));
	IN_LIBRARY_DO(free(text));
	return b;
}

static void note(const struct blkio_completion *c, int n)
{
	for (int i = 0; i < n; i++) {
		uintptr_t k = (uintptr_t)c[i].user_data;

		ck_assert_uint_lt(k, NR_REQUESTS);
		ck_assert_int_eq(reported[k]++, 0);
		ck_assert(c[i].ret == (k < NR_BAD ? -EINVAL : 0) ||
			  (failing.failed && c[i].ret == -ENOMEM));
	}
}

/* What do_io says has been dropped for lack of memory, if that is what it says. */
static int number_dropped(void)
{
	int n = 0;

	if (strstr(blkio_get_error_msg(), "requests were dropped"))
		ck_assert_int_eq(sscanf(blkio_get_error_msg(), "%d", &n), 1);
	return n;
}

/* Reap until all requests are over; false when that cannot be done. */
static bool reap_all(struct blkioq *q)
{
	int done = 0, failures = 0;

	while (done + dropped < NR_REQUESTS) {
		struct blkio_completion c[32];
		int ret = IN_LIBRARY(blkioq_do_io(q, c, 1, 32, NULL));

		if (ret < 0)
			dropped += number_dropped();
		else
			note(c, ret);
		if (!is_ok(ret) && ++failures > 2 * ATTEMPTS)
			return false;
		done += ret > 0 ? ret : 0;
	}
	return true;
}

static void queue_all(struct blkioq *q, void *data)
{
	for (uintptr_t i = 0; i < NR_BAD; i++)
		blkioq_read(q, 0, buf, 1, tag(i), 8);
	for (uintptr_t i = NR_BAD; i < NR_REQUESTS; i++) {
		if (i % 5 == 0)
			blkioq_readv(q, i * 10, iov, 2, tag(i), 0);
		else if (i % 5 == 1)
			blkioq_write_zeroes(q, i * 10, 512, tag(i), BLKIO_REQ_FUA);
		else
			blkioq_read(q, i * 10, data, 512, tag(i), 0);
	}
}

static void queue_requests(struct blkioq *q, void *data)
{
	memset(reported, 0, sizeof(reported));
	dropped = 0;
	IN_LIBRARY_DO(queue_all(q, data));
}

/* Requests in allocated memory, or in ours if there is none. */
static void do_requests(struct blkio *b, struct blkioq *q)
{
	struct blkio_mem_region r = { 0 };
	bool allocated = ok(blkio_alloc_mem_region(b, &r, 4096));
	bool mapped = allocated && ok(blkio_map_mem_region(b, &r));

	queue_requests(q, allocated ? r.addr : buf);
	if (reap_all(q))
		ck_assert_uint_eq(q->in_flight, 0);
	if (mapped)
		IN_LIBRARY_DO(blkio_unmap_mem_region(b, &r));
	if (allocated)
		IN_LIBRARY_DO(blkio_free_mem_region(b, &r));
}

/* Other queues, and memory that nobody frees or unmaps. */
static void do_the_rest(struct blkio *b)
{
	struct blkio_mem_region r[10];
	int index = IN_LIBRARY(blkio_add_queue(b));

	if (is_ok(index)) {
		queue_requests(blkio_get_queue(b, index), buf);
		ck_assert(ok(blkio_remove_queue(b, index)));
	}
	for (int i = 0; i < 10; i++) {
		if (ok(blkio_alloc_mem_region(b, &r[i], 4096)))
			ok(blkio_map_mem_region(b, &r[i]));
	}
}

static void live(void)
{
	struct blkio *b;

	forget_message();
	b = life_begins();
	if (!b)
		return;
	do_requests(b, blkio_get_queue(b, 0));
	do_the_rest(b);
	queue_requests(blkio_get_queue(b, 1), buf);
	ok(blkioq_do_io(blkio_get_queue(b, 1), NULL, 0, 0, NULL));
	IN_LIBRARY_DO(blkio_destroy(&b));
}

/* A life with failures: nothing may be left of it. */
static void live_with(enum failing_group group, int at, int most)
{
	int fds = count_open_fds();
	long allocs = failing.live_allocs, mapped = failing.live_mapped_bytes;

	failing_arm(group, at, most);
	live();
	failing_disarm();
	ck_assert_msg(failing.live_allocs == allocs, "call %d: %ld allocations are left", at,
		      failing.live_allocs - allocs);
	ck_assert_msg(failing.live_mapped_bytes == mapped, "call %d: memory is left mapped", at);
	ck_assert_msg(count_open_fds() == fds, "call %d: a file descriptor is left open", at);
}

/* Each call of a group in turn, and `most` calls from there on. */
static void fail_each_call(enum failing_group group, int most)
{
	int at = 0;

	if (!have_io_uring())
		return;
	do
		live_with(group, ++at, most);
	while (failing.failed);
	ck_assert_int_gt(at, 1); /* there was something to fail */
}

START_TEST(every_single_call_may_fail)
{
	fail_each_call((enum failing_group)(FAIL_ALLOC + _i), 1);
}
END_TEST

START_TEST(a_few_calls_may_fail_at_a_time)
{
	fail_each_call((enum failing_group)(FAIL_ALLOC + _i), 5);
}
END_TEST

START_TEST(all_calls_may_fail_from_some_point_on)
{
	enum failing_group group = (enum failing_group)(FAIL_ALLOC + _i);

	if (group != FAIL_SIGNAL) /* to be interrupted for ever is not an error */
		fail_each_call(group, INT_MAX);
}
END_TEST

START_TEST(without_failures_all_succeeds)
{
	if (!have_io_uring())
		return;
	live_with(FAIL_NOTHING, 0, 0);
	ck_assert_int_eq(failing.failed, 0);
	ck_assert_int_eq(dropped, 0);
}
END_TEST

static Suite *failing_suite(void)
{
	const TTest *const tests[] = {
		every_single_call_may_fail,
		a_few_calls_may_fail_at_a_time,
		all_calls_may_fail_from_some_point_on,
	};

	return suite_of_loops("failing calls", tests, array_len(tests), FAIL_NR_GROUPS - FAIL_ALLOC,
			      set_up, tear_down);
}

static Suite *good_suite(void)
{
	const TTest *const tests[] = { without_failures_all_succeeds };

	return SUITE_WITH("no failing calls", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { good_suite, failing_suite, NULL };
