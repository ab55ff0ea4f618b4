/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the kernel says of a file or block device: limits for requests, and what it can do.
 */
#ifndef DRIVERS_FILE_FILE_INFO_H
#define DRIVERS_FILE_FILE_INFO_H

#include "lib/core.h"

struct file_info {
	bool block_device;
	bool can_write_zeroes; /* block device: without zeroes being sent to it */
	bool can_poll;         /* the device, or the one below the file system, has poll queues */
	uint64_t zone_bytes;   /* of each zone of a zoned block device, else 0 */
	uint64_t zoned_bytes;  /* of all together; the last one may be shorter */
};

/*
 * Look at an open regular file or block device. Fills in info and those limits that depend on
 * the file. Returns 0 or a negative errno with its message set: -EISDIR for a directory,
 * -EINVAL for any other type.
 */
int file_info_read(int fd, bool direct, struct file_info *info, struct blkio_limits *limits);

/* The same check of the type for a path that is yet to be opened. */
int file_info_check_path(const char *path);

#endif
