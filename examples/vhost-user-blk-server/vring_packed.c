// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Packed rings.
 */
#include "blk.h"
#include "vring.h"

static void packed_disable_kicks(struct vring *vq)
{
	shared_write(&vq->device_event->flags, EVENT_DISABLE);
}

static bool is_available(const struct vring *vq, uint16_t flags)
{
	return !!(flags & DESC_F_AVAIL) == vq->avail_wrap &&
	       !!(flags & DESC_F_USED) != vq->avail_wrap;
}

static bool packed_enable_kicks(struct vring *vq)
{
	uint16_t wrap = vq->avail_wrap ? PACKED_WRAP : 0;

	if (vq->event_idx) {
		shared_write(&vq->device_event->off_wrap, vq->avail_idx | wrap);
		/* Whoever sees that the place counts must see the place. */
		shared_write_release(&vq->device_event->flags, EVENT_DESC);
	} else {
		shared_write(&vq->device_event->flags, EVENT_ENABLE);
	}
	store_before_load();
	return is_available(vq, shared_read(&vq->ring[vq->avail_idx].flags));
}

static void packed_put(struct vring *vq, uint16_t id, uint16_t n_desc, uint32_t len)
{
	struct packed_desc *d = &vq->ring[vq->used_idx];
	uint16_t flags = DESC_F_WRITE | (vq->used_wrap ? DESC_F_AVAIL | DESC_F_USED : 0);
	unsigned int next = vq->used_idx + n_desc;

	d->id = htole16(id);
	d->len = htole32(len);
	/* The flags hand the descriptor over: id and length must be there before. */
	shared_write_release(&d->flags, flags);
	vq->in_flight -= n_desc;
	vq->unsignalled += n_desc;
	if (next >= vq->num) {
		next -= vq->num;
		vq->used_wrap = !vq->used_wrap;
	}
	vq->used_idx = (uint16_t)next;
}

/* Did the places that were used since the last time include the one that is waited for? */
static bool passed_event(const struct vring *vq, uint16_t off_wrap)
{
	uint16_t event = off_wrap & (PACKED_WRAP - 1);

	/* Count from the start of the round that used_idx is in. */
	if (!!(off_wrap & PACKED_WRAP) != vq->used_wrap)
		event = (uint16_t)(event - vq->num);
	return vring_need_event(event, vq->used_idx, (uint16_t)(vq->used_idx - vq->unsignalled));
}

static bool wants_call(const struct vring *vq)
{
	uint16_t flags;

	store_before_load();
	flags = shared_read_acquire(&vq->driver_event->flags) & 3;
	if (flags == EVENT_DESC && vq->event_idx)
		return passed_event(vq, shared_read(&vq->driver_event->off_wrap));
	return flags != EVENT_DISABLE;
}

static uint32_t packed_position(uint16_t idx, bool wrap)
{
	return idx | (wrap ? (uint32_t)PACKED_WRAP : 0);
}

static void packed_publish(struct vring *vq)
{
	bool wanted = wants_call(vq);

	if (unlikely(vq->inflight)) {
		__atomic_store_n(&vq->inflight->base, packed_position(vq->used_idx, vq->used_wrap),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&vq->inflight->valid, 1, __ATOMIC_RELEASE);
	}
	vq->unsignalled = 0;
	if (wanted)
		vring_call(vq);
}

static void packed_begin(struct vring *vq)
{
	packed_disable_kicks(vq);
}

static struct packed_desc copy_desc(const struct packed_desc *shared)
{
	struct packed_desc d;

	/* The flags first: the rest is valid if they say so. */
	d.flags = shared_read_acquire(&shared->flags);
	d.addr = le64toh(__atomic_load_n(&shared->addr, __ATOMIC_RELAXED));
	d.len = le32toh(__atomic_load_n(&shared->len, __ATOMIC_RELAXED));
	d.id = shared_read(&shared->id);
	return d;
}

/* In a table behind an indirect descriptor, the entries follow each other. */
static bool packed_indirect(struct vring *vq, struct chain *c, const struct packed_desc *head)
{
	const struct packed_desc *table;
	const char *why;
	uint32_t n;

	if (head->flags & DESC_F_NEXT || c->n_desc > 0)
		return vring_break(vq, "an indirect descriptor is part of a list");
	table = vring_indirect(vq, c, head->addr, head->len, &n);
	if (!table)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct packed_desc d = copy_desc(&table[i]);

		why = chain_add(c, vq->mem, d.addr, d.len, d.flags & DESC_F_WRITE);
		if (why)
			return vring_break(vq, "%s", why);
	}
	return true;
}

static void next_place(struct vring *vq)
{
	if (++vq->avail_idx == vq->num) {
		vq->avail_idx = 0;
		vq->avail_wrap = !vq->avail_wrap;
	}
}

static bool add_desc(struct vring *vq, struct chain *c, const struct packed_desc *d)
{
	const char *why;

	if (d->flags & DESC_F_INDIRECT)
		return packed_indirect(vq, c, d);
	why = chain_add(c, vq->mem, d->addr, d->len, d->flags);
	return why ? vring_break(vq, "%s", why) : true;
}

/* Collect the buffers of the request that starts at avail_idx with d. */
static bool packed_collect(struct vring *vq, struct chain *c, struct packed_desc d)
{
	chain_start(c);
	c->n_desc = 0;
	for (;;) {
		if (unlikely(vq->in_flight == vq->num))
			return vring_break(vq, "more descriptors are available than the ring has");
		if (unlikely(!add_desc(vq, c, &d)))
			return false;
		vq->in_flight++;
		c->n_desc++;
		next_place(vq);
		if (!(d.flags & DESC_F_NEXT))
			break;
		d = copy_desc(&vq->ring[vq->avail_idx]);
	}
	c->id = d.id;
	return true;
}

/*
 * The next descriptor, if there is one. Its first buffer (the header, or an indirect table) will
 * be a cache miss; that can go on while the request before it is executed.
 */
static bool next_available(struct vring *vq, struct chain *c, struct packed_desc *d)
{
	uint64_t len = 1;
	uint8_t *first;

	*d = copy_desc(&vq->ring[vq->avail_idx]);
	if (!is_available(vq, d->flags))
		return false;
	first = mem_guest(vq->mem, &c->hint_out, d->addr, &len);
	if (first)
		__builtin_prefetch(first, 1);
	return true;
}

static int packed_serve(struct vring *vq, struct chain *c)
{
	struct packed_desc d;
	bool more = next_available(vq, c, &d);
	int n;

	for (n = 0; more && n < VRING_BATCH; n++) {
		if (unlikely(!packed_collect(vq, c, d)))
			break;
		more = next_available(vq, c, &d);
		if (unlikely(!vring_execute(vq, c)))
			break;
	}
	if (n && likely(!vq->pending))
		packed_publish(vq);
	return n;
}

/* Both positions are the same: a ring that stops has used all that it took. */
static uint32_t packed_base(const struct vring *vq)
{
	uint32_t position = packed_position(vq->avail_idx, vq->avail_wrap);

	return position | position << 16;
}

const struct vring_ops vring_packed_ops = {
	.begin = packed_begin,
	.serve = packed_serve,
	.put = packed_put,
	.publish = packed_publish,
	.enable_kicks = packed_enable_kicks,
	.disable_kicks = packed_disable_kicks,
	.base = packed_base,
};
