// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The data path: requests to commands, completions from the ring.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "drivers/nvme/nvme.h"
#include "lib/util/iov.h"

/* Data that is transferred without a copy begins with a multiple of this. */
#define DWORD_MASK 3u

#define FUA_OF(op_flags) (((op_flags)&BLKIO_REQ_FUA) * (NVU_FUA / BLKIO_REQ_FUA))

static const char empty_msg[] = "the length must not be 0";
static const char unaligned_msg[] = "the length must be a multiple of request-alignment";
static const char too_long_msg[] = "the request is longer than max-transfer";
static const char iovcnt_msg[] = "iovcnt is greater than max-segments";
static const char end_msg[] = "the end of the request lies beyond 2^63 - 1";
static const char memory_msg[] = "no memory to divide the buffers of the request";
static const char no_zeroes_msg[] =
	"the device cannot write zeroes by itself (BLKIO_REQ_NO_FALLBACK)";
static const char no_discard_msg[] = "the device cannot deallocate blocks";

_Static_assert(nvme_cmd_read == 2 && nvme_cmd_write == 1 && BLKIO_OP_READ == 0 &&
		       BLKIO_OP_WRITE == 1,
	       "the opcode of a command that transfers data is 2 - what tells a write from a read");

/* ---- SQEs ---- */

/* The fields that all SQEs of a queue have in common. Those that fill() does not set are 0. */
void nvu_preset(struct nvu_queue *q)
{
	struct uring *ring = &q->u.ring;
	struct io_uring_sqe sqe[2] = {
		{
			.opcode = IORING_OP_URING_CMD,
			.fd = ring->fixed_file ? 0 : q->dev->fd,
			.flags = ring->fixed_file ? IOSQE_FIXED_FILE : 0,
		},
	};

	nvu_cmd(sqe)->nsid = q->dev->info.nsid;
	uring_preset(ring, sqe);
}

/* The fields that differ from one command to the next. Without data addr and len are 0. */
static always_inline struct io_uring_sqe *fill(struct nvu_queue *q, const struct uring_req *req,
					       uint8_t opcode, uint64_t lba, uint32_t dword_12,
					       const void *addr, uint32_t len, int index)
{
	struct io_uring_sqe *sqe = uring_get_big_sqe(&q->u.ring);
	struct nvme_uring_cmd *cmd = nvu_cmd(sqe);

	sqe->cmd_op = NVME_URING_CMD_IO;
	sqe->uring_cmd_flags = index >= 0 ? IORING_URING_CMD_FIXED : 0;
	sqe->buf_index = (uint16_t)index;
	sqe->user_data = (uint64_t)(uintptr_t)req;
	cmd->opcode = opcode;
	cmd->addr = (uint64_t)(uintptr_t)addr;
	cmd->data_len = len;
	cmd->cdw10 = (uint32_t)lba;
	cmd->cdw11 = (uint32_t)(lba >> 32);
	cmd->cdw12 = dword_12;
	cmd->cdw13 = 0;
	return sqe;
}

uint32_t nvu_protection(const struct nvu_info *info)
{
	if (!info->protected)
		return 0;
	return NVU_PRACT | NVU_CHECK | (info->protected_by_lba ? NVU_CHECK_BY : 0);
}

struct nvme_uring_cmd *nvu_fill(struct nvu_queue *q, const struct uring_req *req, uint8_t opcode)
{
	return nvu_cmd(fill(q, req, opcode, 0, 0, NULL, 0, URING_BUFS_NONE));
}

/* The buffer of data that a command has, through a registered one if it lies in that. */
static void set_buffer(struct nvu_queue *q, struct io_uring_sqe *sqe, const void *buf, uint64_t len)
{
	int index = (uintptr_t)buf & DWORD_MASK ? URING_BUFS_NONE
						: uring_bufs_find(&q->u.bufs, buf, (size_t)len);

	if (index >= 0) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = (uint16_t)index;
	}
	nvu_cmd(sqe)->addr = (uint64_t)(uintptr_t)buf;
	nvu_cmd(sqe)->data_len = (uint32_t)len;
}

