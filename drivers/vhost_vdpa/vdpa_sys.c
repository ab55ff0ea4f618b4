// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The real system calls of vdpa_sys.h.
 */
#include "drivers/vhost_vdpa/vdpa_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int sys_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void sys_close(int fd)
{
	close(fd);
}

static int sys_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static ssize_t sys_write(int fd, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = write(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

const struct vdpa_sys vdpa_sys_kernel = {
	.open = sys_open,
	.close = sys_close,
	.ioctl = sys_ioctl,
	.write = sys_write,
};
