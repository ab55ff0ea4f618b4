/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The io_uring driver's own structs: the instance, its queues.
 */
#ifndef DRIVERS_IO_URING_IO_URING_H
#define DRIVERS_IO_URING_IO_URING_H

#include "drivers/file/file.h"
#include "drivers/file/file_zone.h"
#include "drivers/uring/queue.h"

struct iou {
	struct blkio b;
	struct file_dev file;
	bool register_mem_regions;
	bool pin_mem_regions;
	struct uring_config config;
	struct uring_pin_budget pin_budget;
};

/* Which step of a request the kernel has now. */
enum iou_step {
	IOU_TRANSFER = 0, /* reading or writing the application's buffers */
	IOU_FALLOCATE,
	IOU_DISCARD_CMD,
	IOU_WRITE_ZEROES, /* writing buffers of zeroes */
	IOU_FLUSH,
	IOU_ZONE, /* reading the pipe that tells of zone requests */
};

struct iou_zones;

struct iou_queue {
	struct uring_queue u;
	struct iou *dev;
	struct iou_zones *zones; /* NULL if the device has none */
	bool no_discard_cmd;     /* block device: discard goes through fallocate */
};

static inline struct iou *to_iou(struct blkio *b)
{
	return container_of(b, struct iou, b);
}

static inline struct iou_queue *to_iou_queue(struct blkioq *q)
{
	return container_of(q, struct iou_queue, u.q);
}

/* io_uring_io.c: the data path ops of struct blkioq_ops. */
void iou_fill_step(struct uring_queue *u, struct uring_req *req);
void iou_submit_rw(struct blkioq *q, uint64_t start, void *buf, size_t len, void *user_data,
		   uint32_t op_flags);
int iou_submit(struct blkioq *q, const struct blkio_req *r);
int iou_reap(struct blkioq *q, struct blkio_completion *completions, int max);

/* io_uring_step.c: what a result means, and the request's next step. */

#define IOU_NOT_DONE 1

/*
 * A result that was not the expected one. Returns that of the request; or IOU_NOT_DONE, when it
 * is now ready for its next step.
 */
int iou_step(struct iou_queue *q, struct uring_req *req, int res);

/* io_uring_zone.c: zone requests, of queues of zoned devices. */

/* 0 or -errno; what there is then is undone by stop and end, before and after that of the ring. */
int iou_zones_create(struct iou_queue *q);
/* Requests of the ring that stand for those of zones end by themselves from now on. */
void iou_zones_stop(struct iou_queue *q);
/* Whether the ring is over is what uring_queue_end() says. */
void iou_zones_end(struct iou_queue *q, bool over, int64_t deadline);
int iou_zone_submit(struct iou_queue *q, const struct blkio_req *r);
/* Change an SQE that reads from the device to what stands for zone requests. */
void iou_zone_fill(struct iou_queue *q, struct io_uring_sqe *sqe);
/* Such an SQE's result. False: it is to be issued again. */
bool iou_zone_finish(struct iou_queue *q, struct uring_req *req, int res,
		     struct blkio_completion *c);
int iou_zone_enter(struct blkioq *base, unsigned int want, struct blkio_wait *wait);

#endif
