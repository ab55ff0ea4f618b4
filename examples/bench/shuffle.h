/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All numbers below count in an order that looks random, each exactly once, without a table.
 *
 * A Feistel network permutes the numbers below the next power of 4; what comes out too large is put
 * in again until it is not, which keeps it a permutation.
 */
#ifndef BENCH_SHUFFLE_H
#define BENCH_SHUFFLE_H

#include <stdint.h>

struct shuffle {
	uint64_t count;         /* at least 1, less than 2^62 */
	uint64_t key;           /* another key is another order */
	unsigned int half_bits; /* the network's halves have so many */
};

static inline void shuffle_init(struct shuffle *s, uint64_t count, uint64_t key)
{
	*s = (struct shuffle) { .count = count, .key = key, .half_bits = 1 };
	while (count > 1ULL << 2 * s->half_bits)
		s->half_bits++;
}

static inline uint64_t shuffle_mix(uint64_t z)
{
	z = (z ^ z >> 33) * 0xff51afd7ed558ccd;
	z = (z ^ z >> 29) * 0x9e3779b97f4a7c15;
	return z ^ z >> 32;
}

static inline uint64_t shuffle_once(const struct shuffle *s, uint64_t n)
{
	uint64_t mask = (1ULL << s->half_bits) - 1;
	uint64_t left = n >> s->half_bits, right = n & mask;

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t other = left ^ (shuffle_mix(right + (s->key ^ round << 60)) & mask);

		left = right;
		right = other;
	}
	return left << s->half_bits | right;
}

/* Number n of the order; n is less than count. */
static inline uint64_t shuffle_at(const struct shuffle *s, uint64_t n)
{
	do
		n = shuffle_once(s, n);
	while (n >= s->count);
	return n;
}

#endif /* BENCH_SHUFFLE_H */
