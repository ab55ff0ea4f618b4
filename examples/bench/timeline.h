/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many requests were done when, for --plot. The main thread looks at the jobs' counters now and
 * then; when there are too many samples every second one is dropped and the interval is doubled.
 */
#ifndef BENCH_TIMELINE_H
#define BENCH_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

struct run;

enum {
	TIMELINE_MAX = 1024
};

struct timeline {
	bool on;
	int series; /* one for each task and kind of request */
	int count;
	uint64_t interval_ns, next_ns;
	uint64_t time_ns[TIMELINE_MAX];
	uint64_t *done; /* series of them for each sample: the totals so far */
};

/* The result is a status; finish fits after any. */
int timeline_init(struct timeline *t, int series);
void timeline_finish(struct timeline *t);
/* Take a sample, if it is time to; the result is when to come again. */
uint64_t timeline_tick(struct timeline *t, const struct run *run, uint64_t now_ns);

/* Requests per second of a series between two samples. */
double timeline_rate(const struct timeline *t, int series, int from, int to);

#endif /* BENCH_TIMELINE_H */
