/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A regular file or block device of the kernel, for every driver that serves one: its properties,
 * opening it, what it can do.
 */
#ifndef DRIVERS_FILE_FILE_H
#define DRIVERS_FILE_FILE_H

#include "drivers/file/file_info.h"
#include "lib/property.h"

/* Written over and over when a file system cannot make zeroes by itself. */
#define FILE_ZEROES_BYTES (256u << 10)

struct file_dev {
	char *path;
	int fd; /* ours from connect on; before it, what the application set */
	bool direct;
	struct file_info info;
	void *zeroes; /* FILE_ZEROES_BYTES that nobody writes; made in connect */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members cannot have any */
/* The property rows, for the driver's struct and its member of type struct file_dev. */
#define FILE_PROPS(strct, member)                                                                 \
	{ "path", BLKIO_PROP_STR, offsetof(strct, member.path), .set_until = BLKIO_CREATED,       \
	  .summary = "file or block device to open" },                                            \
		{ "fd",                                                                           \
		  BLKIO_PROP_INT,                                                                 \
		  offsetof(strct, member.fd),                                                     \
		  .def.i = -1,                                                                    \
		  .set_until = BLKIO_CREATED,                                                     \
		  .summary = "open file descriptor to use instead of path" },                     \
	{                                                                                         \
		"direct", BLKIO_PROP_BOOL, offsetof(strct, member.direct),                        \
			.set_until = BLKIO_CREATED, .summary = "bypass the page cache (O_DIRECT)" \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

/*
 * Open it and fill in b->limits. can_poll, which may be NULL, is asked whether requests can be
 * polled for where the device could. 0 or -errno; can be called again after a failure.
 */
int file_connect(struct blkio *b, struct file_dev *f, bool (*can_poll)(int fd));
int file_get_capacity(const struct file_dev *f, uint64_t *bytes);
void file_close(const struct blkio *b, struct file_dev *f);

/* The mode of fallocate(2) that makes zeroes there, or that discards. */
uint32_t file_zeroes_mode(const struct file_info *info, uint32_t flags);
uint32_t file_discard_mode(void);

#endif
