/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The seam between virtio-blk and the way to a device: vhost-user, vhost-vdpa, PCI.
 *
 * Calls return 0 or a negative errno with its message set. They may block, but not beyond the
 * deadline that the transport has. All but kick, watch_fd and is_alive come one at a time: from
 * control calls, or from a queue that has found the device gone (virtio_blk_recover.c).
 */
#ifndef DRIVERS_VIRTIO_TRANSPORT_H
#define DRIVERS_VIRTIO_TRANSPORT_H

#include "drivers/virtio/virtqueue.h"
#include "lib/core.h"

struct virtio_blk;
struct vblk_queue;

/* Where the parts of a queue are, for the device. */
struct virtio_queue_setup {
	uint16_t index;
	uint16_t size;
	iova_t desc, driver, device;
	int kick_fd; /* -1 unless the transport kicks with virtio_blk_kick_fd() */
	int call_fd;
	/* Out: for the transport's own kick. */
	volatile void *doorbell;
	/* Out: the queue has no interrupt of its own; is_alive passes it on, and has to be called
	 * even while there are completions. */
	bool shares_interrupt;
};

/* What a transport can have to tell, as bits. */
#define VIRTIO_NEWS_CONFIG   (1u << 0) /* the configuration space may have changed */
#define VIRTIO_NEWS_LOST     (1u << 1)
#define VIRTIO_NEWS_RESTORED (1u << 2)

struct virtio_transport {
	/*
	 * A queue is stopped only when the device has nothing of it in hand, if that comes in time:
	 * for devices that do not outlive a reset with requests in flight.
	 */
	bool drains;
	uint64_t features; /* bits of the transport's own that are wanted if offered */
	/* Connect as the properties say; the device is reset and ready to negotiate. */
	int (*connect)(struct virtio_blk *vb);
	int (*get_features)(struct virtio_blk *vb, uint64_t *features);
	int (*set_features)(struct virtio_blk *vb, uint64_t features);
	/* The first len bytes of the configuration space. */
	int (*read_config)(struct virtio_blk *vb, void *config, size_t len);
	/* The most queues, and the largest queue. */
	int (*get_queue_limits)(struct virtio_blk *vb, int *max_queues, int *max_queue_size);
	/* Make memory known to the device and choose where it sees it, or forget it. */
	int (*map)(struct virtio_blk *vb, const struct blkio_mem_region *region, iova_t *iova);
	void (*unmap)(struct virtio_blk *vb, const struct blkio_mem_region *region, iova_t iova);
	int (*setup_queue)(struct virtio_blk *vb, struct virtio_queue_setup *setup);
	/* The device must not touch the queue any more when this returns. */
	void (*stop_queue)(struct virtio_blk *vb, uint16_t index);
	/* All queues are set up: the device may go. */
	int (*run)(struct virtio_blk *vb);
	/*
	 * Tell the device that there is something new in a queue; only called when it wants to
	 * know. Hot path. What was published must be visible to the device before the kick is.
	 */
	void (*kick)(const struct vblk_queue *q);
	/* A descriptor on which poll(2) finds one of gone_events when the connection ends; -1 if
	 * there is none. */
	short gone_events;
	int (*watch_fd)(struct virtio_blk *vb);
	/*
	 * Make the completion fd readable when the connection ends; an application may be asleep
	 * on it. Best effort.
	 */
	void (*watch)(struct virtio_blk *vb, int completion_fd);
	/* Whether the device is still there. From any thread; never blocks, and is cheap. */
	bool (*is_alive)(struct virtio_blk *vb);
	/* Why is_alive says no: a static text and its error. NULL: the connection is lost. */
	const char *(*why_gone)(struct virtio_blk *vb, int *ret);
	/*
	 * is_alive says no: can the device be had back? 1: there is a new connection, as after
	 * connect; 0: not now, or nothing is wrong any more; negative, without a message: never.
	 * Does not wait. NULL, with the next two: never.
	 */
	int (*reconnect)(struct virtio_blk *vb);
	/* Make all memory known to the device that it knew before, where it saw it before. */
	int (*restore_memory)(struct virtio_blk *vb);
	/* Whether all that follows a connection could be done again. */
	void (*reconnected)(struct virtio_blk *vb, bool ok);
	/* Make the epoll descriptor readable while read_news has something. */
	int (*watch_news)(struct virtio_blk *vb, int epoll_fd);
	/* VIRTIO_NEWS_* since the last call; called when there is none left to be told. */
	uint32_t (*read_news)(struct virtio_blk *vb);
	/* End it all: afterwards the device touches no memory. Also after a failed connect. */
	void (*disconnect)(struct virtio_blk *vb);
};

#endif
