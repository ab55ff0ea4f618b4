/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The server: what is exported, the threads, and the main thread's loop, which waits for
 * front-ends, their messages, signals and commands.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "blk.h"
#include "conn.h"
#include "options.h"
#include "worker.h"

struct control;

struct server {
	const struct options *options;
	struct backend backend; /* ops NULL: not open */
	struct blk blk;
	struct worker *workers;
	unsigned int n_workers;
	struct conn *conn; /* NULL: not made */
	int listen_fd;     /* -1: only the connection that was there at the start */
	int signal_fd;
	int fault_fd; /* the queue threads' word that a ring has broken */
	struct control *control;
	bool unlink_socket;
	bool quit;
};

/* The result of these is a status, see msg.h. server_finish() is right after any result. */
int server_init(struct server *s, const struct options *o);
int server_run(struct server *s);
void server_finish(struct server *s);

/* Give what is exported another size; 0: look how large it is now. 0 or -errno. */
int server_resize(struct server *s, uint64_t bytes);

#endif /* SERVER_SERVER_H */
