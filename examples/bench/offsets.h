/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the next request goes: in sequence, or at random.
 */
#ifndef BENCH_OFFSETS_H
#define BENCH_OFFSETS_H

#include <stdint.h>

struct offsets {
	uint64_t base, end; /* in bytes; whole blocks between them */
	uint64_t block_bytes;
	uint64_t blocks;
	uint64_t next; /* sequence */
	uint64_t seed; /* random */
};

/*
 * A counter with an odd step, so its period is 2^64, mixed by one wide multiplication whose halves
 * are folded together. It is made for few instructions: this runs once for each random request.
 */
static inline uint64_t prng_next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;
	unsigned __int128 wide = (unsigned __int128)z * (z ^ 0xd1342543de82ef95);

	return (uint64_t)(wide >> 64) ^ (uint64_t)wide;
}

/*
 * A multiplication instead of a division brings the random number into the range. A block is at
 * most blocks / 2^64 more likely than another one.
 */
static inline uint64_t offsets_random(struct offsets *o)
{
	uint64_t block = (uint64_t)((unsigned __int128)prng_next(&o->seed) * o->blocks >> 64);

	return o->base + block * o->block_bytes;
}

static inline uint64_t offsets_sequential(struct offsets *o)
{
	uint64_t offset = o->next;

	o->next += o->block_bytes;
	if (o->next == o->end)
		o->next = o->base;
	return offset;
}

#endif /* BENCH_OFFSETS_H */
