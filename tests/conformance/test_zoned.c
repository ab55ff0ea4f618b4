// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Zoned devices. Everything here is skipped on others; on a zoned device most other tests make no
 * sense, so it is tested with --only=zoned/.
 */
#include <stdlib.h>

#include "additions.h"
#include "device.h"

enum {
	MAX_ZONES = 4096,
};

static struct blkio_zone zones[MAX_ZONES];

struct zoned {
	struct device *d;
	uint64_t size, nr;
	uint64_t first; /* number of the first zone that must be written at its write pointer */
	int max_open, max_active;
	size_t block;
};

/* ---- requests ---- */

static int report(struct zoned *z, uint64_t offset, uint32_t n)
{
	/* The one behind as well, which must stay as it is. */
	memset(zones, 0xee, (n < MAX_ZONES ? n + 1 : n) * sizeof(zones[0]));
	blkioq_report_zones(z->d->q, offset, zones, n, NULL, 0);
	return finish(z->d);
}

typedef void zone_call(struct blkioq *q, uint64_t offset, void *user_data, uint32_t flags);

static int command(struct zoned *z, zone_call *call, uint64_t zone)
{
	call(z->d->q, zone * z->size, NULL, 0);
	return finish(z->d);
}

static int reset_all(struct zoned *z)
{
	blkioq_reset_all_zones(z->d->q, NULL, 0);
	return finish(z->d);
}

static int append(struct zoned *z, uint64_t zone, void *buf, size_t len, uint32_t flags)
{
	blkioq_append_zone(z->d->q, zone * z->size, buf, len, NULL, flags);
	return finish(z->d);
}

/* The zone as it is now. */
static const struct blkio_zone *look(struct zoned *z, uint64_t zone)
{
	EXPECT_INT(report(z, zone * z->size, 1), 1);
	return &zones[0];
}

static void expect_zone(struct zoned *z, uint64_t zone, int state, uint64_t written)
{
	const struct blkio_zone *now = look(z, zone);

	EXPECT_INT(now->zone_state, state);
	EXPECT_U64(now->write_pointer, zone * z->size + written);
}

/* ---- devices ---- */

static void skip_if_not_zoned(struct device *d)
{
	int zoned;

	if (blkio_get_int(d->b, "zoned", &zoned) < 0 || !zoned)
		SKIP("the device has no zones");
}

static struct zoned *zoned_open(enum io_mode mode)
{
	static struct zoned z;

	z = (struct zoned) { .d = device_open_rw(mode) };
	skip_if_not_zoned(z.d);
	z.size = get_u64(z.d->b, "zone-size");
	z.nr = get_u64(z.d->b, "nr-zones");
	z.max_open = get_int(z.d->b, "max-open-zones");
	z.max_active = get_int(z.d->b, "max-active-zones");
	z.block = (size_t)traits->block;
	EXPECT(z.nr >= 4 && z.nr <= MAX_ZONES);
	EXPECT_INT(report(&z, 0, (uint32_t)z.nr), (int)z.nr);
	while (z.first < z.nr && zones[z.first].zone_type == BLKIO_ZONE_TYPE_CONVENTIONAL)
		z.first++;
	EXPECT(z.first + 3 < z.nr);
	EXPECT_INT(reset_all(&z), 0);
	return &z;
}

static bool can_append(struct zoned *z)
{
	return get_bool(z->d->b, "append-support");
}

static uint64_t capacity_of(struct zoned *z, uint64_t zone)
{
	return look(z, zone)->capacity;
}

/* ---- report ---- */

MODE_TEST(the_report_covers_the_device)
{
	struct zoned *z = zoned_open(mode);
	uint64_t at = 0;

	EXPECT_INT(report(z, 0, MAX_ZONES), (int)z->nr);
	for (uint64_t i = 0; i < z->nr; i++) {
		const struct blkio_zone *zone = &zones[i];

		EXPECT_U64(zone->start, at);
		EXPECT(zone->len == z->size || (i == z->nr - 1 && zone->len < z->size));
		EXPECT(zone->capacity > 0 && zone->capacity <= zone->len);
		EXPECT(zone->zone_type >= BLKIO_ZONE_TYPE_CONVENTIONAL &&
		       zone->zone_type <= BLKIO_ZONE_TYPE_SEQWRITE_PREF);
		if (i >= z->first) {
			EXPECT_INT(zone->zone_state, BLKIO_ZONE_STATE_EMPTY);
			EXPECT_U64(zone->write_pointer, at);
		}
		at += zone->len;
	}
	EXPECT_U64(at, traits->capacity);
	device_close(z->d);
}

