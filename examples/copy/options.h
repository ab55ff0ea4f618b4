/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The command line of blkio-copy.
 */
#ifndef COPY_OPTIONS_H
#define COPY_OPTIONS_H

#include "../common/opts.h"

enum progress_when {
	PROGRESS_AUTO,
	PROGRESS_ALWAYS,
	PROGRESS_NEVER
};

/* DRIVER PROP=VALUE ..., words of the command line. */
struct end_words {
	const char *const *word;
	int count;
};

struct copy_options {
	uint64_t bs, iodepth, numjobs;
	uint64_t size; /* 0: all that the source has */
	uint64_t source_offset, target_offset;
	int create, sparse, verify, verify_only, allow_mounted_write;
	int progress; /* enum progress_when */
	int help, version;
	struct opt_words words;
	struct end_words source, target;
};

/* The result is a status, see msg.h; finish fits after any. */
int options_parse(struct copy_options *o, char **argv);
void options_finish(struct copy_options *o);
void options_print_help(void);

#endif /* COPY_OPTIONS_H */
