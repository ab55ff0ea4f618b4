/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The threads driver's own structs: files and block devices through plain system calls, for where
 * io_uring is forbidden. Each queue has a pool of threads that carry its requests out.
 *
 * Names begin with thr_.
 */
#ifndef DRIVERS_THREADS_THREADS_H
#define DRIVERS_THREADS_THREADS_H

#include "drivers/file/file.h"
#include "drivers/file/file_zone.h"
#include "drivers/file/pool.h"
#include "lib/driver.h"
#include "lib/util/compiler.h"

struct thr {
	struct blkio b;
	struct file_dev file;
	int num_threads;
	int num_entries;
};

/* One cache line. */
struct thr_req {
	struct file_job job; /* its result */
	uint32_t op_flags;   /* BLKIO_OP_FLAGS() */
	uint32_t iovcnt;     /* iovecs left; 0 when buf is used */
	void *user_data;
	union {
		struct {
			uint64_t start;
			uint64_t left;
			union {
				char *buf;
				const struct iovec *iov;
			};
			size_t skip; /* bytes of iov[0] that are done */
		};
		struct file_zone_req zone; /* if it is for zones */
	};
};

/* What the threads need of the queue, and of the instance. */
struct thr_pool {
	struct file_pool pool;
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
	struct file_job *free;  /* of the pool's requests */
	struct file_jobs batch; /* not given to the threads yet */
};

static inline struct thr *to_thr(struct blkio *b)
{
	return container_of(b, struct thr, b);
}

static inline struct thr_queue *to_thr_queue(struct blkioq *q)
{
	return container_of(q, struct thr_queue, q);
}

static inline struct thr_pool *to_thr_pool(struct file_pool *p)
{
	return container_of(p, struct thr_pool, pool);
}

static inline struct thr_req *to_thr_req(struct file_job *job)
{
	return container_of(job, struct thr_req, job);
}

/* threads_pool.c: make the pool of a queue, without threads. 0 or -errno. */
int thr_pool_create(struct thr_queue *q);

/* threads_io.c: in a thread, as struct file_pool_ops, carry_out; -ECANCELED at the end. */
int thr_carry_out(struct file_pool *pool, struct file_job *job);

#endif
