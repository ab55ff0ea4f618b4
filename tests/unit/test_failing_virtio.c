// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The whole life of a virtio-blk instance, with each call to the system failing in turn: what
 * test_failing.c is for io_uring. The device is the fake of vhost-vdpa, which fails while requests
 * are in flight.
 */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/vhost_vdpa/vhost_vdpa.h"
#include "lib/error.h"
#include "tests/fakes/failing.h"
#include "tests/unit/vdpa_fixture.h"

#define NR_REQUESTS 40

static struct iovec iov[2];
static int reported[NR_REQUESTS];

static bool is_ok(int ret)
{
	if (ret < 0) {
		ck_assert_int_gt(failing.failed, 0);
		ck_assert_str_ne(blkio_get_error_msg(), "old");
		ck_assert_str_ne(blkio_get_error_msg(), "");
	}
	ck_assert_int_eq(err_set(-1, "old"), -1);
	return ret >= 0;
}

#define ok(call) is_ok(IN_LIBRARY(call))

/* What fails once is tried again. */
#define again_ok(call) (ok(call) || ok(call) || ok(call))

static bool life_begins(void)
{
	b = NULL;
	if (!again_ok(blkio_create("virtio-blk-vhost-vdpa", &b)))
		return false;
	vhost_vdpa_use_sys(b, &fake_vdpa_sys);
	if (again_ok(blkio_set_str(b, "path", "/dev/vhost-vdpa-0")) && again_ok(blkio_connect(b)) &&
	    again_ok(blkio_set_int(b, "num-queues", 2)) &&
	    again_ok(blkio_set_int(b, "queue-size", 16)) && again_ok(blkio_start(b)))
		return true;
	IN_LIBRARY_DO(blkio_destroy(&b));
	return false;
}

static void queue_all(struct blkioq *q, char *data)
{
	iov[0] = (struct iovec) { data, 512 };
	iov[1] = (struct iovec) { data + 1024, 512 };
	for (uintptr_t i = 0; i < NR_REQUESTS; i++) {
		if (i % 3 == 0)
			blkioq_readv(q, i * 512, iov, 2, tag(i), 0);
		else if (i % 3 == 1)
			blkioq_write(q, i * 512, data, 512, tag(i), BLKIO_REQ_FUA);
		else
			blkioq_read(q, i * 512, data, 512, tag(i), 0);
	}
}

/* Each request is reported once, or dropped for lack of memory, which do_io says. */
static void reap_all(struct blkioq *q)
{
	int done = 0, failures = 0;

	while (done < NR_REQUESTS && failures < 6) {
		struct blkio_completion c[8];
		struct timespec timeout = { .tv_nsec = 1000000 };
		int ret = IN_LIBRARY(blkioq_do_io(q, c, 1, 8, &timeout));

		if (ret < 0) {
			failures++;
			done += strstr(blkio_get_error_msg(), "dropped")
					? atoi(blkio_get_error_msg())
					: 0;
		}
		for (int i = 0; i < ret; i++) {
			uintptr_t k = (uintptr_t)c[i].user_data;

			ck_assert_uint_lt(k, NR_REQUESTS);
			ck_assert_int_eq(reported[k]++, 0);
			ck_assert(c[i].ret == -EIO || failing.failed);
		}
		done += ret > 0 ? ret : 0;
	}
	ck_assert(done == NR_REQUESTS || failing.failed);
}

static void do_requests(void)
{
	struct blkioq *q = blkio_get_queue(b, 0);
	struct blkio_mem_region r;

	if (!again_ok(blkio_alloc_mem_region(b, &r, 65536)))
		return;
	if (again_ok(blkio_map_mem_region(b, &r))) {
		memset(reported, 0, sizeof(reported));
		IN_LIBRARY_DO(queue_all(q, r.addr));
		ok(blkioq_do_io(q, NULL, 0, 0, NULL));
		vdpa_give_up();
		reap_all(q);
		IN_LIBRARY_DO(blkio_unmap_mem_region(b, &r));
	}
	IN_LIBRARY_DO(blkio_free_mem_region(b, &r));
}

static void live(void)
{
	ck_assert_int_eq(err_set(-1, "old"), -1);
	if (!life_begins())
		return;
	ok(blkio_get_event_fd(b));
	do_requests();
	vdpa_give_up();
	IN_LIBRARY_DO(blkio_destroy(&b));
}

static void live_with(enum failing_group group, int at, int most)
{
	int fds = count_open_fds();
	long allocs = failing.live_allocs, mapped = failing.live_mapped_bytes;

	fake_vdpa_reset();
	failing_arm(group, at, most);
	live();
	failing_disarm();
	ck_assert_msg(failing.live_allocs == allocs, "call %d: %ld allocations are left", at,
		      failing.live_allocs - allocs);
	ck_assert_msg(failing.live_mapped_bytes == mapped, "call %d: memory is left mapped", at);
	ck_assert_msg(count_open_fds() == fds, "call %d: a file descriptor is left open", at);
	ck_assert_uint_eq(fake_vdpa.open_fds, 0);
	ck_assert_uint_eq(fake_vdpa.status, 0);
}

static const enum failing_group groups[] = { FAIL_ALLOC, FAIL_MEMORY, FAIL_EVENTFD };

static void fail_each_call(enum failing_group group, int most)
{
	int at = 0;

	do
		live_with(group, ++at, most);
	while (failing.failed);
	ck_assert_int_gt(at, 1);
}

START_TEST(every_single_call_may_fail)
{
	fail_each_call(groups[_i], 1);
}
END_TEST

START_TEST(a_few_calls_may_fail_at_a_time)
{
	fail_each_call(groups[_i], 4);
}
END_TEST

START_TEST(all_calls_may_fail_from_some_point_on)
{
	fail_each_call(groups[_i], INT_MAX);
}
END_TEST

START_TEST(without_failures_all_is_over)
{
	live_with(FAIL_NOTHING, 0, 0);
	for (int i = 0; i < NR_REQUESTS; i++)
		ck_assert_int_eq(reported[i], 1);
}
END_TEST

static Suite *failing_suite(void)
{
	const TTest *const tests[] = {
		every_single_call_may_fail,
		a_few_calls_may_fail_at_a_time,
		all_calls_may_fail_from_some_point_on,
	};

	return suite_of_loops("failing calls", tests, array_len(tests), array_len(groups), NULL,
			      NULL);
}

static Suite *good_suite(void)
{
	const TTest *const tests[] = { without_failures_all_is_over };

	return SUITE_OF("no failing calls", tests);
}

Suite *(*const test_suites[])(void) = { good_suite, failing_suite, NULL };
