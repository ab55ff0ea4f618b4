/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The Unix socket of a vhost-user back-end: connect to it, or take one that is connected; bytes
 * with descriptors over it.
 */
#ifndef DRIVERS_VHOST_USER_VHOST_USER_SOCKET_H
#define DRIVERS_VHOST_USER_VHOST_USER_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "drivers/vhost_user/vhost_user_proto.h"

#define VHOST_USER_MAX_FDS VHOST_USER_MAX_TABLE

/* Connect to the socket at path. Returns the descriptor or -errno with a message. */
int vhost_user_socket_open(const char *path, int timeout_ms);
/* The same, but only if it can be done at once; no message. */
int vhost_user_socket_try(const char *path);
/* Whether fd is what vhost_user_socket_open() could have returned. 0 or -errno with a message. */
int vhost_user_socket_check(int fd);

/*
 * Receive what is there, at most len bytes, without blocking: how many, 0 at the end, or -errno.
 * Descriptors that come along are closed, except for one if `fd` points to a -1.
 */
ssize_t vhost_user_socket_receive(int socket, void *buf, size_t len, int *fd);
/* Send the bytes of two pieces, as many as fit, without blocking: how many, or -errno. */
ssize_t vhost_user_socket_send(int socket, const struct iovec iov[2], const int *fds,
			       unsigned int nr_fds);

#endif
