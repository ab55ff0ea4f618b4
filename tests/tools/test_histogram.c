// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The histogram of blkio-bench: how exact it is, and what is read out of it. And its offsets.
 */
#include "examples/bench/histogram.h"

#include <stdlib.h>

#include "examples/bench/offsets.h"
#include "tests/support/test.h"

enum {
	SAMPLES = 20000
};

#define ERROR_MAX 0.004 /* blkio-bench(1), MEASUREMENT */

static struct histogram h;

static void fresh_histogram(void)
{
	histogram_init(&h);
}

/* What the histogram says of a value that is neither its smallest nor its largest. */
static uint64_t value_read_back(uint64_t value)
{
	histogram_init(&h);
	histogram_add(&h, 0, 1);
	histogram_add(&h, value, 1);
	histogram_add(&h, UINT64_MAX, 1);
	return histogram_percentile(&h, 5000);
}

static double relative_error(uint64_t is, uint64_t should)
{
	double distance = is > should ? (double)(is - should) : (double)(should - is);

	return should ? distance / (double)should : distance;
}

START_TEST(small_values_are_exact)
{
	for (uint64_t value = 0; value < 256; value++)
		ck_assert_uint_eq(value_read_back(value), value);
}
END_TEST

START_TEST(error_is_below_what_the_manual_says_over_the_whole_range)
{
	uint64_t power = 1ULL << _i, seed = 1;

	ck_assert_double_le(relative_error(value_read_back(power), power), ERROR_MAX);
	ck_assert_double_le(relative_error(value_read_back(power - 1), power - 1), ERROR_MAX);
	ck_assert_double_le(relative_error(value_read_back(power | (power - 1)), 2 * power - 1),
			    ERROR_MAX);
	for (int i = 0; i < 200; i++) {
		uint64_t value = power | (prng_next(&seed) & (power - 1));

		ck_assert_double_le(relative_error(value_read_back(value), value), ERROR_MAX);
	}
}
END_TEST

START_TEST(buckets_are_in_the_order_of_their_values)
{
	uint64_t power = 1ULL << _i;

	ck_assert_uint_eq(histogram_index(power), histogram_index(power - 1) + 1);
	ck_assert_uint_le(histogram_index(power), histogram_index(power + power / 2));
	ck_assert_uint_lt(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS);
}
END_TEST

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Samples from 1 ns to some seconds, each power of two as often as the others. */
static void make_samples(uint64_t *samples, uint64_t seed)
{
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t noise = prng_next(&seed);

		samples[i] = 1 + (noise >> 30 >> (noise & 31));
		histogram_add(&h, samples[i], 1);
	}
	qsort(samples, SAMPLES, sizeof(*samples), compare);
}

START_TEST(percentiles_are_those_of_a_sorted_array)
{
	static const unsigned int parts[] = { 1,    100,  500,  1000, 2500, 5000, 7500, 9000,
					      9500, 9900, 9950, 9990, 9995, 9999, 10000 };
	static uint64_t samples[SAMPLES];

	make_samples(samples, (uint64_t)_i);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t rank = ((size_t)SAMPLES * parts[i] + 9999) / 10000;
		uint64_t should = samples[rank ? rank - 1 : 0];

		ck_assert_double_le(relative_error(histogram_percentile(&h, parts[i]), should),
				    ERROR_MAX);
	}
}
END_TEST

START_TEST(mean_and_extremes_are_exact)
{
	static uint64_t samples[SAMPLES];
	double sum = 0;

	make_samples(samples, 7);
	for (int i = 0; i < SAMPLES; i++)
		sum += (double)samples[i];
	ck_assert_uint_eq(h.min, samples[0]);
	ck_assert_uint_eq(h.max, samples[SAMPLES - 1]);
	ck_assert_uint_eq(histogram_count(&h), SAMPLES);
	ck_assert_double_eq_tol(histogram_mean(&h), sum / SAMPLES, sum / SAMPLES * 1e-9);
}
END_TEST

START_TEST(standard_deviation_is_that_of_the_values)
{
	/* 1000 and 3000, equally often: the mean is 2000, each value is 1000 away from it */
	for (int i = 0; i < 1000; i++)
		histogram_add(&h, i % 2 ? 1000 : 3000, 1);
	ck_assert_double_eq_tol(histogram_stdev(&h), 1000, 4);
}
END_TEST

