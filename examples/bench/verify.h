/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * --verify: a job that knows what it has written where, and reads it back.
 *
 * Each job writes in a part of the area of its own. It goes through it in passes, in sequence or
 * shuffled, and visits each block once in a pass; before a new pass everything is completed, so
 * that no two writes of a block are in flight together. What is written where thus depends on
 * nothing but the options, and a later run (--verify_only) can know it as well. A number that each
 * run makes up tells its blocks from those that the same options have written before.
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include "block.h"
#include "job.h"
#include "shuffle.h"

struct verify {
	bool reads;         /* the job only reads: any block of --verify is right */
	uint64_t *sequence; /* for each block that of the last write; 0: none. NULL if reads */
	uint64_t last;      /* sequence that was given */
	uint64_t pass;
	uint64_t pass_left; /* blocks */
	struct shuffle shuffle;
	uint64_t wrong;            /* blocks */
	_Atomic uint64_t checked;  /* blocks; the live line reads it */
	uint64_t start_ns, end_ns; /* of reading back */
	bool complete;             /* all that was to be read back was */
};

/* For a job whose offsets are set up. The result is a status. */
int verify_init(struct job *job);
void verify_finish(struct job *job);

/* Of so many requests that are wanted, how many may be made now. */
int verify_allows(struct job *job, int want);
/* The offset of the next request; a write gets its sequence, and its buffer the block. */
void verify_prepare(struct job *job, struct slot *slot);
/* A read of a job that only reads. */
void verify_read(struct job *job, const struct slot *slot);
/* After the run: read back all that was written. */
void verify_read_back(struct job *job);
/* --verify_only: note what the run would have written. */
void verify_replay(struct job *job);

#endif /* BENCH_VERIFY_H */
