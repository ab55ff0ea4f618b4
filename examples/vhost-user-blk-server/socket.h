/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Unix sockets.
 */
#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include <stdbool.h>

/* A listening socket at this path, where one that nobody listens at is replaced. -1 after a
 * message. */
int socket_listen(const char *path);
/* A client, or -1 if there is none after all. */
int socket_accept(int listen_fd);
/* Is this socket one that listens? -1 after a message if it is no stream socket. */
int socket_is_listening(int fd);
/* Limit the time of each send and receive. */
void socket_set_deadlines(int fd);

#endif /* SERVER_SOCKET_H */
