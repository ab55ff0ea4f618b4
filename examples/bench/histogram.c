// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What is read out of a histogram when a run has ended.
 */
#include "histogram.h"

#include <math.h>
#include <string.h>

void histogram_init(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->bucket[i] += other->bucket[i];
	h->sum += other->sum;
	h->min = other->min < h->min ? other->min : h->min;
	h->max = other->max > h->max ? other->max : h->max;
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->bucket[i];
	return count;
}

/* At most half a bucket's width from any value in it. */
uint64_t histogram_value(unsigned int index)
{
	unsigned int shift = index >> HISTOGRAM_BITS;

	shift = shift ? shift - 1 : 0;
	return ((uint64_t)(index - (shift << HISTOGRAM_BITS)) << shift) + ((1ULL << shift) - 1) / 2;
}

double histogram_mean(const struct histogram *h)
{
	uint64_t count = histogram_count(h);

	return count ? (double)h->sum / (double)count : 0;
}

double histogram_stdev(const struct histogram *h)
{
	uint64_t count = histogram_count(h);
	double mean = histogram_mean(h);
	double squares = 0;

	if (h->min >= h->max)
		return 0; /* exactly, whatever the middle of the bucket is */
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double distance = (double)histogram_value(i) - mean;

		if (h->bucket[i])
			squares += (double)h->bucket[i] * distance * distance;
	}
	return count ? sqrt(squares / (double)count) : 0;
}

/* ceil(count * part / 10000), at least 1, without overflow. */
static uint64_t percentile_rank(uint64_t count, unsigned int part)
{
	uint64_t rank = count / 10000 * part + (count % 10000 * part + 9999) / 10000;

	return rank ? rank : 1;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned int part)
{
	uint64_t rank = percentile_rank(histogram_count(h), part);
	uint64_t seen = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t value = histogram_value(i);

		seen += h->bucket[i];
		if (seen >= rank) /* the ends are exact: do not report beyond them */
			return value < h->min ? h->min : value > h->max ? h->max : value;
	}
	return 0;
}
