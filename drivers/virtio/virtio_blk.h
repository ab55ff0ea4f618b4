/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio-blk over any transport: the instance, its queues, a request in flight. A driver's own
 * struct begins with struct virtio_blk and brings a struct virtio_transport.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_H

#include <pthread.h>

#include "drivers/virtio/transport.h"
#include "drivers/virtio/virtio_blk_wire.h"
#include "drivers/virtio/virtqueue.h"
#include "lib/driver.h"
#include "lib/mem_view.h"

/* The configuration space in host byte order, checked. */
struct virtio_blk_info {
	uint64_t capacity_bytes;
	uint32_t max_segment_bytes; /* UINT32_MAX: no limit */
	uint32_t max_segments;
	uint32_t blk_size;
	uint32_t num_queues;
	uint64_t max_discard_bytes; /* 0: no limit */
	uint64_t max_write_zeroes_bytes;
	uint64_t max_secure_erase_bytes;
	uint64_t zone_bytes; /* 0: no zones */
	uint64_t max_append_bytes;
	uint32_t max_open_zones;
	uint32_t max_active_zones;
	bool host_managed;
	bool writeback;
};

/* The memory of all queues. Each queue counts as a user; a lost device's are replaced. */
struct vblk_rings {
	struct blkio_mem_region region;
	iova_t iova;
	unsigned int users;
};

struct virtio_blk {
	struct blkio b;
	const struct virtio_transport *transport;
	char *path;
	char *packed_choice; /* property packed */
	int queue_size;
	int max_queue_size;
	uint64_t poll_max_ns;
	char serial[VIRTIO_BLK_ID_BYTES + 1]; /* property serial, from start on */
	uint64_t offered;                     /* features of the device */
	uint64_t features;                    /* those that we use */
	struct virtio_blk_info info;
	/*
	 * Held by control calls on a started device, and by a queue's thread that looks after a
	 * lost one. A queue notices by the generation that it has to move to new rings.
	 */
	pthread_mutex_t lock;
	bool isolated;      /* property: only memory of the library is shared with the device */
	bool may_come_back; /* set by the transport in connect: requests are kept to be repeated */
	uint32_t generation;
	struct vblk_rings *rings;        /* NULL until start */
	struct vblk_queue **vblk_queues; /* by index; NULL for one that is gone */
	unsigned int nr_queues;
	uint32_t news;          /* VIRTIO_NEWS_*, not told yet */
	uint64_t told_capacity; /* bytes, as the application knows them */
};

/* What a request does with the device now. */
enum vblk_step {
	VBLK_PART,  /* the request itself, or a part of it as large as the device takes */
	VBLK_FLUSH, /* behind a write with FUA */
};

enum vblk_state {
	VBLK_SIMPLE, /* in flight: one part, no flush behind it */
	VBLK_STEPS,  /* in flight, or about to be again */
	VBLK_OURS,   /* in flight, and no request of the application */
	VBLK_FREE,
};

/*
 * A request in flight. Its chain in the ring has the same number as it has in the array. What is
 * simple needs no more than the first line.
 */
struct vblk_req {
	_Alignas(64) void *user_data;
	struct vblk_req *next;
	char *slot;       /* fixed while the rings are the same, */
	iova_t slot_iova; /* and that for the device, */
	iova_t table;     /* with the table in it */
	uint16_t id;      /* fixed */
	uint16_t table_n; /* data segments that the table in shared memory is laid out for */
	uint8_t state;    /* enum vblk_state */
	uint8_t step;     /* enum vblk_step */
	uint64_t start;
	uint64_t left; /* bytes, those of the part in flight included */
	union {
		char *buf;
		const struct iovec *iov;
	};
	size_t skip; /* bytes of iov[0] that are done */
	uint64_t part_bytes;
	uint32_t iovcnt;   /* iovecs left; 0 when buf is used */
	uint32_t op_flags; /* BLKIO_OP_FLAGS() */
};

/*
 * The shared memory of a queue is the ring, then a slot for each request: on a line of its own the
 * status and the range of a discard, then header and table of descriptors, which only we write.
 */
