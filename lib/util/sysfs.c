// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See sysfs.h.
 */
#include "lib/util/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util/cleanup.h"

bool sysfs_read(int dir, const char *name, char *text, size_t size)
{
	autoclose int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

uint64_t sysfs_read_u64(int dir, const char *name, uint64_t otherwise)
{
	char text[32], *end;
	uint64_t value;

	if (!sysfs_read(dir, name, text, sizeof(text)))
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno || *end || end == text ? otherwise : value;
}