static void set_vector(struct io_uring_sqe *sqe, const struct iovec *iov, uint32_t iovcnt)
{
	sqe->cmd_op = NVME_URING_CMD_IO_VEC;
	nvu_cmd(sqe)->addr = (uint64_t)(uintptr_t)iov;
	nvu_cmd(sqe)->data_len = iovcnt;
}

/* The application's buffers from where the request stands on, for so many bytes. */
static uint32_t cut_slice(const struct uring_req *req, struct iovec *slice, uint64_t bytes)
{
	size_t skip = req->skip;
	uint32_t n = 0;

	for (; bytes && n < req->iovcnt; n++, skip = 0) {
		size_t len = req->iov[n].iov_len - skip;

		if (len > bytes)
			len = (size_t)bytes;
		slice[n] = (struct iovec) { iov_rest(&req->iov[n], skip), len };
		bytes -= len;
	}
	return n;
}

static void set_buffers(struct nvu_queue *q, struct io_uring_sqe *sqe, const struct uring_req *req,
			uint64_t bytes)
{
	struct nvu_more *more = nvu_more_of(q, req);

	if (!req->iovcnt)
		set_buffer(q, sqe, req->buf, bytes);
	else if (req->iov->iov_len - req->skip >= bytes)
		set_buffer(q, sqe, iov_rest(req->iov, req->skip), bytes);
	else if (!more->slice)
		set_vector(sqe, req->iov, req->iovcnt); /* all of it, in one command */
	else
		set_vector(sqe, more->slice, cut_slice(req, more->slice, bytes));
}

/* A command on the next blocks of a request, at most so many bytes of them. */
static struct io_uring_sqe *fill_range(struct nvu_queue *q, struct uring_req *req, uint8_t opcode,
				       uint64_t max_bytes, uint32_t dword_12)
{
	struct nvu_more *more = nvu_more_of(q, req);
	uint64_t lba = req->start >> q->lba_shift;
	struct io_uring_sqe *sqe;

	more->bytes = req->left < max_bytes ? req->left : max_bytes;
	dword_12 |= (uint32_t)(more->bytes >> q->lba_shift) - 1;
	dword_12 |= nvu_protection(&q->dev->info) | FUA_OF(req->op_flags);
	sqe = fill(q, req, opcode, lba, dword_12, NULL, 0, URING_BUFS_NONE);
	nvu_cmd(sqe)->cdw14 = q->dev->info.protected_by_lba ? (uint32_t)lba : 0;
	return sqe;
}

static void fill_transfer(struct nvu_queue *q, struct uring_req *req)
{
	uint8_t opcode = uring_is_read(req) ? nvme_cmd_read : nvme_cmd_write;
	struct io_uring_sqe *sqe = fill_range(q, req, opcode, q->max_command, 0);
	const struct nvu_more *more = nvu_more_of(q, req);

	set_buffers(q, sqe, req, more->bytes);
	req->expect = more->bytes == req->left && !more->slice ? 0 : URING_EXPECT_NOTHING;
}

void nvu_fill_append(struct nvu_queue *q, struct uring_req *req)
{
	struct io_uring_sqe *sqe = fill_range(q, req, nvme_zns_cmd_append, q->max_command, 0);

	set_buffers(q, sqe, req, req->left);
}

bool nvu_writes_zeroes(const struct nvu_queue *q)
{
	return q->dev->info.max_write_zeroes && !q->no_write_zeroes;
}

