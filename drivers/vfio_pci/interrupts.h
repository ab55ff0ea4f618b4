/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a function tells us by interrupt: used buffers, each queue on a vector and an eventfd of its
 * own; a changed configuration; an error of the bus or the wish that the function be given back,
 * which both are the end.
 *
 * No thread sleeps on the latter two. An epoll descriptor has both, and hangup.h watches that one:
 * to see that nothing has come is one look at memory.
 */
#ifndef DRIVERS_VFIO_PCI_INTERRUPTS_H
#define DRIVERS_VFIO_PCI_INTERRUPTS_H

#include <pthread.h>

#include "drivers/vfio_pci/virtio_pci.h"
#include "drivers/virtio/hangup.h"

struct interrupts {
	struct vfio_dev *d;
	struct virtio_pci *pci;
	unsigned int vectors; /* that the function has */
	unsigned int nr_own;  /* queues with a vector of their own: the first ones */
	bool allocated;
	bool has_config; /* vector 0 is for the configuration, the queues' are behind it */
	bool gone;
	bool changed;   /* the configuration, since interrupts_take_changed() */
	uint32_t looks; /* counted when nobody tells us of the configuration */
	int epoll_fd;   /* has the next two */
	int gone_fd;    /* never read: it stays readable */
	int config_fd;
	int changed_fd;      /* readable while changed is set, for those who watch for news */
	int *completion_fds; /* by queue, to be woken at the end; -1 */
	unsigned int nr_completion_fds;
	struct hangup hangup; /* of epoll_fd */
	pthread_mutex_t lock; /* of completion_fds and who looks */
};

void interrupts_init(struct interrupts *irq);
/* Also undoes an open that failed. */
void interrupts_close(struct interrupts *irq);
int interrupts_open(struct interrupts *irq, struct vfio_dev *d, struct virtio_pci *pci,
		    unsigned int vectors, unsigned int nr_queues);

/* Share the vectors out; the device has been reset. Queues that only poll have none. */
int interrupts_start(struct interrupts *irq, unsigned int nr_queues);
/* Whether a queue shares the vector of the configuration: then interrupts_is_alive() wakes it. */
bool interrupts_is_shared(const struct interrupts *irq, unsigned int queue);
/* Let a vector write a queue's completion fd; returns the vector or -errno. */
int interrupts_add_queue(struct interrupts *irq, unsigned int queue, int completion_fd);
void interrupts_remove_queue(struct interrupts *irq, unsigned int queue);
/* Make the completion fd readable at the end as well. */
void interrupts_watch(struct interrupts *irq, int completion_fd);

/* Whether the device is still there and in order. From any thread; cheap, does not block. */
bool interrupts_is_alive(struct interrupts *irq);

/* Whether the configuration has changed since the last call. */
bool interrupts_take_changed(struct interrupts *irq);

#endif
