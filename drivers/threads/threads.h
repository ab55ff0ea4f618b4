/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The threads driver's own structs: files and block devices through plain system calls, for where
 * io_uring is forbidden. Each queue has a pool of threads that carry its requests out.
 *
 * Names begin with thr_.
 */
#ifndef DRIVERS_THREADS_THREADS_H
#define DRIVERS_THREADS_THREADS_H

#include <pthread.h>
#include <stdatomic.h>

#include "drivers/file/file.h"
#include "lib/driver.h"
#include "lib/util/compiler.h"

struct thr {
	struct blkio b;
	struct file_dev file;
	int num_threads;
	int num_entries;
};

struct thr_req {
	uint32_t op_flags; /* BLKIO_OP_FLAGS() */
	int ret;
	uint64_t start;
	uint64_t left;
	union {
		char *buf;
		const struct iovec *iov;
	};
	uint32_t iovcnt; /* iovecs left; 0 when buf is used */
	size_t skip;     /* bytes of iov[0] that are done */
	void *user_data;
	struct thr_req *next;
};

struct thr_list {
	struct thr_req *first, **end;
};

/*
 * What a queue and its threads share. A system call can hang, and then a thread outlives the queue:
 * so the pool has a file descriptor and zeroes of its own, and goes with the last who uses it.
 */
struct thr_pool {
	pthread_mutex_t lock;
	pthread_cond_t work; /* there is something to do, or the end */
	struct thr_list todo, done;
	unsigned int users; /* threads, and the queue */
	unsigned int idle;  /* threads that wait */
	unsigned int want;  /* wake the waiter when so many are done; 0: nobody waits */
	bool notify;        /* make completion_fd readable */
	int completion_fd;  /* of the queue */
	/* Set under the lock: nothing is begun any more, and the application's memory may be gone.
	 */
	atomic_bool stop;
	/* Not under the lock: */
	atomic_uint nr_done;
	int wake_fd; /* an eventfd, for who waits in do_io */
	int fd;
	struct file_info info;
	bool can_grow;
	void *zeroes;
	struct thr_req *reqs;
};

struct thr_queue {
	struct blkioq q;
	struct thr *dev;
	struct thr_pool *pool;
	struct thr_req *free;
	struct thr_list batch; /* not given to the threads yet */
	unsigned int nr_batch;
	pthread_t *threads;
	int nr_threads;
};

static inline struct thr *to_thr(struct blkio *b)
{
	return container_of(b, struct thr, b);
}

static inline struct thr_queue *to_thr_queue(struct blkioq *q)
{
	return container_of(q, struct thr_queue, q);
}

static inline void thr_list_init(struct thr_list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static inline void thr_list_add(struct thr_list *l, struct thr_req *req)
{
	req->next = NULL;
	*l->end = req;
	l->end = &req->next;
}

static inline struct thr_req *thr_list_take(struct thr_list *l)
{
	struct thr_req *req = l->first;

	l->first = req->next;
	if (!l->first)
		l->end = &l->first;
	return req;
}

/* All of `from` goes behind what `to` has. */
static inline void thr_list_move(struct thr_list *to, struct thr_list *from)
{
	if (!from->first)
		return;
	*to->end = from->first;
	to->end = from->end;
	thr_list_init(from);
}

/* threads_pool.c */

/* A pool for this queue, without threads. 0 or -errno. */
int thr_pool_create(struct thr_queue *q);
int thr_pool_start(struct thr_queue *q);
/* End the threads, waiting for what they do until the deadline. */
void thr_pool_end(struct thr_queue *q, int64_t deadline);
/* Give the threads what is in the batch. */
void thr_pool_submit(struct thr_queue *q);
/* Wait until so many are done; as struct blkioq_ops, enter. */
int thr_pool_wait(struct thr_queue *q, unsigned int want, struct blkio_wait *wait);

/* threads_io.c: carry it out, in whatever time. Returns the result; -ECANCELED at the end. */
int thr_carry_out(struct thr_pool *p, struct thr_req *req);

#endif
