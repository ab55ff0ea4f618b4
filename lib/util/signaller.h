/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Signal an eventfd that somebody untrusted has as well.
 *
 * They share the open file: they can fill its counter and take O_NONBLOCK away, and write(2) would
 * hang. To look first is no help, since that can happen in between. The kernel itself, which
 * signals an eventfd when an asynchronous request completes (io_submit(2), IOCB_FLAG_RESFD), never
 * waits, and it takes one system call as write(2) does.
 */
#ifndef LIB_UTIL_SIGNALLER_H
#define LIB_UTIL_SIGNALLER_H

#include <linux/aio_abi.h>

struct signaller {
	aio_context_t ctx; /* 0: the kernel does not let us */
};

/* Cannot fail: where the kernel refuses a context, signals look first, then write. */
void signaller_init(struct signaller *s);
/* Of one that was set up, or of zeroes. */
void signaller_finish(struct signaller *s);

/* Add 1 to the counter; a full one stays as it is, it is readable anyhow. One thread at a time. */
void signaller_signal(const struct signaller *s, int eventfd);

#endif
