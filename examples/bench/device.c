// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A device under test, from the words of a command line to a started instance.
 */
#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/mounted.h"
#include "../common/msg.h"

int device_list_init(struct device_list *list, int max)
{
	list->count = 0;
	list->device = calloc((size_t)max, sizeof(*list->device));
	return list->device ? STATUS_OK : msg_failed("out of memory");
}

/* Requests may still be in flight after an error: destroy also frees the buffers' regions. */
void device_list_finish(struct device_list *list)
{
	for (int i = 0; i < list->count; i++)
		instance_finish(&list->device[i].in);
	free(list->device);
	*list = (struct device_list) { 0 };
}

/* The same words and the same --direct make the same instance. */
static bool same_device(const struct bench_options *a, const struct bench_options *b)
{
	if (a->words.count != b->words.count || a->direct != b->direct)
		return false;
	for (int i = 0; i < a->words.count; i++)
		if (strcmp(a->words.word[i], b->words.word[i]) != 0)
			return false;
	return true;
}

static struct device *find_or_add(struct device_list *list, const struct bench_options *o)
{
	for (int i = 0; i < list->count; i++)
		if (same_device(list->device[i].o, o))
			return &list->device[i];
	list->device[list->count].o = o;
	return &list->device[list->count++];
}

struct device *device_reserve(struct device_list *list, const struct bench_options *o, int *first)
{
	struct device *dev = find_or_add(list, o);
	int *queues = o->wait == WAIT_POLLQUEUE ? &dev->poll_queues : &dev->queues;

	*first = *queues;
	*queues += (int)o->numjobs;
	dev->writes |= options_writes(o);
	dev->iodepth = o->iodepth > dev->iodepth ? o->iodepth : dev->iodepth;
	return dev;
}

static int set_number(struct device *dev, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return instance_set(&dev->in, name, text);
}

int device_get_int(const struct device *dev, const char *name, int *value)
{
	if (blkio_get_int(dev->in.b, name, value) < 0)
		return msg_blkio("%s: cannot read %s", dev->in.driver, name);
	return STATUS_OK;
}

int device_get_uint64(const struct device *dev, const char *name, uint64_t *value)
{
	if (blkio_get_uint64(dev->in.b, name, value) < 0)
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

	if (strchr(words->word[0], '.') && access(words->word[0], F_OK) == 0)
		return msg_usage("'%s' is a file, no driver; a job file is given with --jobfile",
				 words->word[0]);
	return instance_create(&dev->in, words->word[0], words->word + 1, words->count - 1);
}

static int set_before_connect(struct device *dev)
{
	const struct bench_options *o = dev->o;
	int status = STATUS_OK;

	if (o->direct >= 0)
		status = instance_set(&dev->in, "direct", o->direct ? "true" : "false");
	if (status == STATUS_OK && !dev->writes && !instance_has_arg(&dev->in, "read-only") &&
	    has_prop(dev, "read-only", BLKIO_STATE_CREATED))
		status = instance_set(&dev->in, "read-only", "true");
	if (status == STATUS_OK && dev->writes && !o->allow_mounted_write)
		status = mounted_refuse_instance(&dev->in);
	return status;
}

static int connect_device(struct device *dev)
{
	return instance_connect(&dev->in);
}

/* Unless the user chose the size of the queues, all requests of a job find room in one. */
static int fit_queue_size(struct device *dev, const char *name)
{
	uint64_t size = 1;
	int status, now;

	if (instance_has_arg(&dev->in, name) || !has_prop(dev, name, BLKIO_STATE_CONNECTED))
		return STATUS_OK;
	status = device_get_int(dev, name, &now);
	if (status != STATUS_OK || (uint64_t)now >= dev->iodepth)
		return status;
	while (size < dev->iodepth)
		size *= 2;
	return set_number(dev, name, size);
}

static int set_queues(struct device *dev)
{
	bool supported = false;
	int status;

	if (dev->poll_queues &&
	    (blkio_get_bool(dev->in.b, "supports-poll-queues", &supported) < 0 || !supported))
		return msg_failed("%s: no poll queues here (supports-poll-queues is false)%s",
				  dev->in.driver, dev->o->direct == 1 ? "" : "; try --direct=1");
	status = set_number(dev, "num-queues", (uint64_t)dev->queues);
	if (status == STATUS_OK)
		status = set_number(dev, "num-poll-queues", (uint64_t)dev->poll_queues);
	if (status == STATUS_OK)
		status = fit_queue_size(dev, "num-entries");
	if (status == STATUS_OK)
		status = fit_queue_size(dev, "queue-size");
	return status;
}

static int start(struct device *dev)
{
	return instance_start(&dev->in);
}

int device_open(struct device *dev)
{
	static int (*const step[])(struct device *) = {
		create, set_before_connect, connect_device, set_queues, start,
	};
	int status = STATUS_OK;

	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]) && status == STATUS_OK; i++)
		status = step[i](dev);
	return status;
}
