// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The report as JSON. Where fio's report has the same thing, it has the same name and unit here:
 * jobs[], read, write or trim, iops, bw, bw_bytes, clat_ns and its percentiles.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/msg.h"
#include "result.h"
#include "text.h"

static void add_double(struct json_object *object, const char *key, double value)
{
	struct json_object *number = json_object_new_double(value);

	/* The format lives as long as the program: json-c need not copy or free it. */
	json_object_set_serializer(number, json_object_double_to_json_string, (void *)"%.3f", NULL);
	json_object_object_add(object, key, number);
}

static void add_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

/* Names and paths may be in any encoding, JSON may not. */
static struct json_object *string(const char *text)
{
	char *copy = text ? strdup(text) : NULL;
	struct json_object *object = NULL;

	if (copy)
		object = json_object_new_string(text_clean(copy));
	free(copy);
	return object;
}

static void add_string(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, string(text));
}

static struct json_object *times(const struct histogram *h)
{
	struct json_object *object = json_object_new_object();
	struct json_object *percentiles;
	char key[16];

	add_u64(object, "min", histogram_count(h) ? h->min : 0);
	add_u64(object, "max", h->max);
	add_double(object, "mean", histogram_mean(h));
	add_double(object, "stddev", histogram_stdev(h));
	add_u64(object, "N", histogram_count(h));
	if (!histogram_count(h))
		return object;
	percentiles = json_object_new_object();
	for (const unsigned int *part = result_percentiles; *part; part++) {
		snprintf(key, sizeof(key), "%u.%02u0000", *part / 100, *part % 100);
		add_u64(percentiles, key, histogram_percentile(h, *part));
	}
	json_object_object_add(object, "percentile", percentiles);
	return object;
}

static struct json_object *numbers(const struct op_result *r, double seconds)
{
	struct json_object *object = json_object_new_object();

	add_u64(object, "io_bytes", r->bytes);
	add_u64(object, "io_kbytes", r->bytes >> 10);
	add_double(object, "bw_bytes", r->bytes_per_s);
	add_double(object, "bw", r->bytes_per_s / 1024);
	add_double(object, "iops", r->iops);
	add_double(object, "runtime", seconds * 1000);
	add_u64(object, "total_ios", r->requests);
	add_u64(object, "failed_ios", r->failed);
	json_object_object_add(object, "slat_ns", times(&r->slat));
	json_object_object_add(object, "clat_ns", times(&r->clat));
	json_object_object_add(object, "lat_ns", times(&r->lat));
	return object;
}

/* How even the rates of a job were; bandwidth is in KiB per second. */
static void add_samples(struct json_object *object, const struct run *run, const struct job *job,
			const struct result *r)
{
	double kib = (double)job->bs / 1024;

	for (int op = 0; op < OP_COUNT; op++) {
		struct timeline_part part = job_part(job, op);
		struct timeline_stats s = { 0 };
		struct json_object *of_op;

		json_object_object_get_ex(object, options_op_name(op), &of_op);
		if (r->op[op].used)
			s = timeline_stats(&run->timeline, &part, r->start_ns, r->end_ns);
		add_double(of_op, "iops_min", s.min);
		add_double(of_op, "iops_max", s.max);
		add_double(of_op, "iops_mean", s.mean);
		add_double(of_op, "iops_stddev", s.stdev);
		add_u64(of_op, "iops_samples", (uint64_t)s.samples);
		add_double(of_op, "bw_min", s.min * kib);
		add_double(of_op, "bw_max", s.max * kib);
		add_double(of_op, "bw_mean", s.mean * kib);
		add_double(of_op, "bw_dev", s.stdev * kib);
		add_u64(of_op, "bw_samples", (uint64_t)s.samples);
	}
}

/* Per cent of the requests that made so many be in flight. */
static struct json_object *depths(const struct result *r)
{
	struct json_object *object = json_object_new_object();
	uint64_t sum = 0;
	char key[16];

	for (int i = 0; i < DEPTH_LEVELS; i++)
		sum += r->depth[i];
	for (int i = 0; i < DEPTH_LEVELS; i++) {
		snprintf(key, sizeof(key), "%s%d", i == DEPTH_LEVELS - 1 ? ">=" : "", 1 << i);
		add_double(object, key, sum ? 100 * (double)r->depth[i] / (double)sum : 0);
	}
	return object;
}

static struct json_object *verified(const struct result *r)
{
	struct json_object *object = json_object_new_object();

	add_u64(object, "blocks", r->checked);
	add_u64(object, "wrong", r->wrong);
	add_bool(object, "complete", r->verify_complete);
	add_double(object, "runtime", r->verify_seconds * 1000);
	return object;
}

