// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The live line: what runs, share done, IOPS and bandwidth of the last second, time to go.
 */
#include "live.h"

#include <stdio.h>
#include <unistd.h>

#include "../common/number.h"
#include "run.h"
#include "verify.h"

void live_init(struct live *live, int eta)
{
	live->on = eta == ETA_ALWAYS || (eta == ETA_AUTO && isatty(STDERR_FILENO));
}

void live_start(struct live *live, const struct run *run)
{
	*live = (struct live) { .on = live->on, .last_ns = run->start_ns };
}

static double requests_done(const struct task *task)
{
	double done = 0;

	for (int op = 0; op < OP_COUNT; op++)
		done += (double)task_done(task, op);
	return done;
}

/* 0 to 1: how much of a task is behind us, by time or by requests, whichever ends first. */
static double share_done(const struct task *task, uint64_t start_ns, uint64_t now_ns)
{
	double by_time = 0, by_count = 0;

	if (task->o->runtime_ns)
		by_time = (double)(now_ns - start_ns) / (double)(task->end_ns - start_ns);
	if (task->total)
		by_count = requests_done(task) / (double)task->total;
	return by_time > by_count ? by_time : by_count;
}

/* The group has come as far as its task that needs the most time. */
static double share_of_group(const struct run *run, uint64_t now_ns)
{
	double least = 1;

	for (int i = run->first; i < run->task_count; i++) {
		double share = share_done(&run->tasks[i], run->start_ns, now_ns);

		least = share < least ? share : least;
	}
	return least;
}

/* After the requests of a job, if it verifies them. */
static uint64_t blocks_read_back(const struct run *run)
{
	uint64_t checked = 0;

	for (int i = run->first; i < run->task_count; i++)
		for (int j = 0; j < run->tasks[i].job_count; j++) {
			const struct verify *v = run->tasks[i].jobs[j].verify;

			if (v && !v->reads)
				checked += atomic_load_explicit(&v->checked, memory_order_relaxed);
		}
	return checked;
}

static void print_names(const struct run *run)
{
	int more = run->task_count - run->first - 1;

	fprintf(stderr, "\r%s", run->tasks[run->first].section->name);
	if (more)
		fprintf(stderr, " and %d more", more);
}

void live_update(struct live *live, const struct run *run, uint64_t now_ns)
{
	char iops[NUMBER_TEXT_LEN], rate[NUMBER_TEXT_LEN], eta[NUMBER_TEXT_LEN];
	double elapsed = (double)(now_ns - run->start_ns);
	double seconds = (double)(now_ns - live->last_ns) / 1e9;
	double share, done = 0, bytes = 0;
	uint64_t checked = blocks_read_back(run);

	if (!live->on || seconds < 0.5)
		return;
	share = share_of_group(run, now_ns);
	for (int i = run->first; i < run->task_count; i++) {
		double of_task = requests_done(&run->tasks[i]);

		done += of_task;
		bytes += of_task * (double)run->tasks[i].o->bs;
	}
	number_count(iops, (done - live->last_done) / seconds);
	number_size(rate, (bytes - live->last_bytes) / seconds);
	if (share > 0)
		number_clock(eta, (uint64_t)(elapsed * (1 - share) / share / 1e9 + 0.5));
	print_names(run);
	if (checked)
		fprintf(stderr, ": %llu blocks verified\033[K", (unsigned long long)checked);
	else
		fprintf(stderr, ": %3.0f %%, %s IOPS, %s/s, %s to go\033[K", share * 100, iops,
			rate, share > 0 ? eta : "?");
	fflush(stderr);
	live->last_ns = now_ns;
	live->last_done = done;
	live->last_bytes = bytes;
}

void live_finish(const struct live *live)
{
	if (live->on)
		fputs("\r\033[K", stderr);
}
