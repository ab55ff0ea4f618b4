/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A virtqueue as the device sees it, split or packed.
 *
 * The first half of struct vring is what the front-end said about it; it changes only while the
 * queue's thread is held (worker.h). The second half is the thread's own. Nothing that was written
 * to the ring is ever read back to make a decision.
 *
 * Requests are done one after the other, in the order in which they were made available, and are
 * used in that order too. With a delay, those that are done wait in a queue until they are due.
 */
#ifndef SERVER_VRING_H
#define SERVER_VRING_H

#include <stdbool.h>
#include <stdint.h>

#include "chain.h"

enum {
	VRING_MAX_NUM = 32768,
	VRING_BATCH = 32, /* requests that are served before others get their turn */
};

struct blk;
struct vring;

struct vring_ops {
	/* First look at the memory of a ring that was started. */
	void (*begin)(struct vring *vq);
	/* Do what is available, at most VRING_BATCH requests, and return how many. */
	int (*serve)(struct vring *vq, struct chain *c);
	/* Write a used element; publish() makes all of them seen and notifies if that is wanted. */
	void (*put)(struct vring *vq, uint16_t id, uint16_t n_desc, uint32_t len);
	void (*publish)(struct vring *vq);
	/* Ask for kicks. True if something is available already: no kick will come for that. */
	bool (*enable_kicks)(struct vring *vq);
	void (*disable_kicks)(struct vring *vq);
	/* Where the ring stands, as GET_VRING_BASE wants it. */
	uint32_t (*base)(const struct vring *vq);
};

extern const struct vring_ops vring_split_ops, vring_packed_ops;

/* A request that is done but not due. */
struct vring_pending {
	uint64_t due_ns;
	uint32_t len;
	uint16_t id, n_desc;
};

/*
 * What outlives us if the front-end keeps it (GET_INFLIGHT_FD): up to where a packed ring was used.
 * A split ring has that in its used index.
 */
struct vring_inflight {
	uint32_t valid;
	uint32_t base;
};

struct vring {
	unsigned int index;
	unsigned int num;
	uint32_t base;
	uint64_t desc_user, driver_user, device_user;
	bool has_addr, enabled, kicked;
	int kick_fd, call_fd, err_fd;
	struct vring_inflight *inflight; /* NULL: not asked for */

	const struct vring_ops *ops;
	const struct mem *mem;
	struct blk *blk;
	bool running, fresh, broken;
	bool event_idx, indirect;
	union {
		struct split_desc *desc;
		struct packed_desc *ring;
	};
	union {
		struct split_avail *avail;
		const struct packed_event *driver_event;
	};
	union {
		struct split_used *used;
		struct packed_event *device_event;
	};
	unsigned int in_flight;       /* packed: places taken that are not used yet */
	uint16_t avail_idx, used_idx; /* split: free-running; packed: places in the ring */
	uint16_t signalled_idx;       /* split: used_idx when an interrupt was last thought of */
	unsigned int unsignalled;     /* packed: places used since then */
	uint16_t kick_idx;            /* split: the avail_event that was written last */
	bool avail_wrap, used_wrap;   /* packed */

	struct vring_pending *pending; /* num entries, NULL without a delay */
	unsigned int pending_head, n_pending;
};

void vring_init(struct vring *vq, unsigned int index, const struct mem *mem, struct blk *blk);
/* Forget what the front-end said and close its fds. The ring is stopped. */
void vring_reset(struct vring *vq);

/* Start with these features. NULL, or what is wrong. */
const char *vring_start(struct vring *vq, uint64_t features);
/* Stop; requests that wait to be due are used now. vq->base says where the ring stands. */
void vring_stop(struct vring *vq);
/* The memory table has changed: find the ring again. NULL, or what is wrong. */
const char *vring_resolve(struct vring *vq);

/* Do what there is to do, and return how many requests came or went. */
int vring_serve(struct vring *vq, struct chain *c);
/* When the next request is due; 0 if none waits. */
uint64_t vring_due_ns(const struct vring *vq);

/* For the formats: execute a request whose buffers are in c. False if the ring is broken now. */
bool vring_execute(struct vring *vq, struct chain *c);
/* Interrupt the front-end. */
void vring_call(struct vring *vq);
/* Stop serving the ring for good. Prints what is wrong. Returns false. */
bool vring_break(struct vring *vq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The table behind an indirect descriptor, *n entries of 16 bytes; NULL if the ring is broken now.
 */
const void *vring_indirect(struct vring *vq, struct chain *c, uint64_t addr, uint32_t len,
			   uint32_t *n);

/* Has `idx` gone past `event` on the way from `old`? (VIRTIO specification, 2.7.10) */
static inline bool vring_need_event(uint16_t event, uint16_t idx, uint16_t old)
{
	return (uint16_t)(idx - event - 1) < (uint16_t)(idx - old);
}

/*
 * Shared fields are read and written once each. Acquire: what the front-end wrote before is seen.
 * Release: what we wrote before is seen by whoever sees this.
 */
static inline uint16_t shared_read(const uint16_t *at)
{
	return le16toh(__atomic_load_n(at, __ATOMIC_RELAXED));
}

static inline uint16_t shared_read_acquire(const uint16_t *at)
{
	return le16toh(__atomic_load_n(at, __ATOMIC_ACQUIRE));
}

static inline void shared_write(uint16_t *at, uint16_t value)
{
	__atomic_store_n(at, htole16(value), __ATOMIC_RELAXED);
}

static inline void shared_write_release(uint16_t *at, uint16_t value)
{
	__atomic_store_n(at, htole16(value), __ATOMIC_RELEASE);
}

/* Our store before this and our load after it are not swapped: a wake-up would be lost. */
static inline void store_before_load(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif /* SERVER_VRING_H */