MODE_TEST(a_report_begins_with_the_zone_at_its_offset)
{
	struct zoned *z = zoned_open(mode);

	EXPECT_INT(report(z, z->size + z->block, 2), 2);
	EXPECT_U64(zones[0].start, z->size);
	EXPECT_U64(zones[1].start, 2 * z->size);
	EXPECT_U64(zones[2].start, 0xeeeeeeeeeeeeeeee); /* not touched */
	EXPECT_INT(report(z, (z->nr - 1) * z->size, MAX_ZONES), 1);
	EXPECT_INT(report(z, 0, 0), 0);
	device_close(z->d);
}

MODE_TEST(a_zone_behind_the_device_is_an_error_with_a_text)
{
	struct zoned *z = zoned_open(mode);
	zone_call *const calls[] = { blkioq_open_zone, blkioq_close_zone, blkioq_finish_zone,
				     blkioq_reset_zone };

	EXPECT_INT(report(z, z->nr * z->size, 1), -EINVAL);
	EXPECT(z->d->last.error_msg);
	for (int i = 0; i < 4; i++) {
		EXPECT_INT(command(z, calls[i], z->nr), -EINVAL);
		EXPECT(z->d->last.error_msg);
	}
	device_close(z->d);
}

/* ---- states ---- */

MODE_TEST(a_write_moves_the_write_pointer)
{
	struct zoned *z = zoned_open(mode);
	uint64_t start = z->first * z->size;
	uint8_t *buf = z->d->buf;

	fill(buf, 3 * z->block, 1);
	EXPECT_INT(io_write(z->d, start, buf, z->block, 0), 0);
	expect_zone(z, z->first, BLKIO_ZONE_STATE_IMP_OPEN, z->block);
	EXPECT_INT(io_write(z->d, start + z->block, buf + z->block, 2 * z->block, 0), 0);
	expect_zone(z, z->first, BLKIO_ZONE_STATE_IMP_OPEN, 3 * z->block);
	memset(buf, 0, 3 * z->block);
	EXPECT_INT(io_read(z->d, start, buf, 3 * z->block), 0);
	EXPECT_FILLED(buf, 3 * z->block, 1);
	device_close(z->d);
}

MODE_TEST(a_write_elsewhere_fails_and_changes_nothing)
{
	struct zoned *z = zoned_open(mode);
	uint64_t start = z->first * z->size;

	if (get_int(z->d->b, "zoned") != BLKIO_ZONED_HOST_MANAGED)
		SKIP("zones of this device can be written anywhere");
	EXPECT_INT(io_write(z->d, start, z->d->buf, z->block, 0), 0);
	EXPECT(io_write(z->d, start, z->d->buf, z->block, 0) < 0);
	EXPECT(io_write(z->d, start + 2 * z->block, z->d->buf, z->block, 0) < 0);
	EXPECT(io_write(z->d, start + z->size + z->block, z->d->buf, z->block, 0) < 0);
	expect_zone(z, z->first, BLKIO_ZONE_STATE_IMP_OPEN, z->block);
	expect_zone(z, z->first + 1, BLKIO_ZONE_STATE_EMPTY, 0);
	device_close(z->d);
}

MODE_TEST(zones_are_opened_closed_finished_and_reset)
{
	struct zoned *z = zoned_open(mode);
	uint64_t zone = z->first;

	EXPECT_INT(command(z, blkioq_open_zone, zone), 0);
	expect_zone(z, zone, BLKIO_ZONE_STATE_EXP_OPEN, 0);
	EXPECT_INT(io_write(z->d, zone * z->size, z->d->buf, z->block, 0), 0);
	expect_zone(z, zone, BLKIO_ZONE_STATE_EXP_OPEN, z->block);
	EXPECT_INT(command(z, blkioq_close_zone, zone), 0);
	expect_zone(z, zone, BLKIO_ZONE_STATE_CLOSED, z->block);
	EXPECT_INT(command(z, blkioq_open_zone, zone), 0);
	expect_zone(z, zone, BLKIO_ZONE_STATE_EXP_OPEN, z->block);
	EXPECT_INT(command(z, blkioq_finish_zone, zone), 0);
	EXPECT_INT(look(z, zone)->zone_state, BLKIO_ZONE_STATE_FULL);
	EXPECT(io_write(z->d, zone * z->size + z->block, z->d->buf, z->block, 0) < 0);
	EXPECT_INT(command(z, blkioq_reset_zone, zone), 0);
	expect_zone(z, zone, BLKIO_ZONE_STATE_EMPTY, 0);
	device_close(z->d);
}