struct vblk_queue {
	struct blkioq q;
	struct vblk_req *free;
	/*
	 * A segment of the hot path (virtio_blk_fast.c) is at most so long, and no longer than the
	 * region that was last found. 0 keeps all away: without indirect, or when requests have to
	 * be remembered to be repeated.
	 */
	size_t fast_bytes;
	struct virtqueue vq;
	struct mem_view view;
	struct virtio_blk *vb;
	struct vblk_req *again; /* requests with a next part to submit, in order */
	struct vblk_req **again_tail;
	struct vblk_req *reqs;
	struct vring_desc *table; /* without indirect: where a chain is put together */
	char *report;             /* memory for a report of zones; behind the slots */
	iova_t report_iova;
	struct vblk_req *reporting; /* who has it */
	char *bounce; /* isolated: where each request's data goes through; else NULL */
	iova_t bounce_iova;
	uint32_t slot_bytes;
	uint32_t max_segment_bytes;
	uint32_t max_fast_bytes; /* fast_bytes in a region of any size */
	bool shares_interrupt;   /* see struct virtio_queue_setup */
	bool running;            /* the device has been told of the queue */
	const char *broken;      /* static text: the device is not to be used any more */
	uint32_t generation;     /* of the rings in use */
	struct vblk_rings *rings;
	uint16_t index;
	uint16_t max_segments;
	uint8_t spins_in_vain;   /* in a row, up to a limit */
	uint8_t spins_to_skip;   /* waits that do without */
	int kick_fd;             /* -1: the transport has another way, */
	volatile void *doorbell; /* such as this register */
	int poll_call_fd;        /* poll queue: a back-end wants one even if it is never used */
	int broken_ret;
};

/* Descriptors around the data: header, status, and the place for an append's offset. */
#define VBLK_FRAME_DESCS 3u

/* A request of the application, taken and not complete yet. */
static inline bool vblk_is_active(const struct vblk_req *req)
{
	return req->state == VBLK_SIMPLE || req->state == VBLK_STEPS;
}

static inline bool vblk_is_zone_op(const struct vblk_req *req)
{
	return BLKIO_ZONE_OPS & BLKIO_OP_BIT(BLKIO_OP_OF(req->op_flags));
}

static inline struct virtio_blk *to_vblk(struct blkio *b)
{
	return container_of(b, struct virtio_blk, b);
}

static inline struct vblk_queue *to_vblk_queue(struct blkioq *q)
{
	return container_of(q, struct vblk_queue, q);
}

static inline bool vblk_has(const struct virtio_blk *vb, int feature)
{
	return vb->features >> feature & 1;
}

/* Offsets in a slot. The table is empty without indirect. */
enum {
	VBLK_SLOT_STATUS = 0,
	VBLK_SLOT_RANGE = sizeof(struct virtio_blk_range),
	/* What the device fills in: where appended data went, and the serial number. */
	VBLK_SLOT_APPEND = VBLK_SLOT_RANGE + sizeof(struct virtio_blk_range),
	VBLK_SLOT_ID = VBLK_SLOT_APPEND + sizeof(uint64_t),
	VBLK_SLOT_HEADER = 64,
	VBLK_SLOT_TABLE = VBLK_SLOT_HEADER + sizeof(struct virtio_blk_header),
};

_Static_assert(VBLK_SLOT_ID + VIRTIO_BLK_ID_BYTES <= VBLK_SLOT_HEADER, "it ends before the header");

/* virtio_blk.c: ops of struct blkio_driver. init also takes the transport. */
void virtio_blk_init(struct blkio *b, const struct virtio_transport *transport);
int virtio_blk_connect(struct blkio *b);
int virtio_blk_get_capacity(struct blkio *b, uint64_t *bytes);
int virtio_blk_start(struct blkio *b);
int virtio_blk_run(struct blkio *b);
int virtio_blk_map(struct blkio *b, struct mem_entry *entry);
void virtio_blk_unmap(struct blkio *b, const struct mem_entry *entry);
void virtio_blk_destroy(struct blkio *b);

/* virtio_blk_events.c: ops, too, and an epoll_ctl(2) with a message for transports. */
int virtio_blk_add_to_epoll(int epoll_fd, int fd, uint32_t events);
int virtio_blk_watch_events(struct blkio *b, int epoll_fd);
int virtio_blk_next_event(struct blkio *b, struct blkio_event *event);

/* virtio_blk_recover.c */

/* Memory for the queues of the instance, known to the device. */
int vblk_rings_make(struct virtio_blk *vb);
/* The device does not use the present rings any more; their queues still may, for a while. */
void vblk_rings_retire(struct virtio_blk *vb);
void vblk_rings_get(struct vblk_queue *q);
void vblk_rings_put(struct vblk_queue *q);
/* With the lock held: 0, or the device is gone for good. */
int vblk_look_for_device(struct virtio_blk *vb);
/* The device is gone, or was and is back: see to it that this queue goes on, or is broken. */
void vblk_recover(struct vblk_queue *q);