static void fill_write_zeroes(struct nvu_queue *q, struct uring_req *req)
{
	struct io_uring_sqe *sqe;

	nvu_more_of(q, req)->as_data = !nvu_writes_zeroes(q);
	if (nvu_writes_zeroes(q)) {
		fill_range(q, req, nvme_cmd_write_zeroes,
			   q->dev->info.max_write_zeroes << q->lba_shift,
			   req->op_flags & BLKIO_REQ_NO_UNMAP ? 0 : NVU_DEAC);
		return;
	}
	sqe = fill_range(q, req, nvme_cmd_write,
			 q->max_command < NVU_ZEROES_BYTES ? q->max_command : NVU_ZEROES_BYTES, 0);
	set_buffer(q, sqe, q->dev->zeroes, nvu_more_of(q, req)->bytes);
}

static void fill_discard(struct nvu_queue *q, struct uring_req *req)
{
	uint64_t max = q->dev->info.max_discard << q->lba_shift;
	struct nvu_more *more = nvu_more_of(q, req);
	struct nvme_uring_cmd *cmd = nvu_fill(q, req, nvme_cmd_dsm);

	more->bytes = req->left < max ? req->left : max;
	more->range = (struct nvme_dsm_range) {
		.nlb = htole32((uint32_t)(more->bytes >> q->lba_shift)),
		.slba = htole64(req->start >> q->lba_shift),
	};
	cmd->addr = (uint64_t)(uintptr_t)&more->range;
	cmd->data_len = sizeof(more->range);
	cmd->cdw11 = NVU_DEALLOCATE; /* dword 10 is the number of ranges - 1 */
}

void nvu_fill_step(struct uring_queue *u, struct uring_req *req)
{
	struct nvu_queue *q = container_of(u, struct nvu_queue, u);

	switch ((enum nvu_step)req->step) {
	case NVU_TRANSFER:
		fill_transfer(q, req);
		return;
	case NVU_WRITE_ZEROES:
		fill_write_zeroes(q, req);
		return;
	case NVU_DISCARD:
		fill_discard(q, req);
		return;
	case NVU_FLUSH:
		nvu_fill(q, req, nvme_cmd_flush);
		return;
	case NVU_APPEND:
	case NVU_REPORT:
	case NVU_ZONE_COMMAND:
		nvu_fill_zone(q, req);
		return;
	}
}

/* ---- requests ---- */

int nvu_refuse(struct nvu_queue *q, int ret, const char *msg)
{
	q->u.q.refusal = msg;
	return ret;
}

static int check_length(struct nvu_queue *q, uint64_t len)
{
	if (!len)
		return nvu_refuse(q, -EINVAL, empty_msg);
	if (len & q->u.q.align_mask)
		return nvu_refuse(q, -EINVAL, unaligned_msg);
	return 0;
}

int nvu_prepare_buffers(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	int ret;

	if (r->op == BLKIO_OP_READ || r->op == BLKIO_OP_WRITE || r->op == BLKIO_OP_APPEND_ZONE) {
		req->buf = r->buf;
		req->left = r->len;
	} else {
		if (r->len > (uint64_t)q->dev->b.limits.max_segments)
			return nvu_refuse(q, -EINVAL, iovcnt_msg);
		req->iov = r->iov;
		req->iovcnt = (uint32_t)r->len;
		req->left = iov_bytes(r->iov, r->len);
	}
	ret = check_length(q, req->left);
	if (ret == 0 && req->left > (uint64_t)q->dev->b.limits.max_transfer)
		return nvu_refuse(q, -EINVAL, too_long_msg);
	if (ret == 0 && req->left > INT64_MAX - r->start)
		return nvu_refuse(q, -EINVAL, end_msg);
	return ret;
}

/* Buffers that need several commands, each of which has an array of its own. */
static int prepare_transfer(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	int ret = nvu_prepare_buffers(q, req, r);

	req->step = NVU_TRANSFER;
	if (ret < 0 || !req->iovcnt || req->left <= q->max_command)
		return ret;
	nvu_more_of(q, req)->slice = malloc(req->iovcnt * sizeof(struct iovec));
	return nvu_more_of(q, req)->slice ? 0 : nvu_refuse(q, -ENOMEM, memory_msg);
}

