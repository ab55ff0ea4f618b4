// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The requests of a zoned device. What it says of its zones is checked before it is passed on.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "drivers/virtio/virtio_blk_slot.h"
#include "lib/util/iov.h"
#include "lib/zone.h"

static const char beyond_msg[] = "the offset is behind the last zone";
static const char too_long_msg[] = "the append is longer than zone-append-max-bytes";
static const char bad_len_msg[] = "the length of an append must be a multiple of 512";
static const char bad_report_msg[] = "the device's report of its zones is invalid";
static const char bad_append_msg[] = "the device appended to a place outside of the zone";

uint32_t vblk_zone_ops(const struct virtio_blk *vb)
{
	uint32_t ops = BLKIO_OP_BIT(BLKIO_OP_REPORT_ZONES) | BLKIO_OP_BIT(BLKIO_OP_OPEN_ZONE) |
		       BLKIO_OP_BIT(BLKIO_OP_CLOSE_ZONE) | BLKIO_OP_BIT(BLKIO_OP_FINISH_ZONE) |
		       BLKIO_OP_BIT(BLKIO_OP_RESET_ZONE) | BLKIO_OP_BIT(BLKIO_OP_RESET_ALL_ZONES);

	if (!vb->info.zone_bytes)
		return 0;
	if (vb->info.max_append_bytes)
		ops |= BLKIO_OP_BIT(BLKIO_OP_APPEND_ZONE) | BLKIO_OP_BIT(BLKIO_OP_APPENDV_ZONE);
	return ops;
}

int vblk_zone_status(uint8_t status, const char **msg)
{
	switch (status) {
	case VIRTIO_BLK_S_ZONE_INVALID_CMD:
		*msg = "the zone cannot do this in its state, or the request leaves the zone";
		return -EINVAL;
	case VIRTIO_BLK_S_ZONE_UNALIGNED_WP:
		*msg = "the write does not begin at the write pointer of its zone";
		return -EINVAL;
	case VIRTIO_BLK_S_ZONE_OPEN_RESOURCE:
		*msg = "too many zones are open (max-open-zones)";
		return -ETOOMANYREFS;
	case VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE:
		*msg = "too many zones are open or closed (max-active-zones)";
		return -EOVERFLOW;
	default:
		return 0;
	}
}

/* ---- prepare ---- */

static int refuse(struct vblk_queue *q, const char *msg)
{
	q->q.refusal = msg;
	return -EINVAL;
}

static int complete_at_once(struct vblk_queue *q, const struct blkio_req *r)
{
	queue_complete(&q->q, r->user_data, 0, NULL);
	return SUBMIT_DONE;
}

/* The memory for reports serves one request at a time. */
static int prepare_report(struct vblk_queue *q, struct vblk_req *req, const struct blkio_req *r)
{
	if (!r->len)
		return complete_at_once(q, r);
	if (q->reporting)
		return SUBMIT_FULL;
	q->reporting = req;
	req->buf = (char *)r->zones;
	req->left = r->len < INT_MAX ? r->len : INT_MAX; /* zones; skip counts those reported */
	return 0;
}

static int prepare_append(struct vblk_queue *q, struct vblk_req *req, const struct blkio_req *r)
{
	if (r->op == BLKIO_OP_APPEND_ZONE) {
		req->buf = r->buf;
	} else {
		req->iov = r->iov;
		req->iovcnt = (uint32_t)r->len;
		req->left = iov_bytes(r->iov, r->len);
	}
	if (req->left % VIRTIO_BLK_SECTOR_BYTES)
		return refuse(q, bad_len_msg);
	if (req->left > q->vb->b.limits.zone_append_max_bytes)
		return refuse(q, too_long_msg);
	return req->left ? 0 : complete_at_once(q, r);
}

int vblk_prepare_zone(struct vblk_queue *q, struct vblk_req *req, const struct blkio_req *r)
{
	const struct virtio_blk_info *info = &q->vb->info;

	if (r->start >= info->capacity_bytes && r->op != BLKIO_OP_RESET_ALL_ZONES)
		return refuse(q, beyond_msg);
	req->start = r->start - r->start % info->zone_bytes;
	switch (r->op) {
	case BLKIO_OP_REPORT_ZONES:
		return prepare_report(q, req, r);
	case BLKIO_OP_APPEND_ZONE:
	case BLKIO_OP_APPENDV_ZONE:
		return prepare_append(q, req, r);
	default:
		return 0;
	}
}

/* ---- start ---- */

static void start_report(struct vblk_queue *q, struct vblk_req *req)
{
	vblk_put_header(req, VIRTIO_BLK_T_ZONE_REPORT, req->start);
	vblk_put_segment(q, vblk_table_of(q, req), 1, q->report_iova, VBLK_REPORT_BYTES,
			 VRING_DESC_WRITE);
	vblk_add_chain(q, req, 1, VBLK_REPORT_BYTES);
}

