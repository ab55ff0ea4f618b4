/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The slot of a request in shared memory: header, table of descriptors, status. What builds chains
 * is inline: it is a good part of what a request costs.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_SLOT_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_SLOT_H

#include "drivers/virtio/virtio_blk.h"

static always_inline struct vring_desc *vblk_slot_table(const struct vblk_req *req)
{
	return (struct vring_desc *)(req->slot + VBLK_SLOT_TABLE);
}

static always_inline struct vring_desc *vblk_table_of(const struct vblk_queue *q,
						      const struct vblk_req *req)
{
	return likely(q->vq.indirect) ? vblk_slot_table(req) : q->table;
}

/* What all entries of a table but the last have. Chains without indirect get it in the ring. */
static always_inline uint16_t vblk_next_flag(bool packed, bool indirect)
{
	return indirect && !packed ? VRING_DESC_NEXT : 0;
}

/*
 * Entry i of a table. A table that a packed ring refers to is made of packed descriptors: no NEXT,
 * entries follow each other, and the flags are where a split one has `next`.
 */
static always_inline void vblk_put_desc(bool packed, bool indirect, struct vring_desc *table,
					uint32_t i, iova_t addr, uint32_t len, uint16_t flags)
{
	struct vring_desc *d = &table[i];

	d->addr = htole64(addr);
	d->len = htole32(len);
	*(packed && indirect ? &d->next : &d->flags) = htole16(flags);
}

/* The other half of that: what stays the same whatever the chain. */
static inline void vblk_put_link(bool packed, bool indirect, struct vring_desc *table, uint16_t i)
{
	if (packed && indirect)
		table[i].flags = 0;
	else
		table[i].next = htole16((uint16_t)(i + 1));
}

/* The same where the form of the ring is not known at compile time. */
static inline void vblk_put_segment(const struct vblk_queue *q, struct vring_desc *table,
				    uint16_t i, iova_t addr, uint32_t len, uint16_t write_flag)
{
	bool packed = q->vq.packed, indirect = q->vq.indirect;

	vblk_put_desc(packed, indirect, table, i, addr, len,
		      (uint16_t)(write_flag | vblk_next_flag(packed, indirect)));
}

static always_inline void vblk_put_header(const struct vblk_req *req, uint32_t type, uint64_t start)
{
	struct virtio_blk_header *h = (struct virtio_blk_header *)(req->slot + VBLK_SLOT_HEADER);

	h->type = htole32(type);
	h->sector = htole64(start / VIRTIO_BLK_SECTOR_BYTES);
}

/* An answer that never comes must not look like one that came before. */
static always_inline void vblk_unset_status(const struct vblk_req *req)
{
	*(uint8_t *)(req->slot + VBLK_SLOT_STATUS) = VIRTIO_BLK_S_UNSET;
}

/* virtio_blk_io.c: header and status around n data segments. The header's part never changes. */
void vblk_lay_out_table(struct vblk_queue *q, struct vblk_req *req, uint16_t n);

/* virtio_blk_io.c: make a chain available that has its header and n data segments. */
void vblk_add_chain(struct vblk_queue *q, struct vblk_req *req, uint16_t n,
		    uint32_t writable_bytes);

static always_inline void vblk_complete(struct vblk_queue *q, struct vblk_req *req,
					struct blkio_completion *c, int ret, const char *msg)
{
	void *user_data = req->user_data;

	req->state = VBLK_FREE;
	req->next = q->free;
	q->free = req;
	*c = (struct blkio_completion) { .user_data = user_data, .error_msg = msg, .ret = ret };
}

/* virtio_blk_transfer.c: the region that has all of a buffer, or NULL; sets q->fast_bytes. */
const struct mem_extent *vblk_find_extent(struct vblk_queue *q, const void *buf, size_t len);

/* A step has been submitted that is the last part of the request, or is not. */
static inline void vblk_set_state(struct vblk_req *req, bool last_part)
{
	bool simple = last_part && !(req->op_flags & BLKIO_REQ_FUA);

	req->state = simple ? VBLK_SIMPLE : VBLK_STEPS;
}

static always_inline iova_t vblk_to_iova(const struct mem_extent *x, const void *buf)
{
	return x->value + ((uintptr_t)buf - x->addr);
}

#endif
