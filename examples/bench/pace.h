/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pace: so many requests per second, evenly. Who falls behind catches up, but what is late by
 * more than PACE_LAG_NS is forgotten: a device that was stuck is not flooded afterwards.
 */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include <stdint.h>

enum {
	PACE_LAG_NS = 100 * 1000 * 1000
};

struct pace {
	uint64_t rate;    /* per second; 0: no pace */
	uint64_t base_ns; /* when the first of those in the count was due */
	uint64_t count;   /* made since then */
};

static inline uint64_t pace_due_ns(const struct pace *p)
{
	return p->base_ns + (uint64_t)((unsigned __int128)p->count * 1000000000 / p->rate);
}

/* How many of those that are wanted may be made now. */
static inline int pace_allows(struct pace *p, uint64_t now_ns, int want)
{
	uint64_t due_ns = pace_due_ns(p), late;

	if (due_ns > now_ns)
		return 0;
	if (now_ns - due_ns > PACE_LAG_NS) {
		p->base_ns = due_ns = now_ns - PACE_LAG_NS;
		p->count = 0;
	}
	late = 1 + (uint64_t)((unsigned __int128)(now_ns - due_ns) * p->rate / 1000000000);
	return late < (uint64_t)want ? (int)late : want;
}

#endif /* BENCH_PACE_H */
