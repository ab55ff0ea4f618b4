/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Assertions for loops that run a million times: check's own write to a pipe each time, these
 * only when they fail.
 */
#ifndef TESTS_FAKES_MUST_H
#define TESTS_FAKES_MUST_H

#include <check.h>

#define must(cond)                                                            \
	do {                                                                  \
		if (!(cond))                                                  \
			ck_abort_msg("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#define must_compare(a, op, b)                                                                   \
	do {                                                                                     \
		long long a_ = (long long)(a), b_ = (long long)(b);                              \
		if (!(a_ op b_))                                                                 \
			ck_abort_msg("%s:%d: %s " #op " %s: %lld, %lld", __FILE__, __LINE__, #a, \
				     #b, a_, b_);                                                \
	} while (0)

#define must_eq(a, b) must_compare(a, ==, b)
#define must_ne(a, b) must_compare(a, !=, b)
#define must_lt(a, b) must_compare(a, <, b)
#define must_le(a, b) must_compare(a, <=, b)
#define must_ge(a, b) must_compare(a, >=, b)

#endif
