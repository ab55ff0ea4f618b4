/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A histogram of times in ns: log-linear, so that its memory is bounded and every value is known
 * to better than 0.4 %, from 1 ns to 2^64 ns.
 *
 * Each power of two is cut into 128 buckets of equal width. Values below 256 have a bucket each.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_BITS = 7,
	HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

struct histogram {
	uint64_t min, max, sum; /* exact */
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *h);
/* Add all values of other. */
void histogram_merge(struct histogram *h, const struct histogram *other);
uint64_t histogram_count(const struct histogram *h);
/* These three are 0 for an empty histogram. */
double histogram_mean(const struct histogram *h);
double histogram_stdev(const struct histogram *h);
/* The smallest value that at least part / 10000 of all values do not exceed. */
uint64_t histogram_percentile(const struct histogram *h, unsigned int part);

/* The middle of a bucket. */
uint64_t histogram_value(unsigned int index);

static inline uint64_t histogram_index(uint64_t value)
{
	/* 63 ^ n is 63 - n, but compilers see only in the first that this is one instruction. */
	uint64_t top_bit = 63 ^ (uint64_t)__builtin_clzll(value | 1 << HISTOGRAM_BITS);
	uint64_t shift = top_bit - HISTOGRAM_BITS;

	return (shift << HISTOGRAM_BITS) + (value >> shift);
}

/* Add a value count times; count is not 0. */
static inline void histogram_add(struct histogram *h, uint64_t value, uint64_t count)
{
	h->bucket[histogram_index(value)] += count;
	h->sum += value * count;
	if (__builtin_expect(value < h->min, 0))
		h->min = value;
	if (__builtin_expect(value > h->max, 0))
		h->max = value;
}

#endif /* BENCH_HISTOGRAM_H */
