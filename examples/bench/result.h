/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What came out of a job, or of several together, and the reports made of it.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include "run.h"

/* One kind of request. */
struct op_result {
	bool used; /* the jobs make such requests */
	uint64_t requests, bytes, failed;
	double iops, bytes_per_s;
	struct histogram slat, clat, lat;
};

struct result {
	int jobs;
	uint64_t start_ns, end_ns; /* from the first start to the last completion, if seconds */
	double seconds;
	struct cpu_use cpu;
	uint64_t depth[DEPTH_LEVELS];
	struct op_result op[OP_COUNT];

	/* --verify */
	bool verify, verify_complete;
	uint64_t checked, wrong; /* blocks */
	double verify_seconds;   /* of the job that took the longest to read back */
};

/* A result is large, and made in three steps: init, any number of adds, finish. */
void result_init(struct result *r);
void result_add_job(struct result *r, const struct job *job);
void result_add_task(struct result *r, const struct task *task);
void result_finish(struct result *r);

/* The part of the timeline that is a task, or one of its jobs. */
struct timeline_part task_part(const struct task *task, enum op op);
struct timeline_part job_part(const struct job *job, enum op op);

uint64_t result_requests(const struct result *r);

/* The percentiles that are shown, in units of 0.01 %; ends with 0. */
extern const unsigned int result_percentiles[];

/* The results are statuses. */
void report_text(const struct run *run);
void report_json(const struct run *run);

#endif /* BENCH_RESULT_H */
