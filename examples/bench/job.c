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

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

void job_fail(struct job *job, const char *fmt, ...)
{
	va_list args;

	if (!job->error[0]) {
		va_start(args, fmt);
		vsnprintf(job->error, sizeof(job->error), fmt, args);
		va_end(args);
	}
	atomic_store_explicit(&job->group->stop, true, memory_order_relaxed);
}

static void *alloc_lines(size_t bytes)
{
	size_t lines = (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES;
	void *mem = aligned_alloc(CACHE_LINE_BYTES, lines * CACHE_LINE_BYTES);

	return mem ? memset(mem, 0, lines * CACHE_LINE_BYTES) : NULL;
}

/* A sequence starts at another place in each job, so that they do not read the same blocks. */
static void init_offsets(struct job *job, const struct device *dev, int index)
{
	const struct bench_options *o = job->options;
	struct offsets *off = &job->offsets;

	off->base = o->offset;
	off->block_bytes = o->bs;
	off->blocks = dev->area_bytes / o->bs;
	off->end = off->base + off->blocks * o->bs;
	off->next = off->base + off->blocks * (uint64_t)index / o->numjobs * o->bs;
	off->seed = o->randseed + (uint64_t)index * 0x632be59bd9b4e019;
	off->seed = prng_next(&off->seed);
}

static uint64_t requests_to_do(const struct bench_options *o, const struct device *dev)
{
	if (o->number_ios)
		return o->number_ios;
	return o->runtime_ns ? UINT64_MAX : dev->area_bytes / o->bs;
}

int job_init(struct job *job, struct job_group *group, const struct bench_options *o,
	     const struct device *dev, int index)
{
	memset(job, 0, sizeof(*job));
	job->options = o;
	job->group = group;
	job->q = device_queue(dev, index);
	job->bs = o->bs;
	job->depth = (int)o->iodepth;
	job->batch = (int)o->batch;
	job->measure = !o->disable_lat;
	job->left = requests_to_do(o, dev);
	histogram_init(&job->lat);
	init_offsets(job, dev, index);
	worker_choose(job);
	job->slots = alloc_lines(o->iodepth * sizeof(*job->slots));
	job->completions = alloc_lines(o->iodepth * sizeof(*job->completions));
	if (!job->slots || !job->completions)
		return msg_failed("out of memory");
	for (int i = 0; i < job->depth; i++)
		job->slots[i].buf = device_buffer(dev, index, i);
	return STATUS_OK;
}

void job_finish(struct job *job)
{
	free(job->slots);
	free(job->completions);
}

/* Also touches each page once, in the thread that will use it. */
static void fill_buffers(struct job *job)
{
	uint64_t seed = job->offsets.seed;

	for (int i = 0; i < job->depth; i++) {
		unsigned char *buf = job->slots[i].buf;

		for (uint64_t at = 0; at < job->bs; at += sizeof(uint64_t)) {
			uint64_t noise = prng_next(&seed);
			uint64_t rest = job->bs - at;

			memcpy(buf + at, &noise, rest < sizeof(noise) ? rest : sizeof(noise));
		}
	}
}

static struct cpu_use cpu_now(void)
{
	struct rusage use;

	getrusage(RUSAGE_THREAD, &use);
	return (struct cpu_use) {
		.user_s = (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6,
		.system_s = (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6,
		.switches = use.ru_nvcsw + use.ru_nivcsw,
	};
}

static void *job_thread(void *arg)
{
	struct job *job = arg;
	struct cpu_use before, after;

	fill_buffers(job);
	sem_post(&job->group->ready);
	sem_wait(&job->group->go);
	before = cpu_now();
	job->start_ns = clock_ns();
	worker_run(job);
	job->end_ns = clock_ns();
	after = cpu_now();
	job->cpu.user_s = after.user_s - before.user_s;
	job->cpu.system_s = after.system_s - before.system_s;
	job->cpu.switches = after.switches - before.switches;
	sem_post(job->finished);
	return NULL;
}

int job_start(struct job *job)
{
	return pthread_create(&job->thread, NULL, job_thread, job);
}
