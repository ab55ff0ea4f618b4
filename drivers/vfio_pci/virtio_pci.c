// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See virtio_pci.h: registers. Finding them is in virtio_pci_caps.c.
 */
#include "drivers/vfio_pci/virtio_pci.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "drivers/virtio/virtio_ring.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/deadline.h"

/* Of the common configuration structure: offsets. Each field is accessed with its own width. */
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE        0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE        0x0c
#define CONFIG_MSIX_VECTOR    0x10
#define NUM_QUEUES            0x12
#define DEVICE_STATUS         0x14
#define CONFIG_GENERATION     0x15
#define QUEUE_SELECT          0x16
#define QUEUE_SIZE            0x18
#define QUEUE_MSIX_VECTOR     0x1a
#define QUEUE_ENABLE          0x1c
#define QUEUE_NOTIFY_OFF      0x1e
#define QUEUE_DESC            0x20 /* 64 bits, written in two halves */
#define QUEUE_DRIVER          0x28
#define QUEUE_DEVICE          0x30
#define QUEUE_RESET           0x3a

/* ---- registers ---- */

static int read_common(struct virtio_pci *v, unsigned int reg, size_t width, uint32_t *value)
{
	uint32_t le = 0;
	int ret = vfio_read(v->d, v->common.bar, v->common.offset + reg, &le, width);

	*value = le32toh(le); /* the bytes that were not read are the high ones */
	return ret;
}

static int write_common(struct virtio_pci *v, unsigned int reg, size_t width, uint32_t value)
{
	uint32_t le = htole32(value);

	return vfio_write(v->d, v->common.bar, v->common.offset + reg, &le, width);
}

static int write_common64(struct virtio_pci *v, unsigned int reg, uint64_t value)
{
	int ret = write_common(v, reg, 4, (uint32_t)value);

	return ret < 0 ? ret : write_common(v, reg + 4, 4, (uint32_t)(value >> 32));
}

/* Poll until a register has the value; sleeping, as this may take a while. */
static int wait_for(struct virtio_pci *v, unsigned int reg, size_t width, uint32_t want,
		    const char *what)
{
	int64_t deadline = deadline_after_ns(v->timeout_ns);
	const struct timespec pause = { .tv_nsec = 100000 };

	for (;;) {
		uint32_t value;
		bool late = now_ns() >= deadline; /* before the last look, not after it */
		int ret = read_common(v, reg, width, &value);

		if (ret < 0 || value == want)
			return ret;
		/* All ones, which no register of those is: nobody is there to answer. */
		if (value == (1u << 8 * width) - 1)
			return err_set(-EIO, "%s does not answer: was it pulled out?", v->d->name);
		if (late)
			return err_set(-ETIMEDOUT, "%s does not finish its %s (register is 0x%x)",
				       v->d->name, what, value);
		nanosleep(&pause, NULL);
	}
}

/* ---- status and features ---- */

int virtio_pci_status(struct virtio_pci *v, uint8_t *status)
{
	uint32_t value = 0;
	int ret = read_common(v, DEVICE_STATUS, 1, &value);

	*status = (uint8_t)value;
	return ret;
}

int virtio_pci_add_status(struct virtio_pci *v, uint8_t bits)
{
	uint8_t status;
	int ret = virtio_pci_status(v, &status);

	return ret < 0 ? ret : write_common(v, DEVICE_STATUS, 1, status | bits);
}

int virtio_pci_reset(struct virtio_pci *v)
{
	int ret = write_common(v, DEVICE_STATUS, 1, 0);

	return ret < 0 ? ret : wait_for(v, DEVICE_STATUS, 1, 0, "reset");
}

