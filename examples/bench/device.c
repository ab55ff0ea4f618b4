// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The device under test. All jobs share one instance; each has a queue of it.
 */
#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../common/mounted.h"
#include "../common/msg.h"

static int set_number(struct device *dev, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return instance_set(&dev->in, name, text);
}

static int get_int(struct device *dev, const char *name, int *value)
{
	if (blkio_get_int(dev->in.b, name, value) < 0)
		return msg_blkio("%s: cannot read %s", dev->in.driver, name);
	return STATUS_OK;
}

/* What the driver may not have is asked for first: a miss must not look like an error. */
static bool has_prop(const struct device *dev, const char *name, uint32_t writable)
{
	const struct blkio_prop_info *prop = instance_prop(&dev->in, name);

	return prop && (prop->writable & writable) == writable;
}

static int create(struct device *dev)
{
	const struct opt_words *words = &dev->o->words;

	return instance_create(&dev->in, words->word[0], words->word + 1, words->count - 1);
}

static int connect_device(struct device *dev)
{
	return instance_connect(&dev->in);
}

static int start(struct device *dev)
{
	return instance_start(&dev->in);
}

static int set_before_connect(struct device *dev)
{
	const struct bench_options *o = dev->o;
	int status = STATUS_OK;

	if (o->direct >= 0)
		status = instance_set(&dev->in, "direct", o->direct ? "true" : "false");
	if (status == STATUS_OK && !options_writes(o) && !instance_has_arg(&dev->in, "read-only") &&
	    has_prop(dev, "read-only", BLKIO_STATE_CREATED))
		status = instance_set(&dev->in, "read-only", "true");
	if (status == STATUS_OK && options_writes(o) && !o->allow_mounted_write)
		status = mounted_refuse_instance(&dev->in);
	return status;
}

/* Unless the user chose the size of the queues, all requests of a job find room in one. */
static int fit_queue_size(struct device *dev, const char *name)
{
	uint64_t size = 1;
	int status, now;

	if (instance_has_arg(&dev->in, name) || !has_prop(dev, name, BLKIO_STATE_CONNECTED))
		return STATUS_OK;
	status = get_int(dev, name, &now);
	if (status != STATUS_OK || (uint64_t)now >= dev->o->iodepth)
		return status;
	while (size < dev->o->iodepth)
		size *= 2;
	return set_number(dev, name, size);
}

static int set_queues(struct device *dev)
{
	bool poll = dev->o->wait == WAIT_POLLQUEUE;
	bool supported = false;
	int status;

	if (poll &&
	    (blkio_get_bool(dev->in.b, "supports-poll-queues", &supported) < 0 || !supported))
		return msg_failed("%s: no poll queues here (supports-poll-queues is false)%s",
				  dev->in.driver, dev->o->direct == 1 ? "" : "; try --direct=1");
	status = set_number(dev, "num-queues", poll ? 0 : dev->o->numjobs);
	if (status == STATUS_OK)
		status = set_number(dev, "num-poll-queues", poll ? dev->o->numjobs : 0);
	if (status == STATUS_OK)
		status = fit_queue_size(dev, "num-entries");
	if (status == STATUS_OK)
		status = fit_queue_size(dev, "queue-size");
	return status;
}

static int check_alignment(struct device *dev)
{
	int status, alignment;

	status = get_int(dev, "request-alignment", &alignment);
	if (status != STATUS_OK || alignment <= 1)
		return status;
	if (dev->o->bs % (uint64_t)alignment || dev->o->offset % (uint64_t)alignment)
		return msg_usage("--bs and --offset must be multiples of the device's "
				 "request-alignment, %d",
				 alignment);
	return STATUS_OK;
}

/* Which part of the device is used. Only writes to what can grow may go beyond its end. */
static int choose_area(struct device *dev)
{
	const struct bench_options *o = dev->o;
	bool can_grow = false;
	uint64_t capacity;

	if (blkio_get_uint64(dev->in.b, "capacity", &capacity) < 0)
		return msg_blkio("%s: cannot read capacity", dev->in.driver);
	if (options_writes(o) && o->size)
		blkio_get_bool(dev->in.b, "can-grow", &can_grow);
	dev->area_bytes =
		o->size ? o->size : capacity - (o->offset < capacity ? o->offset : capacity);
	dev->area_bytes -= dev->area_bytes % o->bs;
	if (dev->area_bytes == 0)
		return msg_failed("a device of %" PRIu64
				  " bytes has no room for a request of %" PRIu64
				  " bytes at offset %" PRIu64,
				  capacity, o->bs, o->offset);
	if (!can_grow && (o->offset > capacity || dev->area_bytes > capacity - o->offset))
		return msg_failed("--offset and --size reach beyond the device, which has %" PRIu64
				  " bytes",
				  capacity);
	return STATUS_OK;
}

static size_t round_up(size_t value, size_t step)
{
	return (value + step - 1) / step * step;
}

static int map_buffers(struct device *dev)
{
	const struct bench_options *o = dev->o;
	int status, buf_alignment;
	uint64_t region_alignment;
	size_t bytes;

	status = get_int(dev, "buf-alignment", &buf_alignment);
	if (status != STATUS_OK)
		return status;
	if (blkio_get_uint64(dev->in.b, "mem-region-alignment", &region_alignment) < 0)
		return msg_blkio("%s: cannot read mem-region-alignment", dev->in.driver);
	dev->buffer_bytes = round_up(o->bs, buf_alignment > 64 ? (size_t)buf_alignment : 64);
	dev->job_bytes = round_up(dev->buffer_bytes * o->iodepth, 4096);
	if (__builtin_mul_overflow(dev->job_bytes, o->numjobs, &bytes))
		return msg_usage("the buffers are too large");
	bytes = round_up(bytes, region_alignment ? region_alignment : 1);
	if (blkio_alloc_mem_region(dev->in.b, &dev->region, bytes) < 0)
		return msg_blkio("%s: cannot allocate buffers of %zu bytes", dev->in.driver, bytes);
	if (blkio_map_mem_region(dev->in.b, &dev->region) < 0)
		return msg_blkio("%s: cannot map buffers of %zu bytes", dev->in.driver, bytes);
	return STATUS_OK;
}

int device_init(struct device *dev, const struct bench_options *o)
{
	static int (*const step[])(struct device *) = {
		create, set_before_connect, connect_device, set_queues,
		start,  check_alignment,    choose_area,    map_buffers,
	};
	int status = STATUS_OK;

	memset(dev, 0, sizeof(*dev));
	dev->o = o;
	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]) && status == STATUS_OK; i++)
		status = step[i](dev);
	return status;
}

/* Requests may still be in flight after an error: destroy first, it frees the region as well. */
void device_finish(struct device *dev)
{
	instance_finish(&dev->in);
}

struct blkioq *device_queue(const struct device *dev, int job)
{
	if (dev->o->wait == WAIT_POLLQUEUE)
		return blkio_get_poll_queue(dev->in.b, job);
	return blkio_get_queue(dev->in.b, job);
}

void *device_buffer(const struct device *dev, int job, int index)
{
	size_t at = (size_t)job * dev->job_bytes + (size_t)index * dev->buffer_bytes;

	return (char *)dev->region.addr + at;
}
