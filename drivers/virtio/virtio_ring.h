/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Virtqueues as they lie in memory shared with the device: VIRTIO 1.2, sections 2.7 and 2.8. All
 * fields are little-endian.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_RING_H
#define DRIVERS_VIRTIO_VIRTIO_RING_H

#include <stdint.h>

/* Feature bits of the ring. */
/* The device's status. */
#define VIRTIO_STATUS_ACKNOWLEDGE 1
#define VIRTIO_STATUS_DRIVER      2
#define VIRTIO_STATUS_DRIVER_OK   4
#define VIRTIO_STATUS_FEATURES_OK 8
#define VIRTIO_STATUS_NEEDS_RESET 64
#define VIRTIO_STATUS_FAILED      128

#define VIRTIO_F_INDIRECT_DESC   28
#define VIRTIO_F_EVENT_IDX       29
#define VIRTIO_F_VERSION_1       32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED     34
#define VIRTIO_F_ORDER_PLATFORM  36

#define VRING_MAX_SIZE 32768

/* struct vring_desc and vring_packed_desc, flags */
#define VRING_DESC_NEXT     1
#define VRING_DESC_WRITE    2 /* the device writes it */
#define VRING_DESC_INDIRECT 4
#define VRING_DESC_AVAIL    (1 << 7)  /* packed */
#define VRING_DESC_USED     (1 << 15) /* packed */

/* Split ring, and the entries of an indirect table. In one of a packed ring `next` is unused. */
struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

#define VRING_AVAIL_NO_INTERRUPT 1 /* struct vring_avail, flags */
#define VRING_USED_NO_NOTIFY     1 /* struct vring_used, flags */

struct vring_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* size entries, then used_event */
};

struct vring_used_elem {
	uint32_t id;
	uint32_t len;
};

struct vring_used {
	uint16_t flags;
	uint16_t idx;
	struct vring_used_elem ring[]; /* size entries, then avail_event, 16 bits */
};

/* Packed ring. */
struct vring_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

#define VRING_EVENT_ENABLE  0
#define VRING_EVENT_DISABLE 1
#define VRING_EVENT_DESC    2         /* at one descriptor: needs EVENT_IDX */
#define VRING_EVENT_WRAP    (1 << 15) /* in off_wrap */

/* Event suppression of a packed ring: one that we write, one that the device writes. */
struct vring_packed_event {
	uint16_t off_wrap;
	uint16_t flags;
};

#endif
