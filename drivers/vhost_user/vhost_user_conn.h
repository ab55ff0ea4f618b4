/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The control channel to a vhost-user back-end: messages over a Unix socket, each with a deadline.
 *
 * The back-end is not trusted (HARDENING 12): headers, sizes and surplus descriptors of its answers
 * are checked. After an error the connection is of no more use, and `dead` says so.
 */
#ifndef DRIVERS_VHOST_USER_VHOST_USER_CONN_H
#define DRIVERS_VHOST_USER_VHOST_USER_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/vhost_user/vhost_user_backend.h"
#include "drivers/vhost_user/vhost_user_proto.h"

struct vhost_user_conn {
	int fd; /* -1: not connected */
	int timeout_ms;
	bool reply_ack; /* negotiated: every message can be answered */
	bool dead;
	struct vhost_user_backend backend; /* served while we wait: it may wait for us */
};

/* fd is a connected socket, ours from now on. */
void vhost_user_conn_init(struct vhost_user_conn *c, int fd, int timeout_ms);
/* The end of it, for the back-end as well; the descriptor stays until it is closed. */
void vhost_user_conn_kill(struct vhost_user_conn *c);
void vhost_user_conn_close(struct vhost_user_conn *c);

/* Send a message; fds are nr_fds descriptors that go along. With REPLY_ACK its success is awaited.
 */
int vhost_user_send(struct vhost_user_conn *c, enum vhost_user_request request, const void *payload,
		    size_t bytes, const int *fds, unsigned int nr_fds);

/* Send a message and receive its answer, which must have exactly the expected size. */
int vhost_user_ask(struct vhost_user_conn *c, enum vhost_user_request request, const void *payload,
		   size_t bytes, void *answer, size_t answer_bytes);
/* The same, with a descriptor in the answer: -1 if none came. */
int vhost_user_ask_fd(struct vhost_user_conn *c, enum vhost_user_request request,
		      const void *payload, size_t bytes, void *answer, size_t answer_bytes,
		      int *fd);

/* Take note of what the back-end has said on its own channel; never blocks. */
void vhost_user_conn_serve(struct vhost_user_conn *c);

#endif
