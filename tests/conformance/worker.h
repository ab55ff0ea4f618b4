/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A process that runs tests, one after another: the end of a process takes longer than a short
 * test. What it does not survive is a failure of the one test that it was running; the next gets a
 * new process.
 */
#ifndef CONFORMANCE_WORKER_H
#define CONFORMANCE_WORKER_H

#include <stdbool.h>

#include "harness.h"

enum {
	WORKER_HUNG = -1, /* in place of a wait status: it had to be killed */
};

/*
 * Run fn, in a new process if there is none. 0: it returned. Else it did not: the status that
 * waitpid(2) has for a process that it would have been, or WORKER_HUNG.
 */
int worker_run(void (*fn)(enum io_mode mode), enum io_mode mode);
/* Let the process end, if there is one; its wait status, or WORKER_HUNG. */
int worker_end(void);

/* In a test: leave it with this exit status. If it leaves files open or threads, the process ends.
 */
void worker_leave_test(int status) __attribute__((noreturn));

#endif /* CONFORMANCE_WORKER_H */
