/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory regions of an instance: those it allocated, and those that are mapped.
 *
 * Only control calls change the table, one at a time. They hold the lock just for the change and
 * then move the generation on; the slow part, telling the device, is before that. A queue keeps a
 * private copy of what it needs (mem_view.h); on each request it compares one number, and only
 * when that has changed takes the lock to copy again. So mapping in one thread does not disturb
 * queues that run in others, and no queue ever looks at a table that may be freed.
 */
#ifndef LIB_MEM_REGION_H
#define LIB_MEM_REGION_H

#include <blkio.h>
#include <pthread.h>
#include <stdatomic.h>

struct mem_entry {
	struct blkio_mem_region region;
	bool allocated; /* by blkio_alloc_mem_region() */
	bool mapped;
	uint64_t map_id; /* of this mapping; the next one at the same address has another */
	uint64_t iova;   /* for the driver: where the device sees a mapped region */
};

struct mem_table {
	pthread_mutex_t lock;
	atomic_uint generation; /* moves on whenever a mapped entry comes or goes */
	struct mem_entry *entries;
	unsigned int len;
	unsigned int cap;
	unsigned int nr_mapped;
	uint64_t last_map_id;
};

void mem_table_init(struct mem_table *t);
/* Frees what was allocated; the driver is gone and uses none of it. */
void mem_table_finish(struct mem_table *t);

/* Memory in a sealed file of its own. Beside the table: for a driver's rings. */
int mem_region_make(struct blkio_mem_region *r, size_t len);
void mem_region_release(const struct blkio_mem_region *r);

/* Whether a queue's private copy, made at `seen`, is still right. */
static inline bool mem_table_unchanged(const struct mem_table *t, unsigned int seen)
{
	return atomic_load_explicit(&t->generation, memory_order_relaxed) == seen;
}

#endif
