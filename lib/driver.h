/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The contract between the core and a driver.
 *
 * The core has checked state, flags and range when it calls an op; a driver does not do so again.
 * Ops return 0 or a negative errno with its message set (lib/error.h), unless they say otherwise.
 * No op is NULL unless it says so: driver_*_default are for what a driver has no use for.
 */
#ifndef LIB_DRIVER_H
#define LIB_DRIVER_H

#include "lib/core.h"
#include "lib/property.h"
#include "lib/util/deadline.h"

enum blkio_op {
	BLKIO_OP_READ,
	BLKIO_OP_WRITE,
	BLKIO_OP_READV,
	BLKIO_OP_WRITEV,
	BLKIO_OP_WRITE_ZEROES,
	BLKIO_OP_DISCARD,
	BLKIO_OP_SECURE_ERASE,
	BLKIO_OP_FLUSH,
	BLKIO_OP_REPORT_ZONES,
	BLKIO_OP_OPEN_ZONE,
	BLKIO_OP_CLOSE_ZONE,
	BLKIO_OP_FINISH_ZONE,
	BLKIO_OP_RESET_ZONE,
	BLKIO_OP_OPEN_ALL_ZONES,
	BLKIO_OP_CLOSE_ALL_ZONES,
	BLKIO_OP_FINISH_ALL_ZONES,
	BLKIO_OP_RESET_ALL_ZONES,
	BLKIO_OP_APPEND_ZONE,
	BLKIO_OP_APPENDV_ZONE,
	BLKIO_NR_OPS,
};

#define BLKIO_OP_BIT(op) (1u << (op))
#define BLKIO_ALL_OPS    (BLKIO_OP_BIT(BLKIO_NR_OPS) - 1)
#define BLKIO_ZONE_OPS   (BLKIO_ALL_OPS & ~(BLKIO_OP_BIT(BLKIO_OP_REPORT_ZONES) - 1))
/* What a device need not have; for others it is the queue if they are missing. */
#define BLKIO_RARE_OPS (BLKIO_ZONE_OPS | BLKIO_OP_BIT(BLKIO_OP_SECURE_ERASE))
#define BLKIO_READ_OPS (BLKIO_OP_BIT(BLKIO_OP_READ) | BLKIO_OP_BIT(BLKIO_OP_READV))
#define BLKIO_READ_ONLY_OPS                                           \
	(BLKIO_OP_BIT(BLKIO_OP_READ) | BLKIO_OP_BIT(BLKIO_OP_READV) | \
	 BLKIO_OP_BIT(BLKIO_OP_FLUSH) | BLKIO_OP_BIT(BLKIO_OP_REPORT_ZONES))

/* A request, from the gate in queue.c to a driver. It lives on the caller's stack. */
struct blkio_req {
	enum blkio_op op;
	uint32_t flags; /* BLKIO_REQ_*, only those that op allows */
	uint64_t start;
	union {
		void *buf;               /* never written through when op is a write */
		const struct iovec *iov; /* stays valid until the completion */
		struct blkio_zone *zones;
	};
	uint64_t len; /* bytes; with an iov or zones, how many there are */
	void *user_data;
};

/* How long ops->enter may wait. */
struct blkio_wait {
	int64_t deadline;    /* CLOCK_MONOTONIC, or DEADLINE_NONE */
	const sigset_t *sig; /* the signal mask while waiting, or NULL */
	bool interruptible;  /* return -EINTR rather than go on waiting */
	bool waited;         /* set by ops->enter once it has really waited */
};

#define SUBMIT_FULL 1
#define SUBMIT_DONE 2

/* The op and the flags of a request in one word, so that a plain read is six arguments. */
#define BLKIO_OP_FLAGS(op, flags) ((uint32_t)(flags) | (uint32_t)(op) << 8)
#define BLKIO_FLAGS_OF(op_flags)  ((op_flags)&0xff)
#define BLKIO_OP_OF(op_flags)     ((enum blkio_op)((op_flags) >> 8 & 0xff))

