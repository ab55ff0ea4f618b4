// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The report as JSON. Where fio's report has the same thing, it has the same name here: jobs[],
 * read or write, iops, bw_bytes, lat_ns and its percentiles.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "../common/msg.h"
#include "result.h"

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

static void add_string(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *latency(const struct histogram *h)
{
	struct json_object *object = json_object_new_object();
	struct json_object *percentiles = json_object_new_object();
	char key[16];

	add_u64(object, "min", h->min);
	add_u64(object, "max", h->max);
	add_double(object, "mean", histogram_mean(h));
	add_double(object, "stddev", histogram_stdev(h));
	add_u64(object, "N", histogram_count(h));
	for (const unsigned int *part = result_percentiles; *part; part++) {
		snprintf(key, sizeof(key), "%u.%02u0000", *part / 100, *part % 100);
		add_u64(percentiles, key, histogram_percentile(h, *part));
	}
	json_object_object_add(object, "percentile", percentiles);
	return object;
}

static struct json_object *numbers(const struct result *r)
{
	struct json_object *object = json_object_new_object();

	add_u64(object, "io_bytes", r->bytes);
	add_u64(object, "total_ios", r->requests);
	add_u64(object, "failed_ios", r->failed);
	add_double(object, "runtime", r->seconds * 1000);
	add_double(object, "iops", r->iops);
	add_double(object, "bw_bytes", r->bytes_per_s);
	if (histogram_count(&r->lat))
		json_object_object_add(object, "lat_ns", latency(&r->lat));
	return object;
}

static void add_result(struct json_object *object, const struct result *r,
		       const struct bench_options *o)
{
	double percent = r->seconds > 0 ? 100 / r->seconds : 0;

	json_object_object_add(object, options_writes(o) ? "write" : "read", numbers(r));
	add_double(object, "usr_cpu", r->cpu.user_s * percent);
	add_double(object, "sys_cpu", r->cpu.system_s * percent);
	add_u64(object, "ctx", (uint64_t)r->cpu.switches);
}

static struct json_object *options_object(const struct bench_options *o, const struct device *dev)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "rw", options_rw_name(o));
	add_u64(object, "bs", o->bs);
	add_u64(object, "iodepth", o->iodepth);
	add_u64(object, "numjobs", o->numjobs);
	add_string(object, "wait", options_wait_name(o));
	add_u64(object, "batch", o->batch);
	add_u64(object, "offset", o->offset);
	add_u64(object, "size", dev->area_bytes);
	add_double(object, "runtime", (double)o->runtime_ns / 1e9);
	add_u64(object, "number_ios", o->number_ios);
	add_u64(object, "randseed", o->randseed);
	return object;
}

static struct json_object *properties(const struct device *dev)
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < dev->in.arg_count; i++)
		json_object_array_add(array, json_object_new_string(dev->in.args[i]));
	return array;
}

static struct json_object *jobs_array(const struct run *run)
{
	struct json_object *array = json_object_new_array();
	struct json_object *object;
	struct result r;

	for (int i = 0; i < run->job_count; i++) {
		object = json_object_new_object();
		result_of_job(&r, &run->jobs[i]);
		add_u64(object, "job", (uint64_t)i);
		add_result(object, &r, run->o);
		json_object_array_add(array, object);
	}
	return array;
}

void report_json(const struct run *run, const struct device *dev)
{
	struct json_object *report = json_object_new_object();
	struct json_object *total = json_object_new_object();
	struct result r;

	result_of_run(&r, run);
	add_string(report, "blkio-bench version", blkio_version());
	add_string(report, "driver", dev->in.driver);
	json_object_object_add(report, "properties", properties(dev));
	json_object_object_add(report, "options", options_object(run->o, dev));
	json_object_object_add(report, "interrupted", json_object_new_boolean(run->interrupted));
	add_string(report, "error", result_error(run));
	json_object_object_add(report, "jobs", jobs_array(run));
	add_result(total, &r, run->o);
	json_object_object_add(report, "total", total);
	puts(json_object_to_json_string_ext(report, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(report);
}
