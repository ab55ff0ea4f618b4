// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What came out of a run, as numbers.
 */
#include "result.h"

#include <string.h>

#include "verify.h"

const unsigned int result_percentiles[] = { 100,  500,  1000, 2500, 5000, 7500, 9000,
					    9500, 9900, 9950, 9990, 9995, 9999, 0 };

void result_init(struct result *r)
{
	memset(r, 0, sizeof(*r));
	r->start_ns = UINT64_MAX;
	for (int op = 0; op < OP_COUNT; op++) {
		histogram_init(&r->op[op].slat);
		histogram_init(&r->op[op].clat);
		histogram_init(&r->op[op].lat);
	}
}

static void add_op(struct op_result *r, const struct job *job, enum op op)
{
	const struct op_stats *stats = job->stats[op];
	uint64_t done = job_done(job, op);

	if (!stats)
		return;
	r->used |= !job->options->verify_only;
	r->requests += done;
	r->bytes += done * job->bs;
	r->failed += stats->failed;
	histogram_merge(&r->slat, &stats->slat);
	histogram_merge(&r->clat, &stats->clat);
	histogram_merge(&r->lat, &stats->lat);
}

static void add_verify(struct result *r, const struct verify *v)
{
	double seconds = (double)(v->end_ns - v->start_ns) / 1e9;

	r->verify_complete = (r->verify_complete || !r->verify) && (v->complete || v->reads);
	r->verify = true;
	r->checked += atomic_load_explicit(&v->checked, memory_order_relaxed);
	r->wrong += v->wrong;
	r->verify_seconds = seconds > r->verify_seconds ? seconds : r->verify_seconds;
}

void result_add_job(struct result *r, const struct job *job)
{
	r->jobs++;
	if (job->verify)
		add_verify(r, job->verify);
	for (int op = 0; op < OP_COUNT; op++)
		add_op(&r->op[op], job, op);
	if (!job_counted(job))
		return;
	for (int i = 0; i < DEPTH_LEVELS; i++)
		r->depth[i] += job->depth[i];
	r->cpu.user_s += job->cpu.user_s;
	r->cpu.system_s += job->cpu.system_s;
	r->cpu.switches += job->cpu.switches;
	r->cpu.minor_faults += job->cpu.minor_faults;
	r->cpu.major_faults += job->cpu.major_faults;
	r->start_ns = job->start_ns < r->start_ns ? job->start_ns : r->start_ns;
	r->end_ns = job->end_ns > r->end_ns ? job->end_ns : r->end_ns;
}

void result_add_task(struct result *r, const struct task *task)
{
	for (int i = 0; i < task->job_count; i++)
		result_add_job(r, &task->jobs[i]);
}

void result_finish(struct result *r)
{
	r->seconds = r->end_ns > r->start_ns ? (double)(r->end_ns - r->start_ns) / 1e9 : 0;
	for (int op = 0; op < OP_COUNT && r->seconds > 0; op++) {
		r->op[op].iops = (double)r->op[op].requests / r->seconds;
		r->op[op].bytes_per_s = (double)r->op[op].bytes / r->seconds;
	}
}

struct timeline_part task_part(const struct task *task, enum op op)
{
	return (struct timeline_part) { task->first_job, task->job_count, op };
}

struct timeline_part job_part(const struct job *job, enum op op)
{
	return (struct timeline_part) { job->task->first_job + job->index, 1, op };
}

uint64_t result_requests(const struct result *r)
{
	uint64_t requests = 0;

	for (int op = 0; op < OP_COUNT; op++)
		requests += r->op[op].requests;
	return requests;
}
