// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See mem_view.h.
 */
#include "lib/mem_view.h"

#include <stdlib.h>

static unsigned int current_generation(const struct mem_view *v)
{
	return atomic_load_explicit(&v->table->generation, memory_order_relaxed);
}

void mem_view_init(struct mem_view *v, const struct mem_table *table)
{
	*v = (struct mem_view) { .table = table };
	v->generation = current_generation(v) - 1;
}

void mem_view_finish(struct mem_view *v)
{
	free(v->extents);
	v->extents = NULL;
}

void mem_view_clear(struct mem_view *v)
{
	v->last = (struct mem_extent) { 0 };
	v->len = 0;
}

bool mem_view_add(struct mem_view *v, uintptr_t addr, size_t len, uint64_t value)
{
	if (v->len == v->cap) {
		unsigned int cap = v->cap ? 2 * v->cap : 8;
		struct mem_extent *extents = reallocarray(v->extents, cap, sizeof(*extents));

		if (!extents)
			return false;
		v->extents = extents;
		v->cap = cap;
	}
	v->extents[v->len++] = (struct mem_extent) { addr, len, value };
	return true;
}

void mem_view_commit(struct mem_view *v)
{
	v->generation = current_generation(v);
}

const struct mem_extent *mem_view_search(struct mem_view *v, uintptr_t addr, size_t len)
{
	for (unsigned int i = 0; i < v->len; i++) {
		if (mem_extent_has(&v->extents[i], addr, len)) {
			v->last = v->extents[i];
			return &v->last;
		}
	}
	return NULL;
}
