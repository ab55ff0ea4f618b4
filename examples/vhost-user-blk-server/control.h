/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A socket for commands to the running server, one line each:
 *
 *   resize SIZE   what is exported gets this size, the front-end is told
 *   reload        look how large the file is now, as SIGUSR1
 *   status        one line about the server and its front-end
 *
 * The answer is a line too: "ok", "ok: text" or "error: text".
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <poll.h>

struct control;
struct server;

enum {
	CONTROL_MAX_FDS = 2
};

/* NULL after a message. */
struct control *control_create(const char *path, struct server *s);
void control_destroy(struct control *c);

/* What is to be polled for; the result is how many. c may be NULL. */
unsigned int control_fds(const struct control *c, struct pollfd *fds);
void control_handle(struct control *c, const struct pollfd *fds, unsigned int n);

#endif /* SERVER_CONTROL_H */
