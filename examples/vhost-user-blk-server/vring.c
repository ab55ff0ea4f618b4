// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What both ring formats share: start and stop, requests that wait to be due, errors.
 */
#include "vring.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/msg.h"
#include "blk.h"
#include "clock.h"

void vring_init(struct vring *vq, unsigned int index, const struct mem *mem, struct blk *blk)
{
	*vq = (struct vring) {
		.index = index,
		.mem = mem,
		.blk = blk,
		.ops = &vring_split_ops,
		.kick_fd = -1,
		.call_fd = -1,
		.err_fd = -1,
	};
}

void vring_reset(struct vring *vq)
{
	int fds[] = { vq->kick_fd, vq->call_fd, vq->err_fd };

	for (unsigned int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(vq->pending);
	vring_init(vq, vq->index, vq->mem, vq->blk);
}

static const char *resolve_split(struct vring *vq)
{
	uint64_t num = vq->num;

	if (num & (num - 1))
		return "the size of the ring is not a power of two";
	if (vq->desc_user % 16 || vq->driver_user % 2 || vq->device_user % 4)
		return "the ring is not aligned";
	/* With room for the event indexes, which are there whether they are used or not. */
	vq->desc = mem_user(vq->mem, vq->desc_user, num * sizeof(*vq->desc));
	vq->avail = mem_user(vq->mem, vq->driver_user, sizeof(*vq->avail) + num * 2 + 2);
	vq->used = mem_user(vq->mem, vq->device_user,
			    sizeof(*vq->used) + num * sizeof(*vq->used->ring) + 2);
	return NULL;
}

static const char *resolve_packed(struct vring *vq)
{
	if (vq->desc_user % 16 || vq->driver_user % 4 || vq->device_user % 4)
		return "the ring is not aligned";
	vq->ring = mem_user(vq->mem, vq->desc_user, vq->num * sizeof(*vq->ring));
	vq->driver_event = mem_user(vq->mem, vq->driver_user, sizeof(*vq->driver_event));
	vq->device_event = mem_user(vq->mem, vq->device_user, sizeof(*vq->device_event));
	return NULL;
}

const char *vring_resolve(struct vring *vq)
{
	const char *why = vq->ops == &vring_packed_ops ? resolve_packed(vq) : resolve_split(vq);

	if (!why && (!vq->desc || !vq->avail || !vq->used))
		why = "the ring lies outside of the shared memory";
	return why;
}

/*
 * Where to go on. A base says where the available and where the used requests of a packed ring
 * stand, but not all front-ends fill in the second half; both are the same here.
 */
static const char *set_position(struct vring *vq)
{
	uint32_t base = vq->base;

	vq->in_flight = 0;
	vq->unsignalled = 0;
	vq->avail_idx = (uint16_t)base;
	if (vq->ops == &vring_split_ops)
		return NULL; /* begin() reads the used index */
	if (vq->inflight && __atomic_load_n(&vq->inflight->valid, __ATOMIC_ACQUIRE))
		base = __atomic_load_n(&vq->inflight->base, __ATOMIC_RELAXED);
	vq->avail_idx = vq->used_idx = base & (PACKED_WRAP - 1);
	vq->avail_wrap = vq->used_wrap = base & PACKED_WRAP;
	return vq->avail_idx < vq->num ? NULL : "the base lies outside of the ring";
}

const char *vring_start(struct vring *vq, uint64_t features)
{
	const char *why;

	if (!vq->num)
		return "its size was not set";
	vq->ops = features & BIT(F_RING_PACKED) ? &vring_packed_ops : &vring_split_ops;
	vq->event_idx = features & BIT(F_EVENT_IDX);
	vq->indirect = features & BIT(F_INDIRECT_DESC);
	why = vring_resolve(vq);
	if (!why)
		why = set_position(vq);
	if (why)
		return why;
	if (vq->blk->delay_ns) {
		vq->pending = calloc(vq->num, sizeof(*vq->pending));
		if (!vq->pending)
			return "out of memory";
	}
	vq->running = true;
	vq->fresh = true;
	vq->broken = false;
	return NULL;
}

/* The first request in the queue of those that wait is used now. */
static void use_pending(struct vring *vq)
{
	const struct vring_pending *p = &vq->pending[vq->pending_head];

	vq->ops->put(vq, p->id, p->n_desc, p->len);
	vq->pending_head = (vq->pending_head + 1) % vq->num;
	vq->n_pending--;
}

static int use_what_is_due(struct vring *vq)
{
	uint64_t now_ns = clock_ns();
	int n = 0;

	for (; vq->n_pending && vq->pending[vq->pending_head].due_ns <= now_ns; n++)
		use_pending(vq);
	if (n)
		vq->ops->publish(vq);
	return n;
}

void vring_stop(struct vring *vq)
{
	if (!vq->running)
		return;
	if (!vq->broken && vq->n_pending) {
		while (vq->n_pending)
			use_pending(vq);
		vq->ops->publish(vq);
	}
	if (!vq->fresh)
		vq->base = vq->ops->base(vq);
	free(vq->pending);
	vq->pending = NULL;
	vq->pending_head = vq->n_pending = 0;
	vq->running = false;
}

int vring_serve(struct vring *vq, struct chain *c)
{
	int n = 0;

	if (unlikely(vq->fresh)) {
		vq->fresh = false;
		vq->ops->begin(vq);
	}
	if (unlikely(vq->n_pending))
		n = use_what_is_due(vq);
	return n + vq->ops->serve(vq, c);
}

uint64_t vring_due_ns(const struct vring *vq)
{
	return vq->n_pending ? vq->pending[vq->pending_head].due_ns : 0;
}

static void wait_until_due(struct vring *vq, const struct chain *c, uint32_t len)
{
	vq->pending[(vq->pending_head + vq->n_pending++) % vq->num] = (struct vring_pending) {
		.due_ns = clock_ns() + vq->blk->delay_ns,
		.len = len,
		.id = c->id,
		.n_desc = c->n_desc,
	};
}

bool vring_execute(struct vring *vq, struct chain *c)
{
	uint32_t len;
	const char *why = blk_execute(vq->blk, c, &len);

	if (unlikely(why))
		return vring_break(vq, "%s", why);
	if (unlikely(vq->pending))
		wait_until_due(vq, c, len);
	else
		vq->ops->put(vq, c->id, c->n_desc, len);
	return true;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	/* The fd does not block; if it is full, the other side has not looked at it yet. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void vring_call(struct vring *vq)
{
	signal_fd(vq->call_fd);
}

bool vring_break(struct vring *vq, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	msg_failed("queue %u: %s", vq->index, text);
	vq->broken = true;
	signal_fd(vq->err_fd);
	return false;
}

const void *vring_indirect(struct vring *vq, struct chain *c, uint64_t addr, uint32_t len,
			   uint32_t *n)
{
	uint64_t part = len;
	const void *table;

	if (!vq->indirect) {
		vring_break(vq, "an indirect descriptor, although that was not negotiated");
		return NULL;
	}
	if (len == 0 || len % sizeof(struct split_desc) ||
	    len > CHAIN_MAX_IOV * sizeof(struct split_desc)) {
		vring_break(vq, "an indirect table of %u bytes", len);
		return NULL;
	}
	table = mem_guest(vq->mem, &c->hint_out, addr, &part);
	if (!table || part != len || addr % sizeof(struct split_desc)) {
		vring_break(vq, "an indirect table is not aligned or not in one memory region");
		return NULL;
	}
	*n = len / sizeof(struct split_desc);
	return table;
}
