// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The completion fd: what it is, when it is readable, and when it must be silent.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "device.h"

enum {
	LONG_MS = 5000
}; /* longer than any request here takes */

static bool readable(struct device *d, int timeout_ms)
{
	struct pollfd p = { .fd = blkioq_get_completion_fd(d->q), .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN);
}

/* As applications do: one read of 8 bytes; the fd does not block. */
static ssize_t drain(struct device *d)
{
	uint64_t count;

	return read(blkioq_get_completion_fd(d->q), &count, sizeof(count));
}

/* A back-end may signal once for its start, a little later. */
static void let_start_pass(struct device *d)
{
	while (traits->kind == KIND_VIRTIO && readable(d, 100))
		drain(d);
}

static void queue_reads(struct device *d, int n)
{
	for (int i = 0; i < n; i++)
		blkioq_read(d->q, 0, d->buf, (size_t)traits->block, NULL, 0);
}

static void submit(struct device *d)
{
	EXPECT_INT(blkioq_do_io(d->q, NULL, 0, 0, NULL), 0);
}

/* Take one completion that must be there or come. */
static void take_one(struct device *d)
{
	struct blkio_completion c;

	EXPECT_INT(blkioq_do_io(d->q, &c, 1, 1, NULL), 1);
	EXPECT_INT(c.ret, 0);
}

/* One read whose end the fd must tell. */
static void one_round(struct device *d)
{
	queue_reads(d, 1);
	submit(d);
	EXPECT(readable(d, LONG_MS));
	EXPECT_INT(drain(d), 8);
	take_one(d);
}

