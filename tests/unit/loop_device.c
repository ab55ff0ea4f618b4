// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See loop_device.h.
 */
#include "tests/unit/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* Somebody else may take the free device first. */
#define ATTEMPTS 20

/* Configure the first free loop device; an fd or -errno. */
static int try_open(struct loop_device *loop, struct loop_config *config)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	int err = errno;

	if (control >= 0)
		close(control);
	if (number < 0)
		return -err;
	snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", number);
	loop->fd = open(loop->path, O_RDWR | O_CLOEXEC);
	if (loop->fd < 0)
		return -errno;
	if (ioctl(loop->fd, LOOP_CONFIGURE, config) == 0)
		return 0;
	err = errno;
	close(loop->fd);
	return -err;
}

bool loop_open(struct loop_device *loop, off_t bytes, int block_size)
{
	struct loop_config config = {
		.fd = (__u32)temp_file(bytes),
		.block_size = (__u32)block_size,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int ret = -EBUSY;

	for (int i = 0; i < ATTEMPTS && ret == -EBUSY; i++)
		ret = try_open(loop, &config);
	close((int)config.fd);
	if (ret < 0)
		test_skip("no loop device can be made: %s", strerror(-ret));
	return ret == 0;
}

void loop_close(struct loop_device *loop)
{
	close(loop->fd);
}
