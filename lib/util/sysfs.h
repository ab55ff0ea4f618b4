/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Attributes in sysfs: small files of one line. What cannot be read has a default, since sysfs
 * need not be mounted.
 */
#ifndef LIB_UTIL_SYSFS_H
#define LIB_UTIL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The line in a file of an open directory, which may be -1; cut off if it does not fit. */
bool sysfs_read(int dir, const char *name, char *text, size_t size);
/* The decimal number in it. */
uint64_t sysfs_read_u64(int dir, const char *name, uint64_t otherwise);

#endif
