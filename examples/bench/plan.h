/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is to be done: sections of jobs, in groups. The sections of a group run together, the
 * groups one after the other.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "options.h"

struct section {
	struct bench_options o;
	const char *name;
	char *device; /* what the words of the options point into, if they are from a job file */
	int line;     /* in the job file */
	int group;    /* from 0, never less than that of the section before */
};

struct plan {
	struct bench_options o; /* those of the command line */
	struct section *section;
	int count;
	char *text; /* of the job file; names and values point into it */
};

/* From a command line. The result is a status; plan_finish() fits after any. */
int plan_make(struct plan *plan, char **argv);
void plan_finish(struct plan *plan);

/*
 * Add the sections of a job file. The text is cut into pieces; name is for messages. The options of
 * argv, which have been parsed once without an error, count more than those of the file.
 */
int plan_add_file(struct plan *plan, const char *name, char *text, char **argv);

/* How many groups there are. */
int plan_groups(const struct plan *plan);
int plan_jobs(const struct plan *plan);

#endif /* BENCH_PLAN_H */
