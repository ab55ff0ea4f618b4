/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A virtio block device of the kernel's vhost-vdpa, in plain memory: what the driver's table of
 * system calls (vdpa_sys.h) leads to in tests. Made from linux/vhost.h. There is one; it can lie
 * and fail.
 */
#ifndef TESTS_FAKES_FAKE_VDPA_H
#define TESTS_FAKES_FAKE_VDPA_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/vhost_vdpa/vdpa_sys.h"

enum {
	FAKE_VDPA_QUEUES = 8,
	FAKE_VDPA_MAPS = 32,
	FAKE_VDPA_FAILS = 4,
	FAKE_VDPA_LOG = 512,
	/* What is noted of the messages that are written; ioctls are noted as what they are. */
	FAKE_VDPA_MAP = 1,
	FAKE_VDPA_UNMAP,
	FAKE_VDPA_BATCH_BEGIN,
	FAKE_VDPA_BATCH_END,
	FAKE_VDPA_CLOSE,
};

struct fake_vdpa_queue {
	unsigned int size, base, enabled;
	uint64_t desc, driver, device;
	int kick, call, err; /* -1 */
};

struct fake_vdpa_map {
	uint64_t iova, addr, len;
};

extern struct fake_vdpa {
	/* the device */
	uint32_t device_id;
	uint64_t features;        /* offered */
	uint64_t driver_features; /* as accepted */
	uint8_t status;
	uint8_t blk[64]; /* its configuration */
	int config_call; /* eventfd; -1 */
	uint32_t nr_queues;
	uint16_t max_size;    /* of each queue */
	uint32_t second_size; /* of queue 1, as newer kernels tell; 0: they do not */
	struct fake_vdpa_queue queue[FAKE_VDPA_QUEUES];
	/* the kernel */
	uint64_t backend_features; /* offered */
	uint64_t acked;
	uint64_t iova_first, iova_last;
	struct fake_vdpa_map maps[FAKE_VDPA_MAPS];
	unsigned int nr_maps;
	bool owned;
	unsigned int open_fds;
	/* how it misbehaves */
	bool refuses_features, does_not_start;
	int open_ret; /* not 0: what opening it says */
	int fail_map; /* the n-th map from now on fails; 0: none */
	int reset_ms; /* how long a reset takes once it runs */
	int fail_nth; /* the n-th ioctl from now on fails with -EIO; 0: none */
	struct {
		unsigned long request;
		int ret;
	} fail[FAKE_VDPA_FAILS]; /* ioctls that always fail */
	/* What came, in order. */
	unsigned long log[FAKE_VDPA_LOG];
	unsigned int nr;
} fake_vdpa;

extern const struct vdpa_sys fake_vdpa_sys;

/* A device in order: 4 queues of 256, 16 MiB, all features of the back-end but those of 6.9. */
void fake_vdpa_reset(void);
void fake_vdpa_fail(unsigned long request, int ret);
/* An open node, as an application would have it. */
int fake_vdpa_open(void);
/* How often something came, and where first: -1 if it did not. */
unsigned int fake_vdpa_count(unsigned long what);
int fake_vdpa_find(unsigned long what);
/* The memory behind a device address, of so many bytes; NULL if it is not mapped. */
void *fake_vdpa_memory(uint64_t iova, uint64_t len);

#endif