/* Everywhere in a zone is the zone. */
MODE_TEST(an_offset_inside_of_a_zone_means_the_zone)
{
	struct zoned *z = zoned_open(mode);

	blkioq_open_zone(z->d->q, z->first * z->size + z->block, NULL, 0);
	EXPECT_INT(finish(z->d), 0);
	expect_zone(z, z->first, BLKIO_ZONE_STATE_EXP_OPEN, 0);
	device_close(z->d);
}

MODE_TEST(reset_of_all_zones_empties_them)
{
	struct zoned *z = zoned_open(mode);

	EXPECT_INT(io_write(z->d, z->first * z->size, z->d->buf, z->block, 0), 0);
	EXPECT_INT(command(z, blkioq_finish_zone, z->first + 1), 0);
	EXPECT_INT(command(z, blkioq_open_zone, z->first + 2), 0);
	EXPECT_INT(reset_all(z), 0);
	for (uint64_t i = z->first; i < z->first + 3; i++)
		expect_zone(z, i, BLKIO_ZONE_STATE_EMPTY, 0);
	device_close(z->d);
}

MODE_TEST(a_zone_is_full_when_its_capacity_is_written)
{
	struct zoned *z = zoned_open(mode);
	uint64_t start = z->first * z->size, capacity = capacity_of(z, z->first);
	uint64_t at = 0;

	while (at < capacity) {
		uint64_t len = capacity - at < BUFFER_SIZE ? capacity - at : BUFFER_SIZE;

		EXPECT_INT(io_write(z->d, start + at, z->d->buf, (size_t)len, 0), 0);
		at += len;
	}
	EXPECT_INT(look(z, z->first)->zone_state, BLKIO_ZONE_STATE_FULL);
	device_close(z->d);
}

MODE_TEST(the_other_requests_for_all_zones_work_or_are_enotsup)
{
	struct zoned *z = zoned_open(mode);
	void (*const calls[])(struct blkioq *, void *, uint32_t) = { blkioq_open_all_zones,
								     blkioq_close_all_zones,
								     blkioq_finish_all_zones };
	const int states[] = { BLKIO_ZONE_STATE_EXP_OPEN, BLKIO_ZONE_STATE_CLOSED,
			       BLKIO_ZONE_STATE_FULL };

	EXPECT_INT(io_write(z->d, z->first * z->size, z->d->buf, z->block, 0), 0);
	EXPECT_INT(command(z, blkioq_close_zone, z->first), 0);
	for (int i = 0; i < 3; i++) {
		calls[i](z->d->q, NULL, 0);
		if (finish(z->d) == -ENOTSUP) {
			EXPECT(z->d->last.error_msg);
			continue;
		}
		EXPECT_INT(z->d->last.ret, 0);
		EXPECT_INT(look(z, z->first)->zone_state, states[i]);
	}
	device_close(z->d);
}

/* ---- limits ---- */

static void expect_limit(struct zoned *z, int limit, int code)
{
	EXPECT_INT(command(z, blkioq_open_zone, z->first + (uint64_t)limit), code);
	EXPECT(z->d->last.error_msg);
}

MODE_TEST(no_more_zones_are_opened_than_the_device_allows)
{
	struct zoned *z = zoned_open(mode);

	if (!z->max_open || z->first + (uint64_t)z->max_open >= z->nr)
		SKIP("there is no limit that could be reached");
	for (int i = 0; i < z->max_open; i++)
		EXPECT_INT(command(z, blkioq_open_zone, z->first + (uint64_t)i), 0);
	expect_limit(z, z->max_open, -ETOOMANYREFS);
	EXPECT_INT(command(z, blkioq_finish_zone, z->first), 0);
	EXPECT_INT(command(z, blkioq_open_zone, z->first + (uint64_t)z->max_open), 0);
	device_close(z->d);
}

MODE_TEST(no_more_zones_are_active_than_the_device_allows)
{
	struct zoned *z = zoned_open(mode);

	if (!z->max_active || z->first + (uint64_t)z->max_active >= z->nr)
		SKIP("there is no limit that could be reached");
	for (int i = 0; i < z->max_active; i++) {
		uint64_t zone = z->first + (uint64_t)i;

		EXPECT_INT(io_write(z->d, zone * z->size, z->d->buf, z->block, 0), 0);
		EXPECT_INT(command(z, blkioq_close_zone, zone), 0);
	}
	expect_limit(z, z->max_active, -EOVERFLOW);
	device_close(z->d);
}

/* ---- append ---- */

static struct zoned *append_open(enum io_mode mode)
{
	struct zoned *z = zoned_open(mode);

	NEEDS_FUNCTION(blkioq_append_zone);
	if (!can_append(z))
		SKIP("the device cannot append to zones");
	return z;
}

