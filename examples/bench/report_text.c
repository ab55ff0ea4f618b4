// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The report as a person likes to read it, in at most 80 columns.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../common/number.h"
#include "result.h"

/* A number's text in a buffer of its own, so that several fit into one printf. */
#define TIME(ns)    number_time((char[NUMBER_TEXT_LEN]) { 0 }, (double)(ns))
#define SIZE(bytes) number_size((char[NUMBER_TEXT_LEN]) { 0 }, (double)(bytes))
#define COUNT(n)    number_count((char[NUMBER_TEXT_LEN]) { 0 }, (double)(n))
#define DECIMAL(n)  number_size_decimal((char[NUMBER_TEXT_LEN]) { 0 }, (double)(n))

static void print_heading(const struct task *task)
{
	const struct bench_options *o = task->o;

	printf("\n%s: rw=%s, bs=%s, iodepth=%" PRIu64 ", numjobs=%" PRIu64 ", wait=%s",
	       task->section->name, options_rw_name(o), SIZE(o->bs), o->iodepth, o->numjobs,
	       options_wait_name(o));
	if (options_mixes(o))
		printf(", rwmixread=%" PRIu64, o->rwmixread);
	if (o->direct >= 0)
		printf(", direct=%d", o->direct);
	printf("\n  device  %s", task->driver);
	for (int i = 1; i < o->words.count; i++)
		printf(" %s", o->words.word[i]);
	printf("\n  area    %s from %s\n", SIZE(task->area_bytes), SIZE(o->offset));
}

static void print_times(const char *name, const struct histogram *h)
{
	printf("    %-4s  min=%s, avg=%s, max=%s, stdev=%s\n", name, TIME(h->min),
	       TIME(histogram_mean(h)), TIME(h->max), TIME(histogram_stdev(h)));
}

/* Column after column, so that the eye runs down. */
static void print_percentiles(const struct histogram *h)
{
	int count = 0, rows;

	while (result_percentiles[count])
		count++;
	rows = (count + 3) / 4;
	puts("    clat percentiles");
	for (int row = 0; row < rows; row++) {
		printf("    ");
		for (int i = row; i < count; i += rows)
			printf("  %5.4g %%%9s", result_percentiles[i] / 100.0,
			       TIME(histogram_percentile(h, result_percentiles[i])));
		puts("");
	}
}

/* How even the rate was. */
static void print_samples(const struct timeline_stats *s, uint64_t bs)
{
	double bytes = (double)bs;

	if (s->samples < 2)
		return;
	printf("    iops  min=%s, avg=%s, max=%s, stdev=%s, samples=%d\n", COUNT(s->min),
	       COUNT(s->mean), COUNT(s->max), COUNT(s->stdev), s->samples);
	printf("    bw/s  min=%s, avg=%s, max=%s, stdev=%s\n", SIZE(s->min * bytes),
	       SIZE(s->mean * bytes), SIZE(s->max * bytes), SIZE(s->stdev * bytes));
}

static void print_op(const struct op_result *r, enum op op, double seconds,
		     const struct timeline_stats *samples, uint64_t bs)
{
	if (!r->used)
		return;
	printf("  %-6s  IOPS=%s, BW=%s/s (%s/s)\n", options_op_name(op), COUNT(r->iops),
	       SIZE(r->bytes_per_s), DECIMAL(r->bytes_per_s));
	printf("          %" PRIu64 " requests, %s in %s", r->requests, SIZE(r->bytes),
	       TIME(seconds * 1e9));
	if (r->failed)
		printf(", %" PRIu64 " more failed", r->failed);
	puts("");
	print_samples(samples, bs);
	if (!histogram_count(&r->lat))
		return;
	print_times("slat", &r->slat);
	print_times("clat", &r->clat);
	print_times("lat", &r->lat);
	print_percentiles(&r->clat);
}

static void print_cpu(const struct result *r)
{
	if (r->seconds > 0)
		printf("  cpu     usr=%.1f %%, sys=%.1f %%, ctx=%ld, majf=%ld, minf=%ld\n",
		       100 * r->cpu.user_s / r->seconds, 100 * r->cpu.system_s / r->seconds,
		       r->cpu.switches, r->cpu.major_faults, r->cpu.minor_faults);
}

