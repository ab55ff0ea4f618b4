// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See ring_driver.h.
 */
#include "tests/server/ring_driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/test.h"

/* Where things are in the shared memory. */
enum {
	AT_DESC = 0,
	AT_DRIVER = 0x10000,
	AT_DEVICE = 0x20000,
	AT_INDIRECT = 0x30000, /* a table of 16 entries for each id */
	AT_HEADERS = 0x40000,  /* 32 bytes for each request: header, status */
	TABLE_BYTES = 16 * 16,
	MAX_BUFS = 6,
};

const struct rd_kind rd_kinds[RD_N_KINDS] = {
	{ "split", false, false, false },         { "split event-idx", false, false, true },
	{ "split indirect", false, true, false }, { "split indirect event-idx", false, true, true },
	{ "packed", true, false, false },         { "packed event-idx", true, false, true },
	{ "packed indirect", true, true, false }, { "packed indirect event-idx", true, true, true },
};

static void share_memory(struct ring_driver *rd)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, RD_BYTES), 0);
	rd->shared = mmap(NULL, RD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(rd->shared, MAP_FAILED);
	rd->memory_fd = fd;
}

uint64_t rd_desc_user(void)
{
	return RD_USER + AT_DESC;
}

uint64_t rd_driver_user(void)
{
	return RD_USER + AT_DRIVER;
}

uint64_t rd_device_user(void)
{
	return RD_USER + AT_DEVICE;
}

static void make_disk(struct ring_driver *rd)
{
	ck_assert_int_eq(backend_open_memory(&rd->disk, RD_DISK_BYTES), 0);
	rd->blk = (struct blk) {
		.backend = &rd->disk,
		.serial = "serial",
		.limits = { .block_size = 512,
			    .physical_block = 512,
			    .seg_max = 126,
			    .max_discard_sectors = 1024,
			    .max_discard_seg = 2,
			    .max_write_zeroes_sectors = 1024,
			    .max_write_zeroes_seg = 2,
			    .max_secure_erase_sectors = 1024,
			    .max_secure_erase_seg = 2,
			    .num_queues = 1 },
	};
	blk_size_changed(&rd->blk);
}

static uint64_t features_of(const struct rd_kind *kind)
{
	return (kind->packed ? BIT(F_RING_PACKED) : 0) |
	       (kind->indirect ? BIT(F_INDIRECT_DESC) : 0) |
	       (kind->event_idx ? BIT(F_EVENT_IDX) : 0) | BIT(F_VERSION_1) | BIT(BLK_F_FLUSH) |
	       BIT(BLK_F_DISCARD) | BIT(BLK_F_WRITE_ZEROES) | BIT(BLK_F_SECURE_ERASE);
}

struct ring_driver *rd_create_alone(const struct rd_kind *kind)
{
	struct ring_driver *rd = calloc(1, sizeof(*rd));

	ck_assert_ptr_nonnull(rd);
	rd->kind = *kind;
	rd->avail_wrap = rd->used_wrap = true;
	share_memory(rd);
	rd->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(rd->call_fd, 0);
	vring_init(&rd->vq, 0, NULL, NULL);
	return rd;
}

struct ring_driver *rd_create_stopped(const struct rd_kind *kind)
{
	struct mem_desc desc = { .guest = RD_GUEST, .size = RD_BYTES, .user = RD_USER };
	struct ring_driver *rd = rd_create_alone(kind);

	rd->chain = calloc(1, sizeof(*rd->chain));
	ck_assert_ptr_nonnull(rd->chain);
	mem_init(&rd->mem, MEM_MAX_SLOTS);
	ck_assert_int_eq(mem_add(&rd->mem, &desc, rd->memory_fd), 0);
	make_disk(rd);
	vring_init(&rd->vq, 0, &rd->mem, &rd->blk);
	rd->vq.num = RD_NUM;
	rd->vq.desc_user = rd_desc_user();
	rd->vq.driver_user = rd_driver_user();
	rd->vq.device_user = rd_device_user();
	rd->vq.base = kind->packed ? PACKED_WRAP : 0;
	rd->vq.call_fd = dup(rd->call_fd);
	return rd;
}

