/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parts of the vhost-user transport, and what they share. Control calls come one at a time;
 * those of a queue's thread that finds the back-end gone are behind the same lock (virtio_blk.h).
 */
#ifndef DRIVERS_VHOST_USER_VHOST_USER_H
#define DRIVERS_VHOST_USER_VHOST_USER_H

#include "drivers/vhost_user/vhost_user_conn.h"
#include "drivers/vhost_user/vhost_user_watch.h"
#include "drivers/virtio/iova.h"
#include "drivers/virtio/virtio_blk.h"

/* Memory that the back-end knows. The caller may close its descriptor, so this one is ours. */
struct vhost_user_slot {
	struct vhost_user_region region;
	int fd;
};

struct vhost_user {
	struct virtio_blk vb;
	struct vhost_user_conn conn;
	struct vhost_user_watch watch;
	struct iova_space iovas;
	struct vhost_user_slot *slots;
	unsigned int nr_slots;
	unsigned int cap_slots;
	uint64_t protocol; /* features in use; 0 until they are negotiated */
	struct vhost_user_inflight inflight;
	int inflight_fd;    /* -1: the back-end keeps none, or was not asked yet */
	int64_t give_up_at; /* of the present outage */
	int connect_timeout_ms;
	int reconnect_timeout_ms;
	int socket_fd; /* property, until connect */
};

static inline struct vhost_user *to_vhost_user(struct virtio_blk *vb)
{
	return container_of(vb, struct vhost_user, vb);
}

static inline bool vhost_user_has(const struct vhost_user *vu, int protocol_feature)
{
	return vu->protocol >> protocol_feature & 1;
}

/* vhost_user_mem.c: ops of the transport. */
int vhost_user_map(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t *iova);
void vhost_user_unmap(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t iova);
int vhost_user_restore_memory(struct virtio_blk *vb);
void vhost_user_forget_memory(struct vhost_user *vu);

/* vhost_user_queue.c: ops of the transport. */
int vhost_user_setup_queue(struct virtio_blk *vb, struct virtio_queue_setup *s);
void vhost_user_stop_queue(struct virtio_blk *vb, uint16_t index);
/* The memory of requests in flight belongs to one life of the rings. */
void vhost_user_forget_inflight(struct vhost_user *vu);

#endif
