/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A kernel in user space for one io_uring: it takes the SQEs, answers each at once with the result
 * that a test chooses, and notes them. The ring itself is a real one, that the real kernel
 * sees nothing of.
 *
 * A program that has it links with --wrap=io_uring_enter2. While fake_kernel.ring is NULL, calls
 * go to the real kernel.
 */
#ifndef TESTS_FAKES_FAKE_KERNEL_H
#define TESTS_FAKES_FAKE_KERNEL_H

#include "drivers/uring/ring.h"

#define FAKE_KERNEL_LOG 65536

struct fake_kernel {
	struct uring *ring;
	int (*answer)(const struct io_uring_sqe *sqe);
	uint64_t result;                          /* of a big CQE; answer may set it */
	struct io_uring_sqe log[FAKE_KERNEL_LOG]; /* of big ones the first half */
	unsigned int nr;
};

extern struct fake_kernel fake_kernel;

/* Answer for this ring from now on, with an empty log. */
void fake_kernel_attach(struct uring *ring, int (*answer)(const struct io_uring_sqe *sqe));

#endif