START_TEST(equal_values_have_no_deviation)
{
	histogram_add(&h, 1000001, 3);
	ck_assert_double_eq(histogram_stdev(&h), 0);
}
END_TEST

START_TEST(value_added_several_times_counts_as_often)
{
	static struct histogram one_by_one;

	histogram_init(&one_by_one);
	for (int i = 0; i < 32; i++)
		histogram_add(&one_by_one, 7919, 1);
	histogram_add(&h, 7919, 32);
	ck_assert_mem_eq(&one_by_one, &h, sizeof(h));
}
END_TEST

START_TEST(percentiles_stay_between_the_extremes)
{
	histogram_add(&h, 1000001, 1);
	ck_assert_uint_eq(histogram_percentile(&h, 1), 1000001);
	ck_assert_uint_eq(histogram_percentile(&h, 10000), 1000001);
}
END_TEST

START_TEST(empty_histogram_reads_as_zero)
{
	ck_assert_uint_eq(histogram_count(&h), 0);
	ck_assert_uint_eq(histogram_percentile(&h, 9900), 0);
	ck_assert_double_eq(histogram_mean(&h), 0);
	ck_assert_double_eq(histogram_stdev(&h), 0);
}
END_TEST

START_TEST(merged_histogram_is_that_of_all_values)
{
	static struct histogram a, b;
	uint64_t seed = 3;

	histogram_init(&a);
	histogram_init(&b);
	for (int i = 0; i < 1000; i++) {
		uint64_t value = prng_next(&seed) >> 40;

		histogram_add(&h, value, 1);
		histogram_add(i % 3 ? &a : &b, value, 1);
	}
	histogram_merge(&a, &b);
	ck_assert_mem_eq(&a, &h, sizeof(h));
}
END_TEST

START_TEST(random_offsets_are_blocks_of_the_area_and_reach_all_of_them)
{
	struct offsets o = { .base = 4096, .block_bytes = 512, .blocks = 37, .seed = 5 };
	int hits[37] = { 0 };

	for (int i = 0; i < 37000; i++) {
		uint64_t offset = offsets_random(&o);

		ck_assert_uint_ge(offset, o.base);
		ck_assert_uint_eq((offset - o.base) % o.block_bytes, 0);
		ck_assert_uint_lt((offset - o.base) / o.block_bytes, o.blocks);
		hits[(offset - o.base) / o.block_bytes]++;
	}
	for (int i = 0; i < 37; i++) { /* 1000 each: six standard deviations are 190 */
		ck_assert_int_gt(hits[i], 810);
		ck_assert_int_lt(hits[i], 1190);
	}
}
END_TEST

START_TEST(sequence_visits_each_block_and_begins_again)
{
	struct offsets o = {
		.base = 1024, .end = 1024 + 4 * 512, .block_bytes = 512, .next = 2048
	};
	static const uint64_t should[] = { 2048, 2560, 1024, 1536, 2048 };

	for (size_t i = 0; i < sizeof(should) / sizeof(should[0]); i++)
		ck_assert_uint_eq(offsets_sequential(&o), should[i]);
}
END_TEST

static Suite *histogram_suite(void)
{
	Suite *suite = suite_create("histogram");
	TCase *tc = tcase_create("histogram");

	tcase_add_checked_fixture(tc, fresh_histogram, NULL);
	tcase_add_test(tc, small_values_are_exact);
	tcase_add_loop_test(tc, error_is_below_what_the_manual_says_over_the_whole_range, 0, 64);
	tcase_add_loop_test(tc, buckets_are_in_the_order_of_their_values, 1, 64);
	tcase_add_loop_test(tc, percentiles_are_those_of_a_sorted_array, 0, 4);
	tcase_add_test(tc, mean_and_extremes_are_exact);
	tcase_add_test(tc, standard_deviation_is_that_of_the_values);
	tcase_add_test(tc, equal_values_have_no_deviation);
	tcase_add_test(tc, value_added_several_times_counts_as_often);
	tcase_add_test(tc, percentiles_stay_between_the_extremes);
	tcase_add_test(tc, empty_histogram_reads_as_zero);
	tcase_add_test(tc, merged_histogram_is_that_of_all_values);
	tcase_add_test(tc, random_offsets_are_blocks_of_the_area_and_reach_all_of_them);
	tcase_add_test(tc, sequence_visits_each_block_and_begins_again);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { histogram_suite, NULL };
