/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The instance and the queue: what the core and every driver share.
 *
 * A driver's own structs begin with these; driver.h has the calls between the two.
 */
#ifndef LIB_CORE_H
#define LIB_CORE_H

#include <blkio.h>

#include "lib/mem_region.h"
#include "lib/util/fifo.h"
#include "lib/util/signaller.h"

struct blkio_driver;
struct blkioq_ops;

/* In order of time. BLKIO_NEVER is what a column of a property row says when it says nothing. */
enum blkio_state {
	BLKIO_NEVER,
	BLKIO_CREATED,
	BLKIO_CONNECTED,
	BLKIO_STARTED,
};

/*
 * What requests must or should look like. A driver fills this in by the end of connect; the
 * property of the same name explains each field.
 */
struct blkio_limits {
	uint64_t max_mem_regions;
	uint64_t mem_region_alignment;
	uint64_t max_write_zeroes_len;
	uint64_t max_discard_len;
	uint64_t max_secure_erase_len;
	uint64_t zone_size;
	uint64_t nr_zones;
	uint64_t zone_append_max_bytes;
	int request_alignment;
	int buf_alignment;
	int optimal_buf_alignment;
	int optimal_io_alignment;
	int optimal_io_size;
	int max_segments;
	int max_segment_len;
	int max_transfer;
	int discard_alignment;
	int discard_alignment_offset;
	int max_queues;
	int zoned; /* BLKIO_ZONED_* */
	int max_open_zones;
	int max_active_zones;
	bool append_support;
	bool can_grow;
	bool flush_needed;
	bool supports_fua_natively;
	bool supports_poll_queues;
	bool can_add_queues;
	bool needs_mem_regions;
	bool needs_mem_region_fd;
	bool may_pin_mem_regions;
};

/* Queues by index; a removed one leaves a hole (NULL). */
struct queue_set {
	struct blkioq **queues;
	int len;
};

struct blkio {
	const struct blkio_driver *driver;
	enum blkio_state state;
	bool read_only;
	int num_queues; /* as set, not as it is after add and remove */
	int num_poll_queues;
	int event_fd; /* -1 until the application asks for it */
	struct blkio_limits limits;
	struct queue_set queues;
	struct queue_set poll_queues;
	struct mem_table mem;
};

/* What queueing a request looks at comes first. A driver aligns it to a cache line. */
struct blkioq {
	const struct blkioq_ops *ops;
	struct blkio *b;
	uint32_t refused_ops;     /* a bit for each enum blkio_op that fails at once */
	uint32_t align_mask;      /* bits that the start of a request must not have */
	uint32_t in_flight;       /* with the driver: neither in backlog nor in done */
	struct fifo backlog;      /* struct blkio_req that did not fit yet, in order */
	struct fifo done;         /* struct blkio_completion that do_io has not returned yet */
	uint32_t lost;            /* requests for which there was no memory; do_io tells */
	uint32_t unsupported_ops; /* refused_ops without those refused for being read-only */
	const char *refusal;      /* the driver's static text for the request it just refused */
	int completion_fd;        /* an eventfd; -1 for a poll queue */
	bool completion_fd_enabled;
	bool shares_fds; /* the device has them, too */
	bool poll;
	bool resubmit; /* reap left follow-up work that only ops->enter makes happen */
	struct signaller signaller;
};

#endif
