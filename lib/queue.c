// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The one gate for requests.
 *
 * A request that passes goes to the driver's submit op, or waits in the backlog while the driver
 * is full. One that does not pass is a completion at once. Either way the application hears of
 * it in do_io (do_io.c) and nowhere else.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/queue.h"

static const char no_flags[] = "unsupported bits in request flags";
static const char no_op[] = "request not supported for this driver";
static const char no_poll_op[] = "request not supported on poll queues for this driver";
static const char read_only_msg[] = "device is read-only";
static const char len_msg[] = "len must fit in an unsigned 32-bit integer";
static const char end_msg[] = "the end of the request lies beyond 2^63 - 1";
static const char start_msg[] = "invalid start offset";
static const char iovcnt_msg[] = "iovcnt must be 0 or more";

/* Completions that do_io may have to keep are few; more only cost an allocation. */
#define DONE_RESERVE 64

void queue_set_supported(struct blkioq *q, uint32_t ops)
{
	q->unsupported_ops = BLKIO_ALL_OPS & ~ops;
	q->refused_ops = q->unsupported_ops | (q->b->read_only ? ~BLKIO_READ_ONLY_OPS : 0);
}

int queue_init(struct blkioq *q, struct blkio *b, const struct blkioq_ops *ops, bool poll)
{
	q->b = b;
	q->ops = ops;
	q->poll = poll;
	q->completion_fd = -1;
	queue_set_supported(q, 0);
	fifo_init(&q->backlog, sizeof(struct blkio_req));
	fifo_init(&q->done, sizeof(struct blkio_completion));
	if (!fifo_reserve(&q->done, DONE_RESERVE))
		return err_os(-ENOMEM, "cannot create a queue");
	if (poll)
		return 0;
	q->completion_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->completion_fd < 0)
		return err_os(-errno, errno == EMFILE
					      ? "cannot create a completion fd (see ulimit -n)"
					      : "cannot create a completion fd");
	return 0;
}

void queue_finish(struct blkioq *q)
{
	if (q->completion_fd >= 0)
		close(q->completion_fd);
	signaller_finish(&q->signaller);
	fifo_finish(&q->backlog);
	fifo_finish(&q->done);
}