static void add_result(struct json_object *object, const struct result *r)
{
	double percent = r->seconds > 0 ? 100 / r->seconds : 0;

	for (int op = 0; op < OP_COUNT; op++)
		json_object_object_add(object, options_op_name(op),
				       numbers(&r->op[op], r->op[op].used ? r->seconds : 0));
	add_double(object, "usr_cpu", r->cpu.user_s * percent);
	add_double(object, "sys_cpu", r->cpu.system_s * percent);
	add_u64(object, "ctx", (uint64_t)r->cpu.switches);
	add_u64(object, "majf", (uint64_t)r->cpu.major_faults);
	add_u64(object, "minf", (uint64_t)r->cpu.minor_faults);
	json_object_object_add(object, "iodepth_level", depths(r));
	if (r->verify)
		json_object_object_add(object, "verify", verified(r));
}

static struct json_object *properties(const struct bench_options *o)
{
	struct json_object *array = json_object_new_array();

	for (int i = 1; i < o->words.count; i++)
		json_object_array_add(array, string(o->words.word[i]));
	return array;
}

/* As they are in effect, defaults included. */
static struct json_object *job_options(const struct task *task)
{
	struct json_object *object = json_object_new_object();
	const struct bench_options *o = task->o;

	add_string(object, "driver", task->driver);
	json_object_object_add(object, "properties", properties(o));
	add_string(object, "rw", options_rw_name(o));
	add_u64(object, "rwmixread", o->rwmixread);
	add_u64(object, "bs", o->bs);
	add_u64(object, "iodepth", o->iodepth);
	add_u64(object, "numjobs", o->numjobs);
	add_u64(object, "vectored", o->vectored);
	if (o->direct >= 0) /* else it is what the driver's property has */
		add_bool(object, "direct", o->direct);
	add_string(object, "wait", options_wait_name(o));
	add_u64(object, "iodepth_batch_submit", o->batch_submit);
	add_u64(object, "iodepth_batch_complete_min", o->batch_min);
	add_u64(object, "iodepth_batch_complete_max", o->batch_max);
	add_u64(object, "offset", o->offset);
	add_u64(object, "size", task->area_bytes);
	add_u64(object, "io_size", o->io_size);
	add_double(object, "runtime", (double)o->runtime_ns / 1e9);
	add_bool(object, "time_based", o->time_based);
	add_double(object, "ramp_time", (double)o->ramp_ns / 1e9);
	add_u64(object, "number_ios", o->number_ios);
	add_u64(object, "rate_iops", o->rate_iops);
	add_string(object, "verify", o->verify ? "crc32c" : "none");
	add_bool(object, "verify_only", o->verify_only);
	add_u64(object, "randseed", o->randseed);
	add_bool(object, "disable_lat", o->disable_lat);
	add_bool(object, "stonewall", o->stonewall);
	return object;
}

static struct json_object *job_object(const struct run *run, const struct task *task,
				      const struct job *job)
{
	struct json_object *object = json_object_new_object();
	static struct result r;

	result_init(&r);
	result_add_job(&r, job);
	result_finish(&r);
	add_string(object, "jobname", task->section->name);
	add_u64(object, "groupid", (uint64_t)task->section->group);
	add_u64(object, "job", (uint64_t)job->index);
	json_object_object_add(object, "error", json_object_new_int(job->err));
	add_string(object, "error message", job->error[0] ? job->error : NULL);
	json_object_object_add(object, "job options", job_options(task));
	add_result(object, &r);
	add_samples(object, run, job, &r);
	return object;
}

static struct json_object *jobs_array(const struct run *run)
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < run->task_count; i++)
		for (int j = 0; run->tasks[i].begun && j < run->tasks[i].job_count; j++)
			json_object_array_add(array, job_object(run, &run->tasks[i],
								&run->tasks[i].jobs[j]));
	return array;
}

/* All jobs of a group, or of all groups if it is -1. */
static struct json_object *together(const struct run *run, int group)
{
	struct json_object *object = json_object_new_object();
	static struct result r;

	result_init(&r);
	for (int i = 0; i < run->task_count; i++)
		if (group < 0 || run->tasks[i].section->group == group)
			result_add_task(&r, &run->tasks[i]);
	result_finish(&r);
	add_result(object, &r);
	return object;
}

static struct json_object *groups_array(const struct run *run)
{
	struct json_object *array = json_object_new_array();

	for (int group = 0; group < plan_groups(run->plan); group++)
		json_object_array_add(array, together(run, group));
	return array;
}

void report_json(const struct run *run)
{
	struct json_object *report = json_object_new_object();

	add_string(report, "blkio-bench version", blkio_version());
	add_bool(report, "interrupted", run->interrupted);
	add_u64(report, "timestamp", (uint64_t)time(NULL));
	add_string(report, "error message", run_error(run));
	json_object_object_add(report, "jobs", jobs_array(run));
	json_object_object_add(report, "groups", groups_array(run));
	json_object_object_add(report, "total", together(run, -1));
	puts(json_object_to_json_string_ext(report, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(report);
}
