// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See queue_fixture.h.
 */
#include "tests/unit/queue_fixture.h"

struct fake *f;
struct fake_queue *fq;
struct blkioq *q;
struct blkio_completion c[MAX_COMPLETIONS];

void queue_set_up(void)
{
	f = fake_start(&fq);
	q = &fq->q;
}

void queue_tear_down(void)
{
	fake_destroy(f);
}

void queue_reads(uintptr_t first, uintptr_t n)
{
	for (uintptr_t i = first; i < first + n; i++)
		blkioq_read(q, 0, NULL, 0, tag(i), 0);
}

void queue_bad(uintptr_t first, uintptr_t n)
{
	for (uintptr_t i = first; i < first + n; i++)
		blkioq_read(q, FAKE_BAD_START, NULL, 0, tag(i), 0);
}

void assert_tags(uintptr_t first, uintptr_t n)
{
	for (uintptr_t i = 0; i < n; i++)
		ck_assert_ptr_eq(c[i].user_data, tag(first + i));
}

void take(uintptr_t first, int n)
{
	ck_assert_int_eq(blkioq_do_io(q, c, n, n, NULL), n);
	assert_tags(first, (uintptr_t)n);
}

void submit(void)
{
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
}

uint64_t event_count(void)
{
	return count_events(blkioq_get_completion_fd(q));
}
