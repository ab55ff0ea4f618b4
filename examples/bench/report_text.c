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

static void print_heading(const struct run *run, const struct device *dev)
{
	const struct bench_options *o = run->o;

	printf("blkio-bench %s: %s", blkio_version(), dev->in.driver);
	for (int i = 0; i < dev->in.arg_count; i++)
		printf(" %s", dev->in.args[i]);
	printf("\n%s: %s requests, depth %" PRIu64 ", %" PRIu64 " job%s, wait=%s",
	       options_rw_name(o), SIZE(o->bs), o->iodepth, o->numjobs, o->numjobs == 1 ? "" : "s",
	       options_wait_name(o));
	if (o->direct >= 0)
		printf(", direct=%d", o->direct);
	printf(", area %s\n", SIZE(dev->area_bytes));
	if (run->interrupted)
		puts("Interrupted: this is what was measured until then.");
}

static void print_jobs(const struct run *run)
{
	struct result r;

	puts("\n  job        IOPS      bandwidth    latency avg    latency max");
	for (int i = 0; i < run->job_count; i++) {
		result_of_job(&r, &run->jobs[i]);
		printf("%5d  %10s  %11s/s  %13s  %13s\n", i, COUNT(r.iops), SIZE(r.bytes_per_s),
		       r.lat.max ? TIME(histogram_mean(&r.lat)) : "-",
		       r.lat.max ? TIME(r.lat.max) : "-");
	}
}

/* Column after column, so that the eye runs down. */
static void print_percentiles(const struct histogram *lat)
{
	int count = 0, rows;

	while (result_percentiles[count])
		count++;
	rows = (count + 3) / 4;
	puts("\n  latency percentiles");
	for (int row = 0; row < rows; row++) {
		for (int i = row; i < count; i += rows)
			printf("  %5.4g %%%9s", result_percentiles[i] / 100.0,
			       TIME(histogram_percentile(lat, result_percentiles[i])));
		puts("");
	}
}

static void print_latency(const struct histogram *lat)
{
	printf("  latency    avg %s, min %s, max %s, stdev %s\n", TIME(histogram_mean(lat)),
	       TIME(lat->min), TIME(lat->max), TIME(histogram_stdev(lat)));
	print_percentiles(lat);
}

void report_text(const struct run *run, const struct device *dev)
{
	struct result r;

	result_of_run(&r, run);
	print_heading(run, dev);
	if (run->job_count > 1)
		print_jobs(run);
	printf("\n  IOPS       %s\n", COUNT(r.iops));
	printf("  bandwidth  %s/s (%s/s)\n", SIZE(r.bytes_per_s), DECIMAL(r.bytes_per_s));
	printf("  done       %" PRIu64 " requests, %s in %s\n", r.requests, SIZE(r.bytes),
	       TIME(r.seconds * 1e9));
	if (r.failed)
		printf("  failed     %" PRIu64 " requests\n", r.failed);
	if (r.seconds > 0)
		printf("  processor  user %.1f %%, system %.1f %%, context switches %ld\n",
		       100 * r.cpu.user_s / r.seconds, 100 * r.cpu.system_s / r.seconds,
		       r.cpu.switches);
	if (histogram_count(&r.lat))
		print_latency(&r.lat);
}
