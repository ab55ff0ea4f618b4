/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rounding to powers of two, and to what an int can hold.
 */
#ifndef LIB_UTIL_ALIGN_H
#define LIB_UTIL_ALIGN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* The next multiple of `align`, a power of two. The caller knows that it does not overflow. */
static inline size_t align_up(size_t n, size_t align)
{
	return (n + align - 1) & ~(align - 1);
}

/* Limits are ints in the API; a greater one is as good as none. */
static inline int int_at_most(uint64_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

#endif