MODE_TEST(an_append_says_where_the_data_went)
{
	struct zoned *z = append_open(mode);
	uint64_t start = z->first * z->size;
	uint8_t *buf = z->d->buf;

	fill(buf, 2 * z->block, 7);
	EXPECT_INT(append(z, z->first, buf, z->block, 0), 0);
	EXPECT_U64(z->d->last.append_offset, start);
	EXPECT_INT(append(z, z->first, buf + z->block, z->block, BLKIO_REQ_FUA), 0);
	EXPECT_U64(z->d->last.append_offset, start + z->block);
	memset(buf, 0, 2 * z->block);
	EXPECT_INT(io_read(z->d, start, buf, 2 * z->block), 0);
	EXPECT_FILLED(buf, 2 * z->block, 7);
	device_close(z->d);
}

MODE_TEST(appends_in_flight_go_to_different_places)
{
	enum {
		N = 16
	};
	struct zoned *z = append_open(mode);
	struct blkio_completion c[N];
	bool seen[N] = { false };

	for (int i = 0; i < N; i++) {
		uint8_t *buf = z->d->buf + (size_t)i * z->block;

		fill(buf, z->block, 100 + (uint32_t)i);
		blkioq_append_zone(z->d->q, z->first * z->size, buf, z->block, (void *)(intptr_t)i,
				   0);
	}
	reap(z->d, c, N);
	for (int i = 0; i < N; i++) {
		uint64_t at = c[i].append_offset - z->first * z->size;
		uint8_t *buf = z->d->buf + N * z->block;

		EXPECT_INT(c[i].ret, 0);
		EXPECT(at % z->block == 0 && at / z->block < N && !seen[at / z->block]);
		seen[at / z->block] = true;
		EXPECT_INT(io_read(z->d, c[i].append_offset, buf, z->block), 0);
		EXPECT_FILLED(buf, z->block, 100 + (uint32_t)(intptr_t)c[i].user_data);
	}
	device_close(z->d);
}

MODE_TEST(an_append_takes_several_buffers)
{
	struct zoned *z = append_open(mode);
	uint8_t *buf = z->d->buf;
	struct iovec iov[] = { { buf, z->block }, { buf + 2 * z->block, z->block } };

	fill(buf, 3 * z->block, 9);
	memmove(buf + 2 * z->block, buf + z->block, z->block);
	if (traits->max_segments < 2)
		SKIP("the device takes one buffer only");
	blkioq_appendv_zone(z->d->q, z->first * z->size, iov, 2, NULL, 0);
	EXPECT_INT(finish(z->d), 0);
	EXPECT_U64(z->d->last.append_offset, z->first * z->size);
	EXPECT_INT(io_read(z->d, z->first * z->size, buf, 2 * z->block), 0);
	EXPECT_FILLED(buf, 2 * z->block, 9);
	device_close(z->d);
}

MODE_TEST(an_append_that_is_too_long_is_an_error_with_a_text)
{
	struct zoned *z = append_open(mode);
	uint64_t max = get_u64(z->d->b, "zone-append-max-bytes");

	if (max >= LARGE_BUFFER)
		SKIP("the longest append is longer than the buffer of this test");
	device_need_large_buffer(z->d);
	EXPECT_INT(append(z, z->first, z->d->buf, max + z->block, 0), -EINVAL);
	EXPECT(z->d->last.error_msg);
	expect_zone(z, z->first, BLKIO_ZONE_STATE_EMPTY, 0);
	EXPECT_INT(append(z, z->first, z->d->buf, max, 0), 0);
	device_close(z->d);
}

/* ---- against a model ---- */

/* Zones that were opened by a write may be closed by the device to make room for others. */
struct model_zone {
	uint64_t written;
	bool active, explicitly_open, full;
};

struct model {
	struct zoned *z;
	struct model_zone *zones;
	int nr;
	uint64_t random;
};

static uint64_t next_random(struct model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random >> 11;
}

static int count_active(const struct model *m, bool only_open)
{
	int n = 0;

	for (int i = 0; i < m->nr; i++)
		n += only_open ? m->zones[i].explicitly_open : m->zones[i].active;
	return n;
}

/* What the device must say to one more zone that is open for a while. */
static int room_for(const struct model *m, const struct model_zone *zone)
{
	if (!zone->active && m->z->max_active && count_active(m, false) >= m->z->max_active)
		return -EOVERFLOW;
	if (!zone->explicitly_open && m->z->max_open && count_active(m, true) >= m->z->max_open)
		return -ETOOMANYREFS;
	return 0;
}

