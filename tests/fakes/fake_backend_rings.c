// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_backend_rings.h. Only queue 0 is looked at: what comes for others is ignored.
 */
#include "tests/fakes/fake_backend_rings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user_proto.h"
#include "tests/fakes/fake_backend_zones.h"

void fake_rings_map(struct fake_rings_state *r, const void *region, int fd)
{
	struct vhost_user_region reg;
	struct fake_region *new = &r->regions[r->nr_regions];
	void *mem;

	memcpy(&reg, region, sizeof(reg));
	for (unsigned int i = 0; i < r->nr_regions; i++) {
		if (r->regions[i].iova == reg.guest_addr)
			return;
	}
	if (r->nr_regions == FAKE_MAX_REGIONS || fd < 0)
		return;
	mem = mmap(NULL, reg.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)reg.mmap_offset);
	if (mem == MAP_FAILED)
		_exit(2);
	*new = (struct fake_region) { mem, reg.guest_addr, reg.bytes };
	r->nr_regions++;
}

static void find_rings(struct fake_rings_state *r, uint64_t iova)
{
	for (unsigned int i = 0; i < r->nr_regions; i++) {
		const struct fake_region *region = &r->regions[i];

		if (iova - region->iova < region->bytes) {
			r->mem = region->mem;
			r->mem_iova = region->iova;
			r->mem_bytes = region->bytes;
		}
	}
}

void fake_rings_set_size(struct fake_rings_state *r, const void *state)
{
	struct vhost_user_vring_state s;

	memcpy(&s, state, sizeof(s));
	if (s.index == 0)
		r->size = s.num;
}

void fake_rings_set_addr(struct fake_rings_state *r, const void *addr)
{
	struct vhost_user_vring_addr a;

	memcpy(&a, addr, sizeof(a));
	if (a.index != 0)
		return;
	find_rings(r, a.desc);
	if (!r->mem)
		return;
	r->dev = (struct fake_device) {
		.kind = r->kind,
		.size = r->size,
		.desc = r->mem + (a.desc - r->mem_iova),
		.driver = r->mem + (a.avail - r->mem_iova),
		.device = r->mem + (a.used - r->mem_iova),
		.mem = r->mem,
		.mem_iova = r->mem_iova,
		.mem_bytes = r->mem_bytes,
	};
}

static void replace_fd(int *fd, int new_fd)
{
	if (*fd)
		close(*fd);
	*fd = new_fd < 0 ? 0 : new_fd;
}

void fake_rings_set_call(struct fake_rings_state *r, int fd)
{
	replace_fd(&r->call_fd, fd);
}

void fake_rings_set_kick(struct fake_rings_state *r, int fd)
{
	replace_fd(&r->kick_fd, fd);
}

void fake_rings_disable(struct fake_rings_state *r)
{
	r->enabled = false;
}

void fake_rings_finish(struct fake_rings_state *r)
{
	replace_fd(&r->call_fd, -1);
	replace_fd(&r->kick_fd, -1);
	while (r->nr_regions--)
		munmap(r->regions[r->nr_regions].mem, r->regions[r->nr_regions].bytes);
}

static void call(const struct fake_rings_state *r)
{
	const uint64_t one = 1;

	if (r->call_fd)
		(void)!write(r->call_fd, &one, sizeof(one));
}

/* The status is the last byte of the last segment, always in the memory of the rings. */
static void put_status(const struct fake_rings_state *r, const struct fake_chain *chain,
		       uint8_t status)
{
	const struct fake_segment *s = &chain->segs[chain->n - 1];
	uint64_t at = s->addr + s->len - 1 - r->mem_iova;

	if (at < r->mem_bytes)
		r->mem[at] = status;
}

static uint8_t *at_iova(const struct fake_rings_state *r, uint64_t iova, uint64_t len)
{
	uint64_t at = iova - r->mem_iova;

	return at < r->mem_bytes && len <= r->mem_bytes - at ? r->mem + at : NULL;
}

/* A header of 16 bytes, data in one direction, a status. */
static bool is_sound(const struct fake_chain *chain)
{
	const struct fake_segment *s = chain->segs;

	if (chain->n < 2 || s[0].len != 16 || s[0].writable || s[chain->n - 1].len != 1 ||
	    !s[chain->n - 1].writable)
		return false;
	for (unsigned int i = 2; i + 1 < chain->n; i++) {
		if (s[i].writable != s[1].writable)
			return false;
	}
	return true;
}

