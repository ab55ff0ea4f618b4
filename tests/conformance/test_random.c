// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Random operations, several in flight, against a copy of the data in memory.
 *
 * Requests in flight at the same time never overlap, so the copy can change when a request is
 * queued. A read is compared when it is done.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

enum {
	AREA_SIZE = 2 << 20,
	CHUNK = 256 << 10,
	SLOTS = 16,
	SLOT_SIZE = LARGE_BUFFER / SLOTS,
	LARGE_SLOT_SIZE = 1 << 20,
	MAX_VECTOR = 8,
};

enum op {
	OP_READ,
	OP_WRITE,
	OP_ZEROES,
	OP_DISCARD,
	OP_FLUSH,
	NUM_OPS
};

/* A request in flight. */
struct slot {
	bool busy;
	enum op op;
	uint64_t start;
	size_t len;
	uint8_t *buf;
	struct iovec iov[MAX_VECTOR];
};

struct model {
	struct device *d;
	uint8_t *data;    /* what the device should hold */
	uint8_t *unknown; /* 0xff for each byte that was discarded and not written since */
	struct slot slots[SLOTS];
	uint64_t random;
	size_t unit;
	size_t slot_size; /* the longest request */
};

static uint64_t next_random(struct model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random >> 11;
}

static size_t below(struct model *m, size_t n)
{
	return (size_t)(next_random(m) % n);
}

static bool overlaps(const struct model *m, uint64_t start, size_t len)
{
	for (const struct slot *s = m->slots; s < m->slots + SLOTS; s++) {
		if (s->busy && start < s->start + s->len && s->start < start + len)
			return true;
	}
	return false;
}

static size_t range_unit(const struct model *m, enum op op)
{
	if (op != OP_ZEROES && op != OP_DISCARD)
		return m->unit;
	if (options.range_unit)
		return options.range_unit;
	return traits->is_block ? (size_t)traits->block : m->unit;
}

/* Ranges of large units may not fit between what is in flight: then it is a read. */
static void choose_range(struct model *m, struct slot *s)
{
	size_t unit = range_unit(m, s->op);
	int tries = 0;

	do {
		size_t max = below(m, 4) ? m->slot_size / 8 : m->slot_size;

		if (unit > m->unit && ++tries == 100) {
			s->op = OP_READ;
			unit = m->unit;
		}
		s->len = (1 + (max > unit ? below(m, max / unit) : 0)) * unit;
		s->start = below(m, (AREA_SIZE - s->len) / unit + 1) * unit;
	} while (overlaps(m, s->start, s->len));
}

/* Whether an operation can be used in this mode and on this device. */
static bool possible(const struct model *m, enum op op)
{
	bool only_read_write = traits_only_read_write(m->d->mode);

	switch (op) {
	case OP_ZEROES:
		return traits->zeroes && !only_read_write;
	case OP_DISCARD:
		return traits->discards && !only_read_write && !options.reference;
	case OP_FLUSH:
		return !only_read_write;
	default:
		return true;
	}
}

static enum op choose_op(struct model *m)
{
	static const enum op often[] = { OP_READ,  OP_READ,   OP_READ,    OP_WRITE,
					 OP_WRITE, OP_ZEROES, OP_DISCARD, OP_FLUSH };
	enum op op = often[below(m, 8)];

	return possible(m, op) ? op : OP_READ;
}

/* Cut the slot's buffer into pieces; their number. */
static int cut(struct model *m, struct slot *s)
{
	size_t left = s->len;
	uint8_t *p = s->buf;
	int n = 0;

	while (left && n < MAX_VECTOR && n < traits->max_segments) {
		bool last = n == MAX_VECTOR - 1 || n == traits->max_segments - 1;
		size_t len = last ? left : (1 + below(m, left / m->unit)) * m->unit;

		s->iov[n++] = (struct iovec) { p, len };
		p += len;
		left -= len;
	}
	return n;
}

static void queue_write(struct model *m, struct slot *s)
{
	uint32_t flags = below(m, 16) ? 0 : BLKIO_REQ_FUA;

	fill(s->buf, s->len, (uint32_t)next_random(m));
	memcpy(m->data + s->start, s->buf, s->len);
	memset(m->unknown + s->start, 0, s->len);
	if (below(m, 2))
		blkioq_write(m->d->q, s->start, s->buf, s->len, s, flags);
	else
		blkioq_writev(m->d->q, s->start, s->iov, cut(m, s), s, flags);
}

static void queue_read(struct model *m, struct slot *s)
{
	memset(s->buf, 0xee, s->len);
	if (below(m, 2))
		blkioq_read(m->d->q, s->start, s->buf, s->len, s, 0);
	else
		blkioq_readv(m->d->q, s->start, s->iov, cut(m, s), s, 0);
}

static void queue_zeroes(struct model *m, struct slot *s)
{
	memset(m->data + s->start, 0, s->len);
	memset(m->unknown + s->start, 0, s->len);
	blkioq_write_zeroes(m->d->q, s->start, s->len, s, below(m, 2) ? BLKIO_REQ_NO_UNMAP : 0);
}

