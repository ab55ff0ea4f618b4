/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device's side of a virtqueue, for tests of the driver's side: written from the
 * specification (VIRTIO 1.2, 2.7 and 2.8) with none of the library's code or definitions. It is
 * slow and simple on purpose, and it can lie.
 */
#ifndef TESTS_FAKES_FAKE_DEVICE_H
#define TESTS_FAKES_FAKE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* One of the formats of a ring. */
struct fake_kind {
	const char *name;
	bool packed, indirect, event_idx;
};

enum {
	FAKE_KINDS = 8,
	FAKE_MAX_SEGS = 40,
};

extern const struct fake_kind fake_kinds[FAKE_KINDS];

struct fake_segment {
	uint64_t addr;
	uint32_t len;
	bool writable;
};

/* A chain of descriptors, as the device finds it. */
struct fake_chain {
	struct fake_segment segs[FAKE_MAX_SEGS];
	unsigned int n;
	unsigned int nr_descs; /* in the ring: 1 with indirect */
	uint16_t id;           /* what the device gives back: a head, or a buffer id */
};

struct fake_device {
	struct fake_kind kind;
	unsigned int size;
	uint8_t *desc, *driver, *device; /* the parts of the ring */
	uint8_t *mem;                    /* all shared memory, and what the driver calls it */
	uint64_t mem_iova, mem_bytes;
	uint64_t avail;    /* chains (split) or descriptors (packed) seen so far, never wrapping */
	uint64_t used;     /* the same, used so far */
	uint64_t notified; /* `used` at the last look at the driver's suppression */
};

/* Look for the next available chain. A broken one fails the test. */
bool fake_device_pop(struct fake_device *d, struct fake_chain *chain);
/* Use it, with that length. */
void fake_device_use(struct fake_device *d, const struct fake_chain *chain, uint32_t len);
/* Put an arbitrary used element there, of so many descriptors. */
void fake_device_use_raw(struct fake_device *d, uint32_t id, uint32_t len, unsigned int nr_descs);
/* Whether the driver wants an event for what was used since the last call. */
bool fake_device_event(struct fake_device *d);

/* Ask for a kick with the n-th chain (descriptor, in a packed ring) from here on, or for none. */
void fake_device_want_kick(struct fake_device *d, unsigned int n);
void fake_device_want_no_kick(struct fake_device *d);

#endif
