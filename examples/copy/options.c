// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The command line of blkio-copy.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "../common/msg.h"

#define AT(field) offsetof(struct copy_options, field)

#define MAX_BS (UINT64_C(1) << 30)

static const char *const progress_names[] = { "auto", "always", "never", NULL };

static const struct opt option_table[] = {
	{ .kind = OPT_HEADING, .help = "What is copied:" },
	{ "size", OPT_SIZE, AT(size), .help = "so much of the source (all)", .arg = "SIZE",
	  .min = 1 },
	{ "source_offset", OPT_SIZE, AT(source_offset), .help = "from here on (0)", .arg = "SIZE" },
	{ "target_offset", OPT_SIZE, AT(target_offset), .help = "to here (0)", .arg = "SIZE" },
	{ "sparse", OPT_BOOL, AT(sparse), .arg = "0|1",
	  .help = "zeroes are not written but made (1)" },
	{ "create", OPT_FLAG, AT(create), .help = "make the target's file if there is none" },
	{ "verify", OPT_FLAG, AT(verify), .help = "then read both and compare" },
	{ "verify_only", OPT_FLAG, AT(verify_only), .help = "only read both and compare" },
	{ "allow-mounted-write", OPT_BOOL, AT(allow_mounted_write), .arg = "0|1",
	  .help = "write even to a device that is in use" },
	{ .kind = OPT_HEADING, .help = "How:" },
	{ "bs", OPT_SIZE, AT(bs), .help = "bytes of a request (1m)", .arg = "SIZE", .min = 1,
	  .max = MAX_BS },
	{ "iodepth", OPT_NUMBER, AT(iodepth), .help = "requests at a time in each job (8)",
	  .arg = "N", .min = 1, .max = 1024 },
	{ "numjobs", OPT_NUMBER, AT(numjobs), .help = "threads, each with its own queues (1)",
	  .arg = "N", .min = 1, .max = 1024 },
	{ "progress", OPT_CHOICE, AT(progress), .choices = progress_names,
	  .help = "live line on stderr (auto: on a terminal)", .arg = "auto|always|never" },
	{ "help", OPT_FLAG, AT(help), .help = "print this text (-h)" },
	{ "version", OPT_FLAG, AT(version), .help = "print the version (-V)" },
	{ 0 },
};

void options_print_help(void)
{
	puts("Usage: blkio-copy [OPTIONS] DRIVER [PROP=VALUE ...] to DRIVER [PROP=VALUE ...]\n"
	     "\n"
	     "Copies from one block device to another, with any two drivers of libblkio.\n"
	     "'blkio-info DRIVER' lists the properties of a driver; 'auto' is io_uring where\n"
	     "that is possible, else threads. Sizes may end in k, m, g, t (powers of 1024).\n"
	     "WHAT THE TARGET HOLDS IS OVERWRITTEN.");
	opts_help(option_table);
	puts("\n"
	     "Example: blkio-copy --verify io_uring path=disk.img \\\n"
	     "                 to virtio-blk-vhost-user path=/tmp/vhost.sock\n"
	     "Exit status: 0 all is well, 1 the library or a device failed, or the two differ;\n"
	     "2 wrong usage.");
}

/* DRIVER ... "to" DRIVER ... */
static int split(struct copy_options *o)
{
	int n = o->words.count, at = 0;

	while (at < n && strcmp(o->words.word[at], "to") != 0)
		at++;
	if (at == n)
		return msg_usage("what to copy to is missing: DRIVER ... to DRIVER ...");
	if (at == 0 || at == n - 1)
		return msg_usage("there is no driver %s 'to'", at ? "after" : "before");
	o->source = (struct end_words) { o->words.word, at };
	o->target = (struct end_words) { o->words.word + at + 1, n - at - 1 };
	return STATUS_OK;
}

int options_parse(struct copy_options *o, char **argv)
{
	int status;

	*o = (struct copy_options) { .bs = 1 << 20, .iodepth = 8, .numjobs = 1, .sparse = 1 };
	status = opts_parse(option_table, o, argv, &o->words);
	if (status != STATUS_OK || o->help || o->version)
		return status;
	if (o->create && o->verify_only)
		return msg_usage("--create and --verify_only do not go together");
	return split(o);
}

void options_finish(struct copy_options *o)
{
	opts_words_finish(&o->words);
}