static void queue_op(struct model *m, struct slot *s)
{
	s->op = choose_op(m);
	choose_range(m, s);
	s->busy = true;
	switch (s->op) {
	case OP_WRITE:
		queue_write(m, s);
		break;
	case OP_ZEROES:
		queue_zeroes(m, s);
		break;
	case OP_DISCARD:
		memset(m->unknown + s->start, 0xff, s->len);
		blkioq_discard(m->d->q, s->start, s->len, s, 0);
		break;
	case OP_FLUSH:
		blkioq_flush(m->d->q, s, 0);
		break;
	default:
		queue_read(m, s);
	}
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The first of len bytes that is known and not as it should be; len if none is. */
static size_t find_wrong(const uint8_t *got, const uint8_t *want, const uint8_t *unknown,
			 size_t len)
{
	size_t i = 0;

	if (memcmp(got, want, len) == 0)
		return len;
	while (i + 8 <= len &&
	       ((word_at(got + i) ^ word_at(want + i)) & ~word_at(unknown + i)) == 0)
		i += 8;
	while (i < len && (got[i] == want[i] || unknown[i]))
		i++;
	return i;
}

static void check_read(const struct model *m, const struct slot *s)
{
	const uint8_t *want = m->data + s->start;
	size_t i = find_wrong(s->buf, want, m->unknown + s->start, s->len);

	if (i < s->len)
		test_fail(__FILE__, __LINE__,
			  "seed %llu: read of %zu at %llu: byte %zu is 0x%02x, not 0x%02x",
			  (unsigned long long)options.seed, s->len, (unsigned long long)s->start, i,
			  s->buf[i], want[i]);
}

static void finish_some(struct model *m, int n)
{
	struct blkio_completion c[SLOTS];

	reap(m->d, c, n);
	for (int i = 0; i < n; i++) {
		struct slot *s = c[i].user_data;

		if (c[i].ret != 0 || !s->busy)
			test_fail(__FILE__, __LINE__,
				  "seed %llu: operation %d of %zu at %llu: %d, %s",
				  (unsigned long long)options.seed, s->op, s->len,
				  (unsigned long long)s->start, c[i].ret,
				  c[i].error_msg ? c[i].error_msg : "no text");
		if (s->op == OP_READ)
			check_read(m, s);
		s->busy = false;
	}
}

static int count_busy(const struct model *m)
{
	int n = 0;

	for (int i = 0; i < SLOTS; i++)
		n += m->slots[i].busy;
	return n;
}

static void run_operations(struct model *m)
{
	for (int left = options.count; left > 0;) {
		for (int i = 0; i < SLOTS && left > 0; i++) {
			if (m->slots[i].busy || !below(m, 4))
				continue;
			queue_op(m, &m->slots[i]);
			left--;
		}
		if (count_busy(m))
			finish_some(m, 1 + (int)below(m, (size_t)count_busy(m)));
	}
	if (count_busy(m))
		finish_some(m, count_busy(m));
}

static void *allocate(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

static void model_init(struct model *m, struct device *d, uint8_t *buf, size_t slot_size)
{
	m->d = d;
	m->slot_size = slot_size;
	m->random = (options.seed + (uint64_t)d->mode) * 0x9e3779b97f4a7c15u | 1;
	m->unit = traits->request_alignment == 1 ? 1 : (size_t)traits->block;
	m->data = allocate(AREA_SIZE);
	m->unknown = allocate(AREA_SIZE);
	for (int i = 0; i < SLOTS; i++)
		m->slots[i].buf = buf + (size_t)i * m->slot_size;
	for (size_t at = 0; at < AREA_SIZE; at += CHUNK) {
		fill(d->buf, CHUNK, (uint32_t)at);
		memcpy(m->data + at, d->buf, CHUNK);
		EXPECT_INT(io_write(d, at, d->buf, CHUNK, 0), 0);
	}
}

/* In the end, all of it once more. */
static void check_area(struct model *m)
{
	for (size_t at = 0; at < AREA_SIZE; at += CHUNK) {
		struct slot all = { .start = at, .len = CHUNK, .buf = m->d->buf };

		EXPECT_INT(io_read(m->d, at, m->d->buf, CHUNK), 0);
		check_read(m, &all);
	}
}

static void run_model(struct device *d, uint8_t *buf, size_t slot_size)
{
	struct model m = { 0 };

	model_init(&m, d, buf, slot_size);
	run_operations(&m);
	check_area(&m);
	munmap(m.data, AREA_SIZE);
	munmap(m.unknown, AREA_SIZE);
	device_close(d);
}

MODE_TEST(random_operations_in_a_mapped_region)
{
	struct device *d = device_open_rw(mode);

	device_need_large_buffer(d);
	run_model(d, d->buf, SLOT_SIZE);
}

MODE_TEST(random_operations_of_up_to_a_mebibyte)
{
	struct device *d = device_open_rw(mode);
	struct blkio_mem_region r;

	EXPECT_INT(blkio_alloc_mem_region(d->b, &r, (size_t)SLOTS * LARGE_SLOT_SIZE), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
	run_model(d, r.addr, LARGE_SLOT_SIZE);
}

MODE_TEST(random_operations_on_a_queue_of_four_entries)
{
	struct device *d;

	skip_if_read_only();
	skip_backlog_of_reference(mode);
	if (traits->kind == KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("long vectors block a short virtqueue for ever");
	d = device_open_with(mode, depth_property(), "4");
	device_need_large_buffer(d);
	run_model(d, d->buf, SLOT_SIZE);
}

MODE_TEST(random_operations_in_memory_of_the_application)
{
	struct device *d = device_open_rw(mode);
	uint8_t *buf;

	if (traits->needs_mem_regions)
		SKIP("the driver needs memory regions");
	buf = allocate(LARGE_BUFFER);
	run_model(d, buf, SLOT_SIZE);
	munmap(buf, LARGE_BUFFER);
}
