// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The live line: share done, IOPS and bandwidth of the last second, time to go.
 */
#include "live.h"

#include <stdio.h>
#include <unistd.h>

#include "../common/number.h"

static uint64_t total_done(const struct run *run)
{
	uint64_t done = 0;

	for (int i = 0; i < run->job_count; i++)
		done += atomic_load_explicit(&run->jobs[i].done, memory_order_relaxed);
	return done;
}

void live_init(struct live *live, const struct run *run)
{
	*live = (struct live) { .last_ns = run->start_ns };
	live->on = run->o->eta == ETA_ALWAYS || (run->o->eta == ETA_AUTO && isatty(STDERR_FILENO));
}

/* 0 to 1: how much of the run is behind us, by time or by requests, whichever ends first. */
static double share_done(const struct run *run, uint64_t done, uint64_t elapsed_ns)
{
	uint64_t runtime = run->o->runtime_ns;
	double by_time = runtime ? (double)elapsed_ns / (double)runtime : 0;
	double by_count = run->total ? (double)done / (double)run->total : 0;
	double share = by_time > by_count ? by_time : by_count;

	return share < 1 ? share : 1;
}

void live_update(struct live *live, const struct run *run, uint64_t now_ns)
{
	char iops[NUMBER_TEXT_LEN], rate[NUMBER_TEXT_LEN], eta[NUMBER_TEXT_LEN];
	uint64_t done = total_done(run);
	double elapsed = (double)(now_ns - run->start_ns);
	double share = share_done(run, done, now_ns - run->start_ns);
	double seconds = (double)(now_ns - live->last_ns) / 1e9;
	double per_s = seconds > 0 ? (double)(done - live->last_done) / seconds : 0;

	if (!live->on)
		return;
	number_count(iops, per_s);
	number_size(rate, per_s * (double)run->o->bs);
	if (share > 0)
		number_clock(eta, (uint64_t)(elapsed * (1 - share) / share / 1e9 + 0.5));
	fprintf(stderr, "\r%s: %3.0f %%, %s IOPS, %s/s, %s to go\033[K", options_rw_name(run->o),
		share * 100, iops, rate, share > 0 ? eta : "?");
	fflush(stderr);
	live->last_ns = now_ns;
	live->last_done = done;
}

void live_finish(const struct live *live)
{
	if (live->on)
		fputs("\r\033[K", stderr);
}
