/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The line on stderr that tells a person at a terminal how the run is going.
 */
#ifndef BENCH_LIVE_H
#define BENCH_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct run;

struct live {
	bool on;
	uint64_t last_ns; /* at the last update; rates are since then */
	double last_done, last_bytes;
};

void live_init(struct live *live, int eta);
/* The run's group starts. */
void live_start(struct live *live, const struct run *run);
void live_update(struct live *live, const struct run *run, uint64_t now_ns);
/* Erase the line. */
void live_finish(const struct live *live);

#endif /* BENCH_LIVE_H */
