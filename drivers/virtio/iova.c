// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See iova.h. There are few ranges, and they change rarely: an array in order will do.
 */
#include "drivers/virtio/iova.h"

#include <stdlib.h>
#include <string.h>

void iova_init(struct iova_space *s, iova_t first, iova_t last, uint64_t align)
{
	*s = (struct iova_space) { .first = first, .last = last, .align = align };
}

void iova_finish(struct iova_space *s)
{
	free(s->ranges);
	s->ranges = NULL;
	s->len = s->cap = 0;
}

static bool make_room(struct iova_space *s)
{
	unsigned int cap = s->cap ? 2 * s->cap : 8;
	struct iova_range *ranges;

	if (s->len < s->cap)
		return true;
	ranges = reallocarray(s->ranges, cap, sizeof(*ranges));
	if (!ranges)
		return false;
	s->ranges = ranges;
	s->cap = cap;
	return true;
}

/* Whether [start, start + len) ends before `end`, which does not belong to it. */
static bool fits(iova_t start, uint64_t len, iova_t end)
{
	return start <= end && len <= end - start;
}

/* Where a gap that begins at or after `at` can be used, aligned; the highest value if nowhere. */
static iova_t align_at(const struct iova_space *s, iova_t at)
{
	iova_t mask = s->align - 1;

	return at > UINT64_MAX - mask ? UINT64_MAX : (at + mask) & ~mask;
}

static void insert(struct iova_space *s, unsigned int i, iova_t start, uint64_t len)
{
	memmove(&s->ranges[i + 1], &s->ranges[i], (s->len - i) * sizeof(*s->ranges));
	s->ranges[i] = (struct iova_range) { start, len };
	s->len++;
}

int iova_reserve(struct iova_space *s, iova_t start, iova_t last)
{
	unsigned int i = 0;

	/* Only what lies in the space counts; there the end of a range does not overflow. */
	if (start < s->first)
		start = s->first;
	if (last > s->last)
		last = s->last;
	if (start > last)
		return 0;
	if (!make_room(s))
		return -ENOMEM;
	while (i < s->len && s->ranges[i].start < start)
		i++;
	insert(s, i, start, last - start + 1);
	return 0;
}

int iova_alloc(struct iova_space *s, uint64_t len, iova_t *iova)
{
	iova_t at = align_at(s, s->first);
	unsigned int i;

	if (!make_room(s))
		return -ENOMEM;
	for (i = 0; i < s->len && !fits(at, len, s->ranges[i].start); i++)
		at = align_at(s, s->ranges[i].start + s->ranges[i].len);
	/* The last address itself stays unused, so that an end is never past what fits. */
	if (i == s->len && !fits(at, len, s->last))
		return -ENOSPC;
	insert(s, i, at, len);
	*iova = at;
	return 0;
}

void iova_free(struct iova_space *s, iova_t iova)
{
	for (unsigned int i = 0; i < s->len; i++) {
		if (s->ranges[i].start != iova)
			continue;
		s->len--;
		memmove(&s->ranges[i], &s->ranges[i + 1], (s->len - i) * sizeof(*s->ranges));
		return;
	}
}
