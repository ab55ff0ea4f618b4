// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a queue and its threads share; file/pool.c has the threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/threads/threads.h"
#include "lib/error.h"

static void free_pool(struct file_pool *pool)
{
	struct thr_pool *p = to_thr_pool(pool);

	if (p->fd >= 0)
		close(p->fd);
	if (p->zeroes)
		munmap(p->zeroes, FILE_ZEROES_BYTES);
	file_pool_finish(pool);
	free(p->reqs);
	free(p);
}

static const struct file_pool_ops pool_ops = { .carry_out = thr_carry_out, .free = free_pool };

static int make_requests(struct thr_queue *q, unsigned int n)
{
	struct thr_pool *p = q->pool;

	p->reqs = calloc(n, sizeof(*p->reqs));
	if (!p->reqs)
		return err_os(-ENOMEM, "cannot create a queue of %u requests", n);
	for (unsigned int i = 0; i < n; i++)
		p->reqs[i].job.next = i + 1 < n ? &p->reqs[i + 1].job : NULL;
	q->free = &p->reqs->job;
	return 0;
}

int thr_pool_create(struct thr_queue *q)
{
	struct thr_pool *p = calloc(1, sizeof(*p));
	void *zeroes;
	int ret;

	if (!p)
		return err_os(-ENOMEM, "cannot create a queue");
	q->pool = p;
	p->info = q->dev->file.info;
	p->can_grow = q->dev->b.limits.can_grow;
	p->fd = -1;
	ret = file_pool_init(&p->pool, &pool_ops, q->q.completion_fd);
	if (ret < 0)
		return ret;
	p->fd = fcntl(q->dev->file.fd, F_DUPFD_CLOEXEC, 0);
	if (p->fd < 0)
		return err_os(-errno, "cannot create descriptors for a queue (see ulimit -n)");
	zeroes = mmap(NULL, FILE_ZEROES_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeroes == MAP_FAILED)
		return err_os(-errno, "cannot create a queue");
	p->zeroes = zeroes;
	return make_requests(q, (unsigned int)q->dev->num_entries);
}
