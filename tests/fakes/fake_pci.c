// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_pci.h: the device, its registers and its configuration space.
 */
#include "tests/fakes/fake_pci.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/fakes/fake_pci_kernel.h"
#include "tests/support/test.h"

#define COMMON_OFFSET 0x0000
#define ISR_OFFSET    0x1000
#define DEVICE_OFFSET 0x2000
#define NOTIFY_OFFSET 0x3000

struct fake_pci fake_pci;

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

static void add_virtio_cap(uint8_t at, uint8_t next, uint8_t type, uint32_t offset, uint32_t len)
{
	uint8_t *c = fake_pci.config + at;

	c[0] = 9;
	c[1] = next;
	c[2] = type == 2 ? 20 : 16;
	c[3] = type;
	c[4] = FAKE_PCI_BAR;
	put32(c + 8, offset);
	put32(c + 12, len);
}

static void make_config(void)
{
	uint8_t *c = fake_pci.config;

	put16(c, 0x1af4);
	put16(c + 2, 0x1042);
	c[6] = 0x10; /* there is a list, */
	c[0x34] = FAKE_PCI_CAP_MSIX;
	c[FAKE_PCI_CAP_MSIX] = 0x11;
	c[FAKE_PCI_CAP_MSIX + 1] = FAKE_PCI_CAP_COMMON;
	put16(c + FAKE_PCI_CAP_MSIX + 2, FAKE_PCI_VECTORS - 1);
	put32(c + FAKE_PCI_CAP_MSIX + 4, FAKE_PCI_MSIX_BAR);
	put32(c + FAKE_PCI_CAP_MSIX + 8, 0x800 | FAKE_PCI_MSIX_BAR);
	add_virtio_cap(FAKE_PCI_CAP_COMMON, FAKE_PCI_CAP_NOTIFY, 1, COMMON_OFFSET, 0x40);
	add_virtio_cap(FAKE_PCI_CAP_NOTIFY, FAKE_PCI_CAP_ISR, 2, NOTIFY_OFFSET, 0x1000);
	put32(c + FAKE_PCI_CAP_NOTIFY + 16, 4);
	add_virtio_cap(FAKE_PCI_CAP_ISR, FAKE_PCI_CAP_DEVICE, 3, ISR_OFFSET, 4);
	add_virtio_cap(FAKE_PCI_CAP_DEVICE, 0, 4, DEVICE_OFFSET, 60);
}

static void make_blk(void)
{
	put32(fake_pci.blk, 16 << 11); /* capacity: 16 MiB */
	put32(fake_pci.blk + 12, 126); /* seg_max */
	put32(fake_pci.blk + 20, 512); /* blk_size */
	put16(fake_pci.blk + 34, FAKE_PCI_QUEUES);
}

static void reset_queues(void)
{
	for (int i = 0; i < FAKE_PCI_QUEUES; i++)
		fake_pci.queue[i] = (struct fake_pci_queue) { .size = 256,
							      .vector = 0xffff,
							      .notify_off = (uint16_t)i };
}

void fake_pci_reset(void)
{
	fake_pci = (struct fake_pci) {
		/* SEG_MAX BLK_SIZE FLUSH MQ INDIRECT EVENT_IDX; VERSION_1 ACCESS_PLATFORM */
		.features = UINT64_C(1) << 2 | UINT64_C(1) << 6 | UINT64_C(1) << 9 |
			    UINT64_C(1) << 12 | UINT64_C(1) << 28 | UINT64_C(1) << 29 |
			    UINT64_C(1) << 32 | UINT64_C(1) << 33,
		.nr_queues = FAKE_PCI_QUEUES,
		.config_vector = 0xffff,
		.bar_bytes = { [FAKE_PCI_MSIX_BAR] = 0x1000, [FAKE_PCI_BAR] = FAKE_PCI_BAR_BYTES },
		.viable = 1,
		.iova_first = 0x1000,
		.iova_last = (UINT64_C(1) << 39) - 1,
		.page_sizes = 0xfffffffffffff000,
		.dma_avail = 1000,
		.msix_vectors = FAKE_PCI_VECTORS,
	};
	memset(fake_pci.irq_fd, 0xff, sizeof(fake_pci.irq_fd));
	memset(fake_pci.doorbells, 0xff, sizeof(fake_pci.doorbells));
	make_config();
	make_blk();
	reset_queues();
}

/* ---- registers ---- */

static struct fake_pci_queue *selected(void)
{
	static struct fake_pci_queue none;

	none = (struct fake_pci_queue) { 0 };
	return fake_pci.queue_select < fake_pci.nr_queues && fake_pci.queue_select < FAKE_PCI_QUEUES
		       ? &fake_pci.queue[fake_pci.queue_select]
		       : &none;
}

