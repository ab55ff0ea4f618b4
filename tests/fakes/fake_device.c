// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_device.h. Counters never wrap here: positions and wrap bits are computed from them.
 */
#include "tests/fakes/fake_device.h"

#include <endian.h>

#include "tests/fakes/must.h"

enum {
	DESC_BYTES = 16,
	DESC_NEXT = 1,
	DESC_WRITE = 2,
	DESC_INDIRECT = 4,
	PACKED_AVAIL = 0x80,
	PACKED_USED = 0x8000,
	EVENTS_ENABLE = 0,
	EVENTS_DISABLE = 1,
	EVENTS_DESC = 2,
};

const struct fake_kind fake_kinds[FAKE_KINDS] = {
	{ "split, direct, flags", false, false, false },
	{ "split, direct, event_idx", false, false, true },
	{ "split, indirect, flags", false, true, false },
	{ "split, indirect, event_idx", false, true, true },
	{ "packed, direct, flags", true, false, false },
	{ "packed, direct, event_idx", true, false, true },
	{ "packed, indirect, flags", true, true, false },
	{ "packed, indirect, event_idx", true, true, true },
};

/* ---- memory ---- */

static uint16_t get16(const uint8_t *p)
{
	return le16toh(__atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_ACQUIRE));
}

static uint32_t get32(const uint8_t *p)
{
	return le32toh(*(const uint32_t *)(const void *)p);
}

static uint64_t get64(const uint8_t *p)
{
	return le64toh(*(const uint64_t *)(const void *)p);
}

static void put16(uint8_t *p, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)p, htole16(value), __ATOMIC_RELEASE);
}

static void put32(uint8_t *p, uint32_t value)
{
	*(uint32_t *)(void *)p = htole32(value);
}

/* Where the driver's address is in this process. */
static uint8_t *translate(const struct fake_device *d, uint64_t iova, uint64_t bytes)
{
	must_ge(iova, d->mem_iova);
	must_le(iova - d->mem_iova + bytes, d->mem_bytes);
	return d->mem + (iova - d->mem_iova);
}

/* ---- chains ---- */

static void add_segment(struct fake_chain *chain, const uint8_t *desc)
{
	must_lt(chain->n, FAKE_MAX_SEGS);
	chain->segs[chain->n++] = (struct fake_segment) {
		get64(desc),
		get32(desc + 8),
		get16(desc + 12) & DESC_WRITE,
	};
}

/* From entry i of a table of the split ring's descriptors; returns how many there were. */
static unsigned int walk_split(struct fake_chain *chain, const uint8_t *table, unsigned int entries,
			       unsigned int i)
{
	for (unsigned int n = 1;; n++) {
		const uint8_t *desc = table + (size_t)i * DESC_BYTES;

		must_lt(i, entries);
		must_le(n, entries);
		add_segment(chain, desc);
		if (!(get16(desc + 12) & DESC_NEXT))
			return n;
		i = get16(desc + 14);
	}
}

static bool pop_split(struct fake_device *d, struct fake_chain *chain)
{
	uint16_t idx = get16(d->driver + 2);
	unsigned int head;
	const uint8_t *desc;

	if (idx == (uint16_t)d->avail)
		return false;
	head = get16(d->driver + 4 + 2 * (d->avail % d->size));
	must_lt(head, d->size);
	desc = d->desc + (size_t)head * DESC_BYTES;
	*chain = (struct fake_chain) { .id = (uint16_t)head, .nr_descs = 1 };
	if (get16(desc + 12) & DESC_INDIRECT) {
		uint32_t bytes = get32(desc + 8);
		const uint8_t *table = translate(d, get64(desc), bytes);

		must_eq(walk_split(chain, table, bytes / DESC_BYTES, 0) * DESC_BYTES, bytes);
	} else {
		chain->nr_descs = walk_split(chain, d->desc, d->size, head);
	}
	d->avail++;
	return true;
}

/* The wrap counter of the n-th descriptor begins with 1. */
static bool wrap_of(const struct fake_device *d, uint64_t n)
{
	return n / d->size % 2 == 0;
}

static uint8_t *packed_desc(const struct fake_device *d, uint64_t n)
{
	return d->desc + n % d->size * DESC_BYTES;
}

static bool is_available(const struct fake_device *d)
{
	uint16_t flags = get16(packed_desc(d, d->avail) + 14);
	bool wrap = wrap_of(d, d->avail);

	return !!(flags & PACKED_AVAIL) == wrap && !!(flags & PACKED_USED) != wrap;
}

