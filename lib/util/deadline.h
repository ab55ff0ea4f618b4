/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Points in time on CLOCK_MONOTONIC, in nanoseconds. Every sum saturates, so that a timeout of
 * LONG_MAX seconds is simply never reached.
 */
#ifndef LIB_UTIL_DEADLINE_H
#define LIB_UTIL_DEADLINE_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S      1000000000LL
#define DEADLINE_NONE INT64_MAX

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* A valid, non-negative timespec as nanoseconds. */
static inline int64_t timespec_to_ns(const struct timespec *ts)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)ts->tv_sec, NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)ts->tv_nsec, &ns))
		return INT64_MAX;
	return ns;
}

static inline int64_t deadline_after_ns(int64_t ns)
{
	int64_t deadline;

	if (__builtin_add_overflow(now_ns(), ns, &deadline))
		return DEADLINE_NONE;
	return deadline;
}

/* Nanoseconds from now to the deadline, at least 0. */
static inline int64_t deadline_left_ns(int64_t deadline)
{
	int64_t left = deadline - now_ns();

	return left > 0 ? left : 0;
}

#endif
