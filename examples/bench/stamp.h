/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Time stamps in ns, cheaper than clock_gettime(): the processor's time stamp counter, where the
 * kernel trusts it as its own clock. They count from some point in the past and are only for
 * differences to other stamps.
 */
#ifndef BENCH_STAMP_H
#define BENCH_STAMP_H

#include <stdbool.h>
#include <stdint.h>

struct stamp_clock {
	bool counter;         /* use it; else clock_gettime() */
	uint64_t start;       /* of the counter */
	uint64_t ns_per_2_32; /* ns for 2^32 counts */
};

extern struct stamp_clock stamp_clock;

/* Once, before threads are made. Takes some milliseconds. */
void stamp_init(void);

/* CLOCK_MONOTONIC. */
uint64_t clock_ns(void);

static inline uint64_t stamp_ns(void)
{
#ifdef __x86_64__
	if (__builtin_expect(stamp_clock.counter, 1)) {
		uint64_t count = __builtin_ia32_rdtsc() - stamp_clock.start;

		return (uint64_t)((unsigned __int128)count * stamp_clock.ns_per_2_32 >> 32);
	}
#endif
	return clock_ns();
}

#endif /* BENCH_STAMP_H */
