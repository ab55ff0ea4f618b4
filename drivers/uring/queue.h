/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A queue on top of a ring: the requests in flight, those whose next step waits for room, the
 * registered buffers. For every driver that uses io_uring; which SQE a request needs, and what a
 * CQE means for it, is the driver's affair.
 */
#ifndef DRIVERS_URING_QUEUE_H
#define DRIVERS_URING_QUEUE_H

#include "drivers/uring/buffers.h"
#include "drivers/uring/ring.h"
#include "lib/driver.h"

/* No result is this: the request goes through the driver's step whatever happens. */
#define URING_EXPECT_NOTHING INT32_MIN

/*
 * A request in flight: one cache line. What is left of a transfer is `left` bytes at `start`; a
 * short one is resumed from there.
 */
struct uring_req {
	int32_t expect;    /* the result that completes the request, and well */
	uint32_t op_flags; /* BLKIO_OP_FLAGS() */
	/* One store clears these three. */
	uint16_t step;    /* what the kernel has now: an enum of the driver's; 0: data */
	uint16_t retries; /* in a row */
	uint32_t iovcnt;  /* iovecs left; 0 when buf is used */
	void *user_data;
	uint64_t start;
	uint64_t left;
	union {
		char *buf;
		const struct iovec *iov;
		struct blkio_zone *zones;
	};
	size_t skip;            /* bytes of iov[0] that are done */
	struct uring_req *next; /* in the list of free ones, or of those to issue again */
};

_Static_assert(sizeof(struct uring_req) == 64, "a request in flight is one cache line");

struct uring_queue {
	struct blkioq q;
	struct uring_req *free;
	struct uring ring;
	struct uring_bufs bufs;
	struct uring_req *again; /* requests whose next step is to be issued, in order */
	struct uring_req **again_tail;
	struct uring_req *reqs;
	/* Fill the SQE for the step that a request is at; the ring is not full. */
	void (*fill_step)(struct uring_queue *u, struct uring_req *req);
};

/*
 * A CQE that does not say req->expect. True: the request is complete, and c->ret set. False: it is
 * ready for its next step.
 */
typedef bool uring_step(struct uring_queue *u, struct uring_req *req,
			const struct io_uring_cqe *cqe, struct blkio_completion *c);

/*
 * Allocate a driver's queue of this size, which begins with a struct uring_queue, and make its core
 * part. 0 or -errno. From then on uring_queue_end() and uring_queue_free() undo it, and what of the
 * following has been done.
 */
int uring_queue_alloc(struct blkio *b, size_t size, const struct blkioq_ops *ops, bool poll,
		      struct uring_queue **up);
/* The ring is there: register the mapped regions, make the requests. 0 or -errno. */
int uring_queue_set_up(struct uring_queue *u, struct uring_pin_budget *budget, bool pin_all);
/*
 * Wait for what is in flight until the deadline, let go of memory, close the ring. False if the
 * kernel may still have some of it, and use memory that it was told of.
 */
bool uring_queue_end(struct uring_queue *u, int64_t deadline);
void uring_queue_free(struct uring_queue *u);

/* Ops of struct blkioq_ops and of struct blkio_driver as they are. */
int uring_queue_enter(struct blkioq *q, unsigned int want, struct blkio_wait *wait);
bool uring_queue_ready(struct blkioq *q);
void uring_queue_set_notify(struct blkioq *q, bool enable);
int uring_queues_map(struct blkio *b, struct mem_entry *entry);
void uring_queues_unmap(struct blkio *b, const struct mem_entry *entry);

/* The request's next step is issued as soon as the ring has room. */
void uring_queue_again(struct uring_queue *u, struct uring_req *req);

static inline struct uring_queue *to_uring_queue(struct blkioq *q)
{
	return container_of(q, struct uring_queue, q);
}

static inline enum blkio_op uring_op(const struct uring_req *req)
{
	return BLKIO_OP_OF(req->op_flags);
}

static inline bool uring_is_read(const struct uring_req *req)
{
	return uring_op(req) == BLKIO_OP_READ || uring_op(req) == BLKIO_OP_READV;
}

/*
 * Take a free request for a plain read or write, at its first step. The driver sets expect and
 * fills the SQE. NULL if there is no room.
 */
static always_inline struct uring_req *uring_queue_take_rw(struct uring_queue *u, uint64_t start,
							   void *buf, size_t len, void *user_data,
							   uint32_t op_flags)
{
	struct uring_req *req = u->free;

	if (unlikely(!req || uring_is_full(&u->ring)))
		return NULL;
	u->free = req->next;
	u->q.in_flight++;
	req->op_flags = op_flags;
	req->step = 0;
	req->retries = 0;
	req->iovcnt = 0;
	req->user_data = user_data;
	req->start = start;
	req->left = len;
	req->buf = buf;
	return req;
}

/*
 * The op reap, to be called with constants: is the ring one of big CQEs, what is the step. Looks at
 * `max` CQEs at most, so that requests which go on make it fewer completions: uring_queue_again()
 * has do_io come back.
 */
static always_inline int uring_queue_reap(struct blkioq *base, struct blkio_completion *completions,
					  int max, bool big, uring_step *step)
{
	struct uring_queue *u = to_uring_queue(base);
	struct uring *ring = &u->ring;
	struct blkio_completion *c = completions;
	struct uring_req *free = u->free; /* no step takes one from there */
	unsigned int head = *ring->cq_khead;
	/* Acquire: the CQEs were written before the tail. */
	unsigned int tail = load_acquire(ring->cq_ktail);

	if (tail - head > (unsigned int)max)
		tail = head + (unsigned int)max;
	for (; head != tail; head++) {
		const struct io_uring_cqe *cqe = &ring->cqes[(head & ring->cq_mask) << big];
		struct uring_req *req = (struct uring_req *)(uintptr_t)cqe->user_data;

		*c = (struct blkio_completion) { .user_data = req->user_data };
		if (unlikely(cqe->res != req->expect) && !step(u, req, cqe, c)) {
			uring_queue_again(u, req);
			continue;
		}
		c++;
		req->next = free;
		free = req;
	}
	u->free = free;
	/* Release: the CQEs are read before the kernel may write there again. */
	store_release(ring->cq_khead, head);
	return (int)(c - completions);
}

#endif
