// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A run: start the threads together, watch the clock and the signals, wait for the end.
 *
 * The main thread sleeps on a semaphore that the jobs post when they end. It wakes up once a
 * second for the live line, at the end of the run time, and for a signal.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/msg.h"
#include "../common/number.h"
#include "live.h"

static volatile sig_atomic_t got_signal;

static void on_signal(int signal)
{
	(void)signal;
	got_signal = 1;
}

int run_init(struct run *run, const struct bench_options *o, const struct device *dev)
{
	int count = (int)o->numjobs;
	int status = STATUS_OK;

	memset(run, 0, sizeof(*run));
	run->o = o;
	sem_init(&run->finished, 0, 0);
	sem_init(&run->group.ready, 0, 0);
	sem_init(&run->group.go, 0, 0);
	run->jobs = aligned_alloc(CACHE_LINE_BYTES, (size_t)count * sizeof(*run->jobs));
	if (!run->jobs)
		return msg_failed("out of memory");
	for (; run->job_count < count && status == STATUS_OK; run->job_count++) {
		struct job *job = &run->jobs[run->job_count];

		status = job_init(job, &run->group, o, dev, run->job_count);
		job->finished = &run->finished;
		run->total += job->left == UINT64_MAX ? 0 : job->left;
	}
	return status;
}

void run_finish(struct run *run)
{
	for (int i = 0; i < run->job_count; i++)
		job_finish(&run->jobs[i]);
	free(run->jobs);
	if (!run->o)
		return;
	sem_destroy(&run->finished);
	sem_destroy(&run->group.ready);
	sem_destroy(&run->group.go);
}

/*
 * Signals go to the main thread only, so that they wake it. A second one kills the program: a
 * device that no longer answers cannot be waited for.
 */
static void take_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Make the threads, with the signals blocked in them. 0, or an errno if only *count were made. */
static int start_jobs(struct run *run, int *count)
{
	sigset_t signals, old;
	int err = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, &old);
	for (*count = 0; *count < run->job_count; ++*count) {
		err = job_start(&run->jobs[*count]);
		if (err)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

/* Wait until all threads are prepared and let them go at the same moment. */
static void release_jobs(struct run *run, int count)
{
	for (int i = 0; i < count; i++)
		while (sem_wait(&run->group.ready) < 0)
			continue; /* a signal; watch() will see it */
	run->start_ns = clock_ns();
	for (int i = 0; i < count; i++)
		sem_post(&run->group.go);
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec) { .tv_sec = (time_t)(ns / NS_PER_SEC),
				   .tv_nsec = (long)(ns % NS_PER_SEC) };
}

/* When the main thread has something to do next. */
static uint64_t next_wake(const struct run *run, uint64_t end_ns, bool stopping)
{
	uint64_t seconds = (clock_ns() - run->start_ns) / NS_PER_SEC + 1;
	uint64_t tick = run->start_ns + seconds * NS_PER_SEC;

	return !stopping && end_ns < tick ? end_ns : tick;
}

/* Until all the jobs have ended. */
static void watch(struct run *run, struct live *live, int running)
{
	uint64_t runtime = run->o->runtime_ns;
	uint64_t end_ns = runtime ? run->start_ns + runtime : UINT64_MAX;
	bool stopping = false;

	while (running > 0) {
		struct timespec wake = to_timespec(next_wake(run, end_ns, stopping));

		if (sem_clockwait(&run->finished, CLOCK_MONOTONIC, &wake) == 0)
			running--;
		else if (errno == ETIMEDOUT)
			live_update(live, run, clock_ns());
		run->interrupted |= got_signal;
		if (!stopping && (run->interrupted || clock_ns() >= end_ns)) {
			atomic_store_explicit(&run->group.stop, true, memory_order_relaxed);
			stopping = true;
		}
	}
}

int run_go(struct run *run)
{
	struct live live;
	int count, err;

	take_signals();
	err = start_jobs(run, &count);
	if (err) /* those that were made see this and end at once */
		atomic_store_explicit(&run->group.stop, true, memory_order_relaxed);
	release_jobs(run, count);
	live_init(&live, run);
	watch(run, &live, count);
	live_finish(&live);
	for (int i = 0; i < count; i++)
		pthread_join(run->jobs[i].thread, NULL);
	return err ? msg_failed("cannot start a thread: %s", strerror(err)) : STATUS_OK;
}
