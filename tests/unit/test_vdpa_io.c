// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk-vhost-vdpa on a fake device: requests, events, the end of a device and of an instance.
 */
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "drivers/vhost_vdpa/vdpa_abi.h"
#include "tests/fakes/fake_device.h"
#include "tests/unit/vdpa_fixture.h"

#define PACKED      (UINT64_C(1) << 34)
#define NEEDS_RESET 64
#define FAILED      128

static struct blkio_mem_region region;

static void map_region(void)
{
	ck_assert_int_eq(blkio_alloc_mem_region(b, &region, 65536), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &region), 0);
}

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* ---- requests ---- */

static struct fake_device device_of(unsigned int queue)
{
	const struct fake_vdpa_queue *q = &fake_vdpa.queue[queue];
	struct fake_device d = {
		.kind = { .packed = fake_vdpa.driver_features & PACKED,
			  .indirect = true,
			  .event_idx = true },
		.size = q->size,
		.desc = fake_vdpa_memory(q->desc, 16),
		.driver = fake_vdpa_memory(q->driver, 4),
		.device = fake_vdpa_memory(q->device, 4),
	};

	for (unsigned int i = 0; i < fake_vdpa.nr_maps; i++) {
		const struct fake_vdpa_map *m = &fake_vdpa.maps[i];

		if (q->desc - m->iova < m->len) {
			d.mem = (uint8_t *)(uintptr_t)m->addr;
			d.mem_iova = m->iova;
			d.mem_bytes = m->len;
		}
	}
	return d;
}

/* Answer what has come with that status; how many but the question for the serial number. */
static unsigned int serve(struct fake_device *dev, uint8_t status, const char *data)
{
	struct fake_chain chain;
	unsigned int n = 0;

	for (; fake_device_pop(dev, &chain); n += chain.segs[1].len == 512) {
		char *to = fake_vdpa_memory(chain.segs[1].addr, chain.segs[1].len);
		uint8_t *at = fake_vdpa_memory(chain.segs[chain.n - 1].addr, 1);

		ck_assert_ptr_nonnull(to);
		ck_assert_ptr_nonnull(at);
		memset(to, *data, chain.segs[1].len);
		*at = status;
		fake_device_use(dev, &chain, chain.segs[1].len + 1);
	}
	return n;
}

START_TEST(a_read_kicks_its_queue_and_completes)
{
	struct blkio_completion c;
	struct fake_device dev;
	struct blkioq *q;

	if (_i)
		fake_vdpa.features |= PACKED;
	vdpa_start(2, 0);
	map_region();
	dev = device_of(1);
	q = blkio_get_queue(b, 1);
	for (uintptr_t i = 0; i < 1000; i++) {
		fake_device_want_kick(&dev, 1);
		blkioq_read(q, 512, region.addr, 512, tag(i), 0);
		ck_assert_uint_eq(count_events(fake_vdpa.queue[1].kick), 0);
		ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
		ck_assert_uint_eq(count_events(fake_vdpa.queue[1].kick), 1);
		ck_assert_uint_eq(serve(&dev, 0, "x"), 1);
		ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, NULL), 1);
		ck_assert_int_eq(c.ret, 0);
		ck_assert_ptr_eq(c.user_data, tag(i));
		ck_assert_int_eq(*(char *)region.addr, 'x');
	}
}
END_TEST

START_TEST(the_completion_fd_is_the_queues_call)
{
	struct blkio_completion c;
	struct fake_device dev;
	struct blkioq *q;
	struct pollfd pfd = { .events = POLLIN };

	if (_i)
		fake_vdpa.features |= PACKED;
	vdpa_start(1, 0);
	map_region();
	dev = device_of(0);
	q = blkio_get_queue(b, 0);
	pfd.fd = blkioq_get_completion_fd(q);
	blkioq_set_completion_fd_enabled(q, true);
	blkioq_read(q, 512, region.addr, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	(void)count_events(pfd.fd);
	ck_assert_uint_eq(serve(&dev, 0, "x"), 1);
	ck_assert(fake_device_event(&dev));
	signal_fd(fake_vdpa.queue[0].call);
	ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
	ck_assert_int_eq(blkioq_do_io(q, &c, 0, 1, NULL), 1);
	ck_assert_int_eq(c.ret, 0);
}
END_TEST

START_TEST(an_error_of_the_device_is_an_error_of_the_request)
{
	struct blkio_completion c;
	struct fake_device dev;
	struct blkioq *q;

	vdpa_start(1, 1);
	map_region();
	dev = device_of(1);
	q = blkio_get_poll_queue(b, 0);
	blkioq_read(q, 0, region.addr, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	ck_assert_uint_eq(serve(&dev, 1, "x"), 1);
	ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, NULL), 1);
	ck_assert_int_eq(c.ret, -EIO);
}
END_TEST

