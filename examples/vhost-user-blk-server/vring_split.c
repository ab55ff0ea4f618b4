// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Split rings.
 */
#include "blk.h"
#include "vring.h"

enum {
	KICK_REFRESH = 1 << 14, /* see split_keep_quiet() */
	PREFETCH_AHEAD = 4,     /* requests, see prefetch_request() */
};

static uint16_t *used_event(struct vring *vq)
{
	return &vq->avail->ring[vq->num];
}

static uint16_t *avail_event(struct vring *vq)
{
	return (uint16_t *)(void *)&vq->used->ring[vq->num];
}

static void write_kick_idx(struct vring *vq, uint16_t idx)
{
	vq->kick_idx = idx;
	shared_write(avail_event(vq), idx);
}

static void split_disable_kicks(struct vring *vq)
{
	if (!vq->event_idx)
		shared_write(&vq->used->flags, USED_F_NO_NOTIFY);
}

static void split_begin(struct vring *vq)
{
	vq->used_idx = vq->signalled_idx = shared_read(&vq->used->idx);
	/* Requests are used in order, so those that were taken but not used before a crash are
	 * those behind the used index. A front-end that kept our record wants them done. */
	if (vq->inflight)
		vq->avail_idx = vq->used_idx;
	if (vq->event_idx)
		write_kick_idx(vq, (uint16_t)(vq->avail_idx - 1));
	else
		shared_write(&vq->used->flags, USED_F_NO_NOTIFY);
}

/*
 * With event indexes, a kick comes when the available index passes kick_idx. The place behind us
 * is passed again only after 2^16 requests, so move it along in time.
 */
static void split_keep_quiet(struct vring *vq)
{
	if (vq->event_idx && (uint16_t)(vq->avail_idx - vq->kick_idx) > KICK_REFRESH)
		write_kick_idx(vq, (uint16_t)(vq->avail_idx - 1));
}

static bool split_enable_kicks(struct vring *vq)
{
	if (vq->event_idx)
		write_kick_idx(vq, vq->avail_idx);
	else
		shared_write(&vq->used->flags, 0);
	store_before_load();
	return shared_read(&vq->avail->idx) != vq->avail_idx;
}

static void split_put(struct vring *vq, uint16_t id, uint16_t n_desc, uint32_t len)
{
	struct split_used_elem *elem = &vq->used->ring[vq->used_idx & (vq->num - 1)];

	(void)n_desc;
	elem->id = htole32(id);
	elem->len = htole32(len);
	vq->used_idx++;
}

static void split_publish(struct vring *vq)
{
	bool wanted;

	shared_write_release(&vq->used->idx, vq->used_idx);
	store_before_load();
	if (vq->event_idx)
		wanted = vring_need_event(shared_read(used_event(vq)), vq->used_idx,
					  vq->signalled_idx);
	else
		wanted = !(shared_read(&vq->avail->flags) & AVAIL_F_NO_INTERRUPT);
	vq->signalled_idx = vq->used_idx;
	if (wanted)
		vring_call(vq);
}

/* A copy: the front-end could change the descriptor while we look at it. */
static struct split_desc copy_desc(const struct split_desc *shared)
{
	struct split_desc d;

	d.addr = le64toh(__atomic_load_n(&shared->addr, __ATOMIC_RELAXED));
	d.len = le32toh(__atomic_load_n(&shared->len, __ATOMIC_RELAXED));
	d.flags = shared_read(&shared->flags);
	d.next = shared_read(&shared->next);
	return d;
}

/* The table behind an indirect descriptor: it has its own links and ends the chain. */
static bool split_indirect(struct vring *vq, struct chain *c, const struct split_desc *head)
{
	const struct split_desc *table;
	struct split_desc d;
	uint32_t n, i = 0, seen = 0;
	const char *why;

	if (head->flags & DESC_F_NEXT)
		return vring_break(vq, "an indirect descriptor has a next one");
	table = vring_indirect(vq, c, head->addr, head->len, &n);
	if (!table)
		return false;
	do {
		if (seen++ == n)
			return vring_break(vq, "the links of an indirect table form a loop");
		if (i >= n)
			return vring_break(vq, "link to descriptor %u of an indirect table of %u",
					   i, n);
		d = copy_desc(&table[i]);
		if (d.flags & DESC_F_INDIRECT)
			return vring_break(vq, "an indirect table within another");
		why = chain_add(c, vq->mem, d.addr, d.len, d.flags);
		if (why)
			return vring_break(vq, "%s", why);
		i = d.next;
	} while (d.flags & DESC_F_NEXT);
	return true;
}