/* virtio_blk_config.c */
int virtio_blk_read_info(struct virtio_blk *vb, uint64_t features, struct virtio_blk_info *info,
			 struct blkio_limits *limits);

/* virtio_blk_queue.c */
int virtio_blk_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp);
/* Tell the device of the queue, which has its place in the present rings. */
int vblk_tell_queue(struct vblk_queue *q);
/* Take the queue's place in the present rings; they are zeroed. */
void vblk_move_to_rings(struct vblk_queue *q);
size_t virtio_blk_queue_bytes(const struct virtio_blk *vb);
int vblk_enter(struct blkioq *q, unsigned int want, struct blkio_wait *wait);
/* The device broke the rules, or is gone: every request ends with ret and msg, now and later. */
void vblk_break(struct vblk_queue *q, int ret, const char *msg);

/* The kick of a transport whose device listens on an eventfd. */
void virtio_blk_kick_fd(const struct vblk_queue *q);

/* virtio_blk_bounce.c: data goes through memory of ours, so much of a request at a time. */
#define VBLK_BOUNCE_BYTES 65536
/* Where the data of the next part is for the device; a write's is copied there. */
iova_t vblk_bounce_out(struct vblk_queue *q, const struct vblk_req *req, size_t bytes, bool copy);
/* Copy what the device has read. */
void vblk_bounce_in(struct vblk_queue *q, const struct vblk_req *req);

/* virtio_blk_zone.c */
#define VBLK_ZONES_PER_REPORT 255
#define VBLK_REPORT_BYTES                        \
	(sizeof(struct virtio_blk_zone_report) + \
	 VBLK_ZONES_PER_REPORT * sizeof(struct virtio_blk_zone))
/* Which requests of zones the device has, as bits. */
uint32_t vblk_zone_ops(const struct virtio_blk *vb);
/* As prepare and start_step for other requests: 0, SUBMIT_DONE, SUBMIT_FULL, or -errno with
 * q->refusal. */
int vblk_prepare_zone(struct vblk_queue *q, struct vblk_req *req, const struct blkio_req *r);
int vblk_start_zone(struct vblk_queue *q, struct vblk_req *req);
/* A step has succeeded. False: there is another one; else c->ret and more is set. */
bool vblk_finish_zone(struct vblk_queue *q, struct vblk_req *req, struct blkio_completion *c);
/* What an error of a zoned device means; 0 if the status is none. */
int vblk_zone_status(uint8_t status, const char **msg);

/* virtio_blk_id.c: ask for the serial number, on a queue that is not in use yet. */
void vblk_read_id(struct vblk_queue *q);
void vblk_take_id(struct vblk_queue *q, struct vblk_req *req, uint8_t status);

/* virtio_blk_transfer.c: submit the next part of a read or write. 0, or -errno with q->refusal. */
int vblk_start_transfer(struct vblk_queue *q, struct vblk_req *req);
/* An append must go in one piece; a place for its offset is behind the data. */
int vblk_start_append(struct vblk_queue *q, struct vblk_req *req);

/* virtio_blk_fast.c: the data path of the two forms of rings with indirect, and of the rest. */
extern const struct blkioq_ops vblk_split_ops, vblk_packed_ops, vblk_direct_ops;

/* virtio_blk_queue.c: ops, too. */
void vblk_set_notify(struct blkioq *q, bool enable);
void vblk_destroy_queue(struct blkioq *q, int64_t deadline);

/* virtio_blk_io.c: any request, and the ends of those that are not simple or went wrong. */
int vblk_submit(struct blkioq *q, const struct blkio_req *r);
/* After a used chain: true if the request is finished, with its completion filled in. */
bool vblk_finish(struct vblk_queue *q, struct vblk_req *req, uint8_t status,
		 struct blkio_completion *c);
/* Everything in flight ends with the same error, each request once. Returns how many now. */
int vblk_reap_broken(struct vblk_queue *q, struct blkio_completion *completions, int max);
/* A request waits for its next part to be submitted. */
void vblk_put_again(struct vblk_queue *q, struct vblk_req *req);
/* Next parts of requests, as many as the ring has room for. */
void vblk_submit_again(struct vblk_queue *q);

#endif
