// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The threads driver: files and block devices through plain system calls in threads. Life cycle,
 * properties, and the queue's side of requests.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "drivers/threads/threads.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/iov.h"

#define MAX_THREADS 1024
#define MAX_ENTRIES 32768

static int check_threads(const struct blkio_prop *p, const union prop_value *v)
{
	if (v->i >= 1 && v->i <= MAX_THREADS)
		return 0;
	return err_set(-EINVAL, "property %s must be 1 to %d, not %d", p->name, MAX_THREADS, v->i);
}

static const struct blkio_prop thr_props[] = {
	FILE_PROPS(struct thr, file),
	{ "num-entries", BLKIO_PROP_INT, offsetof(struct thr, num_entries), .def.i = 128,
	  .set_from = BLKIO_CONNECTED, .set_until = BLKIO_CONNECTED, .check = prop_check_positive,
	  .summary = "requests that a queue's threads have at a time" },
	{ "num-threads", BLKIO_PROP_INT, offsetof(struct thr, num_threads), .def.i = 4,
	  .set_from = BLKIO_CONNECTED, .set_until = BLKIO_CONNECTED, .check = check_threads,
	  .summary = "threads of each queue" },
	{ "max-queues", BLKIO_PROP_INT, .def.i = INT_MAX,
	  .summary = "most queues of both kinds together" },
	{ "max-mem-regions", BLKIO_PROP_UINT64, .def.u64 = UINT64_MAX,
	  .summary = "most memory regions mapped at a time" },
	{ 0 },
};

static void thr_init(struct blkio *b)
{
	b->limits = (struct blkio_limits) {
		.max_queues = INT_MAX,
		.max_mem_regions = UINT64_MAX,
		.can_add_queues = true,
		.flush_needed = true,
	};
}

static int thr_connect(struct blkio *b)
{
	return file_connect(b, &to_thr(b)->file, NULL);
}

static int thr_get_capacity(struct blkio *b, uint64_t *bytes)
{
	return file_get_capacity(&to_thr(b)->file, bytes);
}

static int thr_start(struct blkio *b)
{
	if (to_thr(b)->num_entries > MAX_ENTRIES)
		return err_set(-EINVAL, "num-entries is %d, but at most %d are possible",
			       to_thr(b)->num_entries, MAX_ENTRIES);
	return 0;
}

/* ---- requests ---- */

static int refuse(struct thr_queue *q, int ret, const char *msg)
{
	q->q.refusal = msg;
	return ret;
}

static int prepare_vectored(struct thr_queue *q, struct thr_req *req, const struct blkio_req *r)
{
	uint64_t sum;

	if (r->len > (uint64_t)q->dev->b.limits.max_segments)
		return refuse(q, -EINVAL, "iovcnt is greater than max-segments");
	sum = iov_bytes(r->iov, r->len);
	if (sum > INT64_MAX - r->start)
		return refuse(q, -EINVAL, "the end of the request lies beyond 2^63 - 1");
	req->iov = r->iov;
	req->iovcnt = (uint32_t)r->len;
	req->left = sum;
	return 0;
}

static int prepare(struct thr_queue *q, struct thr_req *req, const struct blkio_req *r)
{
	const struct file_info *info = &q->dev->file.info;

	if (file_zone_is_op(r->op))
		return file_zone_prepare(&q->q, info, r, &req->zone);
	switch (r->op) {
	case BLKIO_OP_READV:
	case BLKIO_OP_WRITEV:
		return prepare_vectored(q, req, r);
	case BLKIO_OP_WRITE_ZEROES:
		if (info->block_device && !info->can_write_zeroes &&
		    r->flags & BLKIO_REQ_NO_FALLBACK)
			return refuse(q, -ENOTSUP,
				      "the device cannot write zeroes by itself "
				      "(BLKIO_REQ_NO_FALLBACK)");
		return 0;
	default:
		return 0;
	}
}

static int thr_submit(struct blkioq *base, const struct blkio_req *r)
{
	struct thr_queue *q = to_thr_queue(base);
	struct file_job *next;
	struct thr_req *req;
	int ret;

	if (!q->free)
		return SUBMIT_FULL;
	req = to_thr_req(q->free);
	next = q->free->next;
	*req = (struct thr_req) {
		.job.next = next,
		.op_flags = BLKIO_OP_FLAGS(r->op, r->flags),
		.start = r->start,
		.left = r->len,
		.buf = r->buf,
		.user_data = r->user_data,
	};
	ret = prepare(q, req, r);
	if (ret)
		return ret;
	q->free = next;
	file_jobs_add(&q->batch, &req->job);
	return 0;
}