/* Collect the buffers of the request that starts at descriptor `head`, which is in range. */
static bool split_collect(struct vring *vq, struct chain *c, uint16_t head)
{
	struct split_desc d;
	uint32_t i = head, seen = 0;
	const char *why;

	chain_start(c);
	c->id = head;
	c->n_desc = 1;
	do {
		if (unlikely(seen++ == vq->num))
			return vring_break(vq, "the links of the descriptors form a loop");
		if (unlikely(i >= vq->num))
			return vring_break(vq, "link to descriptor %u of %u", i, vq->num);
		d = copy_desc(&vq->desc[i]);
		if (d.flags & DESC_F_INDIRECT)
			return split_indirect(vq, c, &d);
		why = chain_add(c, vq->mem, d.addr, d.len, d.flags);
		if (unlikely(why))
			return vring_break(vq, "%s", why);
		i = d.next;
	} while (d.flags & DESC_F_NEXT);
	return true;
}

/* How many requests to serve now; -1 if the index makes no sense. */
static int split_available(struct vring *vq)
{
	uint16_t idx = shared_read_acquire(&vq->avail->idx);
	uint16_t n = (uint16_t)(idx - vq->avail_idx);

	if (likely(n == 0))
		return 0;
	if (unlikely(n > vq->num || (uint16_t)(idx - vq->used_idx) > vq->num)) {
		vring_break(vq,
			    "available index %u, but %u were taken, %u used, and the ring has %u",
			    idx, vq->avail_idx, vq->used_idx, vq->num);
		return -1;
	}
	return n < VRING_BATCH ? n : VRING_BATCH;
}

/*
 * The front-end's processor has just written all this, so each first look at it is a cache miss.
 * Several misses at once take hardly longer than one: ask for the first buffer (the header, or an
 * indirect table) of a request that is a few places away.
 */
static void prefetch_request(struct vring *vq, struct chain *c, uint16_t head)
{
	uint64_t addr = le64toh(__atomic_load_n(&vq->desc[head].addr, __ATOMIC_RELAXED));
	uint64_t len = 1;
	uint8_t *first = mem_guest(vq->mem, &c->hint_out, addr, &len);

	if (first)
		__builtin_prefetch(first, 1);
}

static int split_serve(struct vring *vq, struct chain *c)
{
	uint16_t head[VRING_BATCH];
	int n = split_available(vq);

	if (n <= 0)
		return n < 0;
	for (int i = 0; i < n; i++) {
		head[i] = shared_read(&vq->avail->ring[vq->avail_idx++ & (vq->num - 1)]);
		if (unlikely(head[i] >= vq->num)) {
			vring_break(vq, "descriptor %u is available, but there are %u", head[i],
				    vq->num);
			n = i;
			break;
		}
		__builtin_prefetch(&vq->desc[head[i]]);
	}
	for (int i = 0; i < PREFETCH_AHEAD && i < n; i++)
		prefetch_request(vq, c, head[i]);
	for (int i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			prefetch_request(vq, c, head[i + PREFETCH_AHEAD]);
		if (unlikely(!split_collect(vq, c, head[i]) || !vring_execute(vq, c)))
			break;
	}
	split_keep_quiet(vq);
	if (likely(!vq->pending))
		split_publish(vq);
	return n;
}

static uint32_t split_base(const struct vring *vq)
{
	return vq->avail_idx;
}

const struct vring_ops vring_split_ops = {
	.begin = split_begin,
	.serve = split_serve,
	.put = split_put,
	.publish = split_publish,
	.enable_kicks = split_enable_kicks,
	.disable_kicks = split_disable_kicks,
	.base = split_base,
};
