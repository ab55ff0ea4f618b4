// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See queue.h.
 */
#include "drivers/uring/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/util/align.h"

/* ---- life ---- */

int uring_queue_alloc(struct blkio *b, size_t size, const struct blkioq_ops *ops, bool poll,
		      struct uring_queue **up)
{
	struct uring_queue *u = aligned_alloc(64, align_up(size, 64));
	int ret;

	if (!u)
		return err_os(-ENOMEM, "cannot create a queue");
	memset(u, 0, size);
	u->again_tail = &u->again;
	ret = queue_init(&u->q, b, ops, poll);
	if (ret < 0)
		uring_queue_free(u);
	else
		*up = u;
	return ret;
}

/* As many requests as CQEs: then the completion queue cannot overflow. */
static int make_reqs(struct uring_queue *u)
{
	unsigned int n = u->ring.cq_entries;

	u->reqs = aligned_alloc(64, n * sizeof(*u->reqs));
	if (!u->reqs)
		return err_os(-ENOMEM, "cannot create a queue of %u requests", n);
	for (unsigned int i = 0; i < n; i++)
		u->reqs[i] = (struct uring_req) { .next = i + 1 < n ? &u->reqs[i + 1] : NULL };
	u->free = u->reqs;
	return 0;
}

int uring_queue_set_up(struct uring_queue *u, struct uring_pin_budget *budget, bool pin_all)
{
	uring_bufs_init(&u->bufs, &u->ring, u->q.b, budget, pin_all);
	return make_reqs(u);
}

bool uring_queue_end(struct uring_queue *u, int64_t deadline)
{
	unsigned int in_flight = u->q.in_flight;
	bool over = true;

	for (struct uring_req *req = u->again; req; req = req->next)
		in_flight--;
	if (in_flight)
		over = uring_drain(&u->ring, in_flight, deadline);
	uring_bufs_finish(&u->bufs);
	uring_finish(&u->ring);
	return over;
}

void uring_queue_free(struct uring_queue *u)
{
	queue_finish(&u->q);
	free(u->reqs);
	free(u);
}

/* ---- the data path ---- */

/* Next steps of requests, as many as the ring has room for. */
static cold void issue_again(struct uring_queue *u)
{
	while (u->again && !uring_is_full(&u->ring)) {
		struct uring_req *req = u->again;

		u->again = req->next;
		u->fill_step(u, req);
	}
	if (!u->again)
		u->again_tail = &u->again;
	else
		u->q.resubmit = true; /* the ring is full: do_io calls again */
}

int uring_queue_enter(struct blkioq *base, unsigned int want, struct blkio_wait *wait)
{
	struct uring_queue *u = to_uring_queue(base);

	if (unlikely(u->again)) {
		issue_again(u);
		if (u->again)
			want = 0; /* what is waited for may be among those not issued */
	}
	return uring_enter(&u->ring, want, wait);
}

void uring_queue_again(struct uring_queue *u, struct uring_req *req)
{
	req->next = NULL;
	*u->again_tail = req;
	u->again_tail = &req->next;
	u->q.resubmit = true;
}

bool uring_queue_ready(struct blkioq *base)
{
	struct uring_queue *u = to_uring_queue(base);

	return uring_cq_ready(&u->ring) || uring_kernel_has_work(&u->ring);
}

void uring_queue_set_notify(struct blkioq *q, bool enable)
{
	uring_set_notify(&to_uring_queue(q)->ring, enable);
}

/* ---- memory ---- */

typedef void bufs_change(struct uring_bufs *t, const struct mem_entry *entry);

static void change_bufs(const struct queue_set *set, bufs_change *change,
			const struct mem_entry *entry)
{
	for (int i = 0; i < set->len; i++) {
		if (set->queues[i])
			change(&to_uring_queue(set->queues[i])->bufs, entry);
	}
}

int uring_queues_map(struct blkio *b, struct mem_entry *entry)
{
	change_bufs(&b->queues, uring_bufs_add, entry);
	change_bufs(&b->poll_queues, uring_bufs_add, entry);
	return 0; /* registered or not, requests can use the memory */
}

void uring_queues_unmap(struct blkio *b, const struct mem_entry *entry)
{
	change_bufs(&b->queues, uring_bufs_remove, entry);
	change_bufs(&b->poll_queues, uring_bufs_remove, entry);
}
