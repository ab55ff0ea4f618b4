// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See file_zone.h. What the kernel says of zones is checked like what any device says.
 */
#include "drivers/file/file_zone.h"

#include <errno.h>
#include <limits.h>
#include <linux/blkzoned.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/util/align.h"
#include "lib/util/sysfs.h"
#include "lib/zone.h"

/* The kernel's unit, whatever the blocks of the device. */
#define SECTOR_SHIFT 9

/* A report at a time: 16 KiB on a thread's stack. */
#define ZONES_AT_ONCE 255

/* ---- the device ---- */

static uint64_t count_zones(uint64_t bytes, uint64_t zone_bytes)
{
	return bytes / zone_bytes + (bytes % zone_bytes != 0);
}

/*
 * Without sysfs a device with zones counts as host-managed. If the numbers contradict each other
 * (those of a partition were the disk's in old kernels) there are no zones that could be used.
 */
void file_zone_read(int fd, int queue_dir, struct file_info *info, struct blkio_limits *l)
{
	uint32_t sectors = 0, nr = 0;
	uint64_t bytes = 0, zone_bytes;
	char model[32] = "";

	if (ioctl(fd, BLKGETZONESZ, &sectors) < 0 || !sectors ||
	    ioctl(fd, BLKGETNRZONES, &nr) < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		return;
	zone_bytes = (uint64_t)sectors << SECTOR_SHIFT;
	(void)sysfs_read(queue_dir, "zoned", model, sizeof(model));
	if (strcmp(model, "none") == 0 || nr != count_zones(bytes, zone_bytes))
		return;
	info->zone_bytes = zone_bytes;
	info->zoned_bytes = bytes;
	l->zoned = strcmp(model, "host-aware") == 0 ? BLKIO_ZONED_HOST_AWARE
						    : BLKIO_ZONED_HOST_MANAGED;
	l->zone_size = zone_bytes;
	l->nr_zones = nr;
	l->max_open_zones = int_at_most(sysfs_read_u64(queue_dir, "max_open_zones", 0));
	l->max_active_zones = int_at_most(sysfs_read_u64(queue_dir, "max_active_zones", 0));
}

/* Appends are not among what the kernel lets programs do. */
uint32_t file_zone_ops(const struct file_info *info)
{
	const uint32_t append =
		BLKIO_OP_BIT(BLKIO_OP_APPEND_ZONE) | BLKIO_OP_BIT(BLKIO_OP_APPENDV_ZONE);

	return info->zone_bytes ? BLKIO_ZONE_OPS & ~append : 0;
}

/* ---- the queue's side ---- */

static bool is_for_all_zones(enum blkio_op op)
{
	return op >= BLKIO_OP_OPEN_ALL_ZONES && op <= BLKIO_OP_RESET_ALL_ZONES;
}

int file_zone_prepare(struct blkioq *q, const struct file_info *info, const struct blkio_req *r,
		      struct file_zone_req *to)
{
	if (r->start >= info->zoned_bytes && !is_for_all_zones(r->op)) {
		q->refusal = "the offset is behind the last zone";
		return -EINVAL;
	}
	if (r->op == BLKIO_OP_REPORT_ZONES && !r->len) {
		queue_complete(q, r->user_data, 0, NULL);
		return SUBMIT_DONE;
	}
	*to = (struct file_zone_req) {
		.op = r->op,
		.nr = r->len < INT_MAX ? (uint32_t)r->len : INT_MAX,
		.start = r->start - r->start % info->zone_bytes,
		.zones = r->zones,
	};
	return 0;
}

/* ---- a thread's side ---- */

struct work {
	struct file_pool *pool;
	int fd;
	const struct file_info *info;
	struct file_zone_req *r;
};

/* A report as the kernel has made it. */
union report {
	struct blk_zone_report head;
	char bytes[sizeof(struct blk_zone_report) + ZONES_AT_ONCE * sizeof(struct blk_zone)];
};

static int call(const struct work *w, unsigned long request, void *arg)
{
	int ret;

	do {
		if (file_pool_is_over(w->pool))
			return -ECANCELED;
		ret = ioctl(w->fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

/* Up to `max` zones from the one at `start` on: how many there are, or -errno. */
static int fetch(const struct work *w, uint64_t start, uint64_t max, union report *report)
{
	uint32_t asked = max < ZONES_AT_ONCE ? (uint32_t)max : ZONES_AT_ONCE;
	int ret;

	memset(&report->head, 0, sizeof(report->head));
	report->head.sector = start >> SECTOR_SHIFT;
	report->head.nr_zones = asked;
	ret = call(w, BLKREPORTZONE, report);
	if (ret < 0)
		return ret;
	return report->head.nr_zones <= asked ? (int)report->head.nr_zones : -EPROTO;
}

static bool to_bytes(uint64_t sectors, uint64_t *bytes)
{
	*bytes = sectors << SECTOR_SHIFT;
	return sectors <= UINT64_MAX >> SECTOR_SHIFT;
}

/* The i-th zone of a report, which must be the one at `start`. Full ones have no write pointer, and
 * may have anything there. */
static bool take_zone(const struct work *w, const union report *report, int i, uint64_t start,
		      struct blkio_zone *zone)
{
	const struct blk_zone *from = &report->head.zones[i];
	uint64_t usable = report->head.flags & BLK_ZONE_REP_CAPACITY ? from->capacity : from->len;

	*zone = (struct blkio_zone) {
		.zone_type = from->type,
		.zone_state = from->cond,
		.reset = from->reset != 0,
	};
	if (!to_bytes(from->start, &zone->start) || !to_bytes(usable, &zone->capacity))
		return false;
	if (!to_bytes(from->wp, &zone->write_pointer))
		zone->write_pointer = UINT64_MAX;
	return zone_check(zone, start, w->info->zone_bytes, w->info->zoned_bytes);
}

/* Zones go into the application's memory with the lock held, which keeps the queue from ending. */
static int hand_over(const struct work *w, const union report *report, int n, uint64_t start,
		     struct blkio_zone *zones)
{
	int ret = 0;

	pthread_mutex_lock(&w->pool->lock);
	if (file_pool_is_over(w->pool))
		ret = -ECANCELED;
	for (int i = 0; i < n && ret == 0; i++) {
		if (!take_zone(w, report, i, start, &zones[i]))
			ret = -EPROTO;
		start += w->info->zone_bytes;
	}
	pthread_mutex_unlock(&w->pool->lock);
	return ret;
}

static int report_zones(const struct work *w)
{
	uint64_t start = w->r->start;
	uint32_t done = 0;
	union report report;

	while (done < w->r->nr && start < w->info->zoned_bytes) {
		int n = fetch(w, start, w->r->nr - done, &report);
		int ret = n > 0 ? hand_over(w, &report, n, start, w->r->zones + done) : n;

		if (ret < 0)
			return ret;
		if (!n)
			break;
		done += (uint32_t)n;
		start += (uint64_t)n * w->info->zone_bytes;
	}
	return (int)done;
}

static unsigned long request_of(enum blkio_op op)
{
	switch (op) {
	case BLKIO_OP_OPEN_ZONE:
	case BLKIO_OP_OPEN_ALL_ZONES:
		return BLKOPENZONE;
	case BLKIO_OP_CLOSE_ZONE:
	case BLKIO_OP_CLOSE_ALL_ZONES:
		return BLKCLOSEZONE;
	case BLKIO_OP_FINISH_ZONE:
	case BLKIO_OP_FINISH_ALL_ZONES:
		return BLKFINISHZONE;
	default:
		return BLKRESETZONE;
	}
}

/* The zones from `start` up to `end`, or to the end of the device. */
static int change(const struct work *w, uint64_t start, uint64_t end)
{
	struct blk_zone_range range = { .sector = start >> SECTOR_SHIFT };

	if (end > w->info->zoned_bytes)
		end = w->info->zoned_bytes;
	range.nr_sectors = (end - start) >> SECTOR_SHIFT;
	return call(w, request_of(w->r->op), &range);
}

/* Whether a request for all zones is for one in this state. */
static bool is_meant(enum blkio_op op, uint8_t state)
{
	bool open = state == BLKIO_ZONE_STATE_IMP_OPEN || state == BLKIO_ZONE_STATE_EXP_OPEN;
	bool closed = state == BLKIO_ZONE_STATE_CLOSED;

	switch (op) {
	case BLKIO_OP_OPEN_ALL_ZONES:
		return closed;
	case BLKIO_OP_CLOSE_ALL_ZONES:
		return open;
	default:
		return open || closed;
	}
}

/* Those of a report that are meant, neighbours in one call. */
static int change_reported(const struct work *w, const union report *report, int n, uint64_t start)
{
	uint64_t run = 0, at = start;
	int ret = 0;

	for (int i = 0; i < n && ret == 0; i++) {
		struct blkio_zone zone;

		if (!take_zone(w, report, i, at, &zone))
			return -EPROTO;
		if (is_meant(w->r->op, zone.zone_state)) {
			run += w->info->zone_bytes;
		} else if (run) {
			ret = change(w, at - run, at);
			run = 0;
		}
		at += w->info->zone_bytes;
	}
	return ret == 0 && run ? change(w, at - run, at) : ret;
}

/*
 * The kernel's call for a range is for every zone of it, empty, full and conventional ones too; but
 * we mean those that are open, or closed.
 */
static int change_all(const struct work *w)
{
	union report report;
	uint64_t start = 0;
	int ret = 0;

	while (start < w->info->zoned_bytes && ret == 0) {
		int n = fetch(w, start, ZONES_AT_ONCE, &report);

		if (n <= 0)
			return n < 0 ? n : -EPROTO;
		ret = change_reported(w, &report, n, start);
		start += (uint64_t)n * w->info->zone_bytes;
	}
	return ret;
}

static const char *text_of(int ret)
{
	switch (ret) {
	case -EPROTO:
		return "the device's report of its zones is invalid";
	case -ETOOMANYREFS:
		return "too many zones are open (max-open-zones)";
	case -EOVERFLOW:
		return "too many zones are open or closed (max-active-zones)";
	case -ENOTSUP:
		return "the kernel cannot do this with the zones of this device";
	case -EPERM:
	case -EACCES:
		return "the kernel does not allow it: older ones want CAP_SYS_ADMIN for zone "
		       "requests";
	case -EIO:
		return "the device refuses or fails: not every zone, in every state, can do this";
	default:
		return "the kernel's zone request failed";
	}
}

static int carry_out(const struct work *w)
{
	switch (w->r->op) {
	case BLKIO_OP_REPORT_ZONES:
		return report_zones(w);
	case BLKIO_OP_OPEN_ALL_ZONES:
	case BLKIO_OP_CLOSE_ALL_ZONES:
	case BLKIO_OP_FINISH_ALL_ZONES:
		return change_all(w);
	case BLKIO_OP_RESET_ALL_ZONES:
		return change(w, 0, w->info->zoned_bytes);
	default:
		return change(w, w->r->start, w->r->start + w->info->zone_bytes);
	}
}

int file_zone_carry_out(struct file_pool *p, int fd, const struct file_info *info,
			struct file_zone_req *r)
{
	int ret = carry_out(&(struct work) { p, fd, info, r });

	if (ret == -ENOTTY)
		ret = -ENOTSUP;
	r->msg = ret < 0 ? text_of(ret) : NULL;
	return ret;
}
