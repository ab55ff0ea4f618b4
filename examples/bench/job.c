// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A job's life: memory, thread, and what the thread does around the loop in worker.c.
 */
#include "job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../common/msg.h"
#include "../common/number.h"
#include "task.h"
#include "verify.h"

static __attribute__((format(printf, 3, 0))) void keep_first(struct job *job, int err,
							     const char *fmt, va_list args)
{
	if (job->error[0])
		return;
	job->err = err;
	vsnprintf(job->error, sizeof(job->error), fmt, args);
}

void job_note(struct job *job, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	keep_first(job, err, fmt, args);
	va_end(args);
}

void job_fail(struct job *job, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	keep_first(job, err, fmt, args);
	va_end(args);
	job_stop(job);
}

void job_stop(struct job *job)
{
	job->left = 0;
	atomic_store_explicit(&job->control->sync->failed, true, memory_order_relaxed);
}

bool job_aborted(const struct job *job)
{
	return task_aborted(job->task);
}

static void *alloc_lines(size_t bytes)
{
	size_t lines = bytes / CACHE_LINE_BYTES + 1;
	void *mem = aligned_alloc(CACHE_LINE_BYTES, lines * CACHE_LINE_BYTES);

	return mem ? memset(mem, 0, lines * CACHE_LINE_BYTES) : NULL;
}

/* A sequence starts at another place in each job, so that they do not read the same blocks. */
static void init_offsets(struct job *job)
{
	const struct bench_options *o = job->options;
	struct offsets *off = &job->offsets;

	off->base = o->offset;
	off->block_bytes = o->bs;
	off->blocks = job->task->area_bytes / o->bs;
	off->end = off->base + off->blocks * o->bs;
	off->next = off->base + off->blocks * (uint64_t)job->index / o->numjobs * o->bs;
	off->seed = o->randseed + (uint64_t)job->index * 0x632be59bd9b4e019;
	off->seed = prng_next(&off->seed);
	job->seed = off->seed;
}

static void init_ops(struct job *job)
{
	const struct bench_options *o = job->options;

	for (int op = 0; op < OP_COUNT; op++)
		if (options_does(o, op))
			job->op = op;
	job->mixed = options_mixes(o);
	job->mix_seed = ~job->seed;
	job->mix_reads = (o->rwmixread << 32) / 100;
}

static uint64_t requests_to_do(const struct job *job)
{
	const struct bench_options *o = job->options;
	uint64_t by_bytes = o->io_size ? o->io_size / o->bs : UINT64_MAX;
	uint64_t by_count = o->number_ios ? o->number_ios : UINT64_MAX;
	uint64_t limit = by_bytes < by_count ? by_bytes : by_count;

	if (limit < UINT64_MAX || (o->runtime_ns && o->time_based))
		return limit;
	return job->offsets.blocks;
}

static void init_limits(struct job *job)
{
	const struct bench_options *o = job->options;
	int depth = (int)o->iodepth;

	job->submit_max = o->batch_submit ? (int)o->batch_submit : depth;
	job->reap_min = (int)o->batch_min;
	job->reap_max = o->batch_max && o->batch_max < o->iodepth ? (int)o->batch_max : depth;
	job->pace.rate = o->rate_iops;
	job->limit = requests_to_do(job);
	job->left = o->ramp_ns ? UINT64_MAX : job->limit;
}

static void init_slot(struct job *job, int index)
{
	struct slot *slot = &job->slots[index];
	size_t parts = job->options->vectored;

	job->free[job->free_count++] = slot;
	slot->buf = task_buffer(job->task, job->index, index);
	if (!parts)
		return;
	slot->iov = job->iovecs + (size_t)index * parts;
	for (size_t i = 0; i < parts; i++)
		slot->iov[i] = (struct iovec) { .iov_base = (char *)slot->buf + i * job->bs / parts,
						.iov_len = job->bs / parts };
}

static void init_stats(struct op_stats *stats)
{
	histogram_init(&stats->slat);
	histogram_init(&stats->clat);
	histogram_init(&stats->lat);
	stats->failed = 0;
}

static bool alloc_stats(struct job *job)
{
	for (int op = 0; op < OP_COUNT; op++) {
		if (!options_does(job->options, op))
			continue;
		job->stats[op] = alloc_lines(sizeof(*job->stats[op]));
		if (!job->stats[op])
			return false;
		init_stats(job->stats[op]);
	}
	return true;
}

static int alloc_all(struct job *job)
{
	size_t depth = job->options->iodepth;

	job->slots = alloc_lines(depth * sizeof(*job->slots));
	job->free = alloc_lines(depth * sizeof(struct slot *));
	job->iovecs = alloc_lines(depth * job->options->vectored * sizeof(*job->iovecs));
	job->completions = alloc_lines(depth * sizeof(*job->completions));
	if (!job->slots || !job->free || !job->iovecs || !job->completions || !alloc_stats(job))
		return msg_failed("out of memory");
	return STATUS_OK;
}

