// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See requests.h.
 */
#include "tests/unit/requests.h"

#define ALL_FLAGS (BLKIO_REQ_FUA | BLKIO_REQ_NO_UNMAP | BLKIO_REQ_NO_FALLBACK)

const struct request_kind request_kinds[BLKIO_NR_OPS] = {
	{ BLKIO_OP_READ, 0, .has_start = true, .has_len = true },
	{ BLKIO_OP_WRITE, BLKIO_REQ_FUA, .changes = true, .has_start = true, .has_len = true },
	{ BLKIO_OP_READV, 0, .has_start = true, .has_iovcnt = true },
	{ BLKIO_OP_WRITEV, BLKIO_REQ_FUA, .changes = true, .has_start = true, .has_iovcnt = true },
	{ BLKIO_OP_WRITE_ZEROES, ALL_FLAGS, .changes = true, .has_start = true, .has_len = true },
	{ BLKIO_OP_DISCARD, BLKIO_REQ_FUA, .changes = true, .has_start = true, .has_len = true },
	{ BLKIO_OP_SECURE_ERASE, BLKIO_REQ_FUA, .changes = true, .has_start = true,
	  .has_len = true },
	{ BLKIO_OP_FLUSH, .flags = 0 },
	{ BLKIO_OP_REPORT_ZONES, 0, .has_start = true },
	{ BLKIO_OP_OPEN_ZONE, 0, .changes = true, .has_start = true },
	{ BLKIO_OP_CLOSE_ZONE, 0, .changes = true, .has_start = true },
	{ BLKIO_OP_FINISH_ZONE, 0, .changes = true, .has_start = true },
	{ BLKIO_OP_RESET_ZONE, 0, .changes = true, .has_start = true },
	{ BLKIO_OP_OPEN_ALL_ZONES, 0, .changes = true },
	{ BLKIO_OP_CLOSE_ALL_ZONES, 0, .changes = true },
	{ BLKIO_OP_FINISH_ALL_ZONES, 0, .changes = true },
	{ BLKIO_OP_RESET_ALL_ZONES, 0, .changes = true },
	{ BLKIO_OP_APPEND_ZONE, BLKIO_REQ_FUA, .changes = true, .has_start = true,
	  .has_len = true },
	{ BLKIO_OP_APPENDV_ZONE, BLKIO_REQ_FUA, .changes = true, .has_start = true,
	  .has_iovcnt = true },
};

char request_buf[4096];
struct iovec request_iov[1] = { { request_buf, sizeof(request_buf) } };
struct blkio_zone request_zones[1];

static void zone_request(struct blkioq *q, enum blkio_op op, uint64_t start, void *user_data,
			 uint32_t flags)
{
	static void (*const one[])(struct blkioq * q, uint64_t offset, void *user_data,
				   uint32_t flags) = {
		[BLKIO_OP_OPEN_ZONE] = blkioq_open_zone,
		[BLKIO_OP_CLOSE_ZONE] = blkioq_close_zone,
		[BLKIO_OP_FINISH_ZONE] = blkioq_finish_zone,
		[BLKIO_OP_RESET_ZONE] = blkioq_reset_zone,
	};
	static void (*const all[])(struct blkioq * q, void *user_data, uint32_t flags) = {
		[BLKIO_OP_OPEN_ALL_ZONES] = blkioq_open_all_zones,
		[BLKIO_OP_CLOSE_ALL_ZONES] = blkioq_close_all_zones,
		[BLKIO_OP_FINISH_ALL_ZONES] = blkioq_finish_all_zones,
		[BLKIO_OP_RESET_ALL_ZONES] = blkioq_reset_all_zones,
	};

	if (op <= BLKIO_OP_RESET_ZONE)
		one[op](q, start, user_data, flags);
	else
		all[op](q, user_data, flags);
}

void request(struct blkioq *q, enum blkio_op op, uint64_t start, uint64_t len, void *user_data,
	     uint32_t flags)
{
	switch (op) {
	case BLKIO_OP_READ:
		blkioq_read(q, start, request_buf, len, user_data, flags);
		return;
	case BLKIO_OP_WRITE:
		blkioq_write(q, start, request_buf, len, user_data, flags);
		return;
	case BLKIO_OP_READV:
		blkioq_readv(q, start, request_iov, (int)len, user_data, flags);
		return;
	case BLKIO_OP_WRITEV:
		blkioq_writev(q, start, request_iov, (int)len, user_data, flags);
		return;
	case BLKIO_OP_WRITE_ZEROES:
		blkioq_write_zeroes(q, start, len, user_data, flags);
		return;
	case BLKIO_OP_DISCARD:
		blkioq_discard(q, start, len, user_data, flags);
		return;
	case BLKIO_OP_SECURE_ERASE:
		blkioq_secure_erase(q, start, len, user_data, flags);
		return;
	case BLKIO_OP_FLUSH:
		blkioq_flush(q, user_data, flags);
		return;
	case BLKIO_OP_REPORT_ZONES:
		blkioq_report_zones(q, start, request_zones, (uint32_t)len, user_data, flags);
		return;
	case BLKIO_OP_APPEND_ZONE:
		blkioq_append_zone(q, start, request_buf, len, user_data, flags);
		return;
	case BLKIO_OP_APPENDV_ZONE:
		blkioq_appendv_zone(q, start, request_iov, (int)len, user_data, flags);
		return;
	default:
		zone_request(q, op, start, user_data, flags);
	}
}