static void print_depth(const struct result *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < DEPTH_LEVELS; i++)
		sum += r->depth[i];
	if (!sum)
		return;
	printf("  depth   ");
	for (int i = 0; i < DEPTH_LEVELS; i++)
		printf("%s%d=%.1f %%",
		       i == 0                  ? ""
		       : i == DEPTH_LEVELS - 1 ? ", >="
					       : ", ",
		       1 << i, 100 * (double)r->depth[i] / (double)sum);
	puts("");
}

static void print_verify(const struct result *r)
{
	if (!r->verify)
		return;
	printf("  verify  %" PRIu64 " blocks checked", r->checked);
	if (r->verify_seconds > 0)
		printf(" in %s", TIME(r->verify_seconds * 1e9));
	if (r->wrong)
		printf(", %" PRIu64 " ARE WRONG", r->wrong);
	else if (r->checked)
		printf(", all as written");
	puts(r->verify_complete ? "" : "; not finished");
}

static void print_job_line(const struct job *job, const struct op_result *r, enum op op)
{
	bool timed = histogram_count(&r->clat);

	printf("  %4d  %-5s  %10s  %11s/s  %13s  %13s\n", job->index, options_op_name(op),
	       COUNT(r->iops), SIZE(r->bytes_per_s), timed ? TIME(histogram_mean(&r->clat)) : "-",
	       timed ? TIME(r->clat.max) : "-");
}

static void print_jobs(const struct task *task)
{
	static struct result r;

	puts("   job               IOPS      bandwidth       clat avg       clat max");
	for (int i = 0; i < task->job_count; i++) {
		result_init(&r);
		result_add_job(&r, &task->jobs[i]);
		result_finish(&r);
		for (int op = 0; op < OP_COUNT; op++)
			if (r.op[op].used)
				print_job_line(&task->jobs[i], &r.op[op], op);
	}
}

static void print_task(const struct run *run, const struct task *task)
{
	static struct result r;

	if (!task->begun)
		return;
	result_init(&r);
	result_add_task(&r, task);
	result_finish(&r);
	print_heading(task);
	for (int op = 0; op < OP_COUNT; op++) {
		struct timeline_part part = task_part(task, op);
		struct timeline_stats samples =
			timeline_stats(&run->timeline, &part, r.start_ns, r.end_ns);

		print_op(&r.op[op], op, r.seconds, &samples, task->o->bs);
	}
	if (!task->o->verify_only) {
		print_cpu(&r);
		print_depth(&r);
	}
	print_verify(&r);
	if (task->job_count > 1 && !task->o->verify_only)
		print_jobs(task);
}

/* What the sections of a group did together. */
static void print_group(const struct run *run, int group)
{
	static struct result r;
	int sections = 0;

	result_init(&r);
	for (int i = 0; i < run->task_count; i++)
		if (run->tasks[i].section->group == group && run->tasks[i].begun) {
			result_add_task(&r, &run->tasks[i]);
			sections++;
		}
	result_finish(&r);
	if (sections < 2)
		return;
	printf("\nGroup %d: %d sections, %d jobs together\n", group, sections, r.jobs);
	for (int op = 0; op < OP_COUNT; op++)
		if (r.op[op].used)
			printf("  %-6s  IOPS=%s, BW=%s/s (%s/s), %s in %s\n", options_op_name(op),
			       COUNT(r.op[op].iops), SIZE(r.op[op].bytes_per_s),
			       DECIMAL(r.op[op].bytes_per_s), SIZE(r.op[op].bytes),
			       TIME(r.seconds * 1e9));
}

void report_text(const struct run *run)
{
	printf("blkio-bench %s\n", blkio_version());
	if (run->interrupted)
		puts("Interrupted: this is what was measured until then.");
	for (int i = 0; i < run->task_count; i++)
		print_task(run, &run->tasks[i]);
	for (int group = 0; group < plan_groups(run->plan); group++)
		print_group(run, group);
}
