/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One piece at a time on its way: read, then written run by run of data and of zeroes; or read from
 * both ends and compared.
 */
#ifndef COPY_SLOT_H
#define COPY_SLOT_H

#include "copy.h"

struct slot {
	uint64_t at;      /* offset of the piece in what is copied */
	size_t bytes;     /* of it; 0: the slot is free */
	size_t padded;    /* up to the target's alignment, with zeroes */
	size_t pos, run;  /* written so far, and being written */
	bool run_is_zero; /* made, not written */
	bool as_data;     /* the next run, whatever it is */
	int pending;      /* requests in flight */
	char *buf, *other;
};

struct job {
	struct pass *p;
	struct blkioq *source, *target;
	struct slot *slots;
	unsigned int active; /* slots that are not free */
};

/* Begin the next piece, if there is one. */
void slot_begin(struct job *j, struct slot *s);
/* A request of the slot has completed, at the source or at the target. */
void slot_completed(struct job *j, struct slot *s, bool at_source,
		    const struct blkio_completion *c);

#endif /* COPY_SLOT_H */
