/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A virtqueue of 8 descriptors and the fake device at its other end, in memory that both share.
 */
#ifndef TESTS_UNIT_VQ_FIXTURE_H
#define TESTS_UNIT_VQ_FIXTURE_H

#include "drivers/virtio/virtqueue.h"
#include "tests/fakes/fake_device.h"

enum {
	VQ_SIZE = 8,
	VQ_MAX_SEGS = 4,
	VQ_NOTHING = -EAGAIN, /* vq_fixture_take(): no chain is used */
};

struct vq_fixture {
	struct virtqueue vq;
	struct fake_device dev;
	uint8_t *mem;
	size_t mem_bytes;
	struct fake_segment segs[VQ_SIZE][VQ_MAX_SEGS]; /* of each chain, as it was added */
	uint16_t n[VQ_SIZE];                            /* 0: the chain is not in flight */
	unsigned int chains;                            /* added so far */
};

void vq_fixture_init(struct vq_fixture *f, const struct fake_kind *kind);
void vq_fixture_finish(struct vq_fixture *f);

/* Add chain `id` with n segments whose contents tell which chain they are. */
void vq_fixture_add(struct vq_fixture *f, uint16_t id, uint16_t n);
/* The device takes a chain: it must be this one, whole. */
void vq_fixture_expect(struct vq_fixture *f, uint16_t id, struct fake_chain *chain);
/* The same for a chain that was not looked for: which one is it? */
uint16_t vq_fixture_identify(struct vq_fixture *f, const struct fake_chain *chain);
/* As the driver does it: the number of a used chain, VQ_NOTHING or -EPROTO. */
int vq_fixture_take(struct vq_fixture *f, uint32_t *len);
/* What the device may write of chain `id` at most. */
uint32_t vq_fixture_writable(const struct vq_fixture *f, uint16_t id);

/* Add, publish, use and take chain `id`, once. */
void vq_fixture_round(struct vq_fixture *f, uint16_t id, uint16_t n);

#endif
