// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The queues of a vhost-user back-end: it is told where each is, and starts and stops it.
 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user.h"
#include "lib/error.h"

static int send_state(struct vhost_user *vu, enum vhost_user_request request, uint32_t index,
		      uint32_t num)
{
	const struct vhost_user_vring_state s = { index, num };

	return vhost_user_send(&vu->conn, request, &s, sizeof(s), NULL, 0);
}

static int send_fd(struct vhost_user *vu, enum vhost_user_request request, uint32_t index, int fd)
{
	uint64_t payload = fd < 0 ? index | VHOST_USER_VRING_NO_FD : index;

	return vhost_user_send(&vu->conn, request, &payload, sizeof(payload), &fd, fd < 0 ? 0 : 1);
}

/* ---- requests in flight ---- */

void vhost_user_forget_inflight(struct vhost_user *vu)
{
	if (vu->inflight_fd >= 0)
		close(vu->inflight_fd);
	vu->inflight_fd = -1;
	vu->inflight = (struct vhost_user_inflight) { 0 };
}

/*
 * Memory in which a back-end notes what it is at, for its next life to go on with. We keep it and
 * hand it back, and do not look into it. A connection that is restored has new rings and so needs
 * new notes: the old ones speak of descriptors that are no more.
 */
static int setup_inflight(struct vhost_user *vu)
{
	const struct blkio *b = &vu->vb.b;
	struct vhost_user_inflight *i = &vu->inflight;
	int ret;

	*i = (struct vhost_user_inflight) {
		.num_queues = (uint16_t)(b->num_queues + b->num_poll_queues),
		.queue_size = (uint16_t)vu->vb.queue_size,
	};
	ret = vhost_user_ask_fd(&vu->conn, VHOST_USER_GET_INFLIGHT_FD, i, sizeof(*i), i, sizeof(*i),
				&vu->inflight_fd);
	if (ret < 0 || !i->mmap_size)
		return ret; /* it does not want any */
	if (vu->inflight_fd < 0)
		return err_set(-EPROTO,
			       "the back-end has %" PRIu64 " bytes of requests in flight, but "
			       "its answer to GET_INFLIGHT_FD has no descriptor",
			       i->mmap_size);
	i->num_queues = (uint16_t)(b->num_queues + b->num_poll_queues);
	i->queue_size = (uint16_t)vu->vb.queue_size;
	return vhost_user_send(&vu->conn, VHOST_USER_SET_INFLIGHT_FD, i, sizeof(*i),
			       &vu->inflight_fd, 1);
}

/* ---- set up and stop ---- */

/* A packed ring has positions here, both with the wrap counter 1. */
static uint32_t first_base(const struct virtio_blk *vb)
{
	return vblk_has(vb, VIRTIO_F_RING_PACKED) ? 0x80008000 : 0;
}

int vhost_user_setup_queue(struct virtio_blk *vb, struct virtio_queue_setup *s)
{
	struct vhost_user *vu = to_vhost_user(vb);
	const struct vhost_user_vring_addr addr = {
		.index = s->index,
		.desc = s->desc,
		.used = s->device,
		.avail = s->driver,
	};
	int ret = 0;

	vu->watch.call_fds[s->index] = s->call_fd;
	if (vhost_user_has(vu, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD) && !vu->inflight.num_queues)
		ret = setup_inflight(vu);
	if (ret == 0)
		ret = send_state(vu, VHOST_USER_SET_VRING_NUM, s->index, s->size);
	if (ret == 0)
		ret = send_state(vu, VHOST_USER_SET_VRING_BASE, s->index, first_base(vb));
	if (ret == 0)
		ret = vhost_user_send(&vu->conn, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr),
				      NULL, 0);
	if (ret == 0)
		ret = send_fd(vu, VHOST_USER_SET_VRING_CALL, s->index, s->call_fd);
	if (ret == 0)
		ret = send_fd(vu, VHOST_USER_SET_VRING_ERR, s->index, vu->watch.err_fd);
	if (ret == 0)
		ret = send_fd(vu, VHOST_USER_SET_VRING_KICK, s->index, s->kick_fd);
	if (ret == 0)
		ret = send_state(vu, VHOST_USER_SET_VRING_ENABLE, s->index, 1);
	return ret;
}

void vhost_user_stop_queue(struct virtio_blk *vb, uint16_t index)
{
	struct vhost_user *vu = to_vhost_user(vb);
	const struct vhost_user_vring_state s = { .index = index };
	struct vhost_user_vring_state answer;

	vu->watch.call_fds[index] = -1;
	vhost_user_forget_inflight(vu); /* the next start is one with other rings */
	if (vu->conn.dead || vhost_user_watch_is_over(&vu->watch))
		return;
	if (send_state(vu, VHOST_USER_SET_VRING_ENABLE, index, 0) == 0)
		(void)vhost_user_ask(&vu->conn, VHOST_USER_GET_VRING_BASE, &s, sizeof(s), &answer,
				     sizeof(answer));
}
