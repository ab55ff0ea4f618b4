/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The property rows that all virtio-blk drivers have: VIRTIO_BLK_PROPS in a driver's table.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_PROPS_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_PROPS_H

#include "drivers/virtio/virtio_blk.h"
#include "lib/property.h"

int virtio_blk_check_queue_size(const struct blkio_prop *p, const union prop_value *v);
int virtio_blk_check_packed(const struct blkio_prop *p, const union prop_value *v);
int virtio_blk_get_serial(struct blkio *b, union prop_value *v);
int virtio_blk_get_packed(struct blkio *b, union prop_value *v);

/*
 * A little more than a back-end needs to wake up and answer from memory. Of 0, 10, 20, 50 and 100
 * microseconds it gave the best rate of single requests, on a machine that was not quiet.
 */
#define VBLK_DEFAULT_POLL_MAX_NS 20000

#define VIRTIO_BLK_PROPS                                                                         \
	{ "path", BLKIO_PROP_STR, offsetof(struct virtio_blk, path), .set_until = BLKIO_CREATED, \
	  .summary = "where the device is" },                                                    \
		{ "queue-size",                                                                  \
		  BLKIO_PROP_INT,                                                                \
		  offsetof(struct virtio_blk, queue_size),                                       \
		  .def.i = 256,                                                                  \
		  .set_from = BLKIO_CONNECTED,                                                   \
		  .set_until = BLKIO_CONNECTED,                                                  \
		  .check = virtio_blk_check_queue_size,                                          \
		  .summary = "descriptors of each virtqueue" },                                  \
		{ "max-queue-size", BLKIO_PROP_INT, offsetof(struct virtio_blk, max_queue_size), \
		  .get_from = BLKIO_CONNECTED, .summary = "largest queue-size" },                \
		{ "isolated", BLKIO_PROP_BOOL, offsetof(struct virtio_blk, isolated),            \
		  .set_until = BLKIO_CREATED,                                                    \
		  .summary =                                                                     \
			  "share no memory of the application with the device: copy all data" }, \
		{ "serial", BLKIO_PROP_STR, .get = virtio_blk_get_serial,                        \
		  .get_from = BLKIO_STARTED,                                                     \
		  .summary = "serial number of the device, if it has one" },                     \
		{ "packed",                                                                      \
		  BLKIO_PROP_STR,                                                                \
		  offsetof(struct virtio_blk, packed_choice),                                    \
		  .get = virtio_blk_get_packed,                                                  \
		  .set_until = BLKIO_CONNECTED,                                                  \
		  .check = virtio_blk_check_packed,                                              \
		  .summary = "packed virtqueues: auto, on or off" },                             \
	{                                                                                        \
		"poll-max-ns", BLKIO_PROP_UINT64, offsetof(struct virtio_blk, poll_max_ns),      \
			.def.u64 = VBLK_DEFAULT_POLL_MAX_NS, .set_from = BLKIO_CONNECTED,        \
			.set_until = BLKIO_CONNECTED,                                            \
			.summary = "nanoseconds to poll before a wait sleeps"                    \
	}

#endif
