/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Calls that fail on purpose: the n-th one of a group, and those behind it as long as that is
 * wanted. Only calls of our library count: IN_LIBRARY() is around them. A program that has it
 * links with --wrap of every call that failing.c has.
 */
#ifndef TESTS_FAKES_FAILING_H
#define TESTS_FAKES_FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum failing_group {
	FAIL_NOTHING,
	FAIL_ALLOC,  /* memory of the C library */
	FAIL_MEMORY, /* memory files and mappings */
	FAIL_FILE,   /* open and look at files */
	FAIL_EVENTFD,
	FAIL_SETUP,    /* make a ring */
	FAIL_REGISTER, /* and register things */
	FAIL_ENTER,    /* io_uring_enter: EAGAIN */
	FAIL_SIGNAL,   /* calls that a signal interrupts */
	FAIL_NR_GROUPS,
};

extern struct failing {
	enum failing_group group;
	int at;    /* the first that fails, from 1 */
	int most;  /* so many fail */
	int calls; /* of the group, so far */
	int failed;
	volatile bool in_library; /* the compiler thinks that free() does not look at it */
	long live_allocs;         /* whatever the group */
	long live_mapped_bytes;
} failing;

/* From now on calls of the group fail. */
void failing_arm(enum failing_group group, int at, int most);
/* From now on none does. */
void failing_disarm(void);

/* The value of a call of the library. */
#define IN_LIBRARY(call)                    \
	({                                  \
		__typeof__(call) value_;    \
		failing.in_library = true;  \
		value_ = (call);            \
		failing.in_library = false; \
		value_;                     \
	})

/* The same for a call without a value. */
#define IN_LIBRARY_DO(call) ((void)IN_LIBRARY(((call), 0)))

#endif
