/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The system calls that reach a device, in one small table so that a test can put a device of
 * plain memory behind them. All return -errno instead of setting errno.
 */
#ifndef DRIVERS_VFIO_PCI_VFIO_SYS_H
#define DRIVERS_VFIO_PCI_VFIO_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vfio_sys {
	int (*open)(const char *path); /* read and write, close-on-exec */
	void (*close)(int fd);
	int (*ioctl)(int fd, unsigned long request, void *arg);
	ssize_t (*pread)(int fd, void *buf, size_t len, uint64_t offset);
	ssize_t (*pwrite)(int fd, const void *buf, size_t len, uint64_t offset);
	void *(*mmap)(int fd, size_t len, uint64_t offset); /* NULL when it fails */
	void (*munmap)(void *addr, size_t len);
};

extern const struct vfio_sys vfio_sys_kernel;

#endif
