// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How many requests were done when.
 */
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#include "../common/msg.h"
#include "run.h"

enum {
	FIRST_INTERVAL_NS = 50 * 1000 * 1000
};

int timeline_init(struct timeline *t, int series)
{
	*t = (struct timeline) { .on = true, .series = series, .interval_ns = FIRST_INTERVAL_NS };
	t->done = calloc((size_t)series * TIMELINE_MAX, sizeof(*t->done));
	return t->done ? STATUS_OK : msg_failed("out of memory");
}

void timeline_finish(struct timeline *t)
{
	free(t->done);
}

static uint64_t *sample(const struct timeline *t, int index)
{
	return t->done + (size_t)index * (size_t)t->series;
}

static void drop_every_second(struct timeline *t)
{
	size_t bytes = (size_t)t->series * sizeof(*t->done);

	t->count /= 2;
	for (int i = 1; i < t->count; i++) {
		int from = 2 * i;

		t->time_ns[i] = t->time_ns[from];
		memcpy(sample(t, i), sample(t, from), bytes);
	}
	t->interval_ns *= 2;
}

uint64_t timeline_tick(struct timeline *t, const struct run *run, uint64_t now_ns)
{
	uint64_t *done;

	if (!t->on)
		return UINT64_MAX;
	if (now_ns < t->next_ns)
		return t->next_ns;
	if (t->count == TIMELINE_MAX)
		drop_every_second(t);
	done = sample(t, t->count);
	for (int i = 0; i < t->series; i++)
		done[i] = i / OP_COUNT < run->task_count
				  ? task_done(&run->tasks[i / OP_COUNT], i % OP_COUNT)
				  : 0;
	t->time_ns[t->count++] = now_ns;
	t->next_ns = now_ns + t->interval_ns;
	return t->next_ns;
}

double timeline_rate(const struct timeline *t, int series, int from, int to)
{
	double seconds = (double)(t->time_ns[to] - t->time_ns[from]) / 1e9;
	double done = (double)(sample(t, to)[series] - sample(t, from)[series]);

	return seconds > 0 ? done / seconds : 0;
}
