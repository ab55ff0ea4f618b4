/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One virtqueue, split or packed: make chains of descriptors available, take used ones back.
 *
 * The device can write the shared memory at any time. Nothing that we wrote there is read back:
 * what is in flight, how long each chain is, how much of it the device may write, all that is
 * private. What the device writes is read once and checked (HARDENING 1-3); what does not fit is
 * -EPROTO, and then the queue must not be used any more.
 *
 * A chain has a number, chosen by the caller: that of the request it belongs to.
 */
#ifndef DRIVERS_VIRTIO_VIRTQUEUE_H
#define DRIVERS_VIRTIO_VIRTQUEUE_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "drivers/virtio/virtio_ring.h"
#include "lib/util/barrier.h"
#include "lib/util/compiler.h"

typedef uint64_t iova_t; /* an address as the device knows it */

/* What is known of a chain without looking at shared memory. */
struct vq_chain {
	uint32_t len_limit; /* the device's used length is below this; 0: not in flight */
	uint16_t nr_descs;  /* without indirect: in the ring, */
	uint16_t head;      /* and the first of them */
};

/*
 * `next`, `published` and `used_next` count on and on: chains in a split ring, descriptors in a
 * packed one. With `mask` they are positions, and in a packed ring the bit above the position is
 * the inverse of the wrap counter: sizes of packed rings are powers of two. They are wider than
 * they have to be, since what is narrower than a register costs an instruction at each use.
 */
struct virtqueue {
	/* ours */
	uint32_t size; /* descriptors in the ring, at most VRING_MAX_SIZE */
	uint32_t mask; /* size - 1 */
	uint32_t next; /* the next to be made available */
	uint32_t published;
	uint32_t used_next; /* the next to be used */
	uint32_t nr_free;   /* without indirect: descriptors, */
	uint32_t nr_chains; /* and chains in flight */
	bool packed;
	bool indirect; /* every chain is one descriptor that refers to a table */
	bool event_idx;
	bool events_on;       /* what the device was last told */
	uint16_t disabled_at; /* split with EVENT_IDX: used_event while events are off */
	uint16_t avail_flags; /* packed: what each descriptor has that is made available, */
	uint16_t used_flags;  /* and one that is used */
	uint16_t batch_flags; /* packed: of the first descriptor since the last publish */
	uint16_t free_head;   /* split without indirect: private list of free descriptors */
	/* shared */
	union {
		struct vring_desc *desc;
		struct vring_packed_desc *pdesc;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_event *driver_event;
	};
	union {
		struct vring_used *used;
		struct vring_packed_event *device_event;
	};
	/* private arrays of `size` */
	struct vq_chain *chains;
	uint16_t *desc_next;  /* split without indirect: the real chains, */
	uint16_t *desc_owner; /* and the chain that a head belongs to */
};

/* Where the parts of a queue lie in its memory. */
struct vq_layout {
	size_t desc, driver, device; /* offsets in bytes */
	size_t bytes;
};

struct vq_layout vq_layout(uint16_t size, bool packed);

/*
 * Set up over zeroed shared memory. `tables`, with indirect, is the device's address of the table
 * of chain 0, those of the others follow every `table_stride` bytes. 0 or -ENOMEM.
 */
int vq_init(struct virtqueue *vq, void *mem, uint16_t size, bool packed, bool indirect,
	    bool event_idx, iova_t tables, size_t table_stride);
/* Begin anew, over other memory that is zeroed: nothing is in flight. */
void vq_restart(struct virtqueue *vq, void *mem, iova_t tables, size_t table_stride);
void vq_finish(struct virtqueue *vq);

/* Without indirect: copy n descriptors into the ring. */
void vq_add_direct(struct virtqueue *vq, uint16_t id, const struct vring_desc *descs, uint16_t n,
		   uint32_t writable_bytes);

/* How many chains are in flight. */
static inline uint32_t vq_in_flight(const struct virtqueue *vq)
{
	return likely(vq->indirect) ? vq->next - vq->used_next : vq->nr_chains;
}

/* Whether the device has been told of anything that it has not used, or that was not taken back. */
static inline bool vq_is_busy(const struct virtqueue *vq)
{
	return vq->published != vq->used_next;
}

/* Whether a chain of n descriptors fits. */
static inline bool vq_has_room(const struct virtqueue *vq, unsigned int n)
{
	return likely(vq->indirect) ? vq_in_flight(vq) < vq->size : vq->nr_free >= n;
}

/* Packed: the wrap counter at a place in the count of descriptors. */
static always_inline bool vq_wrap_at(const struct virtqueue *vq, uint32_t at)
{
	return !(at & vq->size);
}

