/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a vDPA device tells by eventfd: a changed configuration, which is also how it says that it
 * needs a reset, and an error of a queue.
 */
#ifndef DRIVERS_VHOST_VDPA_VHOST_VDPA_WATCH_H
#define DRIVERS_VHOST_VDPA_VHOST_VDPA_WATCH_H

#include <pthread.h>

#include "drivers/vhost_vdpa/vdpa_dev.h"
#include "drivers/virtio/hangup.h"

#define VDPA_WATCHED_QUEUES 256 /* more are simply not told */

struct vdpa_watch {
	struct vdpa_dev *dev;
	int epoll_fd; /* has the next two */
	int config_fd;
	int err_fd;     /* never read: an error stays */
	int changed_fd; /* readable while changed is set */
	bool changed;
	bool gone;
	struct hangup hangup;              /* of epoll_fd */
	pthread_mutex_t lock;              /* of who looks */
	int call_fds[VDPA_WATCHED_QUEUES]; /* by queue; -1 */
};

void vdpa_watch_init(struct vdpa_watch *w, struct vdpa_dev *dev);
int vdpa_watch_open(struct vdpa_watch *w);
void vdpa_watch_close(struct vdpa_watch *w);

/* The queue's eventfd; -1 when the queue goes. */
void vdpa_watch_set_queue(struct vdpa_watch *w, unsigned int index, int call_fd);

/* From any thread; cheap, and asks the device only when it has something to say. */
bool vdpa_watch_is_alive(struct vdpa_watch *w);
/* Whether the configuration has changed since the last call. */
bool vdpa_watch_take_changed(struct vdpa_watch *w);

#endif
