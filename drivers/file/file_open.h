/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Opening what a driver's properties path and fd name.
 */
#ifndef DRIVERS_FILE_FILE_OPEN_H
#define DRIVERS_FILE_FILE_OPEN_H

/* 1 if path is set and fd is not, 0 if it is the other way round, else -EINVAL with a message. */
int file_by_path(const char *path, int fd);

/*
 * Open a file that exists, close-on-exec. Does not hang should the path be a pipe: O_NONBLOCK is
 * set, and to be cleared. Returns the fd or a negative errno with no message.
 */
int file_open(const char *path, int flags);

/*
 * With O_NONBLOCK the kernel would answer EAGAIN instead of waiting. `flags` are those of F_GETFL.
 * 0 or a negative errno with its message.
 */
int file_clear_nonblock(int fd, int flags);

/* A failed file_open() as a message, for which the driver has no better one. */
int file_open_error(int err, const char *path);

#endif
