// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See virtqueue.h: set-up, publishing, events. What runs per request is inline there.
 */
#include "drivers/virtio/virtqueue.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util/align.h"

#define CACHE_LINE 64

struct vq_layout vq_layout(uint16_t size, bool packed)
{
	size_t n = size;
	struct vq_layout l = { 0 };
	size_t driver =
		packed ? sizeof(struct vring_packed_event)
		       : sizeof(struct vring_avail) + n * sizeof(uint16_t) + sizeof(uint16_t);
	size_t device = packed ? sizeof(struct vring_packed_event)
			       : sizeof(struct vring_used) + n * sizeof(struct vring_used_elem) +
					 sizeof(uint16_t);

	/* Each part on lines of its own: the two sides write different ones. */
	l.driver = align_up(n * sizeof(struct vring_desc), CACHE_LINE);
	l.device = align_up(l.driver + driver, CACHE_LINE);
	l.bytes = align_up(l.device + device, CACHE_LINE);
	return l;
}

static bool make_arrays(struct virtqueue *vq)
{
	vq->chains = calloc(vq->size, sizeof(*vq->chains));
	if (!vq->packed && !vq->indirect) {
		vq->desc_next = calloc(vq->size, sizeof(*vq->desc_next));
		vq->desc_owner = calloc(vq->size, sizeof(*vq->desc_owner));
		if (!vq->desc_next || !vq->desc_owner)
			return false;
	}
	return vq->chains;
}

/* Split with indirect: descriptor i refers to table i, for good. Only its length changes. */
static void preset_descs(struct virtqueue *vq, iova_t tables, size_t table_stride)
{
	for (uint32_t i = 0; i < vq->size; i++) {
		vq->desc[i].addr = htole64(tables + i * table_stride);
		vq->desc[i].flags = htole16(VRING_DESC_INDIRECT);
	}
}

static void free_all_descs(struct virtqueue *vq)
{
	for (uint32_t i = 0; i < vq->size; i++) {
		vq->desc_next[i] = (uint16_t)(i + 1);
		vq->desc_owner[i] = UINT16_MAX; /* no chain */
	}
}

void vq_restart(struct virtqueue *vq, void *mem, iova_t tables, size_t table_stride)
{
	struct vq_layout l = vq_layout((uint16_t)vq->size, vq->packed);
	char *base = mem;

	*vq = (struct virtqueue) {
		.size = vq->size,
		.mask = vq->size - 1,
		.nr_free = vq->size,
		.packed = vq->packed,
		.indirect = vq->indirect,
		.event_idx = vq->event_idx,
		.events_on = true,
		.avail_flags = VRING_DESC_AVAIL | (vq->indirect ? VRING_DESC_INDIRECT : 0),
		.used_flags = VRING_DESC_AVAIL | VRING_DESC_USED,
		.desc = (void *)(base + l.desc),
		.avail = (void *)(base + l.driver),
		.used = (void *)(base + l.device),
		.chains = vq->chains,
		.desc_next = vq->desc_next,
		.desc_owner = vq->desc_owner,
	};
	memset(vq->chains, 0, vq->size * sizeof(*vq->chains));
	if (!vq->packed && vq->indirect)
		preset_descs(vq, tables, table_stride);
	if (!vq->packed && !vq->indirect)
		free_all_descs(vq);
	vq_disable_events(vq);
}

int vq_init(struct virtqueue *vq, void *mem, uint16_t size, bool packed, bool indirect,
	    bool event_idx, iova_t tables, size_t table_stride)
{
	*vq = (struct virtqueue) {
		.size = size,
		.packed = packed,
		.indirect = indirect,
		.event_idx = event_idx,
	};
	if (!make_arrays(vq)) {
		vq_finish(vq);
		return -ENOMEM;
	}
	vq_restart(vq, mem, tables, table_stride);
	return 0;
}

void vq_finish(struct virtqueue *vq)
{
	free(vq->chains);
	free(vq->desc_next);
	free(vq->desc_owner);
	*vq = (struct virtqueue) { 0 };
}

static void add_direct_packed(struct virtqueue *vq, uint16_t id, const struct vring_desc *descs,
			      uint16_t n)
{
	for (uint16_t k = 0; k < n; k++)
		vq_put_packed(vq, le64toh(descs[k].addr), le32toh(descs[k].len), id,
			      (uint16_t)(le16toh(descs[k].flags) |
					 (k + 1 < n ? VRING_DESC_NEXT : 0)));
}

static uint16_t add_direct_split(struct virtqueue *vq, const struct vring_desc *descs, uint16_t n)
{
	uint16_t head = vq->free_head, i = head;

	for (uint16_t k = 0; k < n; k++) {
		uint16_t flags = le16toh(descs[k].flags);

		/* Follow our own list. The device can write the shared table, so a `next` read
		 * back from it could send us out of bounds. */
		vq->desc[i] = descs[k];
		vq->desc[i].flags = htole16(k + 1 < n ? flags | VRING_DESC_NEXT : flags);
		vq->desc[i].next = htole16(vq->desc_next[i]);
		i = vq->desc_next[i];
	}
	vq->free_head = i;
	vq->avail->ring[vq->next & vq->mask] = htole16(head);
	vq->next++;
	return head;
}

