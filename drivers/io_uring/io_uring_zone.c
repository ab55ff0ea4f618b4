// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests for zones. The kernel has them as ioctls, which io_uring cannot carry out, so a thread
 * does, one after the other; it is started with the first one.
 *
 * Each of them has a read from a pipe in flight, into which the thread writes for each that is
 * done: so the ring wakes who sleeps, and makes the completion fd readable, as for all other
 * requests. Whose read it is that ends does not matter: it stands for any request that is done.
 *
 * Why no eventfd: the kernel lets no eventfd that is written make another one readable at once, and
 * what it does later instead works only the first time (seen on Linux 6.12 and 6.18, with
 * single-issuer).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/io_uring/io_uring.h"
#include "lib/error.h"

/* Reads that fail in a row, before the thread is waited for without. */
#define READ_RETRIES 1000

/*
 * Of a queue at a time. Whatever is written to the pipe wakes all reads, and after some 128 times
 * in vain the kernel has a thread of its own sleep for a read.
 */
#define MAX_JOBS 64

struct zone_job {
	struct file_job job;
	struct file_zone_req req;
	void *user_data;
};

/* It stays with the thread should that hang; what is the queue's alone is at the end. */
struct iou_zones {
	struct file_pool pool;
	int fd;
	struct file_info info;
	struct zone_job *jobs;

	struct file_job *free;
	struct file_jobs batch; /* not given to the thread yet */
	int reads_fd;           /* of the pipe; the pool writes to the other end */
	uint64_t *read_to;      /* what the reads find, which is nothing of interest */
	/* SQEs of reads are among these, and differ from the others in this: */
	unsigned int odd_from, odd_to;
	int usual_fd;
	uint8_t usual_flags;
};

static struct iou_zones *to_zones(struct file_pool *pool)
{
	return container_of(pool, struct iou_zones, pool);
}

static struct zone_job *to_zone_job(struct file_job *job)
{
	return container_of(job, struct zone_job, job);
}

/* ---- life ---- */

static int carry_out(struct file_pool *pool, struct file_job *job)
{
	struct iou_zones *z = to_zones(pool);

	return file_zone_carry_out(pool, z->fd, &z->info, &to_zone_job(job)->req);
}

static void free_zones(struct file_pool *pool)
{
	struct iou_zones *z = to_zones(pool);

	if (z->fd >= 0)
		close(z->fd);
	file_pool_finish(pool);
	free(z->jobs);
	free(z);
}

static const struct file_pool_ops pool_ops = { .carry_out = carry_out, .free = free_zones };

static int make_jobs(struct iou_zones *z)
{
	z->jobs = calloc(MAX_JOBS, sizeof(*z->jobs));
	if (!z->jobs)
		return err_os(-ENOMEM, "cannot create a queue");
	for (unsigned int i = 0; i < MAX_JOBS; i++)
		z->jobs[i].job.next = i + 1 < MAX_JOBS ? &z->jobs[i + 1].job : NULL;
	z->free = &z->jobs->job;
	return 0;
}

/*
 * The end to be read is blocking: with O_NONBLOCK a read would not wait. A write never waits:
 * should reads fail for so long that the pipe is full, there is more in it than the next ones need.
 */
static int make_reads(struct iou_zones *z)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_os(-errno, "cannot create descriptors for a queue (see ulimit -n)");
	z->reads_fd = fds[0];
	z->pool.notify_fd = fds[1];
	if (fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0)
		return err_os(-errno, "cannot create descriptors for a queue");
	z->read_to = calloc(1, sizeof(*z->read_to));
	if (!z->read_to)
		return err_os(-ENOMEM, "cannot create a queue");
	file_pool_set_notify(&z->pool, true);
	return 0;
}

int iou_zones_create(struct iou_queue *q)
{
	struct iou_zones *z;
	int ret;

	if (!q->dev->file.info.zone_bytes)
		return 0;
	z = calloc(1, sizeof(*z));
	if (!z)
		return err_os(-ENOMEM, "cannot create a queue");
	q->zones = z;
	z->info = q->dev->file.info;
	z->fd = z->reads_fd = -1;
	file_jobs_init(&z->batch);
	ret = file_pool_init(&z->pool, &pool_ops, -1);
	if (ret < 0)
		return ret;
	z->fd = fcntl(q->dev->file.fd, F_DUPFD_CLOEXEC, 0);
	if (z->fd < 0)
		return err_os(-errno, "cannot create descriptors for a queue (see ulimit -n)");
	ret = make_reads(z);
	return ret < 0 ? ret : make_jobs(z);
}

/* All reads end, by the end of the pipe or, should a child process have that open, by enough bytes.
 */
void iou_zones_stop(struct iou_queue *q)
{
	static const char enough[MAX_JOBS * sizeof(uint64_t)];
	struct iou_zones *z = q->zones;

	if (!z)
		return;
	file_pool_stop(&z->pool);
	if (z->pool.notify_fd < 0)
		return;
	(void)!write(z->pool.notify_fd, enough, sizeof(enough));
	close(z->pool.notify_fd);
}

