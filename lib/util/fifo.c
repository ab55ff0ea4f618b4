// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fifo.h.
 */
#include "lib/util/fifo.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util/compiler.h"

#define FIFO_MIN_CAP 16u
#define FIFO_MAX_CAP (1u << 31)

void fifo_init(struct fifo *f, size_t item_size)
{
	*f = (struct fifo) { .item_size = (uint32_t)item_size };
}

void fifo_finish(struct fifo *f)
{
	free(f->items);
	fifo_init(f, f->item_size);
}

/* Copies the items to the start of `to`, oldest first. */
static void fifo_unroll(const struct fifo *f, char *to)
{
	uint32_t till_end = f->cap - f->head;
	uint32_t first = f->count < till_end ? f->count : till_end;

	if (!f->count)
		return;
	memcpy(to, fifo_front(f), (size_t)first * f->item_size);
	memcpy(to + (size_t)first * f->item_size, f->items,
	       (size_t)(f->count - first) * f->item_size);
}

bool fifo_reserve(struct fifo *f, uint32_t n)
{
	uint32_t cap = f->cap ? f->cap : FIFO_MIN_CAP;
	char *items;

	if (n <= f->cap)
		return true;
	if (n > FIFO_MAX_CAP)
		return false;
	while (cap < n)
		cap *= 2;
	items = calloc(cap, f->item_size);
	if (!items)
		return false;
	fifo_unroll(f, items);
	free(f->items);
	f->items = items;
	f->head = 0;
	f->cap = cap;
	return true;
}

void *fifo_push_back(struct fifo *f)
{
	uint32_t tail;

	if (unlikely(f->count == f->cap) && !fifo_reserve(f, f->count + 1))
		return NULL;
	tail = (f->head + f->count++) & (f->cap - 1);
	return f->items + (size_t)tail * f->item_size;
}

void *fifo_push_front(struct fifo *f)
{
	if (unlikely(f->count == f->cap) && !fifo_reserve(f, f->count + 1))
		return NULL;
	f->head = (f->head - 1) & (f->cap - 1);
	f->count++;
	return fifo_front(f);
}
