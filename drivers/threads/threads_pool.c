// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The threads of a queue: what they are given, what they give back, how they end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/threads/threads.h"
#include "lib/error.h"
#include "lib/util/thread.h"

#define STACK_BYTES (128u << 10)

/* ---- life ---- */

static void free_pool(struct thr_pool *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->wake_fd >= 0)
		close(p->wake_fd);
	if (p->zeroes)
		munmap(p->zeroes, FILE_ZEROES_BYTES);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p->reqs);
	free(p);
}

static void leave(struct thr_pool *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = !--p->users;
	pthread_mutex_unlock(&p->lock);
	if (last)
		free_pool(p);
}

static int make_requests(struct thr_queue *q, unsigned int n)
{
	struct thr_pool *p = q->pool;

	p->reqs = calloc(n, sizeof(*p->reqs));
	if (!p->reqs)
		return err_os(-ENOMEM, "cannot create a queue of %u requests", n);
	for (unsigned int i = 0; i < n; i++)
		p->reqs[i].next = i + 1 < n ? &p->reqs[i + 1] : NULL;
	q->free = p->reqs;
	return 0;
}

int thr_pool_create(struct thr_queue *q)
{
	struct thr_pool *p = calloc(1, sizeof(*p));
	void *zeroes;

	if (!p)
		return err_os(-ENOMEM, "cannot create a queue");
	q->pool = p;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	thr_list_init(&p->todo);
	thr_list_init(&p->done);
	p->users = 1;
	p->completion_fd = q->q.completion_fd;
	p->info = q->dev->file.info;
	p->can_grow = q->dev->b.limits.can_grow;
	p->fd = fcntl(q->dev->file.fd, F_DUPFD_CLOEXEC, 0);
	p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->fd < 0 || p->wake_fd < 0)
		return err_os(-errno, "cannot create descriptors for a queue (see ulimit -n)");
	zeroes = mmap(NULL, FILE_ZEROES_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeroes == MAP_FAILED)
		return err_os(-errno, "cannot create a queue");
	p->zeroes = zeroes;
	return make_requests(q, (unsigned int)q->dev->num_entries);
}

/* ---- a thread ---- */

static void signal_eventfd(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

/* The next request, with the lock held; NULL at the end. */
static struct thr_req *next_request(struct thr_pool *p)
{
	p->idle++;
	while (!p->todo.first && !p->stop)
		pthread_cond_wait(&p->work, &p->lock);
	p->idle--;
	if (p->stop || !p->todo.first)
		return NULL;
	return thr_list_take(&p->todo);
}

/* The completion fd is the queue's, and is there as long as `stop` is not set. */
static void finish(struct thr_pool *p, struct thr_req *req)
{
	thr_list_add(&p->done, req);
	atomic_fetch_add(&p->nr_done, 1);
	if (p->stop)
		return;
	if (p->notify)
		signal_eventfd(p->completion_fd);
	if (p->want && atomic_load(&p->nr_done) >= p->want) {
		p->want = 0;
		signal_eventfd(p->wake_fd);
	}
}

static void *work(void *arg)
{
	struct thr_pool *p = arg;
	struct thr_req *req;

	pthread_mutex_lock(&p->lock);
	while ((req = next_request(p))) {
		pthread_mutex_unlock(&p->lock);
		req->ret = thr_carry_out(p, req);
		pthread_mutex_lock(&p->lock);
		finish(p, req);
	}
	pthread_mutex_unlock(&p->lock);
	leave(p);
	return NULL;
}

static void count_users(struct thr_pool *p, int change)
{
	pthread_mutex_lock(&p->lock);
	p->users += (unsigned int)change;
	pthread_mutex_unlock(&p->lock);
}

static int start_thread(struct thr_queue *q, const pthread_attr_t *attr)
{
	struct thr_pool *p = q->pool;
	int ret;

	count_users(p, 1);
	ret = pthread_create(&q->threads[q->nr_threads], attr, work, p);
	if (ret == EINVAL) /* thread-local variables of the program need a larger stack */
		ret = pthread_create(&q->threads[q->nr_threads], NULL, work, p);
	if (ret) {
		count_users(p, -1);
		return err_os(-ret,
			      "cannot start thread %d of a queue (num-threads; see ulimit -u)",
			      q->nr_threads + 1);
	}
	q->nr_threads++;
	return 0;
}

/* Signals are for the threads of the application. */
int thr_pool_start(struct thr_queue *q)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int ret = 0;

	q->threads = calloc((size_t)q->dev->num_threads, sizeof(*q->threads));
	if (!q->threads)
		return err_os(-ENOMEM, "cannot create a queue");
	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (ret == 0 && q->nr_threads < q->dev->num_threads)
		ret = start_thread(q, &attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}

void thr_pool_end(struct thr_queue *q, int64_t deadline)
{
	struct thr_pool *p = q->pool;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < q->nr_threads; i++)
		thread_join_or_detach(q->threads[i], deadline);
	free(q->threads);
	leave(p);
}

/* ---- the queue's thread ---- */

void thr_pool_submit(struct thr_queue *q)
{
	struct thr_pool *p = q->pool;
	unsigned int n = q->nr_batch;

	if (!n)
		return;
	pthread_mutex_lock(&p->lock);
	thr_list_move(&p->todo, &q->batch);
	if (n > p->idle)
		n = p->idle;
	/* Those who are busy look again by themselves. */
	for (unsigned int i = 0; i < n; i++)
		pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	q->nr_batch = 0;
}

static bool is_done(struct thr_pool *p, unsigned int want)
{
	bool done;

	pthread_mutex_lock(&p->lock);
	done = atomic_load(&p->nr_done) >= want;
	p->want = done ? 0 : want;
	pthread_mutex_unlock(&p->lock);
	return done;
}

/* 0 to look again, or -errno. */
static int sleep_until_woken(const struct thr_pool *p, const struct blkio_wait *wait)
{
	int64_t left = deadline_left_ns(wait->deadline);
	struct timespec ts = { left / NS_PER_S, left % NS_PER_S };
	struct pollfd pfd = { .fd = p->wake_fd, .events = POLLIN };
	int n = ppoll(&pfd, 1, wait->deadline == DEADLINE_NONE ? NULL : &ts, wait->sig);
	uint64_t events;

	if (n > 0)
		(void)!read(p->wake_fd, &events, sizeof(events));
	if (n < 0 && errno == EINTR)
		return wait->interruptible ? err_set(-EINTR, "interrupted by a signal") : 0;
	if (n < 0)
		return err_os(-errno, "cannot wait for requests");
	return n ? 0 : err_set(-ETIME, "the timeout expired");
}

int thr_pool_wait(struct thr_queue *q, unsigned int want, struct blkio_wait *wait)
{
	int ret = 0;

	while (ret == 0 && !is_done(q->pool, want)) {
		wait->waited = true;
		ret = sleep_until_woken(q->pool, wait);
	}
	/* It may have come at the last moment. */
	return ret < 0 && is_done(q->pool, want) ? 0 : ret;
}
