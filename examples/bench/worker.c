// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The loop that is measured. It is kept short: what it costs is part of every result.
 *
 * Time: the clock is read when do_io has returned completions, and again when others have been
 * queued in their place. The first is the completion time of the whole batch and the time at which
 * the next requests are made; the second is when these were queued. A latency therefore includes
 * the time that a request waited for its neighbours in the batch, as the application sees it.
 * Without latencies (--disable_lat) no clock is read. What goes into the histograms waits until the
 * device has the next requests and nothing has completed yet, so that it delays none of them; but
 * not where submitting and waiting is one call (WAIT_BLOCK).
 *
 * The end: the main thread watches the clock and sets the phase, which is looked at once for each
 * batch; then nothing more is left to queue, and what is in flight is waited for.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../common/number.h"
#include "job.h"
#include "task.h"
#include "verify.h"

#define unlikely(x)   __builtin_expect(!!(x), 0)
#define always_inline inline __attribute__((always_inline))

enum {
	NAP_NS = 100 * 1000 * 1000, /* the longest sleep without a look at the phase */
	LATE_NS = 1000 * 1000,      /* the same when the next phase should have begun */
};

static always_inline struct slot *take_slot(struct job *job, enum op op, bool random)
{
	struct slot *slot = job->free[--job->free_count];

	slot->op = op;
	slot->start_ns = job->now_ns;
	slot->offset = random ? offsets_random(&job->offsets) : offsets_sequential(&job->offsets);
	return slot;
}

/* Plain reads, or plain writes. */
static always_inline void issue_plain(struct job *job, int count, enum op op, bool random)
{
	for (int i = 0; i < count; i++) {
		struct slot *slot = take_slot(job, op, random);

		if (op == OP_WRITE)
			blkioq_write(job->q, slot->offset, slot->buf, job->bs, slot, 0);
		else
			blkioq_read(job->q, slot->offset, slot->buf, job->bs, slot, 0);
	}
}

/* A function for each of the usual kinds, so that the kind is not asked for in each request. */
static void issue_read(struct job *job, int count)
{
	issue_plain(job, count, OP_READ, false);
}

static void issue_write(struct job *job, int count)
{
	issue_plain(job, count, OP_WRITE, false);
}

static void issue_randread(struct job *job, int count)
{
	issue_plain(job, count, OP_READ, true);
}

static void issue_randwrite(struct job *job, int count)
{
	issue_plain(job, count, OP_WRITE, true);
}

enum op worker_next_op(struct job *job)
{
	if (!job->mixed)
		return job->op;
	return prng_next(&job->mix_seed) >> 32 < job->mix_reads ? OP_READ : OP_WRITE;
}

static void queue_slot(struct job *job, struct slot *slot)
{
	int parts = (int)job->options->vectored;

	if (slot->op == OP_TRIM)
		blkioq_discard(job->q, slot->offset, job->bs, slot, 0);
	else if (slot->op == OP_WRITE && parts)
		blkioq_writev(job->q, slot->offset, slot->iov, parts, slot, 0);
	else if (slot->op == OP_WRITE)
		blkioq_write(job->q, slot->offset, slot->buf, job->bs, slot, 0);
	else if (parts)
		blkioq_readv(job->q, slot->offset, slot->iov, parts, slot, 0);
	else
		blkioq_read(job->q, slot->offset, slot->buf, job->bs, slot, 0);
}

/* Everything else. */
static void issue_any(struct job *job, int count)
{
	bool random = options_random(job->options);

	for (int i = 0; i < count; i++)
		queue_slot(job, take_slot(job, worker_next_op(job), random));
}

/* Writes that can be verified, and the reads in between. */
static void issue_verified(struct job *job, int count)
{
	for (int i = 0; i < count; i++) {
		struct slot *slot = job->free[--job->free_count];

		slot->op = worker_next_op(job);
		slot->start_ns = job->now_ns;
		verify_prepare(job, slot);
		queue_slot(job, slot);
	}
}

