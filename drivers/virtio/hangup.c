// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See hangup.h.
 */
#include "drivers/virtio/hangup.h"

#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util/barrier.h"

/* What an aio_context_t points to: shared with the kernel, its layout is part of the ABI. */
struct aio_ring {
	unsigned int id;
	unsigned int nr;
	unsigned int head;
	unsigned int tail; /* moves on with each event */
	unsigned int magic;
};

#define AIO_RING_MAGIC 0xa10a10a1

#define HANGUP_MAX_WATCHES 256 /* one per queue; more are simply not told */

static struct aio_ring *ring_of(const struct hangup *h)
{
	return (struct aio_ring *)(uintptr_t)h->ctx;
}

static bool submit_poll(struct hangup *h, int eventfd)
{
	struct iocb cb = {
		.aio_data = (uint64_t)(int64_t)eventfd, /* comes back in the event */
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)h->fd,
		.aio_buf = (uint64_t)h->events,
		.aio_flags = eventfd >= 0 ? IOCB_FLAG_RESFD : 0,
		.aio_resfd = eventfd >= 0 ? (uint32_t)eventfd : 0,
	};
	struct iocb *list[] = { &cb };

	return syscall(SYS_io_submit, h->ctx, 1L, list) == 1;
}

void hangup_init(struct hangup *h, int fd, short events)
{
	*h = (struct hangup) { .fd = fd, .events = events };
	if (syscall(SYS_io_setup, HANGUP_MAX_WATCHES, &h->ctx) < 0)
		h->ctx = 0;
	/* The first poll moves the ring's tail for those who only look. */
	else if (ring_of(h)->magic != AIO_RING_MAGIC || !submit_poll(h, -1))
		hangup_finish(h);
}

void hangup_finish(struct hangup *h)
{
	if (h->ctx)
		syscall(SYS_io_destroy, h->ctx);
	h->ctx = 0;
}

void hangup_notify(struct hangup *h, int eventfd)
{
	if (h->ctx)
		(void)submit_poll(h, eventfd);
}

static bool is_among(int fd, const int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (fds[i] == fd)
			return true;
	}
	return false;
}

/*
 * Polls that have an eventfd end a little later than the one without, or not at all if there is
 * nothing to be found any more by then. So only what has come is asked for again: otherwise polls
 * would pile up until the kernel takes no more.
 */
void hangup_rearm(struct hangup *h, const int *eventfds, unsigned int n)
{
	struct io_event events[HANGUP_MAX_WATCHES];
	long come = 0;

	/* Takes what has come, and so moves the head to the tail. */
	if (h->ctx)
		come = syscall(SYS_io_getevents, h->ctx, 0L, (long)HANGUP_MAX_WATCHES, events,
			       NULL);
	for (long i = 0; i < come; i++) {
		int eventfd = (int)(int64_t)events[i].data;

		if (eventfd < 0 || is_among(eventfd, eventfds, n))
			(void)submit_poll(h, eventfd);
	}
}

static bool ask(const struct hangup *h)
{
	struct pollfd pfd = { .fd = h->fd, .events = h->events };

	return poll(&pfd, 1, 0) > 0;
}

bool hangup_is_over(const struct hangup *h)
{
	if (h->ctx)
		return load_once(&ring_of(h)->tail) != load_once(&ring_of(h)->head);
	return ask(h);
}
