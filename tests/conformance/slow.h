/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A batch of requests that takes long enough to wait for, for tests of time limits and signals.
 */
#ifndef CONFORMANCE_SLOW_H
#define CONFORMANCE_SLOW_H

#include "device.h"

enum {
	SLOW_REQUESTS = 40,
	SLOW_ATTEMPTS = 5
};

/* Queue SLOW_REQUESTS synchronous writes and flushes. */
void slow_queue(struct device *d);
/* Take all of them; each completed once and well. */
void slow_finish(struct device *d);
/*
 * Queue a batch and call fn(d), which waits for all of it and is expected to return want, not
 * SLOW_REQUESTS. Where the device was too fast for that it is tried again; then the test is
 * skipped. The batch is still to be finished.
 */
void slow_expect(struct device *d, int (*fn)(struct device *d), int want);

#endif /* CONFORMANCE_SLOW_H */