TEST(it_is_a_nonblocking_eventfd_closed_on_exec)
{
	struct device *d = device_open(MODE_BLOCKING);
	int fd = blkioq_get_completion_fd(d->q);
	char path[64], target[64] = "";

	EXPECT(fd >= 0);
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	EXPECT(fcntl(fd, F_GETFL) & O_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	MUST(readlink(path, target, sizeof(target) - 1) > 0);
	EXPECT_STR(target, "anon_inode:[eventfd]");
	device_close(d);
}

TEST(it_is_the_same_every_time)
{
	struct device *d = device_open(MODE_BLOCKING);
	int fd = blkioq_get_completion_fd(d->q);

	blkioq_set_completion_fd_enabled(d->q, true);
	EXPECT_INT(blkioq_get_completion_fd(d->q), fd);
	queue_reads(d, 1);
	take_one(d);
	EXPECT_INT(blkioq_get_completion_fd(d->q), fd);
	device_close(d);
}

TEST(it_is_not_readable_while_nothing_happens)
{
	struct device *d = device_open(MODE_EVENT);

	let_start_pass(d);
	EXPECT(!readable(d, 50));
	EXPECT(drain(d) < 0 && errno == EAGAIN);
	device_close(d);
}

TEST(nothing_happens_before_do_io)
{
	struct device *d = device_open(MODE_EVENT);

	let_start_pass(d);
	queue_reads(d, 1);
	EXPECT(!readable(d, 50));
	submit(d);
	EXPECT(readable(d, LONG_MS));
	take_one(d);
	device_close(d);
}

TEST(it_becomes_readable_when_a_request_is_done)
{
	struct device *d = device_open(MODE_EVENT);

	one_round(d);
	one_round(d);
	device_close(d);
}

/*
 * Whether 8 requests leave it unreadable. A virtio device may have been asked for an event for as
 * long as do_io was asleep, and be late with it, or send one for its start: a second try is fair.
 */
static bool is_silent(struct device *d)
{
	int tries = traits->kind == KIND_VIRTIO ? 5 : 1;

	while (tries--) {
		drain(d);
		for (int i = 0; i < 8; i++) {
			queue_reads(d, 1);
			take_one(d);
		}
		if (!readable(d, 50))
			return true;
	}
	return false;
}

TEST(it_is_silent_unless_enabled)
{
	struct device *d = device_open(MODE_BLOCKING);

	DIFFERS_FROM_REFERENCE("it always signals");
	EXPECT(is_silent(d));
	device_close(d);
}

TEST(it_is_silent_again_when_disabled)
{
	struct device *d = device_open(MODE_EVENT);

	DIFFERS_FROM_REFERENCE("it always signals");
	one_round(d);
	blkioq_set_completion_fd_enabled(d->q, false);
	EXPECT(is_silent(d));
	blkioq_set_completion_fd_enabled(d->q, true);
	one_round(d);
	device_close(d);
}

TEST(enabling_and_disabling_twice_is_fine)
{
	struct device *d = device_open(MODE_EVENT);

	blkioq_set_completion_fd_enabled(d->q, true);
	blkioq_set_completion_fd_enabled(d->q, false);
	blkioq_set_completion_fd_enabled(d->q, false);
	blkioq_set_completion_fd_enabled(d->q, true);
	one_round(d);
	device_close(d);
}

TEST(enabling_tells_of_requests_that_are_done_or_on_their_way)
{
	struct device *d = device_open(MODE_BLOCKING);

	if (traits->kind == KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("its level is not kept");
	for (int i = 0; i < 100; i++) {
		drain(d);
		queue_reads(d, 3);
		submit(d);
		take_one(d);
		blkioq_set_completion_fd_enabled(d->q, true);
		EXPECT(readable(d, LONG_MS));
		take_one(d);
		take_one(d);
		blkioq_set_completion_fd_enabled(d->q, false);
	}
	device_close(d);
}

TEST(completions_left_over_keep_it_readable)
{
	struct device *d = device_open(MODE_EVENT);

	DIFFERS_FROM_REFERENCE("its level is not kept");
	for (int i = 0; i < 100; i++) {
		queue_reads(d, 4);
		submit(d);
		for (int k = 0; k < 4; k++) {
			struct blkio_completion c;

			EXPECT(readable(d, LONG_MS));
			drain(d);
			while (blkioq_do_io(d->q, &c, 0, 1, NULL) == 0)
				EXPECT(readable(d, LONG_MS));
		}
		EXPECT_ERROR(blkioq_do_io(d->q, &(struct blkio_completion) { 0 }, 1, 1, NULL),
			     -EINVAL);
	}
	device_close(d);
}

static void expect_signal_at_queueing(bool enable)
{
	struct device *d = device_open(MODE_BLOCKING);

	drain(d);
	blkioq_set_completion_fd_enabled(d->q, enable);
	blkioq_flush(d->q, NULL, 1u << 3);
	EXPECT(readable(d, 0));
	EXPECT_INT(drain(d), 8);
	EXPECT_INT(finish(d), -EINVAL);
	device_close(d);
}

TEST(a_request_that_fails_when_it_is_queued_signals_at_once)
{
	expect_signal_at_queueing(true);
	expect_signal_at_queueing(false);
}

TEST(do_io_can_sleep_whatever_the_setting_and_level)
{
	struct device *d = device_open(MODE_BLOCKING);

	for (int i = 0; i < 50; i++) {
		blkioq_set_completion_fd_enabled(d->q, i % 2);
		if (i % 3)
			drain(d);
		queue_reads(d, 2);
		take_one(d);
		take_one(d);
	}
	device_close(d);
}

TEST(an_event_loop_misses_nothing_in_a_thousand_rounds)
{
	struct device *d = device_open(MODE_EVENT);
	struct blkio_completion c;

	for (int i = 0; i < 1000; i++) {
		queue_reads(d, 1);
		submit(d);
		EXPECT(readable(d, LONG_MS));
		drain(d);
		while (blkioq_do_io(d->q, &c, 0, 1, NULL) != 1)
			EXPECT(readable(d, LONG_MS) && drain(d) == 8);
		EXPECT_INT(c.ret, 0);
	}
	device_close(d);
}

TEST(poll_queues_have_none)
{
	struct device *d;

	if (!traits->poll_queues)
		SKIP("the device has no poll queues");
	d = device_open(MODE_POLL_QUEUE);
	EXPECT_INT(blkioq_get_completion_fd(d->q), -1);
	blkioq_set_completion_fd_enabled(d->q, true);
	EXPECT_INT(blkioq_get_completion_fd(d->q), -1);
	EXPECT_INT(io_read(d, 0, d->buf, (size_t)traits->block), 0);
	device_close(d);
}
