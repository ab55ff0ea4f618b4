/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A growing first-in first-out buffer of items of one size.
 *
 * Memory is only allocated by fifo_reserve() and by a push into a full buffer, and only
 * fifo_finish() gives it back: a queue that has once been full has its memory for the next time.
 */
#ifndef LIB_UTIL_FIFO_H
#define LIB_UTIL_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fifo {
	uint32_t count;
	uint32_t head; /* index of the oldest item */
	uint32_t cap;  /* 0 or a power of two */
	uint32_t item_size;
	char *items;
};

void fifo_init(struct fifo *f, size_t item_size);
void fifo_finish(struct fifo *f);

/* Make room for n items in all; false when memory ran out, and then nothing has changed. */
bool fifo_reserve(struct fifo *f, uint32_t n);

/* Room for one more item at the back, or before the front; NULL when memory ran out. */
void *fifo_push_back(struct fifo *f);
void *fifo_push_front(struct fifo *f);

/* The oldest item; there must be one. */
static inline void *fifo_front(const struct fifo *f)
{
	return f->items + (size_t)f->head * f->item_size;
}

static inline void fifo_pop_front(struct fifo *f)
{
	f->head = (f->head + 1) & (f->cap - 1);
	f->count--;
}

#endif
