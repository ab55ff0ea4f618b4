// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages on rings. All of them arrive while the queue threads are held.
 */
#include <fcntl.h>
#include <unistd.h>

#include "../common/msg.h"
#include "conn.h"

/* NULL after a message. */
static struct vring *find(struct conn *c, uint32_t index)
{
	if (index < c->config.num_queues)
		return &c->vring[index];
	msg_failed("message for queue %u, but there are %u", index, c->config.num_queues);
	return NULL;
}

/* Size, addresses and base do not change under a ring that runs. */
static struct vring *find_stopped(struct conn *c, uint32_t index)
{
	struct vring *vq = find(c, index);

	if (!vq || !vq->running)
		return vq;
	msg_failed("queue %u cannot be changed while it runs", index);
	return NULL;
}

/*
 * The protocol says that a ring starts with the first kick. Everyone, this server included, starts
 * it when it has all it needs: with a kick fd, or with the word that there will be no kicks.
 */
static enum conn_result start(struct conn *c, struct vring *vq)
{
	bool enabled = vq->enabled || !(c->features & BIT(F_PROTOCOL_FEATURES));
	const char *why;

	if (vq->running || !vq->has_addr || !vq->kicked || !enabled)
		return CONN_OK;
	why = vring_start(vq, c->features);
	if (why)
		msg_failed("queue %u cannot start: %s", vq->index, why);
	return why ? CONN_ERROR : CONN_OK;
}

enum conn_result conn_set_vring_num(struct conn *c, struct vu_msg *m)
{
	struct vring *vq = find_stopped(c, m->p.state.index);

	if (!vq)
		return CONN_ERROR;
	if (m->p.state.num == 0 || m->p.state.num > c->config.queue_size_max) {
		msg_failed("queue %u: a size of %u, but at most %u is possible", vq->index,
			   m->p.state.num, c->config.queue_size_max);
		return CONN_ERROR;
	}
	vq->num = m->p.state.num;
	return CONN_OK;
}

enum conn_result conn_set_vring_addr(struct conn *c, struct vu_msg *m)
{
	const struct vu_vring_addr *a = &m->p.addr;
	struct vring *vq = find(c, a->index);

	if (!vq)
		return CONN_ERROR;
	if (vq->running) /* the same again, to switch the dirty log, is fine */
		return vq->desc_user == a->desc && vq->driver_user == a->avail &&
				       vq->device_user == a->used
			       ? CONN_OK
			       : CONN_ERROR;
	vq->desc_user = a->desc;
	vq->driver_user = a->avail;
	vq->device_user = a->used;
	vq->has_addr = true;
	return start(c, vq);
}

enum conn_result conn_set_vring_base(struct conn *c, struct vu_msg *m)
{
	struct vring *vq = find_stopped(c, m->p.state.index);

	if (!vq)
		return CONN_ERROR;
	vq->base = m->p.state.num;
	return CONN_OK;
}

/* This is also how a ring is stopped. */
enum conn_result conn_get_vring_base(struct conn *c, struct vu_msg *m)
{
	struct vring *vq = find(c, m->p.state.index);

	if (!vq)
		return CONN_ERROR;
	conn_stop_ring(vq);
	vq->kicked = false;
	m->p.state.num = vq->base;
	return CONN_REPLY;
}

/* The ring's fd in the message; *fd is -1 if the message says that there is none. */
static struct vring *take_ring_fd(struct conn *c, struct vu_msg *m, int *fd)
{
	struct vring *vq = find(c, m->p.u64 & 0xff);
	bool none = m->p.u64 & VU_NO_FD;

	if (!vq)
		return NULL;
	if (m->n_fds != (none ? 0 : 1)) {
		msg_failed("queue %u: a message with %u file descriptors", vq->index, m->n_fds);
		return NULL;
	}
	*fd = none ? -1 : wire_take_fd(m, 0);
	/* A queue thread must never wait in a read or a write. */
	if (*fd >= 0)
		fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
	return vq;
}

static void replace_fd(int *to, int fd)
{
	if (*to >= 0)
		close(*to);
	*to = fd;
}

enum conn_result conn_set_vring_kick(struct conn *c, struct vu_msg *m)
{
	int fd;
	struct vring *vq = take_ring_fd(c, m, &fd);

	if (!vq)
		return CONN_ERROR;
	replace_fd(&vq->kick_fd, fd);
	vq->kicked = true;
	return start(c, vq);
}

enum conn_result conn_set_vring_call(struct conn *c, struct vu_msg *m)
{
	int fd;
	struct vring *vq = take_ring_fd(c, m, &fd);

	if (!vq)
		return CONN_ERROR;
	replace_fd(&vq->call_fd, fd);
	return CONN_OK;
}

enum conn_result conn_set_vring_err(struct conn *c, struct vu_msg *m)
{
	int fd;
	struct vring *vq = take_ring_fd(c, m, &fd);

	if (!vq)
		return CONN_ERROR;
	replace_fd(&vq->err_fd, fd);
	return CONN_OK;
}

enum conn_result conn_set_vring_enable(struct conn *c, struct vu_msg *m)
{
	struct vring *vq = find(c, m->p.state.index);

	if (!vq || m->p.state.num > 1)
		return CONN_ERROR;
	vq->enabled = m->p.state.num;
	if (vq->enabled)
		return start(c, vq);
	/* Enabled again, it goes on from here. */
	conn_stop_ring(vq);
	return CONN_OK;
}
