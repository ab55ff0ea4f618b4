// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Time stamps.
 */
#include "stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/number.h"

struct stamp_clock stamp_clock;

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

#ifdef __x86_64__
enum {
	MEASURE_NS = 10 * 1000 * 1000, /* the longer, the more exact: some millionths */
	TRIES = 16,
};

/* A moment on both clocks. */
struct moment {
	uint64_t count, ns;
};

/* The kernel uses the counter only if it runs evenly, and the same on all processors. */
static bool kernel_trusts_counter(void)
{
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	char name[16] = "";

	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	return strcmp(name, "tsc\n") == 0;
}

/* The try with the least time in between is the one that nothing has interrupted. */
static struct moment look_at_both(void)
{
	struct moment best = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __builtin_ia32_rdtsc();
		uint64_t ns = clock_ns();
		uint64_t between = __builtin_ia32_rdtsc() - before;

		if (between < least) {
			least = between;
			best = (struct moment) { before + between / 2, ns };
		}
	}
	return best;
}

void stamp_init(void)
{
	struct timespec pause = { .tv_nsec = MEASURE_NS };
	struct moment a, b;

	if (stamp_clock.counter || !kernel_trusts_counter())
		return;
	a = look_at_both();
	nanosleep(&pause, NULL);
	b = look_at_both();
	if (b.count <= a.count || b.ns <= a.ns)
		return;
	stamp_clock.ns_per_2_32 =
		(uint64_t)(((unsigned __int128)(b.ns - a.ns) << 32) / (b.count - a.count));
	/* A second before now, so that no processor is before the start. */
	stamp_clock.start = a.count - (uint64_t)(((unsigned __int128)NS_PER_SEC << 32) /
						 stamp_clock.ns_per_2_32);
	stamp_clock.counter = true;
}
#else
void stamp_init(void)
{
}
#endif
