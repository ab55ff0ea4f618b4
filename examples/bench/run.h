/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A run: all jobs from the common start until the last one has ended.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <semaphore.h>

#include "job.h"

struct run {
	struct job_group group;
	struct job *jobs;
	int job_count;
	const struct bench_options *o;
	uint64_t total;    /* requests that will be done; 0: as many as the time allows */
	sem_t finished;    /* posted by each job when it ends */
	uint64_t start_ns; /* seen by the main thread; for the clock and the live line */
	bool interrupted;  /* by SIGINT or SIGTERM */
};

/* The results are statuses; run_finish() fits after any of them. */
int run_init(struct run *run, const struct bench_options *o, const struct device *dev);
/* Run the jobs to their end. A job that fails leaves its text in the job. */
int run_go(struct run *run);
void run_finish(struct run *run);

#endif /* BENCH_RUN_H */