static void write_status(uint8_t value)
{
	if (value == 0) {
		fake_pci.status = fake_pci.reset_never_ends ? fake_pci.status | 1 : 0;
		fake_pci.config_vector = 0xffff;
		reset_queues();
		return;
	}
	if (fake_pci.refuses_features)
		value &= (uint8_t)~8;
	if (fake_pci.does_not_start && value & 4)
		value |= 64;
	fake_pci.status = value;
}

static void write_queue(unsigned int reg, uint32_t v)
{
	struct fake_pci_queue *q = selected();
	uint64_t *addr = reg < 0x28 ? &q->desc : reg < 0x30 ? &q->driver : &q->device;

	if (reg == 0x18)
		q->size = (uint16_t)v;
	else if (reg == 0x1a)
		q->vector = fake_pci.takes_no_vector ? 0xffff : (uint16_t)v;
	else if (reg == 0x1c)
		q->enabled = (uint16_t)v;
	else if (reg == 0x3a && fake_pci.queue_reset_never_ends)
		q->resetting = 1;
	else if (reg == 0x3a)
		q->enabled = 0;
	else if (reg % 8 == 0)
		*addr = (*addr & ~UINT64_C(0xffffffff)) | v;
	else
		*addr = (*addr & 0xffffffff) | (uint64_t)v << 32;
}

static void write_driver_features(uint32_t v)
{
	unsigned int shift = fake_pci.driver_feature_select * 32;

	fake_pci.driver_features &= ~(UINT64_C(0xffffffff) << shift);
	fake_pci.driver_features |= (uint64_t)v << shift;
}

static void write_common(unsigned int reg, uint32_t v)
{
	if (reg == 0x00)
		fake_pci.feature_select = v & 1;
	else if (reg == 0x08)
		fake_pci.driver_feature_select = v & 1;
	else if (reg == 0x0c)
		write_driver_features(v);
	else if (reg == 0x10)
		fake_pci.config_vector = fake_pci.takes_no_vector ? 0xffff : (uint16_t)v;
	else if (reg == 0x14)
		write_status((uint8_t)v);
	else if (reg == 0x16)
		fake_pci.queue_select = (uint16_t)v;
	else
		write_queue(reg, v);
}

static uint32_t read_common(unsigned int reg)
{
	const struct fake_pci_queue *q = selected();

	switch (reg) {
	case 0x04:
		return (uint32_t)(fake_pci.features >> 32 * fake_pci.feature_select);
	case 0x10:
		return fake_pci.config_vector;
	case 0x12:
		return fake_pci.nr_queues;
	case 0x14:
		return fake_pci.status;
	case 0x15:
		fake_pci.generation += fake_pci.always_changes;
		return fake_pci.generation;
	case 0x18:
		return q->size;
	case 0x1a:
		return q->vector;
	case 0x1c:
		return q->enabled;
	case 0x1e:
		return q->notify_off;
	case 0x3a:
		return q->resetting;
	default:
		ck_abort_msg("nothing can be read at 0x%x", reg);
	}
}

/* Each register with its own width; the device configuration in fields of up to four bytes. */
void fake_pci_read_bar(uint64_t at, uint8_t *buf, size_t len)
{
	ck_assert_uint_le(len, 4);
	if (at >= DEVICE_OFFSET && at + len <= DEVICE_OFFSET + sizeof(fake_pci.blk)) {
		memcpy(buf, fake_pci.blk + (at - DEVICE_OFFSET), len);
		return;
	}
	ck_assert_uint_lt(at, 0x40);
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(read_common((unsigned int)at) >> 8 * i);
	if (fake_pci.pulled_out)
		memset(buf, 0xff, len);
}

void fake_pci_write_bar(uint64_t at, const uint8_t *buf, size_t len)
{
	uint32_t v = 0;

	ck_assert_uint_le(len, 4);
	for (size_t i = 0; i < len; i++)
		v |= (uint32_t)buf[i] << 8 * i;
	if (at >= NOTIFY_OFFSET) {
		fake_pci.doorbells[(at - NOTIFY_OFFSET) / 2] = (uint16_t)v;
		fake_pci.kicks_by_call++;
		return;
	}
	ck_assert_uint_lt(at, 0x40);
	write_common((unsigned int)at, v);
}

/* The command register is what matters; when the right to master goes, nothing may be mapped. */
void fake_pci_write_config(uint64_t at, const uint8_t *buf, size_t len)
{
	ck_assert_uint_le(at + len, sizeof(fake_pci.config));
	memcpy(fake_pci.config + at, buf, len);
	fake_pci.master = fake_pci.config[4] & 4;
	if (!fake_pci.master)
		fake_pci.maps_while_mastering = fake_pci.nr_maps;
}