/* ---- events ---- */

static void resize(uint64_t sectors)
{
	memcpy(fake_vdpa.blk, &sectors, sizeof(sectors));
	signal_fd(fake_vdpa.config_call);
}

START_TEST(another_capacity_is_an_event)
{
	struct blkio_event event;
	struct pollfd pfd = { .events = POLLIN };

	vdpa_start(1, 0);
	pfd.fd = blkio_get_event_fd(b);
	ck_assert_int_ge(pfd.fd, 0);
	ck_assert_int_eq(blkio_next_event(b, &event), 0);
	for (uint64_t i = 1; i < 100; i++) {
		resize(i * 1000);
		ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
		ck_assert_int_eq(blkio_next_event(b, &event), 1);
		ck_assert_int_eq(event.type, BLKIO_EVENT_CAPACITY_CHANGED);
		ck_assert_int_eq(blkio_next_event(b, &event), 0);
		ck_assert_int_eq(poll(&pfd, 1, 0), 0);
	}
}
END_TEST

static void need_reset(void)
{
	fake_vdpa.status |= NEEDS_RESET;
	signal_fd(fake_vdpa.config_call);
}

static void be_failed(void)
{
	fake_vdpa.status |= FAILED;
	signal_fd(fake_vdpa.config_call);
}

static void report_error(void)
{
	signal_fd(fake_vdpa.queue[0].err);
}

/* Such as of a VDUSE device whose process is gone. */
static void not_answer(void)
{
	fake_vdpa_fail(VDPA_GET_STATUS, -EIO);
	signal_fd(fake_vdpa.config_call);
}

static void (*const ends[])(void) = { need_reset, be_failed, report_error, not_answer };

START_TEST(when_the_device_fails_requests_in_flight_end_with_an_error)
{
	struct timespec timeout = { .tv_sec = 5 };
	struct blkio_completion c[3];
	struct blkioq *q;

	vdpa_start(1, 0);
	map_region();
	q = blkio_get_queue(b, 0);
	for (int i = 0; i < 2; i++)
		blkioq_read(q, 0, region.addr, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	ends[_i]();
	ck_assert_int_eq(blkioq_do_io(q, c, 2, 3, &timeout), 2);
	/* And so do those that come later. */
	blkioq_read(q, 0, region.addr, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, c + 2, 1, 1, &timeout), 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(c[i].ret, -EIO);
		ck_assert_ptr_nonnull(strstr(c[i].error_msg, "needs a reset"));
	}
}
END_TEST

START_TEST(its_end_is_told_once_and_wakes_who_sleeps)
{
	struct pollfd pfd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct blkio_event event;

	vdpa_start(2, 0);
	pfd[0].fd = blkio_get_event_fd(b);
	pfd[1].fd = blkioq_get_completion_fd(blkio_get_queue(b, 1));
	(void)count_events(pfd[1].fd);
	ends[_i]();
	ck_assert_int_eq(poll(&pfd[1], 1, 5000), 1);
	ck_assert_int_eq(poll(&pfd[0], 1, 5000), 1);
	ck_assert_int_eq(blkio_next_event(b, &event), 1);
	ck_assert_int_eq(event.type, BLKIO_EVENT_CONNECTION_LOST);
	ck_assert_int_eq(blkio_next_event(b, &event), 0);
	ck_assert_int_eq(poll(&pfd[0], 1, 0), 0);
	/* The fixture looks for a reset. */
	memset(fake_vdpa.fail, 0, sizeof(fake_vdpa.fail));
}
END_TEST

/* ---- the end of an instance ---- */

static void destroy_running(void)
{
	vdpa_start(1, 0);
	fake_vdpa.nr = 0;
	vdpa_give_up();
	blkio_destroy(&b);
	ck_assert_uint_eq(fake_vdpa.status, 0);
	ck_assert_uint_eq(fake_vdpa.open_fds, 0);
}