void rd_start(struct ring_driver *rd)
{
	uint64_t features = features_of(&rd->kind) | (rd->blk.zoned ? BIT(BLK_F_ZONED) : 0);

	blk_set_features(&rd->blk, features, features);
	ck_assert_ptr_null(vring_start(&rd->vq, features));
}

struct ring_driver *rd_create(const struct rd_kind *kind)
{
	struct ring_driver *rd = rd_create_stopped(kind);

	rd_start(rd);
	return rd;
}

void rd_destroy(struct ring_driver *rd)
{
	vring_stop(&rd->vq);
	vring_reset(&rd->vq);
	mem_finish(&rd->mem);
	munmap(rd->shared, RD_BYTES);
	if (rd->disk.ops)
		rd->disk.ops->close(&rd->disk);
	close(rd->memory_fd);
	close(rd->call_fd);
	free(rd->chain);
	free(rd);
}

struct split_desc *rd_desc(struct ring_driver *rd)
{
	return (void *)(rd->shared + AT_DESC);
}

struct packed_desc *rd_packed(struct ring_driver *rd)
{
	return (void *)(rd->shared + AT_DESC);
}

struct split_avail *rd_avail(struct ring_driver *rd)
{
	return (void *)(rd->shared + AT_DRIVER);
}

struct packed_event *rd_driver_event(struct ring_driver *rd)
{
	return (void *)(rd->shared + AT_DRIVER);
}

void *rd_indirect(struct ring_driver *rd, uint16_t id)
{
	return rd->shared + AT_INDIRECT + id * TABLE_BYTES;
}

/* ---- split ---- */

static void fill_split(struct split_desc *d, const struct rd_buf *buf, bool more, uint16_t next)
{
	d->addr = htole64(RD_GUEST + buf->at);
	d->len = htole32(buf->len);
	d->flags = htole16((buf->writes ? DESC_F_WRITE : 0) | (more ? DESC_F_NEXT : 0));
	d->next = htole16(next);
}

/* Descriptors are taken one after the other and around: requests are used in order. */
static uint16_t push_split(struct ring_driver *rd, const struct rd_buf *buf, unsigned int n)
{
	struct split_avail *avail = rd_avail(rd);
	struct split_desc *desc = rd_desc(rd);
	uint16_t head = rd->free_head;

	if (rd->kind.indirect) {
		struct split_desc *table = rd_indirect(rd, head);
		struct rd_buf whole = { .at = (uint32_t)((uint8_t *)table - rd->shared),
					.len = n * 16 };

		for (unsigned int i = 0; i < n; i++)
			fill_split(&table[i], &buf[i], i + 1 < n, (uint16_t)(i + 1));
		fill_split(&desc[head], &whole, false, 0);
		desc[head].flags |= htole16(DESC_F_INDIRECT);
		n = 1;
	} else {
		for (unsigned int i = 0; i < n; i++)
			fill_split(&desc[(head + i) % RD_NUM], &buf[i], i + 1 < n,
				   (uint16_t)((head + i + 1) % RD_NUM));
	}
	rd->free_head = (uint16_t)((head + n) % RD_NUM);
	avail->ring[rd->avail_idx++ % RD_NUM] = htole16(head);
	__atomic_store_n(&avail->idx, htole16(rd->avail_idx), __ATOMIC_RELEASE);
	return head;
}

static bool pop_split(struct ring_driver *rd, uint16_t *id, uint32_t *len)
{
	const struct split_used *used = (void *)(rd->shared + AT_DEVICE);
	const struct split_used_elem *elem = &used->ring[rd->used_idx % RD_NUM];

	if (shared_read_acquire(&used->idx) == rd->used_idx)
		return false;
	rd->used_idx++;
	*id = (uint16_t)le32toh(elem->id);
	*len = le32toh(elem->len);
	return true;
}

