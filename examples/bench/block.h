/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What --verify writes into each block, and how a block is checked.
 *
 * A block begins with a header, in little-endian: magic, offset, sequence, seed, run (8 bytes
 * each), the length of the block and the CRC-32C of all its bytes, taken with 0 in place of the
 * CRC. In each further sector the first 8 bytes depend on offset, sequence and run as well, so that
 * sectors of different writes do not make a whole block. What else is in the buffer stays.
 */
#ifndef BENCH_BLOCK_H
#define BENCH_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BLOCK_MIN_BYTES = 64, /* room for a header */
};

/* Which write a block comes from. */
struct block_tag {
	uint64_t offset;
	uint64_t sequence; /* number of the write in its job, from 1; 0 when checking: any */
	uint64_t seed;     /* of the job; not looked at if the sequence is 0 */
	uint64_t run;      /* which the program made up for itself; the same, and 0: any */
};

void block_stamp(void *block, size_t bytes, const struct block_tag *tag);
/* Whether it is the block that is expected; if not, text says what was found instead. */
bool block_check(const void *block, size_t bytes, const struct block_tag *expected, char *text,
		 size_t text_bytes);
/* Of a block that is right. */
uint64_t block_run(const void *block);

#endif /* BENCH_BLOCK_H */
