// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The options of blkio-bench: the table, the defaults, and what does not go together.
 */
#include "options.h"

#include <stdio.h>

#include "../common/msg.h"

#define AT(field) offsetof(struct bench_options, field)

static const char *const rw_names[] = { "read", "write", "randread", "randwrite", NULL };
static const char *const wait_names[] = { "block", "eventfd", "poll", "pollqueue", NULL };
static const char *const format_names[] = { "normal", "json", NULL };
static const char *const eta_names[] = { "auto", "always", "never", NULL };

static const struct opt option_table[] = {
	{ NULL, OPT_HEADING, 0, .help = "What is done:" },
	{ "rw", OPT_CHOICE, AT(rw), .help = "kind of requests (read)",
	  .arg = "read|write|randread|randwrite", .choices = rw_names },
	{ "bs", OPT_SIZE, AT(bs), .help = "bytes of a request (4k)", .arg = "SIZE", .min = 1,
	  .max = 1ULL << 30 },
	{ "iodepth", OPT_NUMBER, AT(iodepth), .help = "requests in flight in each job (1)",
	  .arg = "N", .min = 1, .max = 65536 },
	{ "numjobs", OPT_NUMBER, AT(numjobs), .help = "threads, each with its own queue (1)",
	  .arg = "N", .min = 1, .max = 1024 },
	{ "direct", OPT_BOOL, AT(direct), .help = "set the property \"direct\" (no page cache)",
	  .arg = "0|1" },
	{ "wait", OPT_CHOICE, AT(wait), .help = "how completions are waited for (block)",
	  .arg = "block|eventfd|poll|pollqueue", .choices = wait_names },
	{ "batch", OPT_NUMBER, AT(batch), .help = "--wait=block: wait for N at a time (1)",
	  .arg = "N", .min = 1, .max = 65536 },

	{ NULL, OPT_HEADING, 0,
	  .help = "Where and how long (without limit: until each job has done the area once):" },
	{ "offset", OPT_SIZE, AT(offset), .help = "start of the area that is used (0)",
	  .arg = "SIZE" },
	{ "size", OPT_SIZE, AT(size), .help = "size of that area (up to the end of the device)",
	  .arg = "SIZE" },
	{ "runtime", OPT_TIME, AT(runtime_ns),
	  .help = "stop after that time, such as 10, 500ms, 2m", .arg = "TIME" },
	{ "number_ios", OPT_NUMBER, AT(number_ios), .help = "stop each job after N requests",
	  .arg = "N" },
	{ "randseed", OPT_NUMBER, AT(randseed), .help = "start of the random sequence (1)",
	  .arg = "N" },
	{ "allow-mounted-write", OPT_BOOL, AT(allow_mounted_write),
	  .help = "write even to a device that is in use", .arg = "0|1" },

	{ NULL, OPT_HEADING, 0, .help = "What is shown:" },
	{ "output-format", OPT_CHOICE, AT(output_format), .help = "form of the report (normal)",
	  .arg = "normal|json", .choices = format_names },
	{ "eta", OPT_CHOICE, AT(eta), .help = "live line on stderr (auto: on a terminal)",
	  .arg = "auto|always|never", .choices = eta_names },
	{ "disable_lat", OPT_BOOL, AT(disable_lat), .help = "take no time stamps: no latencies",
	  .arg = "0|1" },
	{ "help", OPT_FLAG, AT(help), .help = "print this text (-h)" },
	{ "version", OPT_FLAG, AT(version), .help = "print the version (-V)" },
	{ 0 },
};

void options_print_help(void)
{
	puts("Usage: blkio-bench [OPTIONS] DRIVER [PROP=VALUE ...]\n"
	     "\n"
	     "Measures a block device or file through libblkio. 'blkio-info DRIVER' lists the\n"
	     "properties of a driver; 'auto' is io_uring where that is possible, else threads.\n"
	     "Sizes may end in k, m, g, t (powers of 1024).\n"
	     "WRITING DESTROYS what the device or file holds.");
	opts_help(option_table);
	puts("\n"
	     "Example: blkio-bench --rw=randread --iodepth=32 --runtime=10 \\\n"
	     "                 io_uring path=/tmp/disk.img\n"
	     "Exit status: 0 all is well, 1 the library or the device failed, 2 wrong usage.");
}

static int check(const struct bench_options *o)
{
	if (o->words.count == 0)
		return msg_usage("DRIVER is missing");
	if (o->batch > o->iodepth)
		return msg_usage("--batch is larger than --iodepth");
	if (o->batch > 1 && o->wait != WAIT_BLOCK)
		return msg_usage("--batch is for --wait=block");
	if (o->size > UINT64_MAX - o->offset)
		return msg_usage("--offset and --size reach beyond any device");
	if (o->size && o->size < o->bs)
		return msg_usage("--size is smaller than --bs");
	return STATUS_OK;
}

int options_parse(struct bench_options *o, char **argv)
{
	int status;

	*o = (struct bench_options) {
		.bs = 4096,
		.iodepth = 1,
		.numjobs = 1,
		.randseed = 1,
		.batch = 1,
		.direct = -1,
	};
	status = opts_parse(option_table, o, argv, &o->words);
	if (status != STATUS_OK || o->help || o->version)
		return status;
	return check(o);
}

void options_finish(struct bench_options *o)
{
	opts_words_finish(&o->words);
}

bool options_writes(const struct bench_options *o)
{
	return o->rw == RW_WRITE || o->rw == RW_RANDWRITE;
}

bool options_random(const struct bench_options *o)
{
	return o->rw == RW_RANDREAD || o->rw == RW_RANDWRITE;
}

const char *options_rw_name(const struct bench_options *o)
{
	return rw_names[o->rw];
}

const char *options_wait_name(const struct bench_options *o)
{
	return wait_names[o->wait];
}
