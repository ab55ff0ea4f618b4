/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Notice that a device has gone (a socket was closed by its other end, an eventfd was signalled)
 * without a thread and without a system call for looking: the kernel's asynchronous poll
 * (io_submit(2), IOCB_CMD_POLL) makes an eventfd readable and moves a number in memory that we can
 * see.
 */
#ifndef DRIVERS_VIRTIO_HANGUP_H
#define DRIVERS_VIRTIO_HANGUP_H

#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdbool.h>

struct hangup {
	aio_context_t ctx;    /* 0: the kernel does not let us */
	struct iocb *polls;   /* those in flight have a kind, IOCB_CMD_POLL */
	pthread_mutex_t lock; /* of polls */
	int fd;
	short events; /* of poll(2) that mean the end */
};

/* Watch for any of `events`. Where that is not possible hangup_is_over() asks with poll(2). */
void hangup_init(struct hangup *h, int fd, short events);
/* Of one that was set up, or of zeroes. */
void hangup_finish(struct hangup *h);

/* Make eventfd readable when the end comes. Best effort. */
void hangup_notify(struct hangup *h, int eventfd);

/*
 * It was no end: watch again. Of those whose watch is used up only the eventfds given here are told
 * again: others may be gone, and their numbers be those of other files.
 */
void hangup_rearm(struct hangup *h, const int *eventfds, unsigned int n);

/* Whether the end has come. Never blocks. */
bool hangup_is_over(const struct hangup *h);

#endif
