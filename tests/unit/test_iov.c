// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/util/iov.h"

#include "tests/unit/unit.h"

static char buf[100];
static struct iovec iov[5];

/* 3, 0, 10, 0 and 7 bytes. */
static void set_up(void)
{
	const size_t lens[5] = { 3, 0, 10, 0, 7 };

	for (int i = 0, at = 0; i < 5; at += (int)lens[i++])
		iov[i] = (struct iovec) { buf + at, lens[i] };
}

START_TEST(the_bytes_of_all_are_summed)
{
	ck_assert_uint_eq(iov_bytes(iov, 5), 20);
	ck_assert_uint_eq(iov_bytes(iov, 2), 3);
	ck_assert_uint_eq(iov_bytes(iov, 0), 0);
}
END_TEST

START_TEST(a_sum_that_does_not_fit_saturates)
{
	iov[0].iov_len = SIZE_MAX;
	ck_assert_uint_eq(iov_bytes(iov, 2), UINT64_MAX);
	ck_assert_uint_eq(iov_bytes(iov, 5), UINT64_MAX);
	iov[2].iov_len = SIZE_MAX;
	iov[4].iov_len = 2;
	ck_assert_uint_eq(iov_bytes(iov, 5), UINT64_MAX);
}
END_TEST

/* Wherever it is cut in two, the next byte is the right one, and it is in a buffer. */
START_TEST(moving_on_comes_to_the_next_byte_that_is_left)
{
	for (size_t first = 0; first <= 20; first++) {
		for (size_t second = 0; first + second <= 20; second++) {
			const struct iovec *at = iov;
			uint32_t left = 5;
			size_t skip = 0;

			iov_advance(&at, &left, &skip, first);
			iov_advance(&at, &left, &skip, second);
			ck_assert_uint_eq(left == 0, first + second == 20);
			if (!left)
				continue;
			ck_assert_uint_lt(skip, at->iov_len);
			ck_assert_ptr_eq((char *)at->iov_base + skip, buf + first + second);
			ck_assert_ptr_eq(at + left, iov + 5);
		}
	}
}
END_TEST

static Suite *iov_suite(void)
{
	const TTest *const tests[] = {
		the_bytes_of_all_are_summed,
		a_sum_that_does_not_fit_saturates,
		moving_on_comes_to_the_next_byte_that_is_left,
	};

	return SUITE_WITH("iov", tests, set_up, NULL);
}

Suite *(*const test_suites[])(void) = { iov_suite, NULL };