static void answer_zones(const struct fake_rings_state *r, const struct fake_chain *chain)
{
	const struct virtio_blk_header *h = (const void *)at_iova(r, chain->segs[0].addr, 16);
	const struct fake_segment *s = &chain->segs[chain->n - 2];
	uint8_t *data = chain->n > 2 ? at_iova(r, s->addr, s->len) : NULL;

	if (h && data && s->writable && le32toh(h->type) == VIRTIO_BLK_T_ZONE_REPORT)
		fake_zones_report(r->zones, le64toh(h->sector), data, s->len);
	if (h && data && s->writable && le32toh(h->type) == VIRTIO_BLK_T_ZONE_APPEND)
		fake_zones_append(r->zones, le64toh(h->sector), data);
}

static void use(struct fake_rings_state *r, const struct fake_chain *chain, enum fake_rings what)
{
	answer_zones(r, chain);
	if (what == RINGS_BAD_STATUS)
		put_status(r, chain, 77);
	else if (what == RINGS_STRICT && !is_sound(chain))
		put_status(r, chain, VIRTIO_BLK_S_IOERR);
	else if (what != RINGS_NO_STATUS)
		put_status(r, chain, VIRTIO_BLK_S_OK);
	if (what == RINGS_BAD_ID)
		fake_device_use_raw(&r->dev, r->size + 1, 1, chain->nr_descs);
	else
		fake_device_use(&r->dev, chain, what == RINGS_TOO_LONG ? 1 << 30 : 1);
	if (what == RINGS_TWICE)
		fake_device_use(&r->dev, chain, 1);
	call(r);
}

/* What the library asks of its own accord is answered as it should be, and not counted. */
static bool answer_id(struct fake_rings_state *r, const struct fake_chain *chain)
{
	const uint8_t *header = at_iova(r, chain->segs[0].addr, 16);
	uint8_t *id = chain->n == 3 ? at_iova(r, chain->segs[1].addr, VIRTIO_BLK_ID_BYTES) : NULL;

	if (!header || header[0] != VIRTIO_BLK_T_GET_ID)
		return false;
	if (r->no_id)
		return true; /* never */
	if (id)
		memcpy(id, r->id, VIRTIO_BLK_ID_BYTES);
	put_status(r, chain, id ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_UNSUPP);
	fake_device_use(&r->dev, chain, VIRTIO_BLK_ID_BYTES + 1);
	call(r);
	return true;
}

static void serve(struct fake_rings_state *r, enum fake_rings what, struct fake_stats *stats)
{
	struct fake_chain chain;

	while (!(what == RINGS_SERVE_ONE && stats->chains) && fake_device_pop(&r->dev, &chain)) {
		if (answer_id(r, &chain))
			continue;
		stats->chains++;
		use(r, &chain, what);
	}
	fake_device_want_kick(&r->dev, 1);
}

/* The library waits for the answer to what it asks itself: only then the silence begins. */
static void serve_id_only(struct fake_rings_state *r)
{
	struct fake_chain chain;

	while (!r->done && fake_device_pop(&r->dev, &chain))
		r->done = answer_id(r, &chain);
}

/* Bytes that look like something more often than not: small numbers, near what is there. */
static void scribble(struct fake_rings_state *r)
{
	for (int i = 0; i < 256; i++) {
		uint64_t at = (uint64_t)rand() % r->mem_bytes;

		r->mem[at] = (uint8_t)(rand() % 2 ? rand() : rand() % 4);
	}
	for (int i = 0; i < 16; i++) {
		uint8_t *p = r->dev.device + rand() % (r->kind.packed ? 4 : 32);

		*p = (uint8_t)(*p + rand() % 3);
	}
	call(r);
}

/* The driver has the same open files: their flags and counters are ours to spoil. */
static void block_fds(struct fake_rings_state *r)
{
	const uint64_t full = UINT64_MAX - 1;
	int fds[2] = { r->call_fd, r->kick_fd };

	for (int i = 0; i < 2; i++) {
		uint64_t count;

		(void)!read(fds[i], &count, sizeof(count));
		(void)!write(fds[i], &full, sizeof(full));
		(void)!fcntl(fds[i], F_SETFL, 0);
	}
}

void fake_rings_work(struct fake_rings_state *r, enum fake_rings what, struct fake_stats *stats)
{
	if (!r->enabled)
		return;
	switch (what) {
	case RINGS_SILENT:
		serve_id_only(r);
		break;
	case RINGS_SCRIBBLE:
		scribble(r);
		break;
	case RINGS_BLOCK_FDS:
		if (!r->done)
			block_fds(r);
		r->done = true;
		break;
	default:
		serve(r, what, stats);
	}
}