/* ---- packed ---- */

static void fill_packed(struct packed_desc *d, const struct rd_buf *buf, uint16_t id,
			uint16_t flags)
{
	d->addr = htole64(RD_GUEST + buf->at);
	d->len = htole32(buf->len);
	d->id = htole16(id);
	__atomic_store_n(&d->flags, htole16((buf->writes ? DESC_F_WRITE : 0) | flags),
			 __ATOMIC_RELEASE);
}

/* The flags of a descriptor in place i, counted from avail_idx. */
static uint16_t packed_lap(const struct ring_driver *rd, unsigned int i)
{
	bool wrap = rd->avail_idx + i < RD_NUM ? rd->avail_wrap : !rd->avail_wrap;

	return wrap ? DESC_F_AVAIL : DESC_F_USED;
}

/* From the last to the first: the device sees the request when it sees the first one. */
static void add_packed(struct ring_driver *rd, const struct rd_buf *buf, unsigned int n,
		       uint16_t id, uint16_t flags)
{
	for (unsigned int i = n; i-- > 0;)
		fill_packed(&rd_packed(rd)[(rd->avail_idx + i) % RD_NUM], &buf[i], id,
			    (uint16_t)(flags | packed_lap(rd, i) | (i + 1 < n ? DESC_F_NEXT : 0)));
	rd->n_desc[id] = n;
	rd->avail_idx = (uint16_t)(rd->avail_idx + n);
	if (rd->avail_idx >= RD_NUM) {
		rd->avail_idx -= RD_NUM;
		rd->avail_wrap = !rd->avail_wrap;
	}
}

static uint16_t push_packed(struct ring_driver *rd, const struct rd_buf *buf, unsigned int n)
{
	uint16_t id = rd->next_id++ % RD_NUM;
	struct packed_desc *table = rd_indirect(rd, id);
	struct rd_buf whole = { .at = (uint32_t)((uint8_t *)table - rd->shared), .len = n * 16 };

	if (!rd->kind.indirect) {
		add_packed(rd, buf, n, id, 0);
		return id;
	}
	for (unsigned int i = 0; i < n; i++)
		fill_packed(&table[i], &buf[i], 0, 0);
	add_packed(rd, &whole, 1, id, DESC_F_INDIRECT);
	return id;
}

static bool pop_packed(struct ring_driver *rd, uint16_t *id, uint32_t *len)
{
	const struct packed_desc *d = &rd_packed(rd)[rd->used_idx];
	uint16_t flags = shared_read_acquire(&d->flags);
	bool avail = flags & DESC_F_AVAIL, used = flags & DESC_F_USED;

	if (avail != used || used != rd->used_wrap)
		return false;
	*id = le16toh(d->id);
	*len = le32toh(d->len);
	ck_assert_uint_lt(*id, RD_NUM);
	rd->used_idx = (uint16_t)(rd->used_idx + rd->n_desc[*id]);
	if (rd->used_idx >= RD_NUM) {
		rd->used_idx -= RD_NUM;
		rd->used_wrap = !rd->used_wrap;
	}
	return true;
}

/* ---- notifications ---- */

static bool split_wants_kick(struct ring_driver *rd)
{
	const struct split_used *used = (void *)(rd->shared + AT_DEVICE);
	const uint16_t *avail_event = (const void *)&used->ring[RD_NUM];

	if (rd->kind.event_idx)
		return vring_need_event(shared_read(avail_event), rd->avail_idx,
					(uint16_t)(rd->avail_idx - 1));
	return !(shared_read(&used->flags) & USED_F_NO_NOTIFY);
}

