/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A device under test: an instance with its queues. The sections of a group that name the same
 * device share one, since many devices can be opened only once.
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include <blkio.h>

#include "../common/instance.h"
#include "options.h"

struct device {
	struct instance in;
	const struct bench_options *o; /* of the first section that uses it */
	/* What the sections need, added up before it is opened. */
	bool writes;
	uint64_t iodepth; /* the largest */
	int queues, poll_queues;
};

/* The devices of a group. */
struct device_list {
	struct device *device;
	int count;
};

/* Room for so many. The result is a status; finish fits after any, and closes all. */
int device_list_init(struct device_list *list, int max);
void device_list_finish(struct device_list *list);

/*
 * The device for a section, with queues reserved for its jobs; *first is the index of the first
 * of them. To be called for all sections before devices are opened.
 */
struct device *device_reserve(struct device_list *list, const struct bench_options *o, int *first);
/* From created to started. The result is a status. */
int device_open(struct device *dev);

/* Properties; a message and a status that is not STATUS_OK if they cannot be read. */
int device_get_int(const struct device *dev, const char *name, int *value);
int device_get_uint64(const struct device *dev, const char *name, uint64_t *value);

#endif /* BENCH_DEVICE_H */