void vq_add_direct(struct virtqueue *vq, uint16_t id, const struct vring_desc *descs, uint16_t n,
		   uint32_t writable_bytes)
{
	struct vq_chain *chain = &vq->chains[id];

	chain->len_limit = writable_bytes + 1;
	chain->nr_descs = n;
	vq->nr_chains++;
	vq->nr_free -= n;
	if (vq->packed) {
		add_direct_packed(vq, id, descs, n);
		return;
	}
	chain->head = add_direct_split(vq, descs, n);
	vq->desc_owner[chain->head] = id;
}

static void free_descs_split(struct virtqueue *vq, uint16_t head, uint16_t n)
{
	uint16_t last = head;

	vq->desc_owner[head] = UINT16_MAX;
	while (--n)
		last = vq->desc_next[last];
	vq->desc_next[last] = vq->free_head;
	vq->free_head = head;
}

void vq_free_descs(struct virtqueue *vq, const struct vq_chain *chain)
{
	vq->nr_free += chain->nr_descs;
	vq->nr_chains--;
	if (!vq->packed)
		free_descs_split(vq, chain->head, chain->nr_descs);
}

/* Whether the device wants to hear that the index went from old_idx to new_idx. */
static bool passed_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

static bool wants_kick_split(const struct virtqueue *vq, uint16_t old)
{
	const uint16_t *avail_event = (const uint16_t *)&vq->used->ring[vq->size];

	if (vq->event_idx)
		return passed_event(le16toh(load_once(avail_event)), (uint16_t)vq->next, old);
	return !(le16toh(load_once(&vq->used->flags)) & VRING_USED_NO_NOTIFY);
}

static bool wants_kick_packed(const struct virtqueue *vq, uint16_t added)
{
	uint16_t flags = le16toh(load_once(&vq->device_event->flags));
	uint16_t off_wrap = le16toh(load_once(&vq->device_event->off_wrap));
	uint16_t event = off_wrap & (VRING_EVENT_WRAP - 1);
	bool wrap = off_wrap & VRING_EVENT_WRAP;
	uint16_t pos = (uint16_t)(vq->next & vq->mask);

	if (!vq->event_idx || flags != VRING_EVENT_DESC)
		return flags != VRING_EVENT_DISABLE;
	/* On a line of positions: one with the other wrap counter lies a ring before ours. */
	if (wrap != vq_wrap_at(vq, vq->next))
		event = (uint16_t)(event - vq->size);
	return passed_event(event, pos, (uint16_t)(pos - added));
}

bool vq_publish(struct virtqueue *vq)
{
	uint32_t old = vq->published;

	if (vq->next == old)
		return false;
	vq->published = vq->next;
	/* Release: descriptors and tables are written before the device sees that they are there.
	 */
	if (vq->packed)
		dma_store_release(&vq->pdesc[old & vq->mask].flags, vq->batch_flags);
	else
		dma_store_release(&vq->avail->idx, htole16((uint16_t)vq->next));
	/* Either the device sees what is new before it sleeps, or we see that it wants a kick. */
	dma_full_barrier();
	return vq->packed ? wants_kick_packed(vq, (uint16_t)(vq->next - old))
			  : wants_kick_split(vq, (uint16_t)old);
}

static uint16_t *used_event(struct virtqueue *vq)
{
	return &vq->avail->ring[vq->size];
}

/* The position, with its wrap counter, that the device reaches with the after-th used chain. */
static uint16_t packed_event_at(const struct virtqueue *vq, uint16_t after)
{
	uint32_t at = vq->used_next + after - 1;

	return (uint16_t)((at & vq->mask) | (vq_wrap_at(vq, at) ? VRING_EVENT_WRAP : 0));
}

void vq_enable_events(struct virtqueue *vq, uint16_t after)
{
	vq->events_on = true;
	if (vq->packed) {
		/* Chains of several descriptors: we cannot tell where the after-th one ends. */
		uint16_t at = packed_event_at(vq, vq->indirect ? after : 1);

		store_once(&vq->driver_event->off_wrap, htole16(at));
		/* Release: the device must not see the new flags with the old position. */
		dma_store_release(&vq->driver_event->flags,
				  htole16(vq->event_idx ? VRING_EVENT_DESC : VRING_EVENT_ENABLE));
	} else if (vq->event_idx) {
		store_once(used_event(vq), htole16((uint16_t)(vq->used_next + after - 1)));
	} else {
		store_once(&vq->avail->flags, 0);
	}
	/* Either the device sees this before it uses a chain, or we see that chain now. */
	dma_full_barrier();
}

void vq_disable_events(struct virtqueue *vq)
{
	if (vq->packed) {
		if (vq->events_on)
			store_once(&vq->driver_event->flags, htole16(VRING_EVENT_DISABLE));
	} else if (vq->event_idx) {
		/* Just behind where the device stands: it has to go around all of 2^16 to reach it.
		 * Moved on in time, it never does. */
		if (vq->events_on || (uint16_t)(vq->used_next - vq->disabled_at) > UINT16_MAX / 2) {
			vq->disabled_at = (uint16_t)(vq->used_next - 1);
			store_once(used_event(vq), htole16(vq->disabled_at));
		}
	} else if (vq->events_on) {
		store_once(&vq->avail->flags, htole16(VRING_AVAIL_NO_INTERRUPT));
	}
	vq->events_on = false;
}
