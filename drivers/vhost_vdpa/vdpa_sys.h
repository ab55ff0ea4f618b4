/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The system calls of the vhost-vdpa driver, for tests to replace. All return -errno on failure.
 */
#ifndef DRIVERS_VHOST_VDPA_VDPA_SYS_H
#define DRIVERS_VHOST_VDPA_VDPA_SYS_H

#include <stddef.h>
#include <sys/types.h>

struct vdpa_sys {
	int (*open)(const char *path);
	void (*close)(int fd);
	int (*ioctl)(int fd, unsigned long request, void *arg);
	ssize_t (*write)(int fd, const void *buf, size_t len);
};

extern const struct vdpa_sys vdpa_sys_kernel;

#endif
