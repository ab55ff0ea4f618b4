/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the kernel says in sysfs about a block device, or about the one behind a file.
 */
#ifndef CONFORMANCE_SYSFS_H
#define CONFORMANCE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The block device that st is, or that its file system is on. */
dev_t sysfs_device(const struct stat *st);
/* The first line of queue/<attr>, also for a partition; false if there is none. */
bool sysfs_queue_text(dev_t dev, const char *attr, char *buf, size_t size);
/* The same as a number, or fallback. */
long long sysfs_queue_number(dev_t dev, const char *attr, long long fallback);
/* An attribute of the device itself (not of its queue) as a number, or fallback. */
long long sysfs_device_number(dev_t dev, const char *attr, long long fallback);
/* Whether a character device is the vhost-vdpa of a VDUSE process. */
bool sysfs_is_vduse(const struct stat *st);

#endif /* CONFORMANCE_SYSFS_H */
