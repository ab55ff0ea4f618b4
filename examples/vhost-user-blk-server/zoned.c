// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The zones of a host-managed device.
 */
#include "zoned.h"

#include <pthread.h>
#include <stdlib.h>

#include "blk.h"
#include "virtio.h"

struct zone {
	uint64_t start, cap, sectors;
	bool conventional;
	/* Under the lock: */
	uint64_t wp; /* sectors behind start */
	enum zone_state state;
};

struct zoned {
	struct zoned_params params;
	pthread_mutex_t lock; /* never held while data is moved */
	uint64_t n_zones;
	uint32_t n_open, n_active;
	struct zone zone[];
};

static void init_zone(struct zoned *z, uint64_t i, uint64_t sectors)
{
	const struct zoned_params *p = &z->params;
	struct zone *zone = &z->zone[i];

	zone->start = i * p->zone_sectors;
	zone->sectors = sectors - zone->start;
	if (zone->sectors > p->zone_sectors)
		zone->sectors = p->zone_sectors;
	zone->cap = zone->sectors;
	zone->conventional = i < p->conventional;
	zone->state = ZONE_S_NOT_WP;
	if (!zone->conventional) {
		zone->state = ZONE_S_EMPTY;
		if (zone->cap > p->cap_sectors)
			zone->cap = p->cap_sectors;
	}
}

struct zoned *zoned_create(const struct zoned_params *params, uint64_t sectors)
{
	uint64_t n = (sectors + params->zone_sectors - 1) / params->zone_sectors;
	struct zoned *z = calloc(1, sizeof(*z) + n * sizeof(struct zone));

	if (!z)
		return NULL;
	z->params = *params;
	z->n_zones = n;
	pthread_mutex_init(&z->lock, NULL);
	for (uint64_t i = 0; i < n; i++)
		init_zone(z, i, sectors);
	return z;
}

void zoned_destroy(struct zoned *z)
{
	if (!z)
		return;
	pthread_mutex_destroy(&z->lock);
	free(z);
}

const struct zoned_params *zoned_params(const struct zoned *z)
{
	return &z->params;
}

/* The device has the size that it had at the start: NULL for what was added since. */
static struct zone *zone_at(struct zoned *z, uint64_t sector)
{
	uint64_t i = sector / z->params.zone_sectors;

	return i < z->n_zones ? &z->zone[i] : NULL;
}

static bool is_open(const struct zone *zone)
{
	return zone->state == ZONE_S_IMPLICIT_OPEN || zone->state == ZONE_S_EXPLICIT_OPEN;
}

static bool is_active(const struct zone *zone)
{
	return is_open(zone) || zone->state == ZONE_S_CLOSED;
}

static void set_state(struct zoned *z, struct zone *zone, enum zone_state state)
{
	z->n_open -= is_open(zone);
	z->n_active -= is_active(zone);
	zone->state = state;
	z->n_open += is_open(zone);
	z->n_active += is_active(zone);
}

/* Room for one more open zone: one that was opened implicitly may be closed for it. */
static bool make_room(struct zoned *z)
{
	if (!z->params.max_open || z->n_open < z->params.max_open)
		return true;
	for (uint64_t i = 0; i < z->n_zones; i++)
		if (z->zone[i].state == ZONE_S_IMPLICIT_OPEN) {
			set_state(z, &z->zone[i], ZONE_S_CLOSED);
			return true;
		}
	return false;
}

static uint8_t open_zone(struct zoned *z, struct zone *zone, enum zone_state state)
{
	if (zone->state == ZONE_S_FULL)
		return BLK_S_ZONE_INVALID_CMD;
	if (!is_active(zone) && z->params.max_active && z->n_active == z->params.max_active)
		return BLK_S_ZONE_ACTIVE_RESOURCE;
	if (!is_open(zone) && !make_room(z))
		return BLK_S_ZONE_OPEN_RESOURCE;
	if (zone->state != ZONE_S_EXPLICIT_OPEN)
		set_state(z, zone, state);
	return BLK_S_OK;
}

static uint8_t close_zone(struct zoned *z, struct zone *zone)
{
	if (!is_active(zone))
		return BLK_S_ZONE_INVALID_CMD;
	set_state(z, zone, zone->wp ? ZONE_S_CLOSED : ZONE_S_EMPTY);
	return BLK_S_OK;
}

static void reset_zone(struct zoned *z, struct zone *zone)
{
	set_state(z, zone, ZONE_S_EMPTY);
	zone->wp = 0;
}

static void finish_zone(struct zoned *z, struct zone *zone)
{
	set_state(z, zone, ZONE_S_FULL);
	zone->wp = zone->cap;
}

static bool in_zone(const struct zone *zone, uint64_t sector, uint64_t n)
{
	return n <= zone->sectors && sector - zone->start <= zone->sectors - n;
}

uint8_t zoned_check_read(struct zoned *z, uint64_t sector, uint64_t n)
{
	const struct zone *zone = zone_at(z, sector);

	if (!zone || (!zone->conventional && !in_zone(zone, sector, n)))
		return BLK_S_ZONE_INVALID_CMD;
	return BLK_S_OK;
}

/* n sectors go to the write pointer. The zone is opened for that, and full at its capacity. */
static uint8_t take_sectors(struct zoned *z, struct zone *zone, uint64_t n)
{
	uint8_t status;

	if (zone->state == ZONE_S_FULL || n > zone->cap - zone->wp)
		return BLK_S_ZONE_INVALID_CMD;
	if (n == 0)
		return BLK_S_OK;
	status = open_zone(z, zone, ZONE_S_IMPLICIT_OPEN);
	if (status != BLK_S_OK)
		return status;
	zone->wp += n;
	if (zone->wp == zone->cap)
		finish_zone(z, zone);
	return BLK_S_OK;
}

