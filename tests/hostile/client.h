/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An application, through the public API only, and the hostile back-end that it talks to.
 */
#ifndef TESTS_HOSTILE_CLIENT_H
#define TESTS_HOSTILE_CLIENT_H

#include <blkio.h>

#include "tests/fakes/fake_backend.h"

enum {
	MAX_DEPTH = 256,
	BUF_BYTES = 512,
	/* connect-timeout-ms, also the deadline of each message: where it expires, and elsewhere */
	TIMEOUT_MS = 300,
	PATIENCE_MS = 10000,
	GOES_WITHIN_MS = 4000, /* what must not wait for anybody, on a busy machine */
};

enum client_mode {
	MODE_BLOCKING,
	MODE_EVENTFD,
	MODE_POLLING,
	MODE_POLL_QUEUE,
	NR_MODES,
};

struct client {
	struct fake_backend backend;
	struct blkio *b;
	struct blkioq *q;
	struct blkio_mem_region region;
	enum client_mode mode;
	unsigned char done[MAX_DEPTH]; /* completions of each request */
};

/* A back-end with this script, and an instance with its path that is not connected yet. */
void client_init(struct client *c, const struct fake_script *script, enum client_mode mode);
/* The end of both, within seconds. */
void client_finish(struct client *c);

/* Start, with the first queue of the mode. 0 or what failed. */
int client_start(struct client *c);
/* Map a region of MAX_DEPTH buffers. */
int client_map(struct client *c);
/* Connect, start and map: none may fail. */
void client_run(struct client *c);

char *client_buf(struct client *c, unsigned int i);
/* Queue n reads, and submit them. */
void client_submit(struct client *c, unsigned int n);
/* Wait, as the mode does it, until n requests are complete: each fails, once, with a text. */
void client_expect_failures(struct client *c, unsigned int n, int code, const char *text);

/* The same, but each succeeds. */
void client_expect_success(struct client *c, unsigned int n);
/* Wait for the event fd, and take what event there is; of this type. */
struct blkio_event client_expect_event(struct client *c, int type);
void client_expect_no_event(struct client *c);

int64_t client_now_ms(void);

#endif
