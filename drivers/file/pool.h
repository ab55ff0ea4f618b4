/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads that carry out what would make a queue's caller wait: system calls that nothing but a
 * thread can wait for. A queue gives jobs, in batches, and takes back those that are done.
 */
#ifndef DRIVERS_FILE_POOL_H
#define DRIVERS_FILE_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct blkio_wait;
struct file_pool;

/* What a user's own struct begins with. */
struct file_job {
	struct file_job *next;
	int ret; /* once it is done */
};

struct file_jobs {
	struct file_job *first, **end;
	unsigned int count;
};

struct file_pool_ops {
	/* In a thread: carry it out, in whatever time. Returns the result. */
	int (*carry_out)(struct file_pool *p, struct file_job *job);
	/* The last user has gone: free the struct that begins with the pool, once
	 * file_pool_finish() has been called. */
	void (*free)(struct file_pool *p);
};

/*
 * What a queue and its threads share; a user's struct begins with it. A system call can hang, and
 * then a thread outlives the queue: so that struct has a file descriptor and memory of its own, and
 * goes with the last who uses it.
 */
struct file_pool {
	const struct file_pool_ops *ops;
	pthread_mutex_t lock;
	pthread_cond_t work; /* there is something to do, or the end */
	struct file_jobs todo, done;
	unsigned int users; /* threads, and the queue */
	unsigned int idle;  /* threads that wait */
	unsigned int want;  /* wake the waiter when so many are done; 0: nobody waits */
	bool notify;        /* write 8 bytes to notify_fd for each that is done */
	int notify_fd;      /* of the queue: an eventfd, or a pipe */
	/* Set under the lock: nothing is begun any more, and the application's memory may be gone.
	 */
	atomic_bool stop;
	/* Not under the lock: */
	atomic_uint nr_done;
	int wake_fd; /* an eventfd, for who waits in do_io */
	/* The queue's alone: */
	pthread_t *threads;
	int nr_threads;
};

static inline void file_jobs_init(struct file_jobs *l)
{
	l->first = NULL;
	l->end = &l->first;
	l->count = 0;
}

static inline void file_jobs_add(struct file_jobs *l, struct file_job *job)
{
	job->next = NULL;
	*l->end = job;
	l->end = &job->next;
	l->count++;
}

/* The first one, or NULL. */
static inline struct file_job *file_jobs_take(struct file_jobs *l)
{
	struct file_job *job = l->first;

	if (!job)
		return NULL;
	l->first = job->next;
	if (!l->first)
		l->end = &l->first;
	l->count--;
	return job;
}

/*
 * Before each system call, and before memory of the application is looked at once more: the queue
 * may have ended while the last call hung.
 */
static inline bool file_pool_is_over(struct file_pool *p)
{
	return atomic_load(&p->stop);
}

/* A pool without threads, in memory of zeroes. 0, or -errno; file_pool_end() undoes either. */
int file_pool_init(struct file_pool *p, const struct file_pool_ops *ops, int notify_fd);
/* For ops->free. */
void file_pool_finish(struct file_pool *p);
/* So many threads. 0 or -errno. */
int file_pool_start(struct file_pool *p, int nr_threads);
/* Nothing is begun any more, and notify_fd is not used again. */
void file_pool_stop(struct file_pool *p);
/* The same, and end the threads, waiting for what they do until the deadline. */
void file_pool_end(struct file_pool *p, int64_t deadline);

/* Give the threads what is in the batch. */
void file_pool_give(struct file_pool *p, struct file_jobs *batch);
/* No thread: all of the batch is done with this result. */
void file_pool_refuse(struct file_pool *p, struct file_jobs *batch, int ret);
/* Up to max that are done, each with the next one; NULL if there are none. */
struct file_job *file_pool_take(struct file_pool *p, unsigned int max);
void file_pool_set_notify(struct file_pool *p, bool enable);
/* Wait until so many are done; as struct blkioq_ops, enter. */
int file_pool_wait(struct file_pool *p, unsigned int want, struct blkio_wait *wait);

static inline bool file_pool_is_ready(struct file_pool *p)
{
	return atomic_load(&p->nr_done);
}

#endif