int virtio_pci_get_features(struct virtio_pci *v, uint64_t *features)
{
	uint32_t half[2] = { 0 };
	int ret = 0;

	for (uint32_t i = 0; i < 2 && ret == 0; i++) {
		ret = write_common(v, DEVICE_FEATURE_SELECT, 4, i);
		if (ret == 0)
			ret = read_common(v, DEVICE_FEATURE, 4, &half[i]);
	}
	*features = (uint64_t)half[1] << 32 | half[0];
	return ret;
}

static int write_features(struct virtio_pci *v, uint64_t features)
{
	int ret = 0;

	for (uint32_t i = 0; i < 2 && ret == 0; i++) {
		ret = write_common(v, DRIVER_FEATURE_SELECT, 4, i);
		if (ret == 0)
			ret = write_common(v, DRIVER_FEATURE, 4, (uint32_t)(features >> 32 * i));
	}
	return ret;
}

int virtio_pci_negotiate(struct virtio_pci *v, uint64_t features)
{
	uint8_t status = 0;
	int ret = virtio_pci_reset(v);

	if (ret == 0)
		ret = virtio_pci_add_status(v, VIRTIO_STATUS_ACKNOWLEDGE);
	if (ret == 0)
		ret = virtio_pci_add_status(v, VIRTIO_STATUS_DRIVER);
	if (ret == 0)
		ret = write_features(v, features);
	if (ret == 0)
		ret = virtio_pci_add_status(v, VIRTIO_STATUS_FEATURES_OK);
	if (ret == 0)
		ret = virtio_pci_status(v, &status);
	if (ret == 0 && !(status & VIRTIO_STATUS_FEATURES_OK))
		return err_set(-ENOTSUP, "%s does not accept the features 0x%" PRIx64, v->d->name,
			       features);
	return ret;
}

/* ---- configuration ---- */

#define CONFIG_TRIES 16

/* Fields of up to four bytes in struct virtio_blk_config; what is behind it has four. */
static const uint8_t config_widths[] = { 4, 4, 4, 4, 2, 1, 1, 4, 1, 1, 2, 4,
					 1, 1, 2, 4, 4, 4, 4, 4, 1, 1, 1, 1 };

/* The device wants each field accessed with its own width; one of 8 bytes may be two of 4. */
static int read_fields(struct virtio_pci *v, char *buf, size_t len)
{
	size_t at = 0;
	int ret = 0;

	for (size_t i = 0; at < len && ret == 0; i++) {
		size_t width = i < sizeof(config_widths) ? config_widths[i] : 4;

		if (width > len - at)
			width = len - at;
		ret = vfio_read(v->d, v->config.bar, v->config.offset + at, buf + at, width);
		at += width;
	}
	return ret;
}

int virtio_pci_read_config(struct virtio_pci *v, void *buf, size_t len)
{
	size_t there = len < v->config.len ? len : v->config.len;

	memset(buf, 0, len);
	for (int i = 0; i < CONFIG_TRIES; i++) {
		uint32_t before = 0, after = 0;
		int ret = read_common(v, CONFIG_GENERATION, 1, &before);

		if (ret == 0)
			ret = read_fields(v, buf, there);
		if (ret == 0)
			ret = read_common(v, CONFIG_GENERATION, 1, &after);
		/* The same before and after: what was read belongs together. */
		if (ret < 0 || before == after)
			return ret;
	}
	return err_set(-EPROTO, "the configuration of %s changes all the time", v->d->name);
}

/* ---- queues ---- */

int virtio_pci_nr_queues(struct virtio_pci *v, uint16_t *n)
{
	uint32_t value = 0;
	int ret = read_common(v, NUM_QUEUES, 2, &value);

	*n = (uint16_t)value;
	return ret;
}

static int select_queue(struct virtio_pci *v, uint16_t index)
{
	return write_common(v, QUEUE_SELECT, 2, index);
}