static void signal_eventfd(int fd)
{
	const uint64_t one = 1;

	/* EAGAIN means that the counter is full: it is readable anyhow. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void queue_share_fds(struct blkioq *q)
{
	q->shares_fds = true;
	signaller_init(&q->signaller);
}

void queue_notify(struct blkioq *q)
{
	if (q->completion_fd < 0)
		return;
	if (q->shares_fds)
		signaller_signal(&q->signaller, q->completion_fd);
	else
		signal_eventfd(q->completion_fd);
}

/* ---- the gate ---- */

/* The completion fd becomes readable even when its events are off, as 1.5 has it. */
cold void queue_complete(struct blkioq *q, void *user_data, int ret, const char *msg)
{
	struct blkio_completion *c = fifo_push_back(&q->done);

	if (c)
		*c = (struct blkio_completion) { .user_data = user_data,
						 .ret = ret,
						 .error_msg = msg };
	else
		q->lost++;
	queue_notify(q);
}

static const char *flag_msg(uint32_t bad)
{
	if (bad & ~(uint32_t)(BLKIO_REQ_FUA | BLKIO_REQ_NO_UNMAP | BLKIO_REQ_NO_FALLBACK))
		return no_flags;
	if (bad & BLKIO_REQ_FUA)
		return "BLKIO_REQ_FUA is invalid for this request type";
	if (bad & BLKIO_REQ_NO_UNMAP)
		return "BLKIO_REQ_NO_UNMAP is invalid for this request type";
	return "BLKIO_REQ_NO_FALLBACK is invalid for this request type";
}

static always_inline uint32_t allowed_flags(enum blkio_op op)
{
	switch (op) {
	case BLKIO_OP_WRITE:
	case BLKIO_OP_WRITEV:
	case BLKIO_OP_DISCARD:
	case BLKIO_OP_SECURE_ERASE:
	case BLKIO_OP_APPEND_ZONE:
	case BLKIO_OP_APPENDV_ZONE:
		return BLKIO_REQ_FUA;
	case BLKIO_OP_WRITE_ZEROES:
		return BLKIO_REQ_FUA | BLKIO_REQ_NO_UNMAP | BLKIO_REQ_NO_FALLBACK;
	default:
		return 0;
	}
}

/* Whether len counts iovecs; it was an int and is negative if the upper half has bits. */
static always_inline bool is_vectored(enum blkio_op op)
{
	return op == BLKIO_OP_READV || op == BLKIO_OP_WRITEV || op == BLKIO_OP_APPENDV_ZONE;
}

static always_inline bool has_byte_len(enum blkio_op op)
{
	return op == BLKIO_OP_READ || op == BLKIO_OP_WRITE || op == BLKIO_OP_APPEND_ZONE;
}

/* What is wrong with a request that the fast check stopped; the order is that of 1.5. */
static cold void refuse(struct blkioq *q, const struct blkio_req *r)
{
	uint32_t bad_flags = r->flags & ~allowed_flags(r->op);
	int ret = -EINVAL;
	const char *msg;

	if (is_vectored(r->op) && r->len >> 31) {
		msg = iovcnt_msg;
	} else if (bad_flags) {
		msg = flag_msg(bad_flags);
	} else if (q->unsupported_ops & BLKIO_OP_BIT(r->op)) {
		ret = -ENOTSUP;
		msg = q->poll && !(BLKIO_RARE_OPS & BLKIO_OP_BIT(r->op)) ? no_poll_op : no_op;
	} else if (r->start & q->align_mask) {
		msg = start_msg;
	} else if (q->refused_ops & BLKIO_OP_BIT(r->op)) {
		ret = -EBADF;
		msg = read_only_msg;
	} else if (has_byte_len(r->op) && r->len >> 32) {
		msg = len_msg;
	} else {
		msg = end_msg;
	}
	queue_complete(q, r->user_data, ret, msg);
}

static cold void defer(struct blkioq *q, const struct blkio_req *r)
{
	struct blkio_req *waiting = fifo_push_back(&q->backlog);

	if (waiting)
		*waiting = *r;
	else
		queue_complete(q, r->user_data, -ENOMEM, "no memory for the backlog of requests");
}

/* Arithmetic only, and one branch for all of it. op is known when this is inlined. */
static always_inline bool is_suspect(const struct blkioq *q, const struct blkio_req *r)
{
	uint64_t bad = (r->flags & ~allowed_flags(r->op)) | (q->refused_ops & BLKIO_OP_BIT(r->op)) |
		       (r->start & q->align_mask);

	if (is_vectored(r->op))
		bad |= r->len >> 31;
	else if (has_byte_len(r->op))
		bad |= r->len >> 32;
	if (is_vectored(r->op))
		bad |= r->start >> 63;
	else
		bad |= (r->start | r->len | (r->start + r->len)) >> 63;
	return bad;
}

cold void queue_submit_slowly(struct blkioq *q, uint64_t start, void *buf, size_t len,
			      void *user_data, uint32_t op_flags)
{
	struct blkio_req r = {
		.op = BLKIO_OP_OF(op_flags),
		.flags = BLKIO_FLAGS_OF(op_flags),
		.start = start,
		.buf = buf,
		.len = len,
		.user_data = user_data,
	};

	if (!queue_submit(q, &r))
		defer(q, &r);
}

/* What is not for submit_rw: wrong, behind a backlog, or too long for its result to be an int.
 * And what is not for submit_rwv. */
static out_of_line void queue_add_slowly(struct blkioq *q, uint64_t start, void *buf, size_t len,
					 void *user_data, uint32_t flags, enum blkio_op op)
{
	struct blkio_req r = { op, flags, start, { buf }, len, user_data };

	if (is_suspect(q, &r))
		refuse(q, &r);
	else if (q->backlog.count || !queue_submit(q, &r))
		defer(q, &r);
}

static always_inline void queue_add_rw(struct blkioq *q, uint64_t start, void *buf, size_t len,
				       void *user_data, uint32_t flags, enum blkio_op op)
{
	/* Every driver can read, so only others are looked up. Short lengths need fewer checks. */
	uint32_t refused = op == BLKIO_OP_READ ? 0 : q->refused_ops & BLKIO_OP_BIT(op);
	uint64_t suspect = (flags & ~allowed_flags(op)) | refused | (start & q->align_mask) |
			   len >> 31 | (start | (start + len)) >> 63;

	if (unlikely(suspect | q->backlog.count))
		queue_add_slowly(q, start, buf, len, user_data, flags, op);
	else
		q->ops->submit_rw(q, start, buf, len, user_data, BLKIO_OP_FLAGS(op, flags));
}

static always_inline void queue_add_rwv(struct blkioq *q, uint64_t start, const struct iovec *iov,
					int iovcnt, void *user_data, uint32_t flags,
					enum blkio_op op)
{
	uint64_t suspect = (flags & ~allowed_flags(op)) | (q->refused_ops & BLKIO_OP_BIT(op)) |
			   (start & q->align_mask) | start >> 63 | (uint32_t)iovcnt >> 31;

	if (unlikely(suspect | q->backlog.count) || !q->ops->submit_rwv)
		queue_add_slowly(q, start, (void *)iov, (uint64_t)iovcnt, user_data, flags, op);
	else
		q->ops->submit_rwv(q, start, iov, (uint32_t)iovcnt, user_data,
				   BLKIO_OP_FLAGS(op, flags));
}

static always_inline void queue_add(struct blkioq *q, const struct blkio_req *r)
{
	if (unlikely(is_suspect(q, r)))
		refuse(q, r);
	else if (unlikely(q->backlog.count) || unlikely(!queue_submit(q, r)))
		defer(q, r);
}

/* ---- requests ---- */

#define REQ(op_, start_, len_) \
	.op = (op_), .flags = flags, .start = (start_), .len = (len_), .user_data = user_data

BLKIO_PUBLIC void blkioq_read(struct blkioq *q, uint64_t start, void *buf, size_t len,
			      void *user_data, uint32_t flags)
{
	queue_add_rw(q, start, buf, len, user_data, flags, BLKIO_OP_READ);
}

BLKIO_PUBLIC void blkioq_write(struct blkioq *q, uint64_t start, const void *buf, size_t len,
			       void *user_data, uint32_t flags)
{
	queue_add_rw(q, start, (void *)buf, len, user_data, flags, BLKIO_OP_WRITE);
}

BLKIO_PUBLIC void blkioq_readv(struct blkioq *q, uint64_t start, const struct iovec *iovec,
			       int iovcnt, void *user_data, uint32_t flags)
{
	queue_add_rwv(q, start, iovec, iovcnt, user_data, flags, BLKIO_OP_READV);
}

BLKIO_PUBLIC void blkioq_writev(struct blkioq *q, uint64_t start, struct iovec *iovec, int iovcnt,
				void *user_data, uint32_t flags)
{
	queue_add_rwv(q, start, iovec, iovcnt, user_data, flags, BLKIO_OP_WRITEV);
}

BLKIO_PUBLIC void blkioq_write_zeroes(struct blkioq *q, uint64_t start, uint64_t len,
				      void *user_data, uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_WRITE_ZEROES, start, len) });
}

