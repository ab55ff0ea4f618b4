/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A started fake instance and its queue, for tests of what the core does with requests.
 */
#ifndef TESTS_UNIT_QUEUE_FIXTURE_H
#define TESTS_UNIT_QUEUE_FIXTURE_H

#include "tests/fakes/fake_driver.h"
#include "tests/unit/unit.h"

#define MAX_COMPLETIONS 256

extern struct fake *f;
extern struct fake_queue *fq;
extern struct blkioq *q;
extern struct blkio_completion c[MAX_COMPLETIONS];

void queue_set_up(void);
void queue_tear_down(void);

/* n requests; their user_data counts from first on. */
void queue_reads(uintptr_t first, uintptr_t n);
/* Such that fail when they are queued; or, behind a backlog, when the driver sees them. */
void queue_bad(uintptr_t first, uintptr_t n);

/* The first n completions in c. */
void assert_tags(uintptr_t first, uintptr_t n);
/* do_io returns the next n, in order. */
void take(uintptr_t first, int n);
/* do_io only submits. */
void submit(void);

/* Events of the completion fd since the last call. */
uint64_t event_count(void);

#endif
