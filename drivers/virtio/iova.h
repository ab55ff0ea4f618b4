/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses for the device. They are ours to choose, and are no addresses of this process: those
 * would tell the device how our address space is laid out (HARDENING 9).
 */
#ifndef DRIVERS_VIRTIO_IOVA_H
#define DRIVERS_VIRTIO_IOVA_H

#include "drivers/virtio/virtqueue.h"

struct iova_range {
	iova_t start;
	uint64_t len;
};

/* What is taken of [first, last], in ascending order. */
struct iova_space {
	iova_t first;
	iova_t last;
	uint64_t align; /* of every range, a power of two */
	struct iova_range *ranges;
	unsigned int len;
	unsigned int cap;
};

void iova_init(struct iova_space *s, iova_t first, iova_t last, uint64_t align);
void iova_finish(struct iova_space *s);

/* Take the lowest gap that is long enough. 0, -ENOMEM or -ENOSPC, without a message. */
int iova_alloc(struct iova_space *s, uint64_t len, iova_t *iova);
/* Take [start, last], which is in use by nobody yet: the device cannot use it. As above. */
int iova_reserve(struct iova_space *s, iova_t start, iova_t last);
/* Give back what begins at `iova`; nothing if that is nothing. */
void iova_free(struct iova_space *s, iova_t iova);

#endif
