/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A queue's private copy of what it needs of the table of memory regions: address ranges, and a
 * number that each has for the driver (its address for the device, or the index of a registered
 * buffer). Made anew when the table's generation has moved on; see mem_region.h.
 */
#ifndef LIB_MEM_VIEW_H
#define LIB_MEM_VIEW_H

#include "lib/mem_region.h"
#include "lib/util/compiler.h"

struct mem_extent {
	uintptr_t addr;
	size_t len;
	uint64_t value;
};

struct mem_view {
	const struct mem_table *table;
	unsigned int generation; /* of the table, when this copy was made */
	unsigned int len;
	struct mem_extent last; /* the last hit */
	struct mem_extent *extents;
	unsigned int cap;
};

/* The first look-up will find that the copy is out of date. */
void mem_view_init(struct mem_view *v, const struct mem_table *table);
void mem_view_finish(struct mem_view *v);

/* Begin a new copy, with the table's lock held. */
void mem_view_clear(struct mem_view *v);
/* False when memory ran out; then the copy must be made anew at the next look-up. */
bool mem_view_add(struct mem_view *v, uintptr_t addr, size_t len, uint64_t value);
/* The copy is complete. */
void mem_view_commit(struct mem_view *v);

/* Look at all extents; the result is the last hit from then on. NULL if there is none. */
const struct mem_extent *mem_view_search(struct mem_view *v, uintptr_t addr, size_t len);

static inline bool mem_view_is_current(const struct mem_view *v)
{
	return likely(mem_table_unchanged(v->table, v->generation));
}

static inline bool mem_extent_has(const struct mem_extent *x, uintptr_t addr, size_t len)
{
	uintptr_t offset = addr - x->addr;

	return offset < x->len && len <= x->len - offset;
}

/* Whether [addr, addr + len) lies where the last hit was. The copy must be current. */
static inline bool mem_view_hit(const struct mem_view *v, uintptr_t addr, size_t len)
{
	return likely(mem_extent_has(&v->last, addr, len));
}

/* The extent, the last hit from then on, that [addr, addr + len) lies in; NULL if none. */
static inline const struct mem_extent *mem_view_find(struct mem_view *v, uintptr_t addr, size_t len)
{
	return mem_view_hit(v, addr, len) ? &v->last : mem_view_search(v, addr, len);
}

#endif
