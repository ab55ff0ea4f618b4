// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vq_fixture.h.
 */
#include "tests/unit/vq_fixture.h"

#include <stdlib.h>

#include "tests/fakes/must.h"
#include "tests/unit/unit.h"

#define IOVA        UINT64_C(0x123450000000)
#define TABLE_BYTES (VQ_MAX_SEGS * sizeof(struct vring_desc))

void vq_fixture_init(struct vq_fixture *f, const struct fake_kind *kind)
{
	struct vq_layout l = vq_layout(VQ_SIZE, kind->packed);

	*f = (struct vq_fixture) { .mem_bytes = l.bytes + VQ_SIZE * TABLE_BYTES };
	f->mem = aligned_alloc(64, (f->mem_bytes + 63) & ~(size_t)63);
	ck_assert_ptr_nonnull(f->mem);
	memset(f->mem, 0, f->mem_bytes);
	must_eq(vq_init(&f->vq, f->mem, VQ_SIZE, kind->packed, kind->indirect, kind->event_idx,
			IOVA + l.bytes, TABLE_BYTES),
		0);
	f->dev = (struct fake_device) {
		.kind = *kind,
		.size = VQ_SIZE,
		.desc = f->mem + l.desc,
		.driver = f->mem + l.driver,
		.device = f->mem + l.device,
		.mem = f->mem,
		.mem_iova = IOVA,
		.mem_bytes = f->mem_bytes,
	};
}

void vq_fixture_finish(struct vq_fixture *f)
{
	vq_finish(&f->vq);
	free(f->mem);
}

static struct vring_desc *table_of(struct vq_fixture *f, uint16_t id)
{
	return (struct vring_desc *)(void *)(f->mem + f->mem_bytes - (VQ_SIZE - id) * TABLE_BYTES);
}

uint32_t vq_fixture_writable(const struct vq_fixture *f, uint16_t id)
{
	uint32_t bytes = 0;

	for (uint16_t k = 0; k < f->n[id]; k++)
		bytes += f->segs[id][k].writable ? f->segs[id][k].len : 0;
	return bytes;
}

/* The first segments are the driver's, the others the device's. */
static void make_segments(struct vq_fixture *f, uint16_t id, uint16_t n)
{
	for (uint16_t k = 0; k < n; k++)
		f->segs[id][k] = (struct fake_segment) {
			.addr = ((uint64_t)f->chains << 16) + id * 16u + k,
			.len = 512u * (k + 1u) + id,
			.writable = k >= n / 2,
		};
}

static void make_descs(const struct vq_fixture *f, uint16_t id, uint16_t n,
		       struct vring_desc *descs)
{
	bool linked = f->vq.indirect && !f->vq.packed;

	for (uint16_t k = 0; k < n; k++) {
		const struct fake_segment *s = &f->segs[id][k];
		uint16_t flags = linked && k + 1 < n ? VRING_DESC_NEXT : 0;

		descs[k] = (struct vring_desc) {
			htole64(s->addr),
			htole32(s->len),
			htole16((uint16_t)(flags | (s->writable ? VRING_DESC_WRITE : 0))),
			htole16((uint16_t)(k + 1)),
		};
	}
}

/* A table of a packed ring has descriptors like those of the ring; the id means nothing. */
static void make_packed_table(const struct vq_fixture *f, uint16_t id, uint16_t n,
			      struct vring_packed_desc *descs)
{
	for (uint16_t k = 0; k < n; k++) {
		const struct fake_segment *s = &f->segs[id][k];

		descs[k] = (struct vring_packed_desc) {
			htole64(s->addr),
			htole32(s->len),
			0xffff,
			htole16(s->writable ? VRING_DESC_WRITE : 0),
		};
	}
}

void vq_fixture_add(struct vq_fixture *f, uint16_t id, uint16_t n)
{
	struct vring_desc direct[VQ_MAX_SEGS];
	struct vring_desc *descs = f->vq.indirect ? table_of(f, id) : direct;

	must_eq(f->n[id], 0);
	must(vq_has_room(&f->vq, n));
	make_segments(f, id, n);
	if (f->vq.indirect && f->vq.packed)
		make_packed_table(f, id, n, (struct vring_packed_desc *)(void *)descs);
	else
		make_descs(f, id, n, descs);
	f->n[id] = n;
	f->chains++;
	if (f->vq.indirect && !f->vq.packed)
		vq_set_table(&f->vq, id, n);
	if (f->vq.indirect)
		vq_add_indirect(&f->vq, f->vq.packed, id,
				IOVA + (uint64_t)((uint8_t *)descs - f->mem), n,
				vq_fixture_writable(f, id));
	else
		vq_add_direct(&f->vq, id, direct, n, vq_fixture_writable(f, id));
}

uint16_t vq_fixture_identify(struct vq_fixture *f, const struct fake_chain *chain)
{
	uint16_t id = chain->segs[0].addr >> 4 & 0xfff;

	must_lt(id, VQ_SIZE);
	must_eq(chain->n, f->n[id]);
	for (unsigned int k = 0; k < chain->n; k++) {
		must_eq(chain->segs[k].addr, f->segs[id][k].addr);
		must_eq(chain->segs[k].len, f->segs[id][k].len);
		must_eq(chain->segs[k].writable, f->segs[id][k].writable);
	}
	return (int)id;
}

void vq_fixture_expect(struct vq_fixture *f, uint16_t id, struct fake_chain *chain)
{
	must(fake_device_pop(&f->dev, chain));
	must_eq(vq_fixture_identify(f, chain), id);
}

int vq_fixture_take(struct vq_fixture *f, uint32_t *len)
{
	int n = f->vq.packed ? vq_is_used_packed(&f->vq) : vq_nr_used_split(&f->vq);
	uint32_t id;
	int ret;

	if (n <= 0)
		return n < 0 ? n : VQ_NOTHING;
	must(vq_has_used(&f->vq));
	ret = vq_take_used(&f->vq, f->vq.packed, f->vq.indirect, &id, len);
	if (ret < 0)
		return ret;
	/* Whatever the device does: a chain comes back only if it was in flight, and once. */
	must_lt(id, VQ_SIZE);
	must_ne(f->n[id], 0);
	must_le(*len, vq_fixture_writable(f, (uint16_t)id));
	f->n[id] = 0;
	return (int)id;
}

void vq_fixture_round(struct vq_fixture *f, uint16_t id, uint16_t n)
{
	struct fake_chain chain;
	uint32_t len;

	vq_fixture_add(f, id, n);
	vq_publish(&f->vq);
	vq_fixture_expect(f, id, &chain);
	fake_device_use(&f->dev, &chain, 1);
	must_eq(vq_fixture_take(f, &len), id);
	must_eq(len, 1);
}