/* In a packed ring, and in its tables: id, then flags. */
static void add_packed(struct fake_chain *chain, const uint8_t *desc)
{
	must_lt(chain->n, FAKE_MAX_SEGS);
	chain->segs[chain->n++] = (struct fake_segment) {
		get64(desc),
		get32(desc + 8),
		get16(desc + 14) & DESC_WRITE,
	};
}

static bool pop_packed(struct fake_device *d, struct fake_chain *chain)
{
	uint16_t flags = DESC_NEXT;

	if (!is_available(d))
		return false;
	*chain = (struct fake_chain) { 0 };
	while (flags & DESC_NEXT) {
		const uint8_t *desc = packed_desc(d, d->avail);

		must(is_available(d)); /* a chain is published whole */
		flags = get16(desc + 14);
		chain->id = get16(desc + 12);
		chain->nr_descs++;
		d->avail++;
		if (flags & DESC_INDIRECT) {
			uint32_t bytes = get32(desc + 8);
			const uint8_t *table = translate(d, get64(desc), bytes);

			must(!(flags & DESC_NEXT) && chain->nr_descs == 1);
			for (uint32_t i = 0; i < bytes / DESC_BYTES; i++)
				add_packed(chain, table + (size_t)i * DESC_BYTES);
		} else {
			add_packed(chain, desc);
		}
	}
	return true;
}

bool fake_device_pop(struct fake_device *d, struct fake_chain *chain)
{
	return d->kind.packed ? pop_packed(d, chain) : pop_split(d, chain);
}

void fake_device_use_raw(struct fake_device *d, uint32_t id, uint32_t len, unsigned int nr_descs)
{
	uint8_t *p;

	if (d->kind.packed) {
		bool wrap = wrap_of(d, d->used);

		p = packed_desc(d, d->used);
		put32(p + 8, len);
		put16(p + 12, (uint16_t)id);
		put16(p + 14, wrap ? PACKED_AVAIL | PACKED_USED : 0);
		d->used += nr_descs;
	} else {
		p = d->device + 4 + d->used % d->size * 8;
		put32(p, id);
		put32(p + 4, len);
		d->used++;
		put16(d->device + 2, (uint16_t)d->used);
	}
}

void fake_device_use(struct fake_device *d, const struct fake_chain *chain, uint32_t len)
{
	fake_device_use_raw(d, chain->id, len, chain->nr_descs);
}

/* ---- events and kicks ---- */

/* Whether the position that the driver named is among those used since the last look. */
static bool passed_packed(const struct fake_device *d)
{
	uint16_t off_wrap = get16(d->driver);

	for (uint64_t n = d->notified; n < d->used; n++) {
		if (n % d->size == (off_wrap & 0x7fff) && wrap_of(d, n) == off_wrap >> 15)
			return true;
	}
	return false;
}

static bool passed_split(const struct fake_device *d)
{
	uint16_t used_event = get16(d->driver + 4 + 2 * (size_t)d->size);

	for (uint64_t n = d->notified; n < d->used; n++) {
		if ((uint16_t)n == used_event)
			return true;
	}
	return false;
}

static bool wants_event(const struct fake_device *d)
{
	uint16_t flags;

	if (d->kind.packed) {
		flags = get16(d->driver + 2);
		must_le(flags, d->kind.event_idx ? EVENTS_DESC : EVENTS_DISABLE);
		return flags == EVENTS_DESC ? passed_packed(d) : flags == EVENTS_ENABLE;
	}
	return d->kind.event_idx ? passed_split(d) : !(get16(d->driver) & 1);
}

bool fake_device_event(struct fake_device *d)
{
	bool event;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = d->used != d->notified && wants_event(d);
	d->notified = d->used;
	return event;
}

void fake_device_want_kick(struct fake_device *d, unsigned int n)
{
	uint64_t at = d->avail + n - 1;

	if (d->kind.packed && d->kind.event_idx) {
		put16(d->device, (uint16_t)(at % d->size | (wrap_of(d, at) ? 0x8000 : 0)));
		put16(d->device + 2, EVENTS_DESC);
	} else if (d->kind.packed) {
		put16(d->device + 2, EVENTS_ENABLE);
	} else if (d->kind.event_idx) {
		put16(d->device + 4 + 8 * (size_t)d->size, (uint16_t)at);
	} else {
		put16(d->device, 0);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* With EVENT_IDX a split ring cannot say no: a position just behind is as far as can be. */
void fake_device_want_no_kick(struct fake_device *d)
{
	if (d->kind.packed)
		put16(d->device + 2, EVENTS_DISABLE);
	else if (d->kind.event_idx)
		put16(d->device + 4 + 8 * (size_t)d->size, (uint16_t)(d->avail - 1));
	else
		put16(d->device, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
