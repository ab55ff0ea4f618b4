// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How many requests were done when.
 */
#include "timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

enum {
	FIRST_INTERVAL_NS = 50 * 1000 * 1000,
	STATS_INTERVAL_NS = 500 * 1000 * 1000,
};

bool timeline_init(struct timeline *t, int jobs)
{
	*t = (struct timeline) { .series = jobs * OP_COUNT, .interval_ns = FIRST_INTERVAL_NS };
	t->done = calloc((size_t)t->series * TIMELINE_MAX, sizeof(*t->done));
	t->on = t->done;
	return t->on;
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

/* The result is where the next task's numbers are. */
static uint64_t *note_task(uint64_t *done, const struct task *task)
{
	for (int i = 0; i < task->job_count; i++)
		for (int op = 0; op < OP_COUNT; op++)
			*done++ = job_done(&task->jobs[i], op);
	return done;
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
	memset(done, 0, (size_t)t->series * sizeof(*done));
	for (int i = 0; i < run->task_count; i++)
		done = note_task(done, &run->tasks[i]);
	t->time_ns[t->count++] = now_ns;
	t->next_ns = now_ns + t->interval_ns;
	return t->next_ns;
}

static uint64_t done_by(const struct timeline *t, const struct timeline_part *part, int index)
{
	const uint64_t *done = sample(t, index) + (size_t)part->first * OP_COUNT;
	uint64_t sum = 0;

	for (int i = 0; i < part->count; i++)
		sum += done[i * OP_COUNT + part->op];
	return sum;
}

double timeline_rate(const struct timeline *t, const struct timeline_part *part, int from, int to)
{
	double seconds = (double)(t->time_ns[to] - t->time_ns[from]) / 1e9;
	double done = (double)(done_by(t, part, to) - done_by(t, part, from));

	return seconds > 0 ? done / seconds : 0;
}

bool timeline_between(const struct timeline *t, uint64_t start_ns, uint64_t end_ns, int *from,
		      int *to)
{
	*from = 0;
	*to = t->count - 1;
	while (*from < t->count && t->time_ns[*from] < start_ns)
		++*from;
	while (*to >= 0 && t->time_ns[*to] > end_ns)
		--*to;
	return *to > *from;
}

static void add_rate(struct timeline_stats *s, double *squares, double rate)
{
	double distance = rate - s->mean;

	s->min = s->samples == 0 || rate < s->min ? rate : s->min;
	s->max = rate > s->max ? rate : s->max;
	s->samples++;
	s->mean += distance / s->samples;
	*squares += distance * (rate - s->mean);
}

struct timeline_stats timeline_stats(const struct timeline *t, const struct timeline_part *part,
				     uint64_t start_ns, uint64_t end_ns)
{
	struct timeline_stats s = { 0 };
	double squares = 0;
	int from, last;

	if (!timeline_between(t, start_ns, end_ns, &from, &last))
		return s;
	for (int to = from + 1; to <= last; to++) {
		if (t->time_ns[to] - t->time_ns[from] < STATS_INTERVAL_NS)
			continue;
		add_rate(&s, &squares, timeline_rate(t, part, from, to));
		from = to;
	}
	s.stdev = s.samples ? sqrt(squares / s.samples) : 0;
	return s;
}
