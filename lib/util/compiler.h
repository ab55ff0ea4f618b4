/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Small words for the compiler.
 */
#ifndef LIB_UTIL_COMPILER_H
#define LIB_UTIL_COMPILER_H

#include <stddef.h>

/* For helpers that disappear once a constant argument is known. */
#define always_inline inline __attribute__((always_inline))

/* For what would take registers from the path around its call. */
#define out_of_line __attribute__((noinline))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define BLKIO_PUBLIC      __attribute__((visibility("default")))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* Kept out of line, so that the fast path around the call stays small. */
#define cold __attribute__((cold, noinline))

#define array_len(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that has `ptr` as its member. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
