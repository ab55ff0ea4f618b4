/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A server that runs in this process, and a client of it that sends whatever a test likes.
 */
#ifndef TESTS_SERVER_VU_CLIENT_H
#define TESTS_SERVER_VU_CLIENT_H

#include <pthread.h>

#include "examples/vhost-user-blk-server/server.h"
#include "tests/server/ring_driver.h"

struct vu_client {
	int fd; /* our end of the connection */
	char path[64], path_arg[96];
	struct options options;
	struct server server;
	pthread_t thread;
};

enum {
	VU_MAX_ARGS = 8
};

/* Start a server with these options (ends with NULL) and connect to it. */
struct vu_client *vu_start(const char *const *args);
/* Hang up, if that was not done, end the server, and look that it has closed everything. */
void vu_stop(struct vu_client *c);
/* One more connection, when the first one is over. */
void vu_connect(struct vu_client *c);

/* Send a message with its fds. */
void vu_send(struct vu_client *c, uint32_t request, uint32_t flags, const void *payload,
	     uint32_t size, const int *fds, unsigned int n_fds);
/* Receive an answer to that request. */
void vu_receive(struct vu_client *c, uint32_t request, struct vu_msg *m);
/* The server closes the connection. */
void vu_expect_hangup(struct vu_client *c);

/* A request with a number as its answer. */
uint64_t vu_get_u64(struct vu_client *c, uint32_t request);
/* A request that is acknowledged: what the acknowledgement says. Needs REPLY_ACK. */
uint64_t vu_ack(struct vu_client *c, uint32_t request, const void *payload, uint32_t size,
		const int *fds, unsigned int n_fds);
uint64_t vu_ack_u64(struct vu_client *c, uint32_t request, uint64_t value);
uint64_t vu_ack_state(struct vu_client *c, uint32_t request, uint32_t index, uint32_t num);

/* The record of what is in flight: its fd, and the message that gives it back. */
int vu_get_inflight(struct vu_client *c, struct vu_inflight *inflight);

/* Accept all features, but of those in `without` none. */
void vu_negotiate(struct vu_client *c, uint64_t without);
/* Share the driver's memory and start queue `index` with it. */
void vu_add_memory(struct vu_client *c, const struct ring_driver *rd);
void vu_start_ring(struct vu_client *c, const struct ring_driver *rd, uint32_t index, int kick_fd);

#endif
