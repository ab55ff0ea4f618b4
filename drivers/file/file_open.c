// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See file_open.h.
 */
#include "drivers/file/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "lib/error.h"

int file_by_path(const char *path, int fd)
{
	bool has_path = path && *path;

	if (has_path == (fd >= 0))
		return err_set(-EINVAL, has_path ? "path and fd are both set: only one can be"
						 : "path or fd must be set");
	return has_path;
}

int file_open(const char *path, int flags)
{
	int fd = open(path, O_CLOEXEC | O_NONBLOCK | flags);

	return fd < 0 ? -errno : fd;
}

int file_open_error(int err, const char *path)
{
	return err_os(err, err == -EMFILE ? "cannot open '%s' (see ulimit -n)" : "cannot open '%s'",
		      path);
}

int file_clear_nonblock(int fd, int flags)
{
	if (flags & O_NONBLOCK && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return err_os(-errno, "cannot clear O_NONBLOCK of file descriptor %d", fd);
	return 0;
}
