/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A vhost-vdpa device: the kernel's interface, with messages. Every call may block for as long as
 * the device's parent in the kernel does; for VDUSE that is its msg_timeout.
 */
#ifndef DRIVERS_VDPA_VDPA_DEV_H
#define DRIVERS_VDPA_VDPA_DEV_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/vhost_vdpa/vdpa_abi.h"
#include "drivers/vhost_vdpa/vdpa_sys.h"

struct vdpa_dev {
	const struct vdpa_sys *sys;
	int fd;     /* -1: not open */
	bool owned; /* ours to reset */
	bool running;
	int tried_fd;              /* the last one given back; -1 */
	uint64_t backend_features; /* in use */
	uint64_t iova_first, iova_last;
};

/* Open the node at path, or take fd; the device is reset, and known to be a block device. */
int vdpa_open(struct vdpa_dev *d, const char *path, int fd);
/*
 * Reset it, if it was ours, and close it. Not for longer than VDPA_RESET_NS: what the device has
 * not answered to by then goes on by itself.
 */
#define VDPA_RESET_NS INT64_C(5000000000)
void vdpa_close(struct vdpa_dev *d);

/* After a failed connect: reset it, and leave the descriptor to the caller, whose it is. */
void vdpa_give_back(struct vdpa_dev *d);

static inline bool vdpa_has(const struct vdpa_dev *d, unsigned int backend_feature)
{
	return d->backend_features >> backend_feature & 1;
}

int vdpa_get_features(struct vdpa_dev *d, uint64_t *features);
/* Reset, then the status as far as FEATURES_OK. */
int vdpa_negotiate(struct vdpa_dev *d, uint64_t features);
int vdpa_get_status(struct vdpa_dev *d, uint8_t *status);
/* DRIVER_OK: it runs. */
int vdpa_run(struct vdpa_dev *d);
/* The first len bytes of the configuration space. */
int vdpa_read_config(struct vdpa_dev *d, void *config, size_t len);
/* How many queues, and the largest; INT_MAX queues if the kernel cannot tell. */
int vdpa_get_queue_limits(struct vdpa_dev *d, int *max_queues, int *max_size);

/* Events of the configuration, and errors of queue `index`, go to an eventfd. */
int vdpa_set_config_call(struct vdpa_dev *d, int eventfd);

struct vdpa_queue {
	unsigned int index, size;
	uint64_t desc, driver, device;
	int kick_fd, call_fd, err_fd; /* call_fd: -1 for none */
	unsigned int base;
};

int vdpa_setup_queue(struct vdpa_dev *d, const struct vdpa_queue *q);
/* Stop a queue of a running device, where the device can; else it stays until the reset. */
void vdpa_stop_queue(struct vdpa_dev *d, unsigned int index);

int vdpa_map(struct vdpa_dev *d, uint64_t iova, void *addr, uint64_t len);
int vdpa_unmap(struct vdpa_dev *d, uint64_t iova, uint64_t len);

#endif
