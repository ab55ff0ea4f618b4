/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A guard against overwriting a block device that holds a mounted file system.
 */
#ifndef TOOLS_MOUNTED_H
#define TOOLS_MOUNTED_H

#include "instance.h"

/*
 * Refuse (STATUS_FAILED, with a message) a block device that is mounted, has a mounted partition,
 * or is claimed by swap, RAID or device mapper. The device is at path, or if that is empty, fd.
 */
int mounted_refuse(const char *path, int fd);
/* The same for an instance that is not connected yet. */
int mounted_refuse_instance(const struct instance *in);

#endif /* TOOLS_MOUNTED_H */
