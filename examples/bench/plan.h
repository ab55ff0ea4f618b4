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
	int group; /* from 0, never less than the section's before */
};

struct plan {
	struct bench_options o; /* those of the command line */
	struct section *section;
	int count;
};

/* From a command line. The result is a status; plan_finish() fits after any. */
int plan_make(struct plan *plan, char **argv);
void plan_finish(struct plan *plan);

/* How many groups there are. */
int plan_groups(const struct plan *plan);

#endif /* BENCH_PLAN_H */