void iou_zones_end(struct iou_queue *q, bool over, int64_t deadline)
{
	struct iou_zones *z = q->zones;

	if (!z)
		return;
	if (z->reads_fd >= 0)
		close(z->reads_fd);
	if (over) /* else the kernel may yet write there */
		free(z->read_to);
	file_pool_end(&z->pool, deadline);
}

/* ---- requests ---- */

/* The read that goes with it is issued in enter. */
int iou_zone_submit(struct iou_queue *q, const struct blkio_req *r)
{
	struct iou_zones *z = q->zones;
	struct uring_req *req = q->u.free;
	struct zone_job *job;
	int ret;

	if (!z->free || !req)
		return SUBMIT_FULL;
	job = to_zone_job(z->free);
	ret = file_zone_prepare(&q->u.q, &z->info, r, &job->req);
	if (ret)
		return ret;
	z->free = job->job.next;
	job->user_data = r->user_data;
	file_jobs_add(&z->batch, &job->job);
	q->u.free = req->next;
	req->expect = URING_EXPECT_NOTHING;
	req->op_flags = BLKIO_OP_FLAGS(r->op, r->flags);
	req->step = IOU_ZONE;
	req->retries = 0;
	uring_queue_again(&q->u, req);
	return 0;
}

/* The thread gets what is there for it. Without one, that is what the requests come to. */
static void give(struct iou_zones *z)
{
	struct file_job *job;

	if (!z->batch.first)
		return;
	if (z->pool.nr_threads || file_pool_start(&z->pool, 1) == 0) {
		file_pool_give(&z->pool, &z->batch);
		return;
	}
	for (job = z->batch.first; job; job = job->next)
		to_zone_job(job)->req.msg = "no thread for it can be started (see ulimit -u)";
	file_pool_refuse(&z->pool, &z->batch, -EAGAIN);
}

/* One that is done becomes a completion; false if there is none. */
static bool take(struct iou_zones *z, struct blkio_completion *c)
{
	struct file_job *job = file_pool_is_ready(&z->pool) ? file_pool_take(&z->pool, 1) : NULL;
	const struct zone_job *zone_job;

	if (!job)
		return false;
	zone_job = to_zone_job(job);
	*c = (struct blkio_completion) {
		.user_data = zone_job->user_data,
		.error_msg = zone_job->req.msg,
		.ret = job->ret,
	};
	job->next = z->free;
	z->free = job;
	return true;
}

/* ---- reads ---- */

/* Other SQEs of this ring are for the device: those that differ are put right once they are free.
 */
void iou_zone_fill(struct iou_queue *q, struct io_uring_sqe *sqe)
{
	struct iou_zones *z = q->zones;
	unsigned int here = q->u.ring.sq_tail - 1;

	give(z);
	if (z->odd_from == z->odd_to)
		z->odd_from = here;
	z->odd_to = here + 1;
	z->usual_fd = sqe->fd;
	z->usual_flags = sqe->flags;
	sqe->fd = z->reads_fd;
	sqe->flags &= (uint8_t)~IOSQE_FIXED_FILE;
	sqe->addr = (uint64_t)(uintptr_t)z->read_to;
	sqe->len = sizeof(*z->read_to);
}

/* Up to where the kernel has read SQEs, as far as we let it count: none of them is in use again. */
static cold void put_right(struct iou_queue *q)
{
	struct iou_zones *z = q->zones;
	const struct uring *ring = &q->u.ring;
	unsigned int read = ring->sq_limit - ring->sq_entries;

	/* They are numbers that wrap around. */
	for (; z->odd_from != z->odd_to && (int)(read - z->odd_from) > 0; z->odd_from++) {
		struct io_uring_sqe *sqe = &ring->sqes[z->odd_from & ring->sq_mask];

		sqe->fd = z->usual_fd;
		sqe->flags = z->usual_flags;
	}
}

int iou_zone_enter(struct blkioq *base, unsigned int want, struct blkio_wait *wait)
{
	struct iou_queue *q = to_iou_queue(base);
	int ret = uring_queue_enter(base, want, wait);

	if (unlikely(q->zones->odd_from != q->zones->odd_to))
		put_right(q);
	return ret;
}

/* The read again if nothing is done, unless that would be in vain. */
bool iou_zone_finish(struct iou_queue *q, struct uring_req *req, int res,
		     struct blkio_completion *c)
{
	struct iou_zones *z = q->zones;
	struct blkio_wait wait = { .deadline = DEADLINE_NONE };

	if (res >= 0)
		req->retries = 0;
	else if (req->retries++ >= READ_RETRIES)
		(void)file_pool_wait(&z->pool, 1, &wait);
	return take(z, c);
}
