/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The options of blkio-bench. Names and meanings are those of fio where fio has them.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/opts.h"

enum op {
	OP_READ,
	OP_WRITE,
	OP_TRIM,
	OP_COUNT
};

enum rw {
	RW_READ,
	RW_WRITE,
	RW_TRIM,
	RW_MIX,
	RW_RANDREAD,
	RW_RANDWRITE,
	RW_RANDTRIM,
	RW_RANDMIX,
	RW_READWRITE /* another word for RW_MIX, until options_settle() */
};

enum wait_mode {
	WAIT_BLOCK,
	WAIT_EVENTFD,
	WAIT_POLL,
	WAIT_POLLQUEUE
};

enum verify_kind {
	VERIFY_NONE,
	VERIFY_CRC32C
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

/* Which options may be in a job file: values of struct opt's scope. */
enum scope {
	SCOPE_JOB,
	SCOPE_PROGRAM, /* only on the command line */
};

struct bench_options {
	/* What a job does. */
	const char *name;
	const char *device; /* DRIVER PROP=VALUE ..., if they are no words of the command line */
	int stonewall;      /* begin when the sections before have ended */
	int rw;             /* enum rw */
	uint64_t rwmixread; /* per cent */
	uint64_t bs;        /* bytes */
	uint64_t iodepth, numjobs;
	uint64_t vectored;             /* buffers of a request; 0: one, without a vector */
	uint64_t batch_submit;         /* 0: as many as fit */
	uint64_t batch_min, batch_max; /* completions; batch_max 0: as many as there are */
	uint64_t offset, size;         /* bytes; size 0: up to the end of the device */
	uint64_t io_size;              /* bytes for each job; 0: no limit of its own */
	uint64_t number_ios;           /* the same in requests */
	uint64_t runtime_ns;           /* 0: until the work is done */
	int time_based;                /* with runtime_ns, the area being done is no limit */
	uint64_t ramp_ns;              /* before the measurement begins */
	uint64_t rate_iops;            /* for each job; 0: as fast as possible */
	uint64_t randseed;             /* 0: the number of the section, from 1 */
	int direct;                    /* -1: not given */
	int wait;                      /* enum wait_mode */
	int disable_lat;
	int verify; /* enum verify_kind */
	int verify_only;

	/* What the program does. */
	int readonly, allow_mounted_write;
	int output_format, eta;
	const char *jobfile, *plot;

	int help, version;

	struct opt_words words; /* DRIVER PROP=VALUE ... */
};

/* options_table.c: all options, their choices, and fio's that are not here, with a hint. */
extern const struct opt options_table[];
extern const char *const options_rw_names[], *const options_wait_names[];

/* The defaults. */
void options_init(struct bench_options *o);
void options_finish(struct bench_options *o);
/* All options are set: choices that are other words for one become that one. */
void options_settle(struct bench_options *o);
/* Whether the options go together. The result is a status. */
int options_check(const struct bench_options *o);
void options_print_help(void);

/* Which requests are made: this kind; reads and writes; any that change the device. */
bool options_does(const struct bench_options *o, enum op op);
bool options_mixes(const struct bench_options *o);
bool options_writes(const struct bench_options *o);
bool options_random(const struct bench_options *o);
const char *options_rw_name(const struct bench_options *o);
const char *options_wait_name(const struct bench_options *o);
const char *options_op_name(enum op op);

#endif /* BENCH_OPTIONS_H */
