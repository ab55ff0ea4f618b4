// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The requests of a zoned namespace.
 */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "drivers/nvme/nvme.h"
#include "lib/zone.h"

static const char beyond_msg[] = "the offset is behind the last zone";
static const char too_long_msg[] = "the append is longer than zone-append-max-bytes";
static const char bad_report_msg[] = "the device's report of its zones is invalid";
static const char bad_append_msg[] = "the device appended to a place outside of the zone";

uint32_t nvu_zone_ops(const struct nvu *d)
{
	uint32_t ops = BLKIO_ZONE_OPS;

	if (!d->info.zoned)
		return 0;
	if (!d->info.max_append)
		ops &= ~(BLKIO_OP_BIT(BLKIO_OP_APPEND_ZONE) | BLKIO_OP_BIT(BLKIO_OP_APPENDV_ZONE));
	return ops;
}

static uint64_t zone_bytes(const struct nvu_queue *q)
{
	return q->dev->info.zone_blocks << q->lba_shift;
}

static uint64_t device_bytes(const struct nvu_queue *q)
{
	return q->dev->info.nr_blocks << q->lba_shift;
}

/* ---- prepare ---- */

/* The memory for reports serves one request at a time. */
static int prepare_report(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	if (!r->len) {
		queue_complete(&q->u.q, r->user_data, 0, NULL);
		return SUBMIT_DONE;
	}
	if (q->reporting)
		return SUBMIT_FULL;
	q->reporting = req;
	req->step = NVU_REPORT;
	req->zones = r->zones;
	req->left = r->len < INT_MAX ? r->len : INT_MAX; /* zones; skip counts those reported */
	return 0;
}

static int prepare_append(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	int ret = nvu_prepare_buffers(q, req, r);

	req->step = NVU_APPEND;
	if (ret == 0 && req->left > q->dev->info.max_append)
		return nvu_refuse(q, -EINVAL, too_long_msg);
	return ret;
}

static bool is_for_all_zones(enum blkio_op op)
{
	return op >= BLKIO_OP_OPEN_ALL_ZONES && op <= BLKIO_OP_RESET_ALL_ZONES;
}

int nvu_prepare_zone(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	if (r->start >= device_bytes(q) && !is_for_all_zones(r->op))
		return nvu_refuse(q, -EINVAL, beyond_msg);
	req->start -= req->start % zone_bytes(q);
	switch (r->op) {
	case BLKIO_OP_REPORT_ZONES:
		return prepare_report(q, req, r);
	case BLKIO_OP_APPEND_ZONE:
	case BLKIO_OP_APPENDV_ZONE:
		return prepare_append(q, req, r);
	default:
		req->step = NVU_ZONE_COMMAND;
		req->expect = 0;
		return 0;
	}
}

/* ---- commands ---- */

static void set_zone(const struct nvu_queue *q, struct nvme_uring_cmd *cmd, uint64_t start)
{
	uint64_t lba = start >> q->lba_shift;

	cmd->cdw10 = (uint32_t)lba;
	cmd->cdw11 = (uint32_t)(lba >> 32);
}

static void fill_report(struct nvu_queue *q, const struct uring_req *req)
{
	struct nvme_uring_cmd *cmd = nvu_fill(q, req, nvme_zns_cmd_mgmt_recv);

	set_zone(q, cmd, req->start);
	cmd->addr = (uint64_t)(uintptr_t)q->report;
	cmd->data_len = q->report_bytes;
	cmd->cdw12 = q->report_bytes / 4 - 1;
	cmd->cdw13 = NVME_ZNS_ZRA_REPORT_ZONES | NVU_PARTIAL;
}

static uint32_t action_of(enum blkio_op op)
{
	switch (op) {
	case BLKIO_OP_OPEN_ZONE:
	case BLKIO_OP_OPEN_ALL_ZONES:
		return NVME_ZNS_ZSA_OPEN;
	case BLKIO_OP_CLOSE_ZONE:
	case BLKIO_OP_CLOSE_ALL_ZONES:
		return NVME_ZNS_ZSA_CLOSE;
	case BLKIO_OP_FINISH_ZONE:
	case BLKIO_OP_FINISH_ALL_ZONES:
		return NVME_ZNS_ZSA_FINISH;
	default:
		return NVME_ZNS_ZSA_RESET;
	}
}