static int prepare_range(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	req->left = r->len;
	if (r->op == BLKIO_OP_DISCARD) {
		req->step = NVU_DISCARD;
		if (!q->dev->info.max_discard)
			return nvu_refuse(q, -ENOTSUP, no_discard_msg);
	} else {
		req->step = NVU_WRITE_ZEROES;
		if (r->flags & BLKIO_REQ_NO_FALLBACK && !nvu_writes_zeroes(q))
			return nvu_refuse(q, -ENOTSUP, no_zeroes_msg);
	}
	return check_length(q, r->len);
}

static int prepare(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r)
{
	switch (r->op) {
	case BLKIO_OP_READ:
	case BLKIO_OP_WRITE:
	case BLKIO_OP_READV:
	case BLKIO_OP_WRITEV:
		return prepare_transfer(q, req, r);
	case BLKIO_OP_WRITE_ZEROES:
	case BLKIO_OP_DISCARD:
		return prepare_range(q, req, r);
	case BLKIO_OP_FLUSH:
		req->step = NVU_FLUSH;
		req->expect = 0;
		return 0;
	default:
		return nvu_prepare_zone(q, req, r);
	}
}

int nvu_submit(struct blkioq *base, const struct blkio_req *r)
{
	struct nvu_queue *q = to_nvu_queue(base);
	struct uring_req *req = q->u.free;
	int ret;

	if (!req || uring_is_full(&q->u.ring))
		return SUBMIT_FULL;
	req->op_flags = BLKIO_OP_FLAGS(r->op, r->flags);
	req->user_data = r->user_data;
	req->start = r->start;
	req->expect = URING_EXPECT_NOTHING;
	req->retries = 0;
	req->iovcnt = 0;
	req->skip = 0;
	ret = prepare(q, req, r);
	if (ret)
		return ret;
	q->u.free = req->next;
	nvu_fill_step(&q->u, req);
	return 0;
}

/* The whole of a plain read or write. False if there is no room. */
static always_inline bool submit_single(struct nvu_queue *q, uint64_t start, void *buf, size_t len,
					void *user_data, uint32_t op_flags, bool registered)
{
	struct uring_req *req = uring_queue_take_rw(&q->u, start, buf, len, user_data, op_flags);
	uint8_t opcode = (uint8_t)(nvme_cmd_read - (op_flags >> 8));
	uint32_t dword_12;

	if (unlikely(!req))
		return false;
	req->expect = 0;
	dword_12 = ((uint32_t)(len >> q->lba_shift) - 1) | FUA_OF(op_flags);
	fill(q, req, opcode, start >> q->lba_shift, dword_12, buf, (uint32_t)len,
	     registered ? (int)(uint16_t)q->u.bufs.view.last.value : URING_BUFS_NONE);
	return true;
}

/* Not for a namespace with protection information. */
void nvu_submit_rw(struct blkioq *base, uint64_t start, void *buf, size_t len, void *user_data,
		   uint32_t op_flags)
{
	struct nvu_queue *q = to_nvu_queue(base);
	const struct mem_view *view = &q->u.bufs.view;
	bool odd = (len & base->align_mask) | ((uintptr_t)buf & DWORD_MASK);
	bool done = false;

	if (likely(mem_view_is_current(view) && !odd && len - 1 < q->max_command)) {
		if (mem_view_hit(view, (uintptr_t)buf, len))
			done = submit_single(q, start, buf, len, user_data, op_flags, true);
		else if (!view->len)
			done = submit_single(q, start, buf, len, user_data, op_flags, false);
	}
	/* No call here but this one, which is a jump. */
	if (unlikely(!done))
		queue_submit_slowly(base, start, buf, len, user_data, op_flags);
}

int nvu_reap(struct blkioq *q, struct blkio_completion *completions, int max)
{
	return uring_queue_reap(q, completions, max, true, nvu_step);
}