void worker_choose(struct job *job)
{
	static int (*const reap[])(struct job *, uint64_t wait_ns) = {
		[WAIT_BLOCK] = wait_block,
		[WAIT_EVENTFD] = wait_eventfd,
		[WAIT_POLL] = wait_poll,
		[WAIT_POLLQUEUE] = wait_poll,
	};
	static void (*const issue[])(struct job *, int count) = {
		[RW_READ] = issue_read,         [RW_WRITE] = issue_write,
		[RW_TRIM] = issue_any,          [RW_MIX] = issue_any,
		[RW_RANDREAD] = issue_randread, [RW_RANDWRITE] = issue_randwrite,
		[RW_RANDTRIM] = issue_any,      [RW_RANDMIX] = issue_any,
	};

	job->reap = reap[job->options->wait];
	job->issue = issue[job->options->rw];
	if (job->options->vectored)
		job->issue = issue_any;
	if (job->verify && !job->verify->reads)
		job->issue = issue_verified;
}

static __attribute__((noinline, cold)) void request_failed(struct job *job,
							   const struct blkio_completion *c)
{
	const struct slot *slot = c->user_data;

	job->stats[slot->op]->failed++;
	job_fail(job, c->ret < 0 ? -c->ret : EIO, "%s of %llu bytes at offset %llu: %s",
		 options_op_name(slot->op), (unsigned long long)job->bs,
		 (unsigned long long)slot->offset,
		 c->error_msg ? c->error_msg
		 : c->ret < 0 ? strerror(-c->ret)
			      : "wrong result");
}

static always_inline void account_queued(struct job *job)
{
	struct queued_times *t = &job->queued;

	if (t->count)
		histogram_add(&job->stats[t->op]->slat, t->slat_ns, t->count);
	t->count = 0;
}

static always_inline void account_ended(struct job *job)
{
	struct ended_times *t = &job->ended;

	if (t->count) {
		histogram_add(&job->stats[t->op]->lat, t->lat_ns, t->count);
		histogram_add(&job->stats[t->op]->clat, t->clat_ns, t->count);
	}
	t->count = 0;
}

void worker_account(struct job *job)
{
	account_queued(job);
	account_ended(job);
}

/* Requests of one kind in a batch that began together and end together. */
struct same {
	enum op op;
	uint64_t start_ns, queued_ns, count;
};

/* The counters of what is done have one writer: a load and a store are enough. */
static always_inline void count_same(struct job *job, const struct same *same)
{
	uint64_t done = atomic_load_explicit(&job->done[same->op], memory_order_relaxed);

	if (unlikely(same->start_ns == SLOT_OF_RAMP))
		return;
	atomic_store_explicit(&job->done[same->op], done + same->count, memory_order_relaxed);
	if (!job->measure)
		return;
	account_ended(job);
	job->ended = (struct ended_times) {
		.op = same->op,
		.lat_ns = job->now_ns - same->start_ns,
		.clat_ns = job->now_ns - same->queued_ns,
		.count = same->count,
	};
}

/*
 * Count results, and latencies, all of which end now; the slots are free again. Requests that were
 * queued together also began together: neighbours with the same start are counted in one go.
 */
static void take_completions(struct job *job, int count)
{
	const struct blkio_completion *c = job->completions;
	struct same same = { 0 };

	job->now_ns = job->measure ? stamp_ns() : 0;
	for (int i = 0; i < count; i++, c++) {
		struct slot *slot = c->user_data;

		job->free[job->free_count++] = slot;
		if (unlikely(c->ret != 0)) {
			request_failed(job, c);
			continue;
		}
		if (unlikely(job->verify) && job->verify->reads)
			verify_read(job, slot);
		if (same.count && (slot->start_ns != same.start_ns || slot->op != same.op)) {
			count_same(job, &same);
			same.count = 0;
		}
		same.op = slot->op;
		same.start_ns = slot->start_ns;
		same.queued_ns = slot->queued_ns;
		same.count++;
	}
	if (same.count)
		count_same(job, &same);
	job->in_flight -= count;
}

