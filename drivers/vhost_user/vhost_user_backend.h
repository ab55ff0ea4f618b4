/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The channel on which a back-end has the first word (protocol feature BACKEND_REQ): it says that
 * its configuration has changed. Anything else it asks for is refused.
 */
#ifndef DRIVERS_VHOST_USER_VHOST_USER_BACKEND_H
#define DRIVERS_VHOST_USER_VHOST_USER_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/vhost_user/vhost_user_proto.h"

struct vhost_user_backend {
	int fd;       /* -1: there is no such channel */
	int news_fd;  /* an eventfd of somebody who wants to know of changes */
	bool changed; /* the configuration, since somebody took note of it */
	/* a message that has not come in full */
	unsigned char buf[sizeof(struct vhost_user_header) + VHOST_USER_MAX_BACKEND_PAYLOAD];
	size_t len;
};

/* Returns the descriptor that is to be sent to the back-end, or -errno with a message. */
int vhost_user_backend_open(struct vhost_user_backend *be, int news_fd);
void vhost_user_backend_close(struct vhost_user_backend *be);
/* Answer what has come, a bounded number of messages; never blocks. 0, or -EPROTO if it is none. */
int vhost_user_backend_serve(struct vhost_user_backend *be);

#endif