BLKIO_PUBLIC void blkioq_discard(struct blkioq *q, uint64_t start, uint64_t len, void *user_data,
				 uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_DISCARD, start, len) });
}

BLKIO_PUBLIC void blkioq_secure_erase(struct blkioq *q, uint64_t start, uint64_t len,
				      void *user_data, uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_SECURE_ERASE, start, len) });
}

BLKIO_PUBLIC void blkioq_flush(struct blkioq *q, void *user_data, uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_FLUSH, 0, 0) });
}

BLKIO_PUBLIC void blkioq_report_zones(struct blkioq *q, uint64_t offset, struct blkio_zone *zones,
				      uint32_t nr_zones, void *user_data, uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_REPORT_ZONES, offset, nr_zones),
					   .zones = zones });
}

#define ZONE_REQUEST(name, op_)                                                             \
	BLKIO_PUBLIC void blkioq_##name(struct blkioq *q, uint64_t offset, void *user_data, \
					uint32_t flags)                                     \
	{                                                                                   \
		queue_add(q, &(struct blkio_req) { REQ(op_, offset, 0) });                  \
	}

#define ALL_ZONES_REQUEST(name, op_)                                                       \
	BLKIO_PUBLIC void blkioq_##name(struct blkioq *q, void *user_data, uint32_t flags) \
	{                                                                                  \
		queue_add(q, &(struct blkio_req) { REQ(op_, 0, 0) });                      \
	}

ZONE_REQUEST(close_zone, BLKIO_OP_CLOSE_ZONE)
ZONE_REQUEST(finish_zone, BLKIO_OP_FINISH_ZONE)
ZONE_REQUEST(open_zone, BLKIO_OP_OPEN_ZONE)
ZONE_REQUEST(reset_zone, BLKIO_OP_RESET_ZONE)
ALL_ZONES_REQUEST(close_all_zones, BLKIO_OP_CLOSE_ALL_ZONES)
ALL_ZONES_REQUEST(finish_all_zones, BLKIO_OP_FINISH_ALL_ZONES)
ALL_ZONES_REQUEST(open_all_zones, BLKIO_OP_OPEN_ALL_ZONES)
ALL_ZONES_REQUEST(reset_all_zones, BLKIO_OP_RESET_ALL_ZONES)

BLKIO_PUBLIC void blkioq_append_zone(struct blkioq *q, uint64_t offset, const void *buf, size_t len,
				     void *user_data, uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_APPEND_ZONE, offset, len),
					   .buf = (void *)buf });
}

BLKIO_PUBLIC void blkioq_appendv_zone(struct blkioq *q, uint64_t offset, const struct iovec *iovec,
				      int iovcnt, void *user_data, uint32_t flags)
{
	queue_add(q, &(struct blkio_req) { REQ(BLKIO_OP_APPENDV_ZONE, offset, (uint64_t)iovcnt),
					   .iov = iovec });
}
