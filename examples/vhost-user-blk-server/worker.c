// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The threads that serve the queues: the loop, and how it waits.
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"

enum {
	LOOKS_PER_CLOCK = 16, /* reading the clock costs as much as looking at some rings */
	SPIN_MIN_SHARE = 16,  /* of poll_ns: what remains of spinning that brings nothing */
};

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void wake(const struct worker *w)
{
	uint64_t one = 1;

	while (write(w->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void drain(int fd)
{
	uint64_t events;

	while (read(fd, &events, sizeof(events)) < 0 && errno == EINTR)
		;
}

/* ---- between two requests ---- */

static void collect_active(struct worker *w)
{
	w->n_active = 0;
	w->poll = w->config.poll;
	for (unsigned int i = 0; i < w->n_rings; i++) {
		struct vring *vq = w->ring[i];

		if (!vq->running || vq->broken)
			continue;
		w->active[w->n_active++] = vq;
		w->poll |= vq->kick_fd < 0;
	}
	w->poll &= w->n_active > 0;
}

/* Stay here until nobody holds the thread. Everything may have changed then. */
static void park(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	while (atomic_load(&w->hold)) {
		w->parked = true; /* again in each round: there can be a new hold already */
		pthread_cond_broadcast(&w->changed);
		pthread_cond_wait(&w->changed, &w->lock);
	}
	w->parked = false;
	pthread_mutex_unlock(&w->lock);
	collect_active(w);
}

static void report_fault(struct worker *w)
{
	uint64_t one = 1;

	collect_active(w);
	while (write(w->config.fault_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* ---- work ---- */

static int serve(struct worker *w)
{
	int n = 0;

	for (unsigned int i = 0; i < w->n_active; i++) {
		w->current = w->active[i];
		n += vring_serve(w->current, &w->chain);
		if (unlikely(w->current->broken)) {
			report_fault(w);
			return 1;
		}
	}
	return n;
}

/* ---- waiting ---- */

/* The time until a request is due; false if none waits. */
static bool time_left(const struct worker *w, struct timespec *left)
{
	uint64_t first = 0, now_ns, ns;

	for (unsigned int i = 0; i < w->n_active; i++) {
		uint64_t due_ns = vring_due_ns(w->active[i]);

		if (due_ns && (!first || due_ns < first))
			first = due_ns;
	}
	if (!first)
		return false;
	now_ns = clock_ns();
	ns = first > now_ns ? first - now_ns : 0;
	*left = (struct timespec) { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	return true;
}

static void look_at_kicks(struct worker *w, const struct pollfd *fds)
{
	for (unsigned int i = 0; i < w->n_active; i++) {
		struct vring *vq = w->active[i];

		if (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			vring_break(vq, "its kick fd is of no use");
		else if (fds[i].revents)
			drain(vq->kick_fd);
	}
}

static void sleep_on_fds(struct worker *w)
{
	struct pollfd fds[WORKER_MAX_RINGS + 1];
	struct timespec left;
	unsigned int n = w->n_active;
	bool timed = time_left(w, &left);

	for (unsigned int i = 0; i < n; i++)
		fds[i] = (struct pollfd) { .fd = w->active[i]->kick_fd, .events = POLLIN };
	fds[n] = (struct pollfd) { .fd = w->wake_fd, .events = POLLIN };
	if (ppoll(fds, n + 1, timed ? &left : NULL, NULL) <= 0)
		return;
	if (fds[n].revents)
		drain(w->wake_fd);
	look_at_kicks(w, fds);
}

/* Kicks are asked for first; then nothing that came before can be missed. */
static void sleep_until_kicked(struct worker *w)
{
	bool more = false;

	for (unsigned int i = 0; i < w->n_active; i++) {
		w->current = w->active[i];
		more |= w->current->ops->enable_kicks(w->current);
	}
	if (!more)
		sleep_on_fds(w);
	for (unsigned int i = 0; i < w->n_active; i++) {
		w->current = w->active[i];
		w->current->ops->disable_kicks(w->current);
	}
}

/* Look a while whether something comes. */
static bool spin(struct worker *w)
{
	uint64_t end_ns = clock_ns() + w->spin_ns;

	do {
		for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
			if (serve(w) || atomic_load_explicit(&w->hold, memory_order_relaxed)) {
				w->spin_ns = w->config.poll_ns;
				return true;
			}
			cpu_relax();
		}
	} while (clock_ns() < end_ns);
	if (w->spin_ns > w->config.poll_ns / SPIN_MIN_SHARE)
		w->spin_ns /= 2;
	return false;
}

static void loop(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load_explicit(&w->quit, memory_order_relaxed)) {
		if (unlikely(atomic_load_explicit(&w->hold, memory_order_relaxed)))
			park(w);
		else if (serve(w))
			continue;
		else if (w->poll)
			cpu_relax();
		else if (!w->spin_ns || !w->n_active || !spin(w))
			sleep_until_kicked(w);
	}
}

static void *run(void *arg)
{
	struct worker *w = arg;

	while (!fault_try(loop, w)) {
		vring_break(w->current, "the front-end has taken away memory that it shared");
		report_fault(w);
	}
	return NULL;
}

/* ---- from other threads ---- */

void worker_hold(struct worker *w)
{
	atomic_store(&w->hold, true);
	wake(w);
	pthread_mutex_lock(&w->lock);
	while (!w->parked)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void worker_resume(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->hold, false);
	pthread_cond_broadcast(&w->changed);
	/* A second hold must not take this park for its own. */
	w->parked = false;
	pthread_mutex_unlock(&w->lock);
}

int worker_start(struct worker *w, const struct worker_config *config)
{
	int ret;

	w->config = *config;
	w->spin_ns = config->poll_ns;
	atomic_init(&w->hold, true);
	atomic_init(&w->quit, false);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return -errno;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	ret = pthread_create(&w->thread, NULL, run, w);
	w->started = ret == 0;
	if (ret)
		close(w->wake_fd);
	return -ret;
}

void worker_finish(struct worker *w)
{
	if (!w->started)
		return;
	atomic_store(&w->quit, true);
	atomic_store(&w->hold, false);
	worker_resume(w);
	wake(w);
	pthread_join(w->thread, NULL);
	close(w->wake_fd);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	w->started = false;
}
