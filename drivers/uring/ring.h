/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One io_uring: set up, fill, submit, wait, look at completions. For every driver that uses
 * io_uring; what the SQEs and CQEs mean is the driver's affair.
 *
 * liburing sets the ring up and registers things. The rings themselves are used directly, so
 * that queueing writes only memory and that one call of uring_enter() is one system call.
 */
#ifndef DRIVERS_URING_RING_H
#define DRIVERS_URING_RING_H

#include <liburing.h>

#include "lib/driver.h"
#include "lib/util/barrier.h"
#include "lib/util/compiler.h"

/* The properties that every driver on io_uring has, see props.h; and what the driver needs. */
struct uring_config {
	int num_entries;
	bool single_issuer;
	bool sqpoll;
	int sqpoll_cpu; /* -1: any */
	int sqpoll_idle_ms;
	bool big; /* for commands that the kernel passes through: no property */
};

struct uring {
	/* submission: ours, then the kernel's */
	struct io_uring_sqe *sqes;
	unsigned int sq_mask;
	unsigned int sq_entries;
	unsigned int sq_tail;    /* the next SQE to fill, */
	unsigned int sq_limit;   /* unless it is this one */
	unsigned int sq_entered; /* up to here the kernel has taken them */
	unsigned int *sq_khead;
	unsigned int *sq_ktail;
	unsigned int *sq_kflags;
	/* completion */
	struct io_uring_cqe *cqes;
	unsigned int cq_mask;
	unsigned int cq_entries;
	unsigned int *cq_khead;
	unsigned int *cq_ktail;
	unsigned int *cq_kflags; /* NULL before Linux 5.8 */
	/* the rest is used once per system call, or less */
	unsigned int enter_flags;
	unsigned int setup_flags; /* what the kernel took of what we asked for */
	bool big;                 /* SQEs of 128 and CQEs of 32 bytes */
	unsigned int features;
	int enter_fd;
	int event_fd;     /* -1 on a poll ring */
	bool fixed_file;  /* file 0 is registered: use IOSQE_FIXED_FILE */
	bool first_enter; /* the thread of the first enter becomes the owner */
	uint64_t owner;   /* with single-issuer: the thread that entered first */
	struct io_uring io;
};

/*
 * Make a ring, with the best flags that the kernel knows. `file` is registered as file 0 if the
 * kernel lets us, else ring->fixed_file is false. event_fd is -1 for a ring that polls (IOPOLL).
 */
int uring_init(struct uring *r, const struct uring_config *config, int file, int event_fd);

/* Give all SQEs of a new ring the same content: one, or of a big ring two that make up one. */
void uring_preset(struct uring *r, const struct io_uring_sqe *sqe);

/* Also of a zeroed struct. Nothing is waited for. */
void uring_finish(struct uring *r);

/* Let go of the registered ring fd, if this is the thread that has it. */
void uring_unregister_ring_fd(struct uring *r);

/*
 * Which opcodes the kernel knows, of those given (IORING_OP_*, up to 32): a bit each, in their
 * order. -ENOMEM if it cannot be asked.
 */
int64_t uring_known_ops(struct uring *r, const uint8_t *opcodes, unsigned int n);

/*
 * Whether a ring that polls can do it: carry out this request, whose result is 0. Of a big ring it
 * is two SQEs that make up one.
 */
bool uring_can_poll(int file, const struct io_uring_sqe *sqe, bool big);

/* An io_uring that could not be made, as a message that says what to change. */
int uring_init_error(int err, unsigned int num_entries, bool big);

/*
 * Submit, and wait until `want` CQEs are there; as struct blkioq_ops, enter. Call it only with
 * requests in flight: an IOPOLL ring polls for them even with nothing to submit.
 */
int uring_enter(struct uring *r, unsigned int want, struct blkio_wait *wait);

/*
 * Cancel what is in flight and wait for it, at most until the deadline. Discards the CQEs. False if
 * the kernel may still have some of it.
 */
bool uring_drain(struct uring *r, unsigned int in_flight, int64_t deadline);

/* Turn the kernel's events on event_fd on or off. */
void uring_set_notify(struct uring *r, bool enable);

/* How far the kernel lets us fill the ring: it has read all SQEs before its head. */
static inline void uring_update_limit(struct uring *r)
{
	r->sq_limit = load_acquire(r->sq_khead) + r->sq_entries;
}

/* May say "full" when the kernel has just made room: uring_enter() looks again. */
static inline bool uring_is_full(const struct uring *r)
{
	return r->sq_tail == r->sq_limit;
}

/*
 * The next SQE of a ring that is not full. It still has what it was last filled with: each driver
 * knows which fields all of its SQEs have in common (uring_preset()) and sets the others.
 */
static inline struct io_uring_sqe *uring_get_sqe(struct uring *r)
{
	return &r->sqes[r->sq_tail++ & r->sq_mask];
}

/* The same of a big ring. */
static inline struct io_uring_sqe *uring_get_big_sqe(struct uring *r)
{
	return &r->sqes[(r->sq_tail++ & r->sq_mask) << 1];
}

/* How many CQEs are there to look at. */
static inline unsigned int uring_cq_ready(const struct uring *r)
{
	/* Acquire: the CQEs were written before the tail. The head is ours. */
	return load_acquire(r->cq_ktail) - *r->cq_khead;
}

/* The kernel has work that it does only when we enter: overflown CQEs, or task work. */
static inline bool uring_kernel_has_work(const struct uring *r)
{
	return load_once(r->sq_kflags) & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN);
}

#endif
