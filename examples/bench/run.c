// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A run: open the devices of a group, start its threads together, watch the clock and the signals,
 * wait for the end.
 *
 * The main thread sleeps on a semaphore that the jobs post when they end. It wakes up once a
 * second for the live line, when a phase of a task begins, and for a signal.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "../common/msg.h"
#include "../common/number.h"

static volatile sig_atomic_t got_signal;

static void on_signal(int signal)
{
	(void)signal;
	got_signal = 1;
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

static uint64_t new_id(void)
{
	uint64_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = clock_ns(); /* unlikely to come twice, too */
	return id ? id : 1;
}

int run_init(struct run *run, const struct plan *plan)
{
	size_t bytes = (size_t)plan->count * sizeof(*run->tasks);

	memset(run, 0, sizeof(*run));
	run->plan = plan;
	run->id = new_id();
	sem_init(&run->sync.ready, 0, 0);
	sem_init(&run->sync.go, 0, 0);
	sem_init(&run->sync.finished, 0, 0);
	run->tasks = aligned_alloc(CACHE_LINE_BYTES, bytes);
	if (!run->tasks)
		return msg_failed("out of memory");
	memset(run->tasks, 0, bytes);
	live_init(&run->live, plan->o.eta);
	if (!timeline_init(&run->timeline, plan_jobs(plan)) && plan->o.plot)
		return msg_failed("out of memory");
	return STATUS_OK;
}

void run_finish(struct run *run)
{
	device_list_finish(&run->devices);
	for (int i = 0; i < run->task_count; i++)
		task_finish(&run->tasks[i]);
	free(run->tasks);
	timeline_finish(&run->timeline);
	sem_destroy(&run->sync.ready);
	sem_destroy(&run->sync.go);
	sem_destroy(&run->sync.finished);
}

/* The sections of a group become tasks, and reserve queues. */
static void add_tasks(struct run *run, int group)
{
	const struct plan *plan = run->plan;

	run->first = run->task_count;
	for (int i = run->first; i < plan->count && plan->section[i].group == group; i++) {
		struct task *task = &run->tasks[run->task_count++];

		task->section = &plan->section[i];
		task->o = &task->section->o;
		task->first_job = i ? task[-1].first_job + (int)task[-1].o->numjobs : 0;
		task->control.sync = &run->sync;
		task->control.run_id = task->o->verify_only ? 0 : run->id;
		task->control.phase = task->o->ramp_ns ? PHASE_RAMP : PHASE_MEASURE;
		task->dev = device_reserve(&run->devices, task->o, &task->first_queue);
	}
}

static int open_group(struct run *run, int group)
{
	int status = device_list_init(&run->devices, run->plan->count);

	if (status != STATUS_OK)
		return status;
	add_tasks(run, group);
	for (int i = 0; i < run->devices.count && status == STATUS_OK; i++)
		status = device_open(&run->devices.device[i]);
	for (int i = run->first; i < run->task_count && status == STATUS_OK; i++) {
		if (run->plan->count > 1)
			msg_set_place(run->tasks[i].section->name);
		status = task_init(&run->tasks[i]);
		msg_set_place(NULL);
	}
	return status;
}

static int start_task(struct task *task, int *count)
{
	int err = 0;

	for (int i = 0; i < task->job_count && !err; i++) {
		err = job_start(&task->jobs[i]);
		*count += !err;
	}
	return err;
}

/* Make the threads, with the signals blocked in them. 0, or an errno if only *count were made. */
static int start_jobs(struct run *run, int *count)
{
	sigset_t signals, old;
	int err = 0;

	*count = 0;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, &old);
	for (int i = run->first; i < run->task_count && !err; i++)
		err = start_task(&run->tasks[i], count);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void enter_all(struct run *run, enum phase phase)
{
	for (int i = run->first; i < run->task_count; i++)
		task_enter(&run->tasks[i], phase);
}

/* Let all jobs end early if there is a reason to. */
static void look_for_end(struct run *run)
{
	run->interrupted |= got_signal;
	if (run->interrupted || atomic_load_explicit(&run->sync.failed, memory_order_relaxed))
		enter_all(run, PHASE_ABORT);
}

/* Wait until all threads are prepared and let them go at the same moment. */
static void release_jobs(struct run *run, int count)
{
	for (int i = 0; i < count; i++)
		while (sem_wait(&run->sync.ready) < 0)
			look_for_end(run); /* a signal: no need to prepare any further */
	look_for_end(run);
	run->start_ns = clock_ns();
	for (int i = run->first; i < run->task_count; i++)
		task_start(&run->tasks[i], run->start_ns);
	for (int i = 0; i < count; i++)
		sem_post(&run->sync.go);
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec) { .tv_sec = (time_t)(ns / NS_PER_SEC),
				   .tv_nsec = (long)(ns % NS_PER_SEC) };
}

