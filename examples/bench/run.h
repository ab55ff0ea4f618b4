/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A run: the groups of a plan, one after the other; in each, all jobs from the common start until
 * the last one has ended.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "live.h"
#include "plan.h"
#include "task.h"
#include "timeline.h"

struct run {
	const struct plan *plan;
	struct task *tasks; /* one for each section of the plan */
	int task_count;     /* those that have been begun */
	int first;          /* of the group that runs now */
	struct device_list devices;
	struct job_sync sync;
	struct live live;
	struct timeline timeline;

	uint64_t start_ns; /* of the group, seen by the main thread */
	uint64_t id;       /* random: tells what was written from what an earlier run has */
	bool interrupted;  /* by SIGINT or SIGTERM */
	bool broken_off;   /* by what its message told: a device that could not be opened, say */
};

/* The results are statuses; run_finish() fits after any of them. */
int run_init(struct run *run, const struct plan *plan);
/* Run all groups to their end. A job that fails leaves its text in the job and ends the run. */
int run_go(struct run *run);
void run_finish(struct run *run);

/* The first job that has an error, or NULL. */
const struct job *run_failed_job(const struct run *run);
/* Of a run to the end: what is wrong with it, or NULL. */
const char *run_error(const struct run *run);
/* Whether there is something to report. */
bool run_has_results(const struct run *run);

#endif /* BENCH_RUN_H */
