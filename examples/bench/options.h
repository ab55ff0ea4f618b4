/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The options of blkio-bench. Names and meanings are those of fio where fio has them.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/opts.h"

enum rw {
	RW_READ,
	RW_WRITE,
	RW_RANDREAD,
	RW_RANDWRITE
};

enum wait_mode {
	WAIT_BLOCK,
	WAIT_EVENTFD,
	WAIT_POLL,
	WAIT_POLLQUEUE
};

enum output_format {
	OUTPUT_NORMAL,
	OUTPUT_JSON
};

enum eta {
	ETA_AUTO,
	ETA_ALWAYS,
	ETA_NEVER
};

struct bench_options {
	int rw;      /* enum rw */
	uint64_t bs; /* bytes */
	uint64_t iodepth, numjobs;
	uint64_t offset, size; /* bytes; size 0: up to the end of the device */
	uint64_t runtime_ns;   /* 0: until the work is done */
	uint64_t number_ios;   /* for each job; 0: no limit of its own */
	uint64_t randseed;
	uint64_t batch;
	int direct; /* -1: not given */
	int wait;   /* enum wait_mode */
	int disable_lat, allow_mounted_write;
	int output_format, eta;
	int help, version;
	struct opt_words words; /* DRIVER PROP=VALUE ... */
};

/* The result is a status, see msg.h. options_finish() is right after any result. */
int options_parse(struct bench_options *o, char **argv);
void options_finish(struct bench_options *o);
void options_print_help(void);

bool options_writes(const struct bench_options *o);
bool options_random(const struct bench_options *o);
const char *options_rw_name(const struct bench_options *o);
const char *options_wait_name(const struct bench_options *o);

#endif /* BENCH_OPTIONS_H */