static uint8_t write_locked(struct zoned *z, struct zone *zone, uint64_t sector, uint64_t n)
{
	if (!in_zone(zone, sector, n))
		return BLK_S_ZONE_INVALID_CMD;
	if (zone->state != ZONE_S_FULL && sector != zone->start + zone->wp)
		return BLK_S_ZONE_UNALIGNED_WP;
	return take_sectors(z, zone, n);
}

uint8_t zoned_write(struct zoned *z, uint64_t sector, uint64_t n)
{
	struct zone *zone = zone_at(z, sector);
	const struct zone *last = zone_at(z, n ? sector + n - 1 : sector);
	uint8_t status;

	if (!zone || !last)
		return BLK_S_ZONE_INVALID_CMD;
	if (zone->conventional) /* from there on into sequential ones is no write */
		return last->conventional ? BLK_S_OK : BLK_S_ZONE_INVALID_CMD;
	pthread_mutex_lock(&z->lock);
	status = write_locked(z, zone, sector, n);
	pthread_mutex_unlock(&z->lock);
	return status;
}

uint8_t zoned_append(struct zoned *z, uint64_t sector, uint64_t n, uint64_t *at)
{
	struct zone *zone = zone_at(z, sector);
	uint8_t status;

	if (!z->params.max_append_sectors)
		return BLK_S_UNSUPP;
	if (!zone || zone->start != sector || n > z->params.max_append_sectors)
		return BLK_S_ZONE_INVALID_CMD;
	pthread_mutex_lock(&z->lock);
	*at = zone->start + zone->wp;
	status = zone->conventional ? BLK_S_ZONE_INVALID_CMD : take_sectors(z, zone, n);
	pthread_mutex_unlock(&z->lock);
	return status;
}

static uint8_t manage_locked(struct zoned *z, uint32_t type, struct zone *zone)
{
	if (zone->conventional)
		return BLK_S_ZONE_INVALID_CMD;
	switch (type) {
	case BLK_T_ZONE_OPEN:
		return open_zone(z, zone, ZONE_S_EXPLICIT_OPEN);
	case BLK_T_ZONE_CLOSE:
		return close_zone(z, zone);
	case BLK_T_ZONE_FINISH:
		finish_zone(z, zone);
		return BLK_S_OK;
	default:
		reset_zone(z, zone);
		return BLK_S_OK;
	}
}

/* The data of a zone that was reset must not be seen again. */
static uint8_t clear_zone(const struct zone *zone, struct backend *backend)
{
	return blk_status(backend->ops->write_zeroes(backend, zone->start * SECTOR,
						     zone->sectors * SECTOR, true));
}

static uint8_t manage_one(struct zoned *z, uint32_t type, struct zone *zone,
			  struct backend *backend)
{
	uint8_t status;

	pthread_mutex_lock(&z->lock);
	status = manage_locked(z, type, zone);
	pthread_mutex_unlock(&z->lock);
	if (status == BLK_S_OK && type == BLK_T_ZONE_RESET)
		status = clear_zone(zone, backend);
	return status;
}

static uint8_t reset_all(struct zoned *z, struct backend *backend)
{
	uint8_t status = BLK_S_OK;

	for (uint64_t i = z->params.conventional; i < z->n_zones && status == BLK_S_OK; i++)
		status = manage_one(z, BLK_T_ZONE_RESET, &z->zone[i], backend);
	return status;
}

uint8_t zoned_manage(struct zoned *z, uint32_t type, uint64_t sector, struct backend *backend)
{
	struct zone *zone = zone_at(z, sector);

	if (type == BLK_T_ZONE_RESET_ALL)
		return reset_all(z, backend);
	if (!zone || zone->start != sector)
		return BLK_S_ZONE_INVALID_CMD;
	return manage_one(z, type, zone, backend);
}

static struct zone_descriptor describe(struct zoned *z, const struct zone *zone)
{
	struct zone_descriptor d;

	pthread_mutex_lock(&z->lock);
	d = (struct zone_descriptor) {
		.cap = htole64(zone->cap),
		.start = htole64(zone->start),
		.wp = htole64(zone->start + zone->wp),
		.type = zone->conventional ? ZONE_T_CONVENTIONAL : ZONE_T_SEQUENTIAL,
		.state = (uint8_t)zone->state,
	};
	pthread_mutex_unlock(&z->lock);
	return d;
}

uint8_t zoned_report(struct zoned *z, uint64_t sector, struct buf *in)
{
	const struct zone *zone = zone_at(z, sector);
	struct zone_report_header header = { 0 };
	uint64_t n;

	if (!zone || in->bytes < sizeof(header))
		return BLK_S_ZONE_INVALID_CMD;
	n = (in->bytes - sizeof(header)) / sizeof(struct zone_descriptor);
	if (n > z->n_zones - (uint64_t)(zone - z->zone))
		n = z->n_zones - (uint64_t)(zone - z->zone);
	header.nr_zones = htole64(n);
	buf_write(in, &header, sizeof(header));
	for (; n; n--, zone++) {
		struct zone_descriptor d = describe(z, zone);

		buf_write(in, &d, sizeof(d));
	}
	return BLK_S_OK;
}
