// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See signaller.h.
 */
#include "lib/util/signaller.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Signals between two looks at what the kernel has to tell of them. */
#define SIGNALLER_EVENTS 64

/*
 * Contexts that nobody uses: io_destroy() waits for all processors, some 25 ms, so a few are kept
 * for the next queue. They are of one process: a child has none.
 */
#define POOL_MAX 16

static struct {
	pthread_mutex_t lock;
	pid_t pid;
	unsigned int n;
	aio_context_t ctx[POOL_MAX];
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool put_into_pool(aio_context_t ctx)
{
	bool fits;

	pthread_mutex_lock(&pool.lock);
	if (pool.pid != getpid()) {
		pool.pid = getpid();
		pool.n = 0;
	}
	fits = pool.n < POOL_MAX;
	if (fits)
		pool.ctx[pool.n++] = ctx;
	pthread_mutex_unlock(&pool.lock);
	return fits;
}

/* 0 if there is none. */
static aio_context_t take_from_pool(void)
{
	aio_context_t ctx = 0;

	pthread_mutex_lock(&pool.lock);
	if (pool.pid == getpid() && pool.n)
		ctx = pool.ctx[--pool.n];
	pthread_mutex_unlock(&pool.lock);
	return ctx;
}

/* The events say nothing that we do not know; they only have to make room. */
static bool make_room(const struct signaller *s)
{
	struct io_event events[SIGNALLER_EVENTS];

	return syscall(SYS_io_getevents, s->ctx, 0L, (long)SIGNALLER_EVENTS, events, NULL) >= 0;
}

void signaller_init(struct signaller *s)
{
	s->ctx = take_from_pool();
	if (s->ctx && make_room(s))
		return;
	s->ctx = 0;
	if (syscall(SYS_io_setup, SIGNALLER_EVENTS, &s->ctx) < 0)
		s->ctx = 0;
}

void signaller_finish(struct signaller *s)
{
	if (s->ctx && !put_into_pool(s->ctx))
		(void)syscall(SYS_io_destroy, s->ctx);
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
		(void)make_room(s);
		if (submit(s, eventfd))
			return;
	}
	look_and_write(eventfd);
}