/* Write a packed descriptor; the flags of the first one of a batch are left for publish. */
static always_inline void vq_put_packed(struct virtqueue *vq, iova_t addr, uint32_t len,
					uint16_t id, uint16_t flags)
{
	uint32_t next = vq->next, mask = vq->mask;
	struct vring_packed_desc *d = &vq->pdesc[next & mask];

	flags |= vq->avail_flags;
	d->addr = htole64(addr);
	d->len = htole32(len);
	d->id = htole16(id);
	if (likely(next != vq->published))
		store_once(&d->flags, htole16(flags));
	else
		vq->batch_flags = htole16(flags);
	next++;
	vq->next = next;
	if (unlikely(!(next & mask)))
		vq->avail_flags ^= VRING_DESC_AVAIL | VRING_DESC_USED;
}

/* Split with indirect: the table of chain `id` has n descriptors from now on. */
static inline void vq_set_table(struct virtqueue *vq, uint16_t id, uint16_t n)
{
	vq->desc[id].len = htole32(n * (uint32_t)sizeof(struct vring_desc));
}

/*
 * Make chain `id` available whose table of n descriptors, at `table`, has been filled, and in a
 * split ring set as well: descriptor `id` always refers to the table of chain `id`. `packed` is
 * vq->packed, as `indirect` is vq->indirect below; they are constants where time matters.
 */
static always_inline void vq_add_indirect(struct virtqueue *vq, bool packed, uint16_t id,
					  iova_t table, uint32_t n, uint32_t writable_bytes)
{
	vq->chains[id].len_limit = writable_bytes + 1;
	if (packed) {
		vq_put_packed(vq, table, n * (uint32_t)sizeof(struct vring_desc), id, 0);
	} else {
		vq->avail->ring[vq->next & vq->mask] = htole16(id);
		vq->next++;
	}
}

/* Publish what was added since, with one store. True if the device wants a kick. */
bool vq_publish(struct virtqueue *vq);

/* How many used chains there are to take at once; -EPROTO if more than are in flight. */
static inline int vq_nr_used_split(const struct virtqueue *vq)
{
	/* Acquire: the used elements were written before the index. */
	uint16_t idx = le16toh(dma_load_acquire(&vq->used->idx));
	uint16_t n = (uint16_t)(idx - vq->used_next);

	return unlikely(n > vq_in_flight(vq)) ? -EPROTO : n;
}

static always_inline bool vq_is_used_at(const struct virtqueue *vq,
					const struct vring_packed_desc *d)
{
	/* Acquire: id and len were written before the flags. */
	uint16_t flags = le16toh(dma_load_acquire(&d->flags));

	return (flags & (VRING_DESC_AVAIL | VRING_DESC_USED)) == vq->used_flags;
}

static always_inline bool vq_is_used_packed(const struct virtqueue *vq)
{
	return vq_is_used_at(vq, &vq->pdesc[vq->used_next & vq->mask]);
}

/* Without indirect: the descriptors of a chain are free again. */
void vq_free_descs(struct virtqueue *vq, const struct vq_chain *chain);

/* Go on past n descriptors of a packed ring, or past the one element of a chain. */
static always_inline void vq_pass_used(struct virtqueue *vq, bool packed, uint32_t n)
{
	uint32_t next = vq->used_next + n;

	if (packed && unlikely((next & vq->mask) < n))
		vq->used_flags ^= VRING_DESC_AVAIL | VRING_DESC_USED;
	vq->used_next = next;
}

/*
 * Take one used chain: 0 with its number and the used length, or -EPROTO. In a split ring there
 * must be one, as vq_nr_used_split() tells for many at once; in a packed ring it can be -EAGAIN.
 */
static always_inline int vq_take_used(struct virtqueue *vq, bool packed, bool indirect,
				      uint32_t *idp, uint32_t *len)
{
	struct vq_chain *chain;
	uint32_t id;

	if (packed) {
		struct vring_packed_desc *d = &vq->pdesc[vq->used_next & vq->mask];

		if (!vq_is_used_at(vq, d))
			return -EAGAIN;
		id = le16toh(load_once(&d->id));
		*len = le32toh(load_once(&d->len));
	} else {
		struct vring_used_elem *e = &vq->used->ring[vq->used_next & vq->mask];

		id = le32toh(load_once(&e->id));
		*len = le32toh(load_once(&e->len));
		if (!indirect && likely(id < vq->size))
			id = vq->desc_owner[id];
	}
	if (unlikely(id >= vq->size))
		return -EPROTO;
	chain = &vq->chains[id];
	if (unlikely(*len >= chain->len_limit)) /* or not in flight */
		return -EPROTO;
	chain->len_limit = 0;
	if (!indirect)
		vq_free_descs(vq, chain);
	vq_pass_used(vq, packed, packed && !indirect ? chain->nr_descs : 1);
	*idp = id;
	return 0;
}

static inline bool vq_has_used(const struct virtqueue *vq)
{
	return vq->packed ? vq_is_used_packed(vq) : vq_nr_used_split(vq) != 0;
}

/* Ask for an event once `after` more chains are used (at least 1), or for none. */
void vq_enable_events(struct virtqueue *vq, uint16_t after);
void vq_disable_events(struct virtqueue *vq);

#endif