/* The slots that were taken last are still above the top of the stack. */
static void note_queued(struct job *job, int count)
{
	struct slot *const *slot = job->free + job->free_count;
	uint64_t queued_ns = stamp_ns();
	struct queued_times same = { .op = slot[0]->op, .slat_ns = queued_ns - job->now_ns };

	account_queued(job);
	for (int i = 0; i < count; i++) {
		slot[i]->queued_ns = queued_ns;
		if (unlikely(slot[i]->op != same.op)) {
			histogram_add(&job->stats[same.op]->slat, same.slat_ns, same.count);
			same.op = slot[i]->op;
			same.count = 0;
		}
		same.count++;
	}
	job->queued = same;
}

static void count_depth(struct job *job, int count)
{
	int level = 31 - __builtin_clz((unsigned int)job->in_flight);

	job->depth[level < DEPTH_LEVELS ? level : DEPTH_LEVELS - 1] += (uint64_t)count;
}

static void issue_batch(struct job *job, int count)
{
	job->issue(job, count);
	job->left -= (uint64_t)count;
	job->in_flight += count;
	job->pace.count += (uint64_t)count;
	if (job->measure)
		note_queued(job, count);
	count_depth(job, count);
}

/* How many requests may be made now, and how long to wait for completions after that. */
static int may_issue(struct job *job, uint64_t *wait_ns)
{
	int count = job->free_count;

	*wait_ns = UINT64_MAX;
	if (unlikely(job->left < (uint64_t)count))
		count = (int)job->left;
	if (unlikely(job->verify))
		count = verify_allows(job, count);
	if (!count)
		return 0;
	if (!job->now_ns && (job->measure || job->pace.rate))
		job->now_ns = stamp_ns();
	if (job->pace.rate) {
		int allowed = pace_allows(&job->pace, job->now_ns, count);

		if (allowed < count) {
			uint64_t due_ns =
				pace_due_ns(&(struct pace) { job->pace.rate, job->pace.base_ns,
							     job->pace.count + (uint64_t)allowed });

			*wait_ns = due_ns > job->now_ns ? due_ns - job->now_ns : 0;
			count = allowed;
		}
	}
	if (count > job->submit_max) {
		count = job->submit_max;
		*wait_ns = 0; /* the others come with the next call */
	}
	return count;
}

/* The phase has changed. */
static __attribute__((noinline, cold)) void enter_phase(struct job *job, int phase)
{
	worker_account(job);
	if (phase >= PHASE_STOP)
		job->left = 0;
	else if (phase == PHASE_MEASURE)
		job_begin(job);
	job->phase = phase;
}

/* Nothing is in flight, and nothing may be queued yet. The next phase ends a nap. */
static void nap(const struct job *job, uint64_t ns)
{
	uint64_t now_ns = clock_ns();
	uint64_t start_ns = job->task->start_ns, end_ns = job->task->end_ns;
	uint64_t phase_ns = now_ns < start_ns ? start_ns : end_ns;
	uint64_t max_ns = phase_ns > now_ns ? phase_ns - now_ns : LATE_NS;
	struct timespec ts = { 0 };

	max_ns = max_ns < NAP_NS ? max_ns : NAP_NS;
	ts.tv_nsec = (long)(ns < max_ns ? ns : max_ns);
	nanosleep(&ts, NULL);
}

/* One round. False at the end. */
static bool step(struct job *job)
{
	int phase = atomic_load_explicit(&job->control->phase, memory_order_relaxed);
	uint64_t wait_ns;
	int count;

	if (unlikely(phase != job->phase))
		enter_phase(job, phase);
	count = may_issue(job, &wait_ns);
	if (count)
		issue_batch(job, count);
	job->now_ns = 0;
	if (unlikely(!job->in_flight)) {
		if (job->left)
			nap(job, wait_ns);
		return job->left;
	}
	count = job->reap(job, wait_ns);
	if (count > 0)
		take_completions(job, count);
	else if (count == 0)
		worker_account(job);
	else
		job_fail(job, -count, "waiting for completions: %s", blkio_get_error_msg());
	return count >= 0;
}

void worker_run(struct job *job)
{
	while (step(job))
		continue;
	worker_account(job);
}
