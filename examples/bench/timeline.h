/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many requests were done when, for --plot and for how even the rate was. The main thread looks
 * at the jobs' counters now and then; when there are too many samples every second one is dropped
 * and the interval is doubled.
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
	bool on;    /* there was memory for it */
	int series; /* one for each job and kind of request */
	int count;
	uint64_t interval_ns, next_ns;
	uint64_t time_ns[TIMELINE_MAX];
	uint64_t *done; /* series of them for each sample: the totals so far */
};

/* One kind of request of count jobs from the first on, of all jobs in the order of the plan. */
struct timeline_part {
	int first, count, op;
};

/* Rates per second, each over half a second, or more in long runs. */
struct timeline_stats {
	int samples;
	double min, max, mean, stdev; /* 0 if there are no samples */
};

/* False if there is no memory; all other functions fit after that too. */
bool timeline_init(struct timeline *t, int jobs);
void timeline_finish(struct timeline *t);
/* Take a sample, if it is time to; the result is when to come again. */
uint64_t timeline_tick(struct timeline *t, const struct run *run, uint64_t now_ns);

/* Requests per second between two samples. */
double timeline_rate(const struct timeline *t, const struct timeline_part *part, int from, int to);
/* The samples that are between two times; false if there are less than two. */
bool timeline_between(const struct timeline *t, uint64_t start_ns, uint64_t end_ns, int *from,
		      int *to);
struct timeline_stats timeline_stats(const struct timeline *t, const struct timeline_part *part,
				     uint64_t start_ns, uint64_t end_ns);

#endif /* BENCH_TIMELINE_H */
