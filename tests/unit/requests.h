/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every kind of request as a row, for tests that hold for all of them.
 */
#ifndef TESTS_UNIT_REQUESTS_H
#define TESTS_UNIT_REQUESTS_H

#include "lib/driver.h"

struct request_kind {
	enum blkio_op op;
	uint32_t flags; /* those that it allows */
	bool changes;   /* the device: refused when it is read-only */
	bool has_start;
	bool has_len; /* in bytes */
	bool has_iovcnt;
};

extern const struct request_kind request_kinds[BLKIO_NR_OPS];

/* The buffers and zones that request() names. */
extern char request_buf[4096];
extern struct iovec request_iov[1];
extern struct blkio_zone request_zones[1];

/* Queue a request of this kind; what it does not have is left out. */
void request(struct blkioq *q, enum blkio_op op, uint64_t start, uint64_t len, void *user_data,
	     uint32_t flags);

#endif
