/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The threads that serve the queues. Each has some of the rings to itself.
 *
 * Whoever wants to change something that the threads look at (rings, memory table, features, the
 * backend's size) holds them first: worker_hold() returns when the thread has stopped between two
 * requests, and it goes on with worker_resume().
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "chain.h"
#include "vring.h"

enum {
	WORKER_MAX_RINGS = 64
};

struct worker_config {
	bool poll;        /* never sleep while there is a ring to serve, ask for no kicks */
	uint64_t poll_ns; /* otherwise: at most so long before each sleep */
	int fault_fd;     /* eventfd: a ring has broken */
};

struct worker {
	struct worker_config config;
	struct vring *ring[WORKER_MAX_RINGS];
	unsigned int n_rings;

	pthread_t thread;
	bool started;
	int wake_fd;
	atomic_bool hold, quit;
	pthread_mutex_t lock; /* of parked */
	pthread_cond_t changed;
	bool parked;

	/* The thread's own. */
	struct vring *active[WORKER_MAX_RINGS]; /* those that run */
	unsigned int n_active;
	struct vring *current; /* being served, for worker_fault() */
	bool poll;             /* now: config.poll, or a ring that has no kicks */
	uint64_t spin_ns;      /* adapted to what it brings, up to config.poll_ns */
	struct chain chain;
};

/* Make the thread; it is held until worker_resume(). 0 or -errno. */
int worker_start(struct worker *w, const struct worker_config *config);
/* End it. Any state is fine. */
void worker_finish(struct worker *w);

void worker_hold(struct worker *w);
void worker_resume(struct worker *w);

#endif /* SERVER_WORKER_H */
