// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The loop that is measured. It is kept short: what it costs is part of every result.
 *
 * Time: the clock is read once for each do_io that returned completions. That time is the
 * completion time of the whole batch and the submission time of the requests that are queued in
 * their place. A latency therefore includes the time that a request waited for its neighbours in
 * the batch, as the application sees it. Without latencies (--disable_lat) no clock is read.
 *
 * The end: the main thread watches the clock and sets group->stop, which is looked at once for
 * each batch; then nothing more is queued and what is in flight is waited for.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

#define unlikely(x)   __builtin_expect(!!(x), 0)
#define always_inline inline __attribute__((always_inline))

static always_inline void queue_request(struct job *job, struct slot *slot, bool writes,
					bool random)
{
	slot->offset = random ? offsets_random(&job->offsets) : offsets_sequential(&job->offsets);
	if (writes)
		blkioq_write(job->q, slot->offset, slot->buf, job->bs, slot, 0);
	else
		blkioq_read(job->q, slot->offset, slot->buf, job->bs, slot, 0);
}

static __attribute__((noinline, cold)) void request_failed(struct job *job,
							   const struct blkio_completion *c)
{
	const struct slot *slot = c->user_data;

	job->failed++;
	job_fail(job, "%s of %llu bytes at offset %llu: %s", options_rw_name(job->options),
		 (unsigned long long)job->bs, (unsigned long long)slot->offset,
		 c->error_msg ? c->error_msg
		 : c->ret < 0 ? strerror(-c->ret)
			      : "wrong result");
}

/* Look at the results of a batch. */
static void check_results(struct job *job, int count)
{
	const struct blkio_completion *c = job->completions;

	for (int i = 0; i < count; i++, c++)
		if (unlikely(c->ret != 0))
			request_failed(job, c);
}

/*
 * The same, and count the latencies, all of which end now. Requests that were queued together also
 * began together: neighbours with the same start are counted in one go.
 */
static void measure_results(struct job *job, int count, uint64_t now_ns)
{
	const struct blkio_completion *c = job->completions;
	uint64_t start_ns = 0, same = 0;

	for (int i = 0; i < count; i++, c++) {
		const struct slot *slot = c->user_data;

		if (unlikely(c->ret != 0)) {
			request_failed(job, c);
			continue;
		}
		if (same && slot->start_ns != start_ns) {
			histogram_add(&job->lat, now_ns - start_ns, same);
			same = 0;
		}
		start_ns = slot->start_ns;
		same++;
	}
	if (same)
		histogram_add(&job->lat, now_ns - start_ns, same);
}

/* Queue the first count slots of the batch anew. */
static always_inline void requeue(struct job *job, int count, uint64_t now_ns, bool writes,
				  bool random)
{
	const struct blkio_completion *c = job->completions;

	for (int i = 0; i < count; i++, c++) {
		struct slot *slot = c->user_data;

		slot->start_ns = now_ns;
		queue_request(job, slot, writes, random);
	}
}

/* A function for each kind of run, so that the kind is not asked for in each request. */
static void requeue_read(struct job *job, int count, uint64_t now_ns)
{
	requeue(job, count, now_ns, false, false);
}

static void requeue_write(struct job *job, int count, uint64_t now_ns)
{
	requeue(job, count, now_ns, true, false);
}

static void requeue_randread(struct job *job, int count, uint64_t now_ns)
{
	requeue(job, count, now_ns, false, true);
}

static void requeue_randwrite(struct job *job, int count, uint64_t now_ns)
{
	requeue(job, count, now_ns, true, true);
}

static int reap_block(struct job *job)
{
	int min = job->batch < job->in_flight ? job->batch : job->in_flight;

	return blkioq_do_io(job->q, job->completions, min, job->depth, NULL);
}

static int reap_poll(struct job *job)
{
	return blkioq_do_io(job->q, job->completions, 0, job->depth, NULL);
}

/*
 * Events are on only while this thread sleeps or is about to. What completed before they were
 * turned on gives no event, so do_io must look once more in between.
 */
static int reap_eventfd(struct job *job)
{
	struct pollfd event = { .events = POLLIN };
	uint64_t events;
	int n = reap_poll(job);

	if (n != 0)
		return n;
	blkioq_set_completion_fd_enabled(job->q, true);
	n = reap_poll(job);
	if (n == 0) {
		event.fd = blkioq_get_completion_fd(job->q);
		if (poll(&event, 1, -1) == 1 && read(event.fd, &events, sizeof(events)) < 0)
			n = 0; /* no event after all: the next round looks again */
	}
	blkioq_set_completion_fd_enabled(job->q, false);
	return n;
}

void worker_choose(struct job *job)
{
	static int (*const reap[])(struct job *) = {
		[WAIT_BLOCK] = reap_block,
		[WAIT_EVENTFD] = reap_eventfd,
		[WAIT_POLL] = reap_poll,
		[WAIT_POLLQUEUE] = reap_poll,
	};
	static void (*const requeues[])(struct job *, int count, uint64_t now_ns) = {
		[RW_READ] = requeue_read,
		[RW_WRITE] = requeue_write,
		[RW_RANDREAD] = requeue_randread,
		[RW_RANDWRITE] = requeue_randwrite,
	};

	job->reap = reap[job->options->wait];
	job->requeue = requeues[job->options->rw];
}

/* Queue the first requests, all that fit. */
static void queue_first(struct job *job)
{
	int count = job->left < (uint64_t)job->depth ? (int)job->left : job->depth;
	uint64_t now_ns = clock_ns();

	for (int i = 0; i < count; i++) {
		job->slots[i].start_ns = now_ns;
		queue_request(job, &job->slots[i], options_writes(job->options),
			      options_random(job->options));
	}
	job->left -= (uint64_t)count;
	job->in_flight = count;
}

static void handle_batch(struct job *job, int count)
{
	uint64_t now_ns = 0;
	uint64_t failed = job->failed;
	uint64_t done = atomic_load_explicit(&job->done, memory_order_relaxed);
	int again = count;

	if (job->measure)
		measure_results(job, count, now_ns = clock_ns());
	else
		check_results(job, count);
	if (unlikely(atomic_load_explicit(&job->group->stop, memory_order_relaxed)))
		again = 0;
	else if (unlikely(job->left < (uint64_t)count))
		again = (int)job->left;
	job->left -= (uint64_t)again;
	job->in_flight -= count - again;
	job->requeue(job, again, now_ns);
	/* Nobody else writes it: a load and a store are enough. */
	done += (uint64_t)count - (job->failed - failed);
	atomic_store_explicit(&job->done, done, memory_order_relaxed);
}

void worker_run(struct job *job)
{
	if (!atomic_load_explicit(&job->group->stop, memory_order_relaxed))
		queue_first(job);
	while (job->in_flight > 0) {
		int count = job->reap(job);

		if (count > 0)
			handle_batch(job, count);
		else if (unlikely(count < 0)) {
			job_fail(job, "waiting for completions: %s", blkio_get_error_msg());
			return;
		}
	}
}
