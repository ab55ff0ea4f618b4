// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See signaller.h.
 */
#include "lib/util/signaller.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util/aio_pool.h"

/* Signals between two looks at what the kernel has to tell of them. */
#define SIGNALLER_EVENTS 64

/* The events say nothing that we do not know; they only have to make room. */
static void make_room(const struct signaller *s)
{
	struct io_event events[SIGNALLER_EVENTS];

	(void)syscall(SYS_io_getevents, s->ctx, 0L, (long)SIGNALLER_EVENTS, events, NULL);
}

void signaller_init(struct signaller *s)
{
	s->ctx = aio_pool_get(SIGNALLER_EVENTS);
}

void signaller_finish(struct signaller *s)
{
	if (s->ctx)
		aio_pool_put(s->ctx, SIGNALLER_EVENTS);
	s->ctx = 0;
}

/* A poll that is over at once, whatever the counter: an eventfd can always be read or written. */
static bool submit(const struct signaller *s, int eventfd)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)eventfd,
		.aio_buf = POLLIN | POLLOUT,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)eventfd,
	};
	struct iocb *list[] = { &cb };

	return syscall(SYS_io_submit, s->ctx, 1L, list) == 1;
}

static void look_and_write(int eventfd)
{
	const uint64_t one = 1;
	struct pollfd pfd = { .fd = eventfd, .events = POLLOUT };

	if (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT))
		return;
	while (write(eventfd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void signaller_signal(const struct signaller *s, int eventfd)
{
	if (s->ctx && submit(s, eventfd))
		return;
	if (s->ctx && errno == EAGAIN) {
		make_room(s);
		if (submit(s, eventfd))
			return;
	}
	look_and_write(eventfd);
}
