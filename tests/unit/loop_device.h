/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A loop device on a temporary file, where the machine lets us make one.
 */
#ifndef TESTS_UNIT_LOOP_DEVICE_H
#define TESTS_UNIT_LOOP_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct loop_device {
	int fd;
	char path[32];
};

/* False, and the test is counted as skipped, where that is not possible. */
bool loop_open(struct loop_device *loop, off_t bytes, int block_size);
void loop_close(struct loop_device *loop);

#endif