static void fill_command(struct nvu_queue *q, const struct uring_req *req)
{
	struct nvme_uring_cmd *cmd = nvu_fill(q, req, nvme_zns_cmd_mgmt_send);
	enum blkio_op op = uring_op(req);

	set_zone(q, cmd, req->start);
	cmd->cdw13 = action_of(op) | (is_for_all_zones(op) ? NVU_SELECT_ALL : 0);
}

void nvu_fill_zone(struct nvu_queue *q, struct uring_req *req)
{
	switch ((enum nvu_step)req->step) {
	case NVU_REPORT:
		fill_report(q, req);
		return;
	case NVU_APPEND:
		nvu_fill_append(q, req);
		return;
	default:
		fill_command(q, req);
		return;
	}
}

/* ---- results ---- */

static bool fail(struct blkio_completion *c, const char *msg)
{
	c->ret = -EPROTO;
	c->error_msg = msg;
	return true;
}

/* A number of blocks that the device tells, as bytes; what is too great cannot be right. */
static bool to_bytes(const struct nvu_queue *q, uint64_t blocks, uint64_t *bytes)
{
	blocks = le64toh(blocks);
	*bytes = blocks << q->lba_shift;
	return blocks <= UINT64_MAX >> q->lba_shift;
}

/* States without a write pointer may have anything there. */
static bool take_zone(const struct nvu_queue *q, const struct nvme_zns_desc *desc, uint64_t start,
		      struct blkio_zone *zone)
{
	*zone = (struct blkio_zone) { .zone_type = desc->zt & 0xf, .zone_state = desc->zs >> 4 };
	if (!to_bytes(q, desc->zslba, &zone->start) || !to_bytes(q, desc->zcap, &zone->capacity))
		return false;
	if (!to_bytes(q, desc->wp, &zone->write_pointer))
		zone->write_pointer = UINT64_MAX;
	return zone_check(zone, start, zone_bytes(q), device_bytes(q));
}

static bool finish_report(struct nvu_queue *q, struct uring_req *req, struct blkio_completion *c)
{
	const struct nvme_zone_report *report = (const void *)q->report;
	uint64_t room = (q->report_bytes - sizeof(*report)) / sizeof(struct nvme_zns_desc);
	uint64_t n = le64toh(load_once(&report->nr_zones));

	if (n > room)
		return fail(c, bad_report_msg);
	if (n > req->left)
		n = req->left;
	for (uint64_t i = 0; i < n; i++) {
		struct nvme_zns_desc desc;

		memcpy(&desc, &report->entries[i], sizeof(desc));
		if (!take_zone(q, &desc, req->start, &req->zones[req->skip]))
			return fail(c, bad_report_msg);
		req->start += zone_bytes(q);
		req->skip++;
	}
	req->left -= n;
	c->ret = (int)req->skip;
	return !n || !req->left || req->start >= device_bytes(q);
}

static bool finish_append(struct nvu_queue *q, const struct uring_req *req, uint64_t lba,
			  struct blkio_completion *c)
{
	uint64_t at = lba << q->lba_shift;

	if (lba > UINT64_MAX >> q->lba_shift ||
	    !zone_can_have_appended(req->start, zone_bytes(q), at, req->left))
		return fail(c, bad_append_msg);
	c->append_offset = at;
	return true;
}

bool nvu_finish_zone(struct nvu_queue *q, struct uring_req *req, uint64_t result,
		     struct blkio_completion *c)
{
	switch ((enum nvu_step)req->step) {
	case NVU_REPORT:
		return finish_report(q, req, c);
	case NVU_APPEND:
		return finish_append(q, req, result, c);
	default:
		return true;
	}
}
