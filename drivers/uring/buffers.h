/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Mapped memory regions as registered buffers of a ring: the kernel then need not look up and pin
 * the pages of each request. Only an optimization: whatever goes wrong, requests go on without.
 *
 * Registered memory stays pinned. What the application later does to the address range, such as
 * madvise(MADV_DONTNEED) on the RAM of a guest, would part its view of the memory from the
 * kernel's. So regions that the library has allocated are always registered, others only if
 * the application says so (property pin-mem-regions).
 */
#ifndef DRIVERS_URING_BUFFERS_H
#define DRIVERS_URING_BUFFERS_H

#include "drivers/uring/ring.h"
#include "lib/mem_view.h"

#define URING_MAX_BUFS 64 /* the rest of the regions is simply not registered */

/* A registered buffer. Other memory may come to lie at the address: the mapping has a number. */
struct uring_buf {
	uintptr_t addr;
	size_t len; /* 0: nothing is registered at this index */
	uint64_t map_id;
};

/*
 * How much memory an instance may pin. The kernel counts against RLIMIT_MEMLOCK, and so does it
 * with what rings need themselves: buffers must not use up all of it.
 */
struct uring_pin_budget {
	uint64_t limit_bytes;
	_Atomic uint64_t used_bytes;
};

void uring_pin_budget_init(struct uring_pin_budget *p);

struct uring_bufs {
	struct mem_view view; /* the queue's thread looks here; the value is the index */
	struct mem_table *mem;
	struct uring *ring;
	struct uring_pin_budget *budget;
	struct uring_buf registered[URING_MAX_BUFS]; /* what the kernel has; under mem->lock */
	bool pin_all;                                /* pin-mem-regions */
	bool lazy; /* only the queue's thread may register (single-issuer) */
	bool has_table;
	bool unusable; /* the kernel has no such table */
	bool hidden;   /* registered, but not to be used */
};

/* In a control thread: a new queue has the regions that are mapped now. */
void uring_bufs_init(struct uring_bufs *t, struct uring *ring, struct blkio *b,
		     struct uring_pin_budget *budget, bool pin_all);
/* Before the end of the ring: what is pinned must be free again when that returns. */
void uring_bufs_finish(struct uring_bufs *t);

/*
 * In a control thread: a region is about to be in the table, or to leave it. Pinning can take long,
 * so no lock is held for that. Does nothing when only the queue's own thread may do it, which
 * does so when it sees that the table has changed.
 */
void uring_bufs_add(struct uring_bufs *t, const struct mem_entry *entry);
void uring_bufs_remove(struct uring_bufs *t, const struct mem_entry *entry);

/* In the queue's thread: the kernel turned out not to take them. Nothing is found any more. */
void uring_bufs_hide(struct uring_bufs *t);

/* Look at all buffers, after an update of the private copy if it is due. */
int uring_bufs_search(struct uring_bufs *t, uintptr_t addr, size_t len);

#define URING_BUFS_NONE (-1)

/* The index of the registered buffer in which [addr, addr + len) lies, or URING_BUFS_NONE. */
static inline int uring_bufs_find(struct uring_bufs *t, const void *addr, size_t len)
{
	if (mem_view_is_current(&t->view) && mem_view_hit(&t->view, (uintptr_t)addr, len))
		return (int)t->view.last.value;
	return uring_bufs_search(t, (uintptr_t)addr, len);
}

#endif
