/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device under test: the instance with its queues, the area that is used, the buffers.
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include <blkio.h>

#include "../common/instance.h"
#include "options.h"

struct device {
	struct instance in;
	const struct bench_options *o;
	uint64_t area_bytes;            /* from o->offset on; whole blocks */
	struct blkio_mem_region region; /* the buffers of all jobs */
	size_t buffer_bytes;            /* from one buffer of a job to the next */
	size_t job_bytes;               /* from one job's buffers to the next one's */
};

/* From the command line to mapped buffers. The result is a status; finish fits after any. */
int device_init(struct device *dev, const struct bench_options *o);
void device_finish(struct device *dev);

/* The queue and the buffers of a job; both counts begin at 0. */
struct blkioq *device_queue(const struct device *dev, int job);
void *device_buffer(const struct device *dev, int job, int index);

#endif /* BENCH_DEVICE_H */