struct blkioq_ops {
	/*
	 * Take a plain read or write from the gate: the fast path of all that the library does,
	 * so its arguments stay in registers. len is at most INT_MAX. Never blocks, makes no
	 * system call. It counts the request in q->in_flight; what is not the common case it
	 * hands on to queue_submit_slowly().
	 */
	void (*submit_rw)(struct blkioq *q, uint64_t start, void *buf, size_t len, void *user_data,
			  uint32_t op_flags);
	/*
	 * The same for readv and writev; iovcnt is 0 or more. NULL if submit does it as well as
	 * any other.
	 */
	void (*submit_rwv)(struct blkioq *q, uint64_t start, const struct iovec *iov,
			   uint32_t iovcnt, void *user_data, uint32_t op_flags);
	/*
	 * Take any request, from the gate or from the backlog: as above, but the core counts.
	 * Returns 0; SUBMIT_FULL, and it waits in the backlog; SUBMIT_DONE after a call of
	 * queue_complete(); or a negative errno with q->refusal set.
	 */
	int (*submit)(struct blkioq *q, const struct blkio_req *req);
	/*
	 * Make the device see what was submitted. With want > 0 also wait until that many of the
	 * requests in flight have something to reap; want is never more than q->in_flight. Makes
	 * no system call that is not needed. `wait` is NULL when want is 0. Returns 0 or a
	 * negative errno: -ETIME at the deadline, -EINTR if wait->interruptible.
	 */
	int (*enter)(struct blkioq *q, unsigned int want, struct blkio_wait *wait);
	/*
	 * Fill in up to max completions; returns how many. Never blocks. A request that needs
	 * another step (the rest of a short read, the flush after a FUA write) is not counted
	 * and sets q->resubmit.
	 */
	int (*reap)(struct blkioq *q, struct blkio_completion *completions, int max);
	/* Whether reap would find something. */
	bool (*ready)(struct blkioq *q);
	/* Turn the device's own events on q->completion_fd on or off. */
	void (*set_notify)(struct blkioq *q, bool enable);
	/* End it with whatever is in flight, waiting for that until the deadline; free it. */
	void (*destroy)(struct blkioq *q, int64_t deadline);
};

struct blkio_driver {
	const char *name;
	size_t size;                    /* of the driver's struct that begins with struct blkio */
	const struct blkio_prop *props; /* rows that this driver adds, or that replace core rows */
	/* Set up the zeroed struct: b->limits as they are before connect. Cannot fail. */
	void (*init)(struct blkio *b);
	/* Open the device; fill in b->limits. May block. After a failure it can be called again. */
	int (*connect)(struct blkio *b);
	/* The size of the connected device in bytes, as it is now. May block. */
	int (*get_capacity)(struct blkio *b, uint64_t *bytes);
	/* Before the queues are made. May block. */
	int (*start)(struct blkio *b);
	/* Make a queue; b->num_queues etc. are checked. May block. */
	int (*create_queue)(struct blkio *b, bool poll, int index, struct blkioq **qp);
	/* All queues are there: requests are possible from now on. May block. */
	int (*run)(struct blkio *b);
	/*
	 * A region is about to be added to the table b->mem (mem_region.h), or to be taken out of
	 * it. May block. When map fails the region is not added.
	 */
	int (*map)(struct blkio *b, struct mem_entry *entry);
	void (*unmap)(struct blkio *b, const struct mem_entry *entry);
	/* Make epoll_fd readable while next_event has something; called once at most. */
	int (*watch_events)(struct blkio *b, int epoll_fd);
	/* Fill in the next event and return 1, or return 0. May block, but within a deadline. */
	int (*next_event)(struct blkio *b, struct blkio_event *event);
	/* Undo whatever init, connect and start have done; the queues are gone. */
	void (*destroy)(struct blkio *b);
};

/* driver_list.c: the drivers compiled in, ending with NULL. */
extern const struct blkio_driver *const blkio_drivers[];
const struct blkio_driver *driver_find(const char *name);

/* Defaults for ops that a driver has no use for. */
int driver_run_default(struct blkio *b);
int driver_watch_events_default(struct blkio *b, int epoll_fd);
int driver_next_event_default(struct blkio *b, struct blkio_event *event);

/* queue.c: what drivers and blkio.c need of it. */

/* Prepare the core's part of a queue, with its completion fd. */
int queue_init(struct blkioq *q, struct blkio *b, const struct blkioq_ops *ops, bool poll);
/* Which enum blkio_op, as bits, the queue can carry out. Until then it refuses all. */
void queue_set_supported(struct blkioq *q, uint32_t ops);
/* Undo queue_init(), even one that failed. */
void queue_finish(struct blkioq *q);
/* submit_rw's request as one for submit, or for the backlog; or submit_rwv's, with buf and len
 * its iov and iovcnt. */
void queue_submit_slowly(struct blkioq *q, uint64_t start, void *buf, size_t len, void *user_data,
			 uint32_t op_flags);
/* A request that the driver does not have is complete; msg is static. */
void queue_complete(struct blkioq *q, void *user_data, int ret, const char *msg);
/* The device gets the completion fd as well: from now on q->signaller signals it. */
void queue_share_fds(struct blkioq *q);
/* Make the completion fd readable. */
void queue_notify(struct blkioq *q);

#endif
