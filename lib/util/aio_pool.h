/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Contexts of the kernel's asynchronous I/O (io_setup(2)), used again and again.
 *
 * io_destroy(2) waits for all processors, some 25 ms. So a process keeps a few contexts that nobody
 * uses for whoever comes next. Any thread may call these functions.
 */
#ifndef LIB_UTIL_AIO_POOL_H
#define LIB_UTIL_AIO_POOL_H

#include <linux/aio_abi.h>

/* A context for nr requests at a time, with no events in it; 0 if the kernel has none for us. */
aio_context_t aio_pool_get(unsigned int nr);
/* Give it back: of as many requests, and none of them in flight. */
void aio_pool_put(aio_context_t ctx, unsigned int nr);

#endif
