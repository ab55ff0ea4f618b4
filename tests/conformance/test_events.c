// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Events of the device: what every driver has in common, whether or not it has any to tell.
 */
#include <fcntl.h>
#include <poll.h>

#include "additions.h"
#include "device.h"

TEST(events_need_a_connected_device)
{
	struct blkio *b;
	struct blkio_event event;

	NEEDS_FUNCTION(blkio_next_event);
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_ERROR(blkio_get_event_fd(b), -ENODEV);
	EXPECT_ERROR(blkio_next_event(b, &event), -ENODEV);
	blkio_destroy(&b);
}

TEST(the_event_fd_is_the_same_each_time_and_close_on_exec)
{
	struct device *d;
	int fd;

	NEEDS_FUNCTION(blkio_get_event_fd);
	d = device_open(MODE_BLOCKING);
	fd = blkio_get_event_fd(d->b);
	EXPECT(fd >= 0);
	EXPECT_INT(blkio_get_event_fd(d->b), fd);
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	device_close(d);
	EXPECT(fcntl(fd, F_GETFD) < 0);
}

/* It may be readable for nothing, but not for ever. */
TEST(a_device_that_nothing_happens_to_has_no_event)
{
	struct device *d;
	struct blkio_event event = { .type = 99, .capacity = 99 };
	struct pollfd pfd = { .events = POLLIN };

	NEEDS_FUNCTION(blkio_next_event);
	d = device_open(MODE_BLOCKING);
	pfd.fd = blkio_get_event_fd(d->b);
	for (int i = 0; i < 10 && poll(&pfd, 1, 20) == 1; i++)
		EXPECT_INT(blkio_next_event(d->b, &event), 0);
	EXPECT_INT(poll(&pfd, 1, 20), 0);
	EXPECT_INT(blkio_next_event(d->b, &event), 0);
	EXPECT_INT(event.type, 0);
	EXPECT(event.capacity == 0);
	device_close(d);
}

TEST(events_do_not_disturb_requests)
{
	struct device *d;
	struct blkio_event event;
	struct blkio_completion c;

	NEEDS_FUNCTION(blkio_next_event);
	d = device_open(MODE_BLOCKING);
	EXPECT(blkio_get_event_fd(d->b) >= 0);
	for (int i = 0; i < 100; i++) {
		blkioq_read(d->q, 0, d->buf, (size_t)traits->block, NULL, 0);
		EXPECT_INT(blkio_next_event(d->b, &event), 0);
		EXPECT_INT(blkioq_do_io(d->q, &c, 1, 1, NULL), 1);
		EXPECT_INT(c.ret, 0);
	}
	device_close(d);
}

TEST(the_event_must_not_be_null)
{
	struct device *d;

	NEEDS_FUNCTION(blkio_next_event);
	d = device_open(MODE_BLOCKING);
	EXPECT_ERROR(blkio_next_event(d->b, NULL), -EINVAL);
	device_close(d);
}
