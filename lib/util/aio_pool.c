// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See aio_pool.h.
 */
#include "lib/util/aio_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POOL_MAX 16

/*
 * Contexts are of one process: a child has none. The lock is never waited for: it may be another
 * thread's at a fork, and then nobody gives it back in the child.
 */
static struct {
	pthread_mutex_t lock;
	pid_t pid;
	unsigned int n;
	struct idle {
		aio_context_t ctx;
		unsigned int nr;
	} idle[POOL_MAX];
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget_those_of_the_parent(void)
{
	if (pool.pid != getpid()) {
		pool.pid = getpid();
		pool.n = 0;
	}
}

static bool keep(aio_context_t ctx, unsigned int nr)
{
	bool fits;

	if (pthread_mutex_trylock(&pool.lock) != 0)
		return false;
	forget_those_of_the_parent();
	fits = pool.n < POOL_MAX;
	if (fits)
		pool.idle[pool.n++] = (struct idle) { ctx, nr };
	pthread_mutex_unlock(&pool.lock);
	return fits;
}

static aio_context_t take_idle(unsigned int nr)
{
	aio_context_t ctx = 0;

	if (pthread_mutex_trylock(&pool.lock) != 0)
		return 0;
	forget_those_of_the_parent();
	for (unsigned int i = pool.n; i > 0 && !ctx; i--) {
		if (pool.idle[i - 1].nr == nr) {
			ctx = pool.idle[i - 1].ctx;
			pool.idle[i - 1] = pool.idle[--pool.n];
		}
	}
	pthread_mutex_unlock(&pool.lock);
	return ctx;
}

/* Whoever had it before may have left events; one that is not ours is seen here as well. */
static bool drain(aio_context_t ctx)
{
	struct io_event events[64];
	long n;

	do {
		n = syscall(SYS_io_getevents, ctx, 0L, 64L, events, NULL);
	} while (n > 0);
	return n == 0;
}

aio_context_t aio_pool_get(unsigned int nr)
{
	aio_context_t ctx = take_idle(nr);

	if (ctx && drain(ctx))
		return ctx;
	ctx = 0;
	return syscall(SYS_io_setup, nr, &ctx) < 0 ? 0 : ctx;
}

void aio_pool_put(aio_context_t ctx, unsigned int nr)
{
	if (!keep(ctx, nr))
		(void)syscall(SYS_io_destroy, ctx);
}