static int thr_enter(struct blkioq *base, unsigned int want, struct blkio_wait *wait)
{
	struct thr_queue *q = to_thr_queue(base);

	file_pool_give(&q->pool->pool, &q->batch);
	return want ? file_pool_wait(&q->pool->pool, want, wait) : 0;
}

static const char *message_of(const struct thr_req *req)
{
	return file_zone_is_op(BLKIO_OP_OF(req->op_flags)) ? req->zone.msg : NULL;
}

static int thr_reap(struct blkioq *base, struct blkio_completion *completions, int max)
{
	struct thr_queue *q = to_thr_queue(base);
	struct file_job *job, *next;
	int n = 0;

	if (!file_pool_is_ready(&q->pool->pool))
		return 0;
	for (job = file_pool_take(&q->pool->pool, (unsigned int)max); job; job = next) {
		const struct thr_req *req = to_thr_req(job);

		completions[n++] = (struct blkio_completion) {
			.user_data = req->user_data,
			.error_msg = message_of(req),
			.ret = job->ret,
		};
		next = job->next;
		job->next = q->free;
		q->free = job;
	}
	return n;
}

static bool thr_ready(struct blkioq *base)
{
	return file_pool_is_ready(&to_thr_queue(base)->pool->pool);
}

static void thr_set_notify(struct blkioq *base, bool enable)
{
	file_pool_set_notify(&to_thr_queue(base)->pool->pool, enable);
}

/* ---- queues ---- */

static void thr_destroy_queue(struct blkioq *base, int64_t deadline)
{
	struct thr_queue *q = to_thr_queue(base);

	if (q->pool)
		file_pool_end(&q->pool->pool, deadline);
	queue_finish(base);
	free(q);
}

static const struct blkioq_ops thr_queue_ops = {
	.submit_rw = queue_submit_slowly,
	.submit = thr_submit,
	.enter = thr_enter,
	.reap = thr_reap,
	.ready = thr_ready,
	.set_notify = thr_set_notify,
	.destroy = thr_destroy_queue,
};

static int thr_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp)
{
	struct thr_queue *q = aligned_alloc(64, align_up(sizeof(*q), 64));
	int ret;

	(void)index;
	if (!q)
		return err_os(-ENOMEM, "cannot create a queue");
	*q = (struct thr_queue) { .dev = to_thr(b) };
	file_jobs_init(&q->batch);
	ret = queue_init(&q->q, b, &thr_queue_ops, poll);
	if (ret == 0)
		ret = thr_pool_create(q);
	if (ret == 0)
		ret = file_pool_start(&q->pool->pool, q->dev->num_threads);
	if (ret < 0) {
		thr_destroy_queue(&q->q, DEADLINE_NONE);
		return ret;
	}
	queue_set_supported(&q->q, (BLKIO_ALL_OPS & ~BLKIO_RARE_OPS) |
					   file_zone_ops(&to_thr(b)->file.info));
	*qp = &q->q;
	return 0;
}

/* Memory is memory. */
static int thr_map(struct blkio *b, struct mem_entry *entry)
{
	(void)b;
	(void)entry;
	return 0;
}

static void thr_unmap(struct blkio *b, const struct mem_entry *entry)
{
	(void)b;
	(void)entry;
}

static void thr_destroy(struct blkio *b)
{
	file_close(b, &to_thr(b)->file);
}

const struct blkio_driver threads_driver;
const struct blkio_driver threads_driver = {
	.name = "threads",
	.size = sizeof(struct thr),
	.props = thr_props,
	.init = thr_init,
	.connect = thr_connect,
	.get_capacity = thr_get_capacity,
	.start = thr_start,
	.create_queue = thr_create_queue,
	.run = driver_run_default,
	.watch_events = driver_watch_events_default,
	.next_event = driver_next_event_default,
	.map = thr_map,
	.unmap = thr_unmap,
	.destroy = thr_destroy,
};
