/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pass over all that is copied, by jobs that each take the next piece: copying, or comparing.
 */
#ifndef COPY_COPY_H
#define COPY_COPY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ends.h"

enum pass_kind {
	PASS_COPY,
	PASS_COMPARE
};

struct pass {
	const struct ends *e;
	enum pass_kind kind;
	uint64_t grain; /* zeroes are looked for in pieces of this */
	/* All of these are shared by the jobs. */
	_Atomic uint64_t next;   /* the next piece begins here */
	_Atomic uint64_t done;   /* bytes */
	_Atomic uint64_t zeroes; /* of them not written as data */
	atomic_bool no_zeroes;   /* the target cannot make them */
	atomic_bool failed;      /* the others stop, too */
};

/* Do it, and tell how it goes. The result is a status. */
int pass_run(struct pass *p, const struct ends *e, enum pass_kind kind);

/* The first error of a pass is printed; the others stop. */
void pass_fail(struct pass *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* COPY_COPY_H */
