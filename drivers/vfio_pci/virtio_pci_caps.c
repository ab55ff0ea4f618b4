// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Where a virtio function keeps its structures: vendor capabilities, checked against the BARs.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "drivers/vfio_pci/virtio_pci.h"
#include "lib/error.h"
#include "lib/util/align.h"

#define VIRTIO_VENDOR         0x1af4
#define VIRTIO_BLK_DEVICE     0x1042
#define VIRTIO_BLK_OLD_DEVICE 0x1001 /* one that may be modern as well */

/* What a vendor capability is about. */
#define CAP_COMMON 1
#define CAP_NOTIFY 2
#define CAP_ISR    3
#define CAP_DEVICE 4

/* A capability in the configuration space; with CAP_NOTIFY a multiplier follows. */
struct vendor_cap {
	uint8_t id, next, len, type, bar, padding[3];
	uint32_t offset;
	uint32_t length;
	uint32_t notify_multiplier;
};

#define CAP_BYTES offsetof(struct vendor_cap, notify_multiplier)

/* The fewest bytes that a structure has; of the doorbells each is checked when it is known. */
#define MIN_COMMON 0x38
#define MIN_NOTIFY 2
#define MIN_ISR    1
#define MIN_DEVICE 8 /* the capacity */

static int check_device(struct vfio_dev *d)
{
	uint16_t vendor = 0, device = 0;
	int ret = pci_read16(d, PCI_VENDOR_ID, &vendor);

	if (ret == 0)
		ret = pci_read16(d, PCI_DEVICE_ID, &device);
	if (ret < 0)
		return ret;
	if (vendor == VIRTIO_VENDOR &&
	    (device == VIRTIO_BLK_DEVICE || device == VIRTIO_BLK_OLD_DEVICE))
		return 0;
	return err_set(-EINVAL, "%s is %04x:%04x, but a virtio block device is 1af4:1042", d->name,
		       vendor, device);
}

static int take_part(struct vfio_dev *d, struct virtio_pci_part *part, const char *what,
		     const struct vendor_cap *cap, uint32_t min)
{
	uint32_t offset = le32toh(cap->offset), len = le32toh(cap->length);
	uint64_t size = d->regions[cap->bar].size;

	if (part->len)
		return 0; /* the first one is the preferred one */
	if (len < min || offset > size || len > size - offset)
		return err_set(-EPROTO,
			       "the %s structure of %s is invalid: %u bytes at 0x%x of BAR %u, "
			       "which has %" PRIu64,
			       what, d->name, len, offset, cap->bar, size);
	*part = (struct virtio_pci_part) { .offset = offset, .len = len, .bar = cap->bar };
	return 0;
}

static int take_notify(struct virtio_pci *v, const struct vendor_cap *cap)
{
	bool first = !v->notify.len;

	if (cap->len < sizeof(*cap))
		return err_set(-EPROTO, "the notify capability of %s has only %u bytes", v->d->name,
			       cap->len);
	if (first)
		v->notify_multiplier = le32toh(cap->notify_multiplier);
	return take_part(v->d, &v->notify, "notify", cap, MIN_NOTIFY);
}

static int take_cap(struct virtio_pci *v, const struct vendor_cap *cap)
{
	/* Reserved for later versions: to be ignored. */
	if (cap->bar >= PCI_NR_BARS)
		return 0;
	switch (cap->type) {
	case CAP_COMMON:
		return take_part(v->d, &v->common, "common configuration", cap, MIN_COMMON);
	case CAP_NOTIFY:
		return take_notify(v, cap);
	case CAP_ISR:
		return take_part(v->d, &v->isr, "ISR", cap, MIN_ISR);
	case CAP_DEVICE:
		return take_part(v->d, &v->config, "device configuration", cap, MIN_DEVICE);
	default:
		return 0; /* PCI configuration access, shared memory, what is yet to come */
	}
}

static int read_cap(struct virtio_pci *v, uint8_t at)
{
	struct vendor_cap cap = { 0 };
	size_t room = PCI_CONFIG_BYTES - (size_t)at;
	int ret;

	if (room < CAP_BYTES)
		return 0; /* too short for one of virtio's: somebody else's */
	ret = vfio_read(v->d, VFIO_PCI_CONFIG_REGION_INDEX, at, &cap,
			room < sizeof(cap) ? CAP_BYTES : sizeof(cap));
	if (ret < 0 || cap.len < CAP_BYTES)
		return ret;
	if (cap.len > room)
		return err_set(-EPROTO,
			       "the capability of %s at 0x%02x has %u bytes: more than are left",
			       v->d->name, at, cap.len);
	return take_cap(v, &cap);
}

static int check_complete(const struct virtio_pci *v)
{
	const char *missing = !v->common.len   ? "common configuration"
			      : !v->notify.len ? "notify"
			      : !v->config.len ? "device configuration"
					       : NULL;

	if (!missing)
		return 0;
	return err_set(-ENOTSUP,
		       "%s has no %s structure: it is a legacy device (QEMU: disable-legacy=on)",
		       v->d->name, missing);
}

/* Not an error when it cannot be mapped: then a doorbell is a system call. */
static void map_doorbells(struct virtio_pci *v)
{
	const struct vfio_region *r = &v->d->regions[v->notify.bar];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t start = v->notify.offset & ~(page - 1);
	size_t end = align_up((size_t)v->notify.offset + v->notify.len, page);

	if (!r->can_mmap || r->offset % page || v->notify.offset % 2)
		return;
	v->doorbell_map = v->d->sys->mmap(v->d->fd, end - start, r->offset + start);
	if (!v->doorbell_map)
		return;
	v->doorbell_map_bytes = end - start;
	v->doorbells = (char *)v->doorbell_map + (v->notify.offset - start);
}

int virtio_pci_open(struct virtio_pci *v, struct vfio_dev *d, int64_t timeout_ns)
{
	struct pci_caps caps;
	int ret = check_device(d);

	*v = (struct virtio_pci) { .d = d, .timeout_ns = timeout_ns };
	if (ret == 0)
		ret = pci_read_caps(d, &caps);
	for (unsigned int i = 0; ret == 0 && i < caps.len; i++) {
		if (caps.cap[i].id == PCI_CAP_ID_VENDOR)
			ret = read_cap(v, caps.cap[i].offset);
	}
	if (ret == 0)
		ret = check_complete(v);
	if (ret == 0)
		map_doorbells(v);
	return ret;
}

void virtio_pci_close(struct virtio_pci *v)
{
	if (v->doorbell_map)
		v->d->sys->munmap(v->doorbell_map, v->doorbell_map_bytes);
	*v = (struct virtio_pci) { 0 };
}
