/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The requests of fake_backend.h: one queue. Of the memory it looks only at the region of the
 * rings.
 */
#ifndef TESTS_FAKES_FAKE_BACKEND_RINGS_H
#define TESTS_FAKES_FAKE_BACKEND_RINGS_H

#include "drivers/virtio/virtio_ring.h"
#include "tests/fakes/fake_backend.h"

enum {
	FAKE_MAX_REGIONS = 16,
};

struct fake_region {
	uint8_t *mem;
	uint64_t iova, bytes;
};

struct fake_rings_state {
	struct fake_kind kind;
	struct fake_device dev;
	struct fake_region regions[FAKE_MAX_REGIONS];
	unsigned int nr_regions;
	uint8_t *mem; /* the region of the rings; NULL before it is known */
	uint64_t mem_iova, mem_bytes;
	unsigned int size;
	int call_fd, kick_fd; /* 0: none yet */
	uint8_t id[VIRTIO_BLK_ID_BYTES];
	bool no_id; /* it is never told */
	enum fake_zones zones;
	bool enabled;
	bool done; /* what the script does once */
};

/* From messages' payloads: a region with its fd, struct vhost_user_vring_state and _addr. */
void fake_rings_map(struct fake_rings_state *r, const void *region, int fd);
void fake_rings_set_size(struct fake_rings_state *r, const void *state);
void fake_rings_set_addr(struct fake_rings_state *r, const void *addr);
void fake_rings_set_call(struct fake_rings_state *r, int fd);
void fake_rings_set_kick(struct fake_rings_state *r, int fd);
void fake_rings_disable(struct fake_rings_state *r);
void fake_rings_finish(struct fake_rings_state *r);

/* Look for requests once. */
void fake_rings_work(struct fake_rings_state *r, enum fake_rings what, struct fake_stats *stats);

#endif
