/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scoped cleanup: what dies with the function, and how to hand it on.
 */
#ifndef LIB_UTIL_CLEANUP_H
#define LIB_UTIL_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_free(void *pp)
{
	free(*(void **)pp);
}

/* The fd is closed, or the memory freed, when the variable goes out of scope; errno survives. */
#define autoclose __attribute__((cleanup(cleanup_close)))
#define autofree  __attribute__((cleanup(cleanup_free)))

/* Hand the fd on to the caller: from now on it is not closed here. */
static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
