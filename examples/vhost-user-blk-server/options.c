// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The options of vhost-user-blk-server: the table, the defaults, and what does not go together.
 */
#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/msg.h"
#include "../common/number.h"
#include "feature_list.h"

#define AT(field) offsetof(struct options, field)

static const struct opt option_table[] = {
	{ NULL, OPT_HEADING, 0,
	  .help = "What is exported (FILE, --blk-file, --memory or --null):" },
	{ "blk-file", OPT_WORDS, AT(blk_file), .help = "a file or block device", .arg = "PATH" },
	{ "memory", OPT_SIZE, AT(memory), .help = "memory, gone when the server ends",
	  .arg = "SIZE", .min = 4096, .max = 1ULL << 46 },
	{ "null", OPT_FLAG, AT(null), .help = "nothing: requests succeed, data is not touched" },
	{ "size", OPT_SIZE, AT(size), .help = "--null: the size it seems to have (1t)",
	  .arg = "SIZE", .min = 4096, .max = 1ULL << 60 },
	{ "read-only", OPT_FLAG, AT(read_only), .help = "no writes" },
	{ "serial", OPT_WORDS, AT(serial_words), .help = "the device's name, up to 20 bytes",
	  .arg = "TEXT" },

	{ NULL, OPT_HEADING, 0, .help = "Where:" },
	{ "socket-path", OPT_WORDS, AT(socket_path), .help = "listen there", .arg = "PATH" },
	{ "fd", OPT_NUMBER, AT(fd), .help = "use this listening or connected socket", .arg = "FD",
	  .max = INT32_MAX },
	{ "once", OPT_FLAG, AT(once), .help = "end after the first front-end" },
	{ "control", OPT_WORDS, AT(control), .help = "listen there for commands", .arg = "PATH" },

	{ NULL, OPT_HEADING, 0, .help = "How:" },
	{ "num-queues", OPT_NUMBER, AT(num_queues), .help = "queues (4)", .arg = "N", .min = 1,
	  .max = CONN_MAX_QUEUES },
	{ "threads", OPT_NUMBER, AT(threads), .help = "threads for them (one each)", .arg = "N",
	  .min = 1, .max = CONN_MAX_QUEUES },
	{ "poll", OPT_FLAG, AT(poll), .help = "poll all the time, ask for no kicks" },
	{ "poll-ns", OPT_NUMBER, AT(poll_ns), .help = "poll so long before a sleep (0)",
	  .arg = "NS", .max = 1000000000 },
	{ "no", OPT_WORDS, AT(no), .help = "do not offer these, see below", .arg = "FEATURE,..." },

	{ NULL, OPT_HEADING, 0, .help = "Limits:" },
	{ "block-size", OPT_SIZE, AT(block_size), .help = "bytes (512)", .arg = "512|4096",
	  .min = 512, .max = 4096 },
	{ "physical-block-size", OPT_SIZE, AT(physical_block_size),
	  .help = "bytes (as --block-size)", .arg = "SIZE", .min = 512, .max = 1 << 24 },
	{ "queue-size-max", OPT_NUMBER, AT(queue_size_max), .help = "entries of a queue (32768)",
	  .arg = "N", .min = 2, .max = VRING_MAX_NUM },
	{ "mem-slots", OPT_NUMBER, AT(mem_slots), .help = "memory regions (32)", .arg = "N",
	  .min = 1, .max = MEM_MAX_SLOTS },
	{ "size-max", OPT_SIZE, AT(size_max), .help = "bytes of a segment (0: not offered)",
	  .arg = "SIZE", .max = UINT32_MAX },
	{ "seg-max", OPT_NUMBER, AT(seg_max), .help = "segments of a request (126)", .arg = "N",
	  .min = 1, .max = CHAIN_MAX_SEG },
	{ "max-discard-sectors", OPT_NUMBER, AT(max_discard_sectors), .help = "of a range (32768)",
	  .arg = "N", .min = 1, .max = UINT32_MAX },
	{ "max-discard-seg", OPT_NUMBER, AT(max_discard_seg), .help = "ranges of a request (1)",
	  .arg = "N", .min = 1, .max = CHAIN_MAX_SEG },
	{ "max-write-zeroes-sectors", OPT_NUMBER, AT(max_write_zeroes_sectors),
	  .help = "of a range (32768)", .arg = "N", .min = 1, .max = UINT32_MAX },
	{ "max-write-zeroes-seg", OPT_NUMBER, AT(max_write_zeroes_seg),
	  .help = "ranges of a request (1)", .arg = "N", .min = 1, .max = CHAIN_MAX_SEG },
	{ "max-secure-erase-sectors", OPT_NUMBER, AT(max_secure_erase_sectors),
	  .help = "of a range (32768)", .arg = "N", .min = 1, .max = UINT32_MAX },
	{ "max-secure-erase-seg", OPT_NUMBER, AT(max_secure_erase_seg),
	  .help = "ranges of a request (1)", .arg = "N", .min = 1, .max = CHAIN_MAX_SEG },

	{ NULL, OPT_HEADING, 0, .help = "A host-managed zoned device:" },
	{ "zone-size", OPT_SIZE, AT(zone_size), .help = "bytes of a zone; makes the device zoned",
	  .arg = "SIZE", .max = 1ULL << 40 },
	{ "zone-capacity", OPT_SIZE, AT(zone_capacity), .help = "what can be written (all)",
	  .arg = "SIZE" },
	{ "conventional-zones", OPT_NUMBER, AT(conventional_zones),
	  .help = "zones at the start that are like a usual disk (0)", .arg = "N" },
	{ "max-open-zones", OPT_NUMBER, AT(max_open_zones), .help = "0: no limit (0)", .arg = "N",
	  .max = UINT32_MAX },
	{ "max-active-zones", OPT_NUMBER, AT(max_active_zones), .help = "0: no limit (0)",
	  .arg = "N", .max = UINT32_MAX },
	{ "max-append", OPT_SIZE, AT(max_append), .help = "bytes of an append (64k)", .arg = "SIZE",
	  .max = 1 << 30 },

	{ NULL, OPT_HEADING, 0, .help = "For tests of front-ends:" },
	{ "delay", OPT_TIME, AT(delay_ns), .help = "complete each request that much later",
	  .arg = "TIME", .max = 3600 * NS_PER_SEC },
	{ "fail", OPT_WORDS, AT(fail), .help = "fail requests that touch this byte",
	  .arg = "OFFSET[:ioerr|unsupp]" },
	{ "exit-after", OPT_NUMBER, AT(exit_after), .help = "exit hard at the Nth request",
	  .arg = "N", .min = 1 },
	{ "exit-after-messages", OPT_NUMBER, AT(exit_after_messages),
	  .help = "exit hard at the Nth message of a front-end", .arg = "N", .min = 1 },

	{ NULL, OPT_HEADING, 0, .help = "And:" },
	{ "print-capabilities", OPT_FLAG, AT(print_capabilities),
	  .help = "what management software may ask, as JSON" },
	{ "help", OPT_FLAG, AT(help), .help = "print this text (-h)" },
	{ "version", OPT_FLAG, AT(version), .help = "print the version (-V)" },
	{ 0 },
};