/* Let the tasks know the time; when the main thread has something to do next. */
static uint64_t tick(struct run *run, uint64_t now_ns)
{
	uint64_t seconds = (now_ns - run->start_ns) / NS_PER_SEC + 1;
	uint64_t wake_ns = run->start_ns + seconds * NS_PER_SEC;
	uint64_t sample_ns = timeline_tick(&run->timeline, run, now_ns);

	for (int i = run->first; i < run->task_count; i++) {
		uint64_t next_ns = task_tick(&run->tasks[i], now_ns);

		wake_ns = next_ns < wake_ns ? next_ns : wake_ns;
	}
	return sample_ns < wake_ns ? sample_ns : wake_ns;
}

/* Until all the jobs have ended. */
static void watch(struct run *run, int running)
{
	while (running > 0) {
		struct timespec wake;

		look_for_end(run);
		wake = to_timespec(tick(run, clock_ns()));
		if (sem_clockwait(&run->sync.finished, CLOCK_MONOTONIC, &wake) == 0)
			running--;
		else if (errno == ETIMEDOUT)
			live_update(&run->live, run, clock_ns());
	}
}

static void join(struct run *run, int count)
{
	for (int i = run->first; i < run->task_count; i++)
		for (int j = 0; j < run->tasks[i].job_count && count > 0; j++, count--)
			pthread_join(run->tasks[i].jobs[j].thread, NULL);
}

static int run_group(struct run *run)
{
	int count, err;

	err = start_jobs(run, &count);
	if (err) /* those that were made see this and end at once */
		enter_all(run, PHASE_ABORT);
	release_jobs(run, count);
	live_start(&run->live, run);
	watch(run, count);
	live_finish(&run->live);
	join(run, count);
	return err ? msg_failed("cannot start a thread: %s", strerror(err)) : STATUS_OK;
}

int run_go(struct run *run)
{
	int groups = plan_groups(run->plan);
	int status = STATUS_OK;

	take_signals();
	stamp_init();
	for (int group = 0; group < groups && status == STATUS_OK; group++) {
		run->interrupted |= got_signal;
		if (run->interrupted)
			break;
		status = open_group(run, group);
		if (status == STATUS_OK)
			status = run_group(run);
		device_list_finish(&run->devices);
		if (run_failed_job(run))
			break;
	}
	run->broken_off = status != STATUS_OK;
	return status;
}

const struct job *run_failed_job(const struct run *run)
{
	for (int i = 0; i < run->task_count; i++)
		for (int j = 0; j < run->tasks[i].job_count; j++)
			if (run->tasks[i].jobs[j].error[0])
				return &run->tasks[i].jobs[j];
	return NULL;
}

const char *run_error(const struct run *run)
{
	const struct job *failed = run_failed_job(run);

	if (failed)
		return failed->error;
	if (run->broken_off)
		return msg_last();
	if (run->interrupted || run_has_results(run))
		return NULL;
	return "no job came to the measurement; --runtime is shorter than a request takes";
}

bool run_has_results(const struct run *run)
{
	for (int i = 0; i < run->task_count; i++)
		for (int j = 0; j < run->tasks[i].job_count; j++)
			if (job_counted(&run->tasks[i].jobs[j]))
				return true;
	return false;
}
