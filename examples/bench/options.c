// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The options of blkio-bench: the defaults, and what does not go together.
 */
#include "options.h"

#include <stdio.h>

#include "../common/msg.h"
#include "block.h"

void options_init(struct bench_options *o)
{
	*o = (struct bench_options) {
		.rwmixread = 50,
		.bs = 4096,
		.iodepth = 1,
		.numjobs = 1,
		.batch_min = 1,
		.direct = -1,
		.time_based = 1,
	};
}

void options_settle(struct bench_options *o)
{
	if (o->rw == RW_READWRITE)
		o->rw = RW_MIX;
}

void options_finish(struct bench_options *o)
{
	opts_words_finish(&o->words);
}

void options_print_help(void)
{
	puts("Usage: blkio-bench [OPTIONS] DRIVER [PROP=VALUE ...]\n"
	     "       blkio-bench [OPTIONS] --jobfile=FILE [DRIVER [PROP=VALUE ...]]\n"
	     "\n"
	     "Measures a block device or file through libblkio. 'blkio-info DRIVER' lists the\n"
	     "properties of a driver; 'auto' is io_uring where that is possible, else threads.\n"
	     "Sizes may end in k, m, g, t (powers of 1024).\n"
	     "WRITING AND TRIMMING DESTROY what the device or file holds.");
	opts_help(options_table);
	puts("\n"
	     "Example: blkio-bench --rw=randread --iodepth=32 --runtime=10 \\\n"
	     "                 io_uring path=/tmp/disk.img\n"
	     "Exit status: 0 all is well, 1 the library or the device failed, 2 wrong usage.");
}

static int check_batches(const struct bench_options *o)
{
	if (o->batch_min > o->iodepth)
		return msg_usage("--iodepth_batch_complete_min is larger than --iodepth");
	if (o->batch_min > 1 && o->wait != WAIT_BLOCK)
		return msg_usage("--iodepth_batch_complete_min is for --wait=block");
	if (o->batch_max && o->batch_max < o->batch_min)
		return msg_usage("--iodepth_batch_complete_max is smaller than "
				 "--iodepth_batch_complete_min");
	if (o->vectored && o->bs % o->vectored)
		return msg_usage("--vectored: a request of --bs bytes has no %llu equal parts",
				 (unsigned long long)o->vectored);
	return STATUS_OK;
}

static int check_verify(const struct bench_options *o)
{
	if (o->verify_only && !o->verify)
		return msg_usage("--verify_only is for --verify=crc32c");
	if (!o->verify)
		return STATUS_OK;
	if (options_does(o, OP_TRIM))
		return msg_usage("--verify: what was trimmed cannot be verified");
	if (o->bs < BLOCK_MIN_BYTES)
		return msg_usage("--verify: --bs must be at least %d", BLOCK_MIN_BYTES);
	if (!options_does(o, OP_WRITE))
		return o->verify_only ? msg_usage("--verify_only: give the --rw that has written, "
						  "or leave --verify_only out")
				      : STATUS_OK;
	if (o->ramp_ns)
		return msg_usage("--verify does not go with --ramp_time");
	if (o->verify_only && o->runtime_ns)
		return msg_usage("--verify_only cannot know how much was written in a --runtime; "
				 "use --io_size or --number_ios");
	return STATUS_OK;
}

int options_check(const struct bench_options *o)
{
	if (o->words.count == 0)
		return msg_usage("DRIVER is missing%s",
				 o->jobfile ? "; a job file has it in device=DRIVER ..." : "");
	if (o->readonly && options_writes(o))
		return msg_usage("--readonly forbids --rw=%s", options_rw_name(o));
	if (o->size > UINT64_MAX - o->offset)
		return msg_usage("--offset and --size reach beyond any device");
	if (o->size && o->size < o->bs)
		return msg_usage("--size is smaller than --bs");
	if (o->io_size && o->io_size < o->bs)
		return msg_usage("--io_size is smaller than --bs");
	if (check_batches(o) != STATUS_OK)
		return STATUS_USAGE;
	return check_verify(o);
}

bool options_mixes(const struct bench_options *o)
{
	return o->rw == RW_MIX || o->rw == RW_RANDMIX;
}

bool options_does(const struct bench_options *o, enum op op)
{
	static const enum op only[] = {
		[RW_READ] = OP_READ,     [RW_WRITE] = OP_WRITE,     [RW_TRIM] = OP_TRIM,
		[RW_RANDREAD] = OP_READ, [RW_RANDWRITE] = OP_WRITE, [RW_RANDTRIM] = OP_TRIM,
	};

	return options_mixes(o) ? op != OP_TRIM : op == only[o->rw];
}

bool options_writes(const struct bench_options *o)
{
	return (options_does(o, OP_WRITE) || options_does(o, OP_TRIM)) && !o->verify_only;
}

bool options_random(const struct bench_options *o)
{
	return o->rw >= RW_RANDREAD;
}

const char *options_rw_name(const struct bench_options *o)
{
	return options_rw_names[o->rw];
}

const char *options_wait_name(const struct bench_options *o)
{
	return options_wait_names[o->wait];
}

const char *options_op_name(enum op op)
{
	static const char *const names[] = { "read", "write", "trim" };

	return names[op];
}