/* A zone that has room open by a write is not counted: the device closes it if it must. */
static void model_write(struct model *m, int i)
{
	struct model_zone *zone = &m->zones[i];
	uint64_t number = m->z->first + (uint64_t)i;
	uint64_t capacity = capacity_of(m->z, number);
	uint64_t len = (1 + next_random(m) % 16) * m->z->block;
	int want = zone->full ? -EINVAL : room_for(m, zone);
	int ret;

	if (len > capacity - zone->written && !zone->full)
		len = capacity - zone->written;
	if (next_random(m) % 2 && can_append(m->z)) {
		ret = append(m->z, number, m->z->d->buf, len, 0);
		if (ret == 0)
			EXPECT_U64(m->z->d->last.append_offset,
				   number * m->z->size + zone->written);
	} else {
		ret = io_write(m->z->d, number * m->z->size + zone->written, m->z->d->buf, len, 0);
	}
	if (want) {
		EXPECT(ret < 0); /* which rule is broken first is up to the device */
		return;
	}
	EXPECT_INT(ret, 0);
	zone->written += len;
	zone->full = zone->written == capacity;
	zone->active = !zone->full;
	zone->explicitly_open &= !zone->full;
}

static void model_open(struct model *m, int i)
{
	struct model_zone *zone = &m->zones[i];
	int want = zone->full ? -EINVAL : room_for(m, zone);
	int ret = command(m->z, blkioq_open_zone, m->z->first + (uint64_t)i);

	if (want) {
		EXPECT(ret < 0);
		return;
	}
	EXPECT_INT(ret, 0);
	zone->active = true;
	zone->explicitly_open = true;
}

static void model_close(struct model *m, int i)
{
	struct model_zone *zone = &m->zones[i];
	int ret = command(m->z, blkioq_close_zone, m->z->first + (uint64_t)i);

	if (!zone->active) {
		EXPECT(ret < 0);
		return;
	}
	EXPECT_INT(ret, 0);
	zone->explicitly_open = false;
	/* An empty zone that is closed is empty again, but for NVMe, where it stays closed. */
	if (!zone->written)
		zone->active = look(m->z, m->z->first + (uint64_t)i)->zone_state ==
			       BLKIO_ZONE_STATE_CLOSED;
}

static void model_finish(struct model *m, int i)
{
	struct model_zone *zone = &m->zones[i];
	int want = zone->full ? 0 : room_for(m, zone);
	int ret = command(m->z, blkioq_finish_zone, m->z->first + (uint64_t)i);

	if (ret < 0 && want)
		return; /* some need the resources of an open zone for it */
	EXPECT_INT(ret, 0);
	*zone = (struct model_zone) { .written = zone->written, .full = true };
}

static void model_reset(struct model *m, int i)
{
	EXPECT_INT(command(m->z, blkioq_reset_zone, m->z->first + (uint64_t)i), 0);
	m->zones[i] = (struct model_zone) { 0 };
}

static void compare(struct model *m)
{
	EXPECT_INT(report(m->z, m->z->first * m->z->size, (uint32_t)m->nr), m->nr);
	for (int i = 0; i < m->nr; i++) {
		const struct model_zone *want = &m->zones[i];
		const struct blkio_zone *got = &zones[i];

		if (want->full) {
			EXPECT_INT(got->zone_state, BLKIO_ZONE_STATE_FULL);
			continue;
		}
		EXPECT_U64(got->write_pointer, got->start + want->written);
		if (want->explicitly_open)
			EXPECT_INT(got->zone_state, BLKIO_ZONE_STATE_EXP_OPEN);
		else if (want->active)
			EXPECT(got->zone_state == BLKIO_ZONE_STATE_IMP_OPEN ||
			       got->zone_state == BLKIO_ZONE_STATE_CLOSED);
		else
			EXPECT_INT(got->zone_state, BLKIO_ZONE_STATE_EMPTY);
	}
}

MODE_TEST(random_operations_leave_the_states_of_a_model)
{
	static void (*const ops[])(struct model *, int) = { model_write, model_write, model_write,
							    model_open,  model_close, model_finish,
							    model_reset };
	struct model m = { .z = zoned_open(mode), .random = options.seed | 1 };

	m.nr = (int)(m.z->nr - m.z->first < 12 ? m.z->nr - m.z->first : 12);
	m.zones = calloc((size_t)m.nr, sizeof(*m.zones));
	MUST(m.zones);
	for (int i = 0; i < options.count; i++) {
		ops[next_random(&m) % 7](&m, (int)(next_random(&m) % (uint64_t)m.nr));
		compare(&m);
	}
	free(m.zones);
	device_close(m.z->d);
}
