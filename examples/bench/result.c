// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What came out of a run, as numbers.
 */
#include "result.h"

#include <string.h>

const unsigned int result_percentiles[] = { 100,  500,  1000, 2500, 5000, 7500, 9000,
					    9500, 9900, 9950, 9990, 9995, 9999, 0 };

static void add_job(struct result *r, const struct job *job)
{
	uint64_t done = atomic_load_explicit(&job->done, memory_order_relaxed);

	r->requests += done;
	r->bytes += done * job->bs;
	r->failed += job->failed;
	r->cpu.user_s += job->cpu.user_s;
	r->cpu.system_s += job->cpu.system_s;
	r->cpu.switches += job->cpu.switches;
	histogram_merge(&r->lat, &job->lat);
}

static void set_rates(struct result *r, uint64_t start_ns, uint64_t end_ns)
{
	r->seconds = (double)(end_ns - start_ns) / 1e9;
	r->iops = r->seconds > 0 ? (double)r->requests / r->seconds : 0;
	r->bytes_per_s = r->seconds > 0 ? (double)r->bytes / r->seconds : 0;
}

void result_of_job(struct result *r, const struct job *job)
{
	memset(r, 0, sizeof(*r));
	histogram_init(&r->lat);
	add_job(r, job);
	set_rates(r, job->start_ns, job->end_ns);
}

void result_of_run(struct result *r, const struct run *run)
{
	uint64_t start_ns = UINT64_MAX, end_ns = 0;

	memset(r, 0, sizeof(*r));
	histogram_init(&r->lat);
	for (int i = 0; i < run->job_count; i++) {
		const struct job *job = &run->jobs[i];

		add_job(r, job);
		start_ns = job->start_ns < start_ns ? job->start_ns : start_ns;
		end_ns = job->end_ns > end_ns ? job->end_ns : end_ns;
	}
	set_rates(r, start_ns, end_ns);
}

const char *result_error(const struct run *run)
{
	for (int i = 0; i < run->job_count; i++)
		if (run->jobs[i].error[0])
			return run->jobs[i].error;
	return NULL;
}