static uint32_t command_type(enum blkio_op op)
{
	switch (op) {
	case BLKIO_OP_OPEN_ZONE:
		return VIRTIO_BLK_T_ZONE_OPEN;
	case BLKIO_OP_CLOSE_ZONE:
		return VIRTIO_BLK_T_ZONE_CLOSE;
	case BLKIO_OP_FINISH_ZONE:
		return VIRTIO_BLK_T_ZONE_FINISH;
	case BLKIO_OP_RESET_ZONE:
		return VIRTIO_BLK_T_ZONE_RESET;
	default:
		return VIRTIO_BLK_T_ZONE_RESET_ALL;
	}
}

static void start_command(struct vblk_queue *q, struct vblk_req *req)
{
	vblk_put_header(req, command_type(BLKIO_OP_OF(req->op_flags)), req->start);
	vblk_add_chain(q, req, 0, 0);
}

int vblk_start_zone(struct vblk_queue *q, struct vblk_req *req)
{
	req->state = VBLK_STEPS;
	switch (BLKIO_OP_OF(req->op_flags)) {
	case BLKIO_OP_REPORT_ZONES:
		start_report(q, req);
		return 0;
	case BLKIO_OP_APPEND_ZONE:
	case BLKIO_OP_APPENDV_ZONE:
		return vblk_start_append(q, req);
	default:
		start_command(q, req);
		return 0;
	}
}

/* ---- finish ---- */

static bool to_bytes(uint64_t sectors, uint64_t *bytes)
{
	return !__builtin_mul_overflow(le64toh(sectors), (uint64_t)VIRTIO_BLK_SECTOR_BYTES, bytes);
}

/* One zone of a report, which must be the one that begins at `start`. */
static bool take_zone(const struct virtio_blk_info *info, const struct virtio_blk_zone *v,
		      uint64_t start, struct blkio_zone *zone)
{
	*zone = (struct blkio_zone) { .zone_type = v->type, .zone_state = v->state };
	return to_bytes(v->start, &zone->start) && to_bytes(v->capacity, &zone->capacity) &&
	       to_bytes(v->write_pointer, &zone->write_pointer) &&
	       zone_check(zone, start, info->zone_bytes, info->capacity_bytes);
}

static bool fail(struct blkio_completion *c, const char *msg)
{
	c->ret = -EPROTO;
	c->error_msg = msg;
	return true;
}

static bool finish_report(struct vblk_queue *q, struct vblk_req *req, struct blkio_completion *c)
{
	const struct virtio_blk_info *info = &q->vb->info;
	const struct virtio_blk_zone_report *report = (const void *)q->report;
	const struct virtio_blk_zone *from = (const void *)(report + 1);
	uint64_t n = le64toh(load_once(&report->nr_zones));

	if (n > VBLK_ZONES_PER_REPORT)
		return fail(c, bad_report_msg);
	if (n > req->left)
		n = req->left;
	for (uint64_t i = 0; i < n; i++) {
		struct virtio_blk_zone v;

		memcpy(&v, &from[i], sizeof(v)); /* the device may change it meanwhile */
		if (!take_zone(info, &v, req->start, (struct blkio_zone *)req->buf + req->skip))
			return fail(c, bad_report_msg);
		req->start += info->zone_bytes;
		req->skip++;
	}
	req->left -= n;
	c->ret = (int)req->skip;
	return !n || !req->left || req->start >= info->capacity_bytes;
}

/* With FUA a flush follows; start then is where the data went. */
static bool finish_append(struct vblk_queue *q, struct vblk_req *req, struct blkio_completion *c)
{
	uint64_t sector = load_once((const uint64_t *)(req->slot + VBLK_SLOT_APPEND));
	uint64_t at;

	if (req->step != VBLK_FLUSH) {
		if (!to_bytes(sector, &at) ||
		    !zone_can_have_appended(req->start, q->vb->info.zone_bytes, at, req->left))
			return fail(c, bad_append_msg);
		req->start = at;
	}
	c->append_offset = req->start;
	if (req->step == VBLK_FLUSH || !(req->op_flags & BLKIO_REQ_FUA))
		return true;
	req->step = VBLK_FLUSH;
	return false;
}

bool vblk_finish_zone(struct vblk_queue *q, struct vblk_req *req, struct blkio_completion *c)
{
	switch (BLKIO_OP_OF(req->op_flags)) {
	case BLKIO_OP_REPORT_ZONES:
		return finish_report(q, req, c);
	case BLKIO_OP_APPEND_ZONE:
	case BLKIO_OP_APPENDV_ZONE:
		return finish_append(q, req, c);
	default:
		return true;
	}
}
