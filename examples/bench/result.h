/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What came out of a job, or of all jobs together, and the reports made of it.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include "device.h"
#include "run.h"

struct result {
	uint64_t requests, bytes, failed;
	double seconds; /* from the first request to the last completion */
	double iops, bytes_per_s;
	struct cpu_use cpu;
	struct histogram lat;
};

void result_of_job(struct result *r, const struct job *job);
/* All jobs; the time is from the first start to the last end. */
void result_of_run(struct result *r, const struct run *run);
/* The first error of the run, or NULL. */
const char *result_error(const struct run *run);

/* The percentiles that are shown, in units of 0.01 %; ends with 0. */
extern const unsigned int result_percentiles[];

void report_text(const struct run *run, const struct device *dev);
void report_json(const struct run *run, const struct device *dev);

#endif /* BENCH_RESULT_H */
