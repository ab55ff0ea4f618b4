/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A ring of its own, without a driver, and pipes to make requests that wait.
 */
#ifndef TESTS_UNIT_RING_FIXTURE_H
#define TESTS_UNIT_RING_FIXTURE_H

#include "drivers/uring/ring.h"
#include "tests/unit/unit.h"

struct ring_fixture {
	struct uring r;
	struct uring_config config;
	int file;
	int event_fd;
	int pipe[2];
};

/* A small ring without any promise, such as instances have by default. */
extern const struct uring_config plain_config;

/* Whether there is io_uring here; if not, the test is counted as skipped. */
bool have_io_uring(void);

/* The files of a fixture, without a ring; ring_close() ends them and the ring, if there is one. */
void ring_open_files(struct ring_fixture *x);
void ring_close(struct ring_fixture *x);

/* Fill an SQE with a read of a byte of fd into a buffer that nobody looks at. */
void ring_read(struct ring_fixture *x, int fd, uint64_t user_data);
/* Submit, wait for n CQEs and discard them: their results have to be `res`. */
void ring_reap(struct ring_fixture *x, unsigned int n, int res);
/* A whole read of a byte of the file, to see that the ring works. */
void ring_works(struct ring_fixture *x);

#endif
