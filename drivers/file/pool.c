// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The threads of a queue: what they are given, what they give back, how they end.
 */
#include "drivers/file/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/driver.h"
#include "lib/error.h"
#include "lib/util/thread.h"

#define STACK_BYTES (128u << 10)

/* ---- life ---- */

void file_pool_finish(struct file_pool *p)
{
	if (p->wake_fd >= 0)
		close(p->wake_fd);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
}

static void leave(struct file_pool *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = !--p->users;
	pthread_mutex_unlock(&p->lock);
	if (last)
		p->ops->free(p);
}

int file_pool_init(struct file_pool *p, const struct file_pool_ops *ops, int notify_fd)
{
	p->ops = ops;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	file_jobs_init(&p->todo);
	file_jobs_init(&p->done);
	p->users = 1;
	p->notify_fd = notify_fd;
	p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake_fd < 0)
		return err_os(-errno, "cannot create descriptors for a queue (see ulimit -n)");
	return 0;
}

/* ---- a thread ---- */

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

/* The next job, with the lock held; NULL at the end. */
static struct file_job *next_job(struct file_pool *p)
{
	p->idle++;
	while (!p->todo.first && !p->stop)
		pthread_cond_wait(&p->work, &p->lock);
	p->idle--;
	return p->stop ? NULL : file_jobs_take(&p->todo);
}

/* With the lock held. The notify fd is the queue's, and is there as long as `stop` is not set. */
static void finish(struct file_pool *p, struct file_job *job)
{
	file_jobs_add(&p->done, job);
	atomic_fetch_add(&p->nr_done, 1);
	if (p->stop)
		return;
	if (p->notify)
		signal_fd(p->notify_fd);
	if (p->want && atomic_load(&p->nr_done) >= p->want) {
		p->want = 0;
		signal_fd(p->wake_fd);
	}
}

static void *work(void *arg)
{
	struct file_pool *p = arg;
	struct file_job *job;

	pthread_mutex_lock(&p->lock);
	while ((job = next_job(p))) {
		pthread_mutex_unlock(&p->lock);
		job->ret = p->ops->carry_out(p, job);
		pthread_mutex_lock(&p->lock);
		finish(p, job);
	}
	pthread_mutex_unlock(&p->lock);
	leave(p);
	return NULL;
}

static void count_users(struct file_pool *p, int change)
{
	pthread_mutex_lock(&p->lock);
	p->users += (unsigned int)change;
	pthread_mutex_unlock(&p->lock);
}

static int start_thread(struct file_pool *p, const pthread_attr_t *attr)
{
	int ret;

	count_users(p, 1);
	ret = pthread_create(&p->threads[p->nr_threads], attr, work, p);
	if (ret == EINVAL) /* thread-local variables of the program need a larger stack */
		ret = pthread_create(&p->threads[p->nr_threads], NULL, work, p);
	if (ret) {
		count_users(p, -1);
		return err_os(-ret,
			      "cannot start thread %d of a queue (num-threads; see ulimit -u)",
			      p->nr_threads + 1);
	}
	p->nr_threads++;
	return 0;
}

/* Signals are for the threads of the application. */
int file_pool_start(struct file_pool *p, int nr_threads)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int ret = 0;

	free(p->threads); /* of a start that failed with the first one */
	p->threads = calloc((size_t)nr_threads, sizeof(*p->threads));
	if (!p->threads)
		return err_os(-ENOMEM, "cannot create a queue");
	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (ret == 0 && p->nr_threads < nr_threads)
		ret = start_thread(p, &attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}

void file_pool_stop(struct file_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void file_pool_end(struct file_pool *p, int64_t deadline)
{
	file_pool_stop(p);
	for (int i = 0; i < p->nr_threads; i++)
		thread_join_or_detach(p->threads[i], deadline);
	free(p->threads);
	leave(p);
}

/* ---- the queue's thread ---- */

/* All of `from` goes behind what `to` has. */
static void move_jobs(struct file_jobs *to, struct file_jobs *from)
{
	*to->end = from->first;
	to->end = from->end;
	to->count += from->count;
	file_jobs_init(from);
}

void file_pool_give(struct file_pool *p, struct file_jobs *batch)
{
	unsigned int n = batch->count;

	if (!n)
		return;
	pthread_mutex_lock(&p->lock);
	move_jobs(&p->todo, batch);
	if (n > p->idle)
		n = p->idle;
	/* Those who are busy look again by themselves. */
	for (unsigned int i = 0; i < n; i++)
		pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void file_pool_refuse(struct file_pool *p, struct file_jobs *batch, int ret)
{
	struct file_job *job;

	pthread_mutex_lock(&p->lock);
	while ((job = file_jobs_take(batch))) {
		job->ret = ret;
		finish(p, job);
	}
	pthread_mutex_unlock(&p->lock);
}

struct file_job *file_pool_take(struct file_pool *p, unsigned int max)
{
	struct file_job *first, **end = &first;
	unsigned int n = 0;

	pthread_mutex_lock(&p->lock);
	while (n < max && (*end = file_jobs_take(&p->done))) {
		end = &(*end)->next;
		n++;
	}
	atomic_fetch_sub(&p->nr_done, n);
	pthread_mutex_unlock(&p->lock);
	*end = NULL;
	return first;
}

void file_pool_set_notify(struct file_pool *p, bool enable)
{
	pthread_mutex_lock(&p->lock);
	p->notify = enable;
	pthread_mutex_unlock(&p->lock);
}

static bool is_done(struct file_pool *p, unsigned int want)
{
	bool done;

	pthread_mutex_lock(&p->lock);
	done = atomic_load(&p->nr_done) >= want;
	p->want = done ? 0 : want;
	pthread_mutex_unlock(&p->lock);
	return done;
}

/* 0 to look again, or -errno. */
static int sleep_until_woken(const struct file_pool *p, const struct blkio_wait *wait)
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

int file_pool_wait(struct file_pool *p, unsigned int want, struct blkio_wait *wait)
{
	int ret = 0;

	while (ret == 0 && !is_done(p, want)) {
		wait->waited = true;
		ret = sleep_until_woken(p, wait);
	}
	/* It may have come at the last moment. */
	return ret < 0 && is_done(p, want) ? 0 : ret;
}