int job_init(struct job *job, struct task *task, int index)
{
	const struct bench_options *o = task->o;
	int status;

	memset(job, 0, sizeof(*job));
	job->options = o;
	job->task = task;
	job->index = index;
	job->control = &task->control;
	job->q = task_queue(task, index);
	job->bs = o->bs;
	job->measure = !o->disable_lat;
	job->phase = PHASE_RAMP;
	init_offsets(job);
	init_ops(job);
	status = o->verify ? verify_init(job) : STATUS_OK;
	if (status != STATUS_OK)
		return status;
	init_limits(job);
	worker_choose(job);
	status = alloc_all(job);
	for (int i = 0; i < (int)o->iodepth && status == STATUS_OK; i++)
		init_slot(job, i);
	return status;
}

void job_finish(struct job *job)
{
	free(job->slots);
	free(job->free);
	free(job->iovecs);
	free(job->completions);
	verify_finish(job);
	for (int op = 0; op < OP_COUNT; op++)
		free(job->stats[op]);
}

/* Also touches each page once, in the thread that will use it. */
static void fill_buffers(struct job *job)
{
	uint64_t seed = job->offsets.seed;

	for (int i = 0; i < (int)job->options->iodepth && !job_aborted(job); i++) {
		unsigned char *buf = job->slots[i].buf;

		for (uint64_t at = 0; at < job->bs; at += sizeof(uint64_t)) {
			uint64_t noise = prng_next(&seed);
			uint64_t rest = job->bs - at;

			memcpy(buf + at, &noise, rest < sizeof(noise) ? rest : sizeof(noise));
		}
	}
}

/*
 * Not all devices that cannot discard say so before they are asked. The first block of the area
 * is one that is to be trimmed anyway.
 */
static void try_trim(struct job *job)
{
	struct blkio_completion c = { 0 };
	int n;

	if (!options_does(job->options, OP_TRIM) || job->index != 0 || job_aborted(job))
		return;
	blkioq_discard(job->q, job->offsets.base, job->bs, NULL, 0);
	n = blkioq_do_io(job->q, &c, 1, 1, NULL);
	if (n < 0)
		job_fail(job, -n, "trying to trim: %s", blkio_get_error_msg());
	else if (c.ret < 0)
		job_fail(job, -c.ret, "%s: the device cannot trim: %s", job->task->driver,
			 c.error_msg ? c.error_msg : strerror(-c.ret));
}

static struct cpu_use cpu_now(void)
{
	struct rusage use;

	getrusage(RUSAGE_THREAD, &use);
	return (struct cpu_use) {
		.user_s = (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6,
		.system_s = (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6,
		.switches = use.ru_nvcsw + use.ru_nivcsw,
		.minor_faults = use.ru_minflt,
		.major_faults = use.ru_majflt,
	};
}

static struct cpu_use cpu_between(const struct cpu_use *before, const struct cpu_use *after)
{
	return (struct cpu_use) {
		.user_s = after->user_s - before->user_s,
		.system_s = after->system_s - before->system_s,
		.switches = after->switches - before->switches,
		.minor_faults = after->minor_faults - before->minor_faults,
		.major_faults = after->major_faults - before->major_faults,
	};
}

void job_begin(struct job *job)
{
	job->left = job->error[0] ? 0 : job->limit;
	for (int op = 0; op < OP_COUNT; op++) {
		if (job->stats[op])
			init_stats(job->stats[op]);
		atomic_store_explicit(&job->done[op], 0, memory_order_relaxed);
	}
	for (int i = 0; i < (int)job->options->iodepth; i++)
		job->slots[i].start_ns = SLOT_OF_RAMP; /* matters for those in flight */
	memset(job->depth, 0, sizeof(job->depth));
	job->cpu = cpu_now();
	job->start_ns = clock_ns();
	job->pace.base_ns = stamp_ns();
	job->pace.count = 0;
	job->now_ns = 0; /* what was done here is not in the first latencies */
	atomic_store_explicit(&job->counted, true, memory_order_release);
}

static void job_end(struct job *job)
{
	struct cpu_use now = cpu_now();

	job->end_ns = clock_ns();
	if (job_counted(job)) {
		job->cpu = cpu_between(&job->cpu, &now);
		return;
	}
	for (int op = 0; op < OP_COUNT; op++)
		if (job->stats[op])
			init_stats(job->stats[op]);
}

bool job_counted(const struct job *job)
{
	return atomic_load_explicit(&job->counted, memory_order_acquire);
}

uint64_t job_done(const struct job *job, enum op op)
{
	if (!job_counted(job))
		return 0;
	return atomic_load_explicit(&job->done[op], memory_order_relaxed);
}

/* Not a request is made, but what would be written is known afterwards. */
static void replay(struct job *job)
{
	job_begin(job);
	verify_replay(job);
}

static void *job_thread(void *arg)
{
	struct job *job = arg;
	struct job_sync *sync = job->control->sync;

	fill_buffers(job);
	try_trim(job);
	sem_post(&sync->ready);
	sem_wait(&sync->go);
	job->pace.base_ns = stamp_ns();
	if (!job->options->verify_only)
		worker_run(job);
	else if (!job_aborted(job))
		replay(job);
	job_end(job);
	verify_read_back(job);
	sem_post(&sync->finished);
	return NULL;
}

int job_start(struct job *job)
{
	return pthread_create(&job->thread, NULL, job_thread, job);
}
