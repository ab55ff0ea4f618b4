// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See hangup.h.
 */
#include "drivers/virtio/hangup.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/util/aio_pool.h"
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

/* A cancelled poll ends at once; if not, then not in our time. */
#define CANCEL_NS 100000000L

static struct aio_ring *ring_of(const struct hangup *h)
{
	return (struct aio_ring *)(uintptr_t)h->ctx;
}

/* Its kind becomes one that no poll has, should the kernel not take it. */
static bool arm(struct hangup *h, struct iocb *cb, int eventfd)
{
	*cb = (struct iocb) {
		.aio_data = (uint64_t)(int64_t)eventfd, /* comes back in the event */
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)h->fd,
		.aio_buf = (uint64_t)h->events,
		.aio_flags = eventfd >= 0 ? IOCB_FLAG_RESFD : 0,
		.aio_resfd = eventfd >= 0 ? (uint32_t)eventfd : 0,
	};
	if (syscall(SYS_io_submit, h->ctx, 1L, &cb) != 1)
		cb->aio_lio_opcode = IOCB_CMD_NOOP;
	return cb->aio_lio_opcode == IOCB_CMD_POLL;
}

static bool add_poll(struct hangup *h, int eventfd)
{
	bool ok = false;

	pthread_mutex_lock(&h->lock);
	for (unsigned int i = 0; i < HANGUP_MAX_WATCHES; i++) {
		if (h->polls[i].aio_lio_opcode != IOCB_CMD_POLL) {
			ok = arm(h, &h->polls[i], eventfd);
			break;
		}
	}
	pthread_mutex_unlock(&h->lock);
	return ok;
}

void hangup_init(struct hangup *h, int fd, short events)
{
	*h = (struct hangup) { .fd = fd, .events = events };
	pthread_mutex_init(&h->lock, NULL);
	h->polls = calloc(HANGUP_MAX_WATCHES, sizeof(*h->polls));
	if (!h->polls)
		return;
	h->ctx = aio_pool_get(HANGUP_MAX_WATCHES);
	/* The first poll moves the ring's tail for those who only look. */
	if (h->ctx && (ring_of(h)->magic != AIO_RING_MAGIC || !add_poll(h, -1)))
		hangup_finish(h);
}

/* Each poll has one event, be it cancelled or not. */
static bool cancel_polls(const struct hangup *h)
{
	struct io_event events[HANGUP_MAX_WATCHES];
	struct timespec limit = { .tv_nsec = CANCEL_NS };
	long n = 0;

	for (unsigned int i = 0; i < HANGUP_MAX_WATCHES; i++) {
		if (h->polls[i].aio_lio_opcode != IOCB_CMD_POLL)
			continue;
		(void)syscall(SYS_io_cancel, h->ctx, &h->polls[i], events);
		n++;
	}
	return syscall(SYS_io_getevents, h->ctx, n, (long)HANGUP_MAX_WATCHES, events, &limit) == n;
}

void hangup_finish(struct hangup *h)
{
	if (h->ctx && cancel_polls(h))
		aio_pool_put(h->ctx, HANGUP_MAX_WATCHES);
	else if (h->ctx)
		(void)syscall(SYS_io_destroy, h->ctx);
	h->ctx = 0;
	free(h->polls);
	h->polls = NULL;
}

void hangup_notify(struct hangup *h, int eventfd)
{
	if (h->ctx)
		(void)add_poll(h, eventfd);
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

	if (!h->ctx)
		return;
	pthread_mutex_lock(&h->lock);
	/* Takes what has come, and so moves the head to the tail. */
	come = syscall(SYS_io_getevents, h->ctx, 0L, (long)HANGUP_MAX_WATCHES, events, NULL);
	for (long i = 0; i < come; i++) {
		struct iocb *cb = (struct iocb *)(uintptr_t)events[i].obj;
		int eventfd = (int)(int64_t)events[i].data;

		cb->aio_lio_opcode = IOCB_CMD_NOOP;
		if (eventfd < 0 || is_among(eventfd, eventfds, n))
			(void)arm(h, cb, eventfd);
	}
	pthread_mutex_unlock(&h->lock);
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
