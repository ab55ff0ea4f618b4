/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the unit tests share beyond tests/support: suites from arrays, files, file descriptors.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <blkio.h>
#include <errno.h>
#include <string.h>

#include "lib/util/compiler.h"
#include "tests/support/test.h"

/* A suite of `n` tests, each between set_up and tear_down (or NULL), for at most 30 seconds. */
Suite *suite_of(const char *name, const TTest *const *tests, size_t n, void (*set_up)(void),
		void (*tear_down)(void));

/* The same with each test run `loops` times, with _i from 0 on. */
Suite *suite_of_loops(const char *name, const TTest *const *tests, size_t n, int loops,
		      void (*set_up)(void), void (*tear_down)(void));

#define SUITE_WITH(name, tests, set_up, tear_down) \
	suite_of((name), (tests), array_len(tests), (set_up), (tear_down))
#define SUITE_OF(name, tests) SUITE_WITH(name, tests, NULL, NULL)

/* An open, unlinked file of this size in the directory for temporary files. */
int temp_file(off_t size);

int count_open_fds(void);

/* What an eventfd has counted; it starts again at 0. */
uint64_t count_events(int event_fd);

static inline void *tag(uintptr_t n)
{
	return (void *)n;
}

#endif