static bool packed_wants_kick(struct ring_driver *rd, unsigned int n_desc)
{
	const struct packed_event *e = (void *)(rd->shared + AT_DEVICE);
	uint16_t flags = shared_read_acquire(&e->flags), off_wrap, event;

	if (flags != EVENT_DESC)
		return flags == EVENT_ENABLE;
	off_wrap = shared_read(&e->off_wrap);
	event = off_wrap & (PACKED_WRAP - 1);
	if (!!(off_wrap & PACKED_WRAP) != rd->avail_wrap)
		event = (uint16_t)(event - RD_NUM);
	return vring_need_event(event, rd->avail_idx, (uint16_t)(rd->avail_idx - n_desc));
}

bool rd_wants_kick(struct ring_driver *rd, unsigned int n_desc)
{
	store_before_load();
	return rd->kind.packed ? packed_wants_kick(rd, n_desc) : split_wants_kick(rd);
}

void rd_enable_calls(struct ring_driver *rd)
{
	struct packed_event *e = rd_driver_event(rd);
	struct split_avail *avail = rd_avail(rd);

	if (!rd->kind.packed && rd->kind.event_idx) {
		shared_write(&avail->ring[RD_NUM], rd->used_idx);
	} else if (!rd->kind.packed) {
		shared_write(&avail->flags, 0);
	} else {
		shared_write(&e->off_wrap, rd->used_idx | (rd->used_wrap ? PACKED_WRAP : 0));
		shared_write_release(&e->flags, rd->kind.event_idx ? EVENT_DESC : EVENT_ENABLE);
	}
	store_before_load();
}

void rd_disable_calls(struct ring_driver *rd)
{
	if (rd->kind.packed)
		shared_write(&rd_driver_event(rd)->flags, EVENT_DISABLE);
	else if (!rd->kind.event_idx)
		shared_write(&rd_avail(rd)->flags, AVAIL_F_NO_INTERRUPT);
}

/* ---- both ---- */

uint16_t rd_push(struct ring_driver *rd, const struct rd_buf *buf, unsigned int n)
{
	return rd->kind.packed ? push_packed(rd, buf, n) : push_split(rd, buf, n);
}

bool rd_pop(struct ring_driver *rd, uint16_t *id, uint32_t *len)
{
	return rd->kind.packed ? pop_packed(rd, id, len) : pop_split(rd, id, len);
}

uint8_t *rd_request(struct ring_driver *rd, uint32_t type, uint64_t sector,
		    const struct rd_buf *data, unsigned int n)
{
	uint32_t at = AT_HEADERS + rd->requests++ % 1024 * 32;
	struct blk_header h = { .type = htole32(type), .sector = htole64(sector) };
	struct rd_buf buf[MAX_BUFS] = { { .at = at, .len = sizeof(h) } };

	ck_assert_uint_le(n, MAX_BUFS - 2);
	memcpy(rd->shared + at, &h, sizeof(h));
	for (unsigned int i = 0; i < n; i++)
		buf[i + 1] = data[i];
	buf[n + 1] = (struct rd_buf) { .at = at + sizeof(h), .len = 1, .writes = true };
	rd->shared[at + sizeof(h)] = 0xff;
	rd_push(rd, buf, n + 2);
	return rd->shared + at + sizeof(h);
}

void rd_run(struct ring_driver *rd)
{
	while (!rd->vq.broken && vring_serve(&rd->vq, rd->chain))
		;
}

uint8_t rd_do(struct ring_driver *rd, uint32_t type, uint64_t sector, const struct rd_buf *data,
	      unsigned int n)
{
	const uint8_t *status = rd_request(rd, type, sector, data, n);
	uint32_t len;
	uint16_t id;

	rd_run(rd);
	ck_assert(!rd->vq.broken);
	ck_assert(rd_pop(rd, &id, &len));
	ck_assert(!rd_pop(rd, &id, &len));
	return *status;
}

uint64_t rd_calls(struct ring_driver *rd)
{
	uint64_t n;

	return read(rd->call_fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}
