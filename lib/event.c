// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What happens to a device while it is used: the public calls, and the defaults of a driver's ops.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "lib/driver.h"
#include "lib/error.h"
#include "lib/util/cleanup.h"

static int check_connected(const struct blkio *b)
{
	return b->state == BLKIO_CREATED ? err_set(-ENODEV, "the device must be connected first")
					 : 0;
}

/* An epoll descriptor: the driver has more than one source, and they change. */
static int make_event_fd(struct blkio *b)
{
	autoclose int fd = epoll_create1(EPOLL_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_os(-errno, "cannot create the event fd (see ulimit -n)");
	ret = b->driver->watch_events(b, fd);
	if (ret < 0)
		return ret;
	b->event_fd = steal_fd(&fd);
	return 0;
}

BLKIO_PUBLIC int blkio_get_event_fd(struct blkio *b)
{
	int ret = check_connected(b);

	if (ret == 0 && b->event_fd < 0)
		ret = make_event_fd(b);
	return ret < 0 ? ret : b->event_fd;
}

BLKIO_PUBLIC int blkio_next_event(struct blkio *b, struct blkio_event *event)
{
	int ret = check_connected(b);

	if (ret < 0)
		return ret;
	if (!event)
		return err_set(-EINVAL, "event must not be NULL");
	*event = (struct blkio_event) { 0 };
	return b->driver->next_event(b, event);
}

int driver_watch_events_default(struct blkio *b, int epoll_fd)
{
	(void)b;
	(void)epoll_fd;
	return 0;
}

int driver_next_event_default(struct blkio *b, struct blkio_event *event)
{
	(void)b;
	(void)event;
	return 0;
}