void options_print_help(void)
{
	puts("Usage: vhost-user-blk-server [OPTIONS] --socket-path=PATH FILE\n"
	     "\n"
	     "Exports a file, memory or nothing as a vhost-user-blk device, to one front-end at a\n"
	     "time. Sizes may end in k, m, g, t (powers of 1024).");
	opts_help(option_table);
	puts("\nFeatures for --no:");
	features_print_names();
	puts("\n"
	     "Signals: USR1 looks how large the file is now, TERM and INT end the server.\n"
	     "Exit status: 0 all is well, 1 something failed, 2 wrong usage, 3 --exit-after.");
}

const char *options_last(const struct opt_words *words)
{
	return words->count ? words->word[words->count - 1] : NULL;
}

bool options_zoned(const struct options *o)
{
	return o->zone_size != 0;
}

static int check_export(const struct options *o)
{
	int n = o->blk_file.count + !!o->memory + o->null;

	if (n == 0)
		return msg_usage("what is to be exported? FILE, --memory or --null is missing");
	if (n > 1)
		return msg_usage("only one thing can be exported");
	if (o->size && !o->null)
		return msg_usage("--size is for --null");
	if (!options_last(&o->socket_path) == (o->fd == UINT64_MAX))
		return msg_usage("one of --socket-path and --fd is needed");
	if (options_last(&o->serial_words) && strlen(options_last(&o->serial_words)) > BLK_ID_LEN)
		return msg_usage("--serial: more than %d bytes", BLK_ID_LEN);
	return STATUS_OK;
}

