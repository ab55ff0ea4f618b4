/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A section in execution: its device, the area that is used, the buffers, the jobs, the clock.
 */
#ifndef BENCH_TASK_H
#define BENCH_TASK_H

#include "device.h"
#include "job.h"
#include "plan.h"

struct task {
	const struct section *section;
	const struct bench_options *o;
	struct device *dev; /* until its group has ended */
	const char *driver; /* what "auto" stands for is known only now */
	int first_queue;
	int first_job;                  /* of all jobs of the plan */
	uint64_t area_bytes;            /* from o->offset on; whole blocks */
	struct blkio_mem_region region; /* the buffers of all jobs */
	size_t buffer_bytes;            /* from one buffer of a job to the next */
	size_t job_bytes;               /* from one job's buffers to the next one's */
	struct job *jobs;
	int job_count;
	bool begun;                /* its jobs were let go; only then it has results */
	uint64_t total;            /* requests to do; 0: as many as the time allows */
	uint64_t start_ns, end_ns; /* of the measurement, as the main thread plans it */
	struct job_control control;
};

/* Find the place on a device that is open, map buffers, make the jobs. The result is a status. */
int task_init(struct task *task);
void task_finish(struct task *task);

/* Plan the times; the jobs start now. */
void task_start(struct task *task, uint64_t now_ns);
/* Let the jobs know what time it is; the result is when to come back. */
uint64_t task_tick(struct task *task, uint64_t now_ns);
/* Enter a phase, unless a later one has been entered already. */
void task_enter(struct task *task, enum phase phase);
bool task_aborted(const struct task *task);

/* Requests done in the measurement so far. */
uint64_t task_done(const struct task *task, enum op op);

/* The queue and the buffers of a job; both counts begin at 0. */
struct blkioq *task_queue(const struct task *task, int job);
void *task_buffer(const struct task *task, int job, int index);

#endif /* BENCH_TASK_H */