int virtio_pci_queue_size(struct virtio_pci *v, uint16_t index, uint16_t *size)
{
	uint32_t value = 0;
	int ret = select_queue(v, index);

	if (ret == 0)
		ret = read_common(v, QUEUE_SIZE, 2, &value);
	if (ret < 0)
		return ret;
	if (value > VRING_MAX_SIZE)
		return err_set(-EPROTO, "queue %u of %s has %u descriptors, more than %d", index,
			       v->d->name, value, VRING_MAX_SIZE);
	/* A packed ring may have any size; ours have powers of two. */
	while (value && !is_power_of_two(value))
		value &= value - 1;
	*size = (uint16_t)value;
	return 0;
}

/* The device says with NO_VECTOR that it could not do it. */
static int write_vector(struct virtio_pci *v, unsigned int reg, uint16_t vector)
{
	uint32_t now = 0;
	int ret = write_common(v, reg, 2, vector);

	if (ret == 0)
		ret = read_common(v, reg, 2, &now);
	if (ret == 0 && now != vector)
		return err_set(-EIO, "%s does not take interrupt vector %u", v->d->name, vector);
	return ret;
}

int virtio_pci_set_config_vector(struct virtio_pci *v, uint16_t vector)
{
	return write_vector(v, CONFIG_MSIX_VECTOR, vector);
}

static int find_doorbell(struct virtio_pci *v, struct virtio_pci_queue *q)
{
	uint32_t off = 0;
	uint64_t at;
	int ret = read_common(v, QUEUE_NOTIFY_OFF, 2, &off);

	if (ret < 0)
		return ret;
	at = (uint64_t)off * v->notify_multiplier;
	if (at % 2 || at > v->notify.len || v->notify.len - at < 2)
		return err_set(-EPROTO,
			       "the doorbell of queue %u of %s is at 0x%" PRIx64
			       ", outside its %u bytes for doorbells",
			       q->index, v->d->name, at, v->notify.len);
	q->doorbell = v->doorbells ? v->doorbells + at : NULL;
	q->doorbell_offset = v->notify.offset + (uint32_t)at;
	return 0;
}

static int check_queue(struct virtio_pci *v, const struct virtio_pci_queue *q)
{
	uint16_t max = 0;
	uint32_t enabled = 0;
	int ret = virtio_pci_queue_size(v, q->index, &max);

	if (ret == 0)
		ret = read_common(v, QUEUE_ENABLE, 2, &enabled);
	if (ret < 0)
		return ret;
	if (enabled)
		return err_set(-EPROTO, "queue %u of %s is enabled after a reset", q->index,
			       v->d->name);
	if (q->size > max)
		return err_set(-EINVAL, "queue %u of %s has at most %u descriptors, not %u",
			       q->index, v->d->name, max, q->size);
	return 0;
}

int virtio_pci_setup_queue(struct virtio_pci *v, struct virtio_pci_queue *q)
{
	int ret = check_queue(v, q);

	if (ret == 0)
		ret = write_common(v, QUEUE_SIZE, 2, q->size);
	if (ret == 0)
		ret = write_common64(v, QUEUE_DESC, q->desc);
	if (ret == 0)
		ret = write_common64(v, QUEUE_DRIVER, q->driver);
	if (ret == 0)
		ret = write_common64(v, QUEUE_DEVICE, q->device);
	if (ret == 0)
		ret = write_vector(v, QUEUE_MSIX_VECTOR, q->vector);
	if (ret == 0)
		ret = find_doorbell(v, q);
	return ret < 0 ? ret : write_common(v, QUEUE_ENABLE, 2, 1);
}

int virtio_pci_reset_queue(struct virtio_pci *v, uint16_t index)
{
	int ret = select_queue(v, index);

	if (ret == 0)
		ret = write_common(v, QUEUE_RESET, 2, 1);
	/* It reads 1 once set and 0 when the reset is done; the queue is off then. */
	if (ret == 0)
		ret = wait_for(v, QUEUE_RESET, 2, 0, "queue reset");
	return ret < 0 ? ret : wait_for(v, QUEUE_ENABLE, 2, 0, "queue reset");
}