static int check_blocks(const struct options *o)
{
	uint64_t physical = o->physical_block_size;

	if (o->block_size != 512 && o->block_size != 4096)
		return msg_usage("--block-size: 512 or 4096");
	if (physical && (physical & (physical - 1) || physical < o->block_size))
		return msg_usage("--physical-block-size: a power of two, not below --block-size");
	return STATUS_OK;
}

static int check_zones(const struct options *o)
{
	uint64_t block = o->block_size;

	if (!options_zoned(o)) {
		if (o->zone_capacity || o->conventional_zones || o->max_open_zones ||
		    o->max_active_zones)
			return msg_usage("the options of zones need --zone-size");
		return STATUS_OK;
	}
	if (o->zone_size % block || o->zone_capacity % block || o->max_append % block)
		return msg_usage("sizes of zones and appends are multiples of --block-size");
	if (o->zone_capacity > o->zone_size)
		return msg_usage("--zone-capacity is larger than --zone-size");
	return STATUS_OK;
}

/* Words without an option are the file. */
static int take_file(struct options *o)
{
	int status = STATUS_OK;

	for (int i = 0; i < o->words.count && status == STATUS_OK; i++)
		status = opts_words_add(&o->blk_file, o->words.word[i]);
	return status;
}

int options_parse(struct options *o, char **argv)
{
	int status;

	*o = (struct options) {
		.fd = UINT64_MAX,
		.num_queues = 4,
		.queue_size_max = VRING_MAX_NUM,
		.mem_slots = 32,
		.block_size = 512,
		.seg_max = 126,
		.max_discard_sectors = 32768,
		.max_discard_seg = 1,
		.max_write_zeroes_sectors = 32768,
		.max_write_zeroes_seg = 1,
		.max_secure_erase_sectors = 32768,
		.max_secure_erase_seg = 1,
		.max_append = 64 * KIB,
	};
	status = opts_parse(option_table, o, argv, &o->words);
	if (status != STATUS_OK || o->help || o->version || o->print_capabilities)
		return status;
	status = take_file(o);
	if (status == STATUS_OK)
		status = check_export(o);
	if (status == STATUS_OK)
		status = check_blocks(o);
	return status == STATUS_OK ? check_zones(o) : status;
}

void options_finish(struct options *o)
{
	opts_words_finish(&o->socket_path);
	opts_words_finish(&o->control);
	opts_words_finish(&o->blk_file);
	opts_words_finish(&o->no);
	opts_words_finish(&o->fail);
	opts_words_finish(&o->serial_words);
	opts_words_finish(&o->words);
}

static int parse_fail(const char *text, struct blk_fail *fail)
{
	const char *colon = strchr(text, ':');
	char size[NUMBER_TEXT_LEN];

	snprintf(size, sizeof(size), "%.*s", colon ? (int)(colon - text) : (int)strlen(text), text);
	if (!number_parse_size(size, &fail->offset))
		return msg_usage("--fail: '%s' does not begin with an offset", text);
	fail->status = BLK_S_IOERR;
	if (colon && strcmp(colon, ":unsupp") == 0)
		fail->status = BLK_S_UNSUPP;
	else if (colon && strcmp(colon, ":ioerr") != 0)
		return msg_usage("--fail: '%s' is neither ioerr nor unsupp", colon + 1);
	return STATUS_OK;
}

int options_get_fails(const struct options *o, struct blk *blk)
{
	int status = STATUS_OK;

	if (o->fail.count > BLK_MAX_FAILS)
		return msg_usage("--fail: at most %d times", BLK_MAX_FAILS);
	for (int i = 0; i < o->fail.count && status == STATUS_OK; i++)
		status = parse_fail(o->fail.word[i], &blk->fail[i]);
	blk->n_fails = (unsigned int)o->fail.count;
	return status;
}