START_TEST(a_running_device_is_suspended_then_reset_then_closed)
{
	int reset;

	destroy_running();
	reset = fake_vdpa_find(VDPA_SET_STATUS);
	ck_assert_int_ge(fake_vdpa_find(VDPA_SUSPEND), 0);
	ck_assert_int_lt(fake_vdpa_find(VDPA_SUSPEND), reset);
	ck_assert_int_lt(reset, fake_vdpa_find(FAKE_VDPA_CLOSE));
}
END_TEST

START_TEST(one_that_cannot_be_suspended_is_not_asked_to)
{
	fake_vdpa.backend_features &= ~(UINT64_C(1) << VDPA_BACKEND_F_SUSPEND);
	destroy_running();
	ck_assert_int_eq(fake_vdpa_find(VDPA_SUSPEND), -1);
}
END_TEST

START_TEST(one_that_was_only_connected_is_reset_and_closed)
{
	vdpa_connect();
	fake_vdpa.nr = 0;
	blkio_destroy(&b);
	ck_assert_int_eq(fake_vdpa_find(VDPA_SUSPEND), -1);
	ck_assert_uint_eq(fake_vdpa_count(VDPA_SET_STATUS), 1);
	ck_assert_uint_eq(fake_vdpa_count(FAKE_VDPA_CLOSE), 1);
}
END_TEST

START_TEST(what_is_in_flight_may_end_before_the_reset)
{
	struct blkioq *q;
	int64_t begin;

	vdpa_start(1, 0);
	map_region();
	q = blkio_get_queue(b, 0);
	blkioq_read(q, 0, region.addr, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	/* Nobody answers: it is waited for, but not for ever. */
	begin = now_ms();
	blkio_destroy(&b);
	ck_assert_int_ge(now_ms() - begin, 500);
	ck_assert_int_lt(now_ms() - begin, 10000);
}
END_TEST

/* The thread that resets goes on by itself when the deadline is over. */
START_TEST(a_reset_that_takes_for_ever_does_not_hold_us_for_ever)
{
	int64_t begin;

	vdpa_start(1, 0);
	fake_vdpa.reset_ms = 7000;
	vdpa_give_up();
	begin = now_ms();
	blkio_destroy(&b);
	ck_assert_int_ge(now_ms() - begin, 4900);
	ck_assert_int_lt(now_ms() - begin, 6900);
	ck_assert_uint_eq(__atomic_load_n(&fake_vdpa.open_fds, __ATOMIC_SEQ_CST), 1);
	while (__atomic_load_n(&fake_vdpa.open_fds, __ATOMIC_SEQ_CST))
		usleep(10000);
	ck_assert_int_lt(now_ms() - begin, 12000);
}
END_TEST

static Suite *request_suite(void)
{
	const TTest *const tests[] = {
		a_read_kicks_its_queue_and_completes,
		the_completion_fd_is_the_queues_call,
	};

	return suite_of_loops("vhost-vdpa, requests", tests, array_len(tests), 2, vdpa_set_up,
			      vdpa_tear_down);
}

static Suite *event_suite(void)
{
	const TTest *const tests[] = {
		an_error_of_the_device_is_an_error_of_the_request,
		another_capacity_is_an_event,
	};

	return SUITE_WITH("vhost-vdpa, events", tests, vdpa_set_up, vdpa_tear_down);
}

static Suite *failure_suite(void)
{
	const TTest *const tests[] = {
		when_the_device_fails_requests_in_flight_end_with_an_error,
		its_end_is_told_once_and_wakes_who_sleeps,
	};

	return suite_of_loops("vhost-vdpa, failures", tests, array_len(tests), array_len(ends),
			      vdpa_set_up, vdpa_tear_down);
}

static Suite *end_suite(void)
{
	const TTest *const tests[] = {
		a_running_device_is_suspended_then_reset_then_closed,
		one_that_cannot_be_suspended_is_not_asked_to,
		one_that_was_only_connected_is_reset_and_closed,
		what_is_in_flight_may_end_before_the_reset,
		a_reset_that_takes_for_ever_does_not_hold_us_for_ever,
	};

	return SUITE_WITH("vhost-vdpa, the end", tests, vdpa_set_up, vdpa_tear_down);
}

Suite *(*const test_suites[])(void) = { request_suite, event_suite, failure_suite, end_suite,
					NULL };
