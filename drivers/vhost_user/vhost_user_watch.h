/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is watched while the device runs: whether the back-end is there, whether it has found a
 * queue to be wrong, and, while it is away, when to look for it again. All that is behind one epoll
 * descriptor, which stays the same when the connection is another.
 */
#ifndef DRIVERS_VHOST_USER_VHOST_USER_WATCH_H
#define DRIVERS_VHOST_USER_VHOST_USER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/vhost_user/vhost_user_proto.h"
#include "drivers/virtio/hangup.h"
#include "lib/util/signaller.h"

struct vhost_user_watch {
	int epoll_fd; /* has the socket and the next two; readable: something is to be done */
	int err_fd;   /* the back-end writes it when it gives a queue up; never read */
	int timer_fd; /* ticks during an outage */
	int news_fd;  /* readable when there is news for the application */
	bool over;    /* for good */
	struct hangup hangup;
	struct signaller signaller;                    /* of call_fds */
	int call_fds[VHOST_USER_VRING_INDEX_MASK + 1]; /* by queue; -1 */
};

void vhost_user_watch_init(struct vhost_user_watch *w);
int vhost_user_watch_open(struct vhost_user_watch *w, int socket);
void vhost_user_watch_close(struct vhost_user_watch *w);

/* An outage begins: no socket any more, ticks instead. */
void vhost_user_watch_outage(struct vhost_user_watch *w, int socket);
/* Nothing is left to be seen until the next tick, or the next end. */
void vhost_user_watch_rearm(struct vhost_user_watch *w);
/* The outage is over: this is the socket now. 0 or -errno. */
int vhost_user_watch_socket(struct vhost_user_watch *w, int socket);
/* Wake every queue. */
void vhost_user_watch_wake(struct vhost_user_watch *w);

/* From any thread; cheap. */
bool vhost_user_watch_is_over(const struct vhost_user_watch *w);
/* Whether it was the back-end that gave a queue up. */
bool vhost_user_watch_has_error(const struct vhost_user_watch *w);

/* The application has news to read, or has read it. */
void vhost_user_watch_tell(struct vhost_user_watch *w);
void vhost_user_watch_told(struct vhost_user_watch *w);

#endif
