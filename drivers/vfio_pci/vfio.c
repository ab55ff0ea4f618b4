// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Opening a PCI function through VFIO, its regions and its interrupts. Memory is in vfio_dma.c.
 */
#include "drivers/vfio_pci/vfio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/vfio_pci/vfio_uapi.h"
#include "lib/error.h"
#include "lib/util/compiler.h"

void vfio_init(struct vfio_dev *d, const struct vfio_sys *sys)
{
	*d = (struct vfio_dev) { .sys = sys, .iommu_fd = -1, .group_fd = -1, .fd = -1 };
}

static int call(struct vfio_dev *d, int fd, unsigned long request, void *arg)
{
	return d->sys->ioctl(fd, request, arg);
}

static int open_error(int ret, const char *node)
{
	switch (ret) {
	case -EACCES:
	case -EPERM:
		return err_os(ret, "cannot open %s: give this user access (chown, a udev rule)",
			      node);
	case -EBUSY:
		return err_os(ret, "cannot open %s: another program uses the device", node);
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return err_os(ret, "cannot open %s: is the module loaded (modprobe vfio-pci)?",
			      node);
	case -EMFILE:
		return err_os(ret, "cannot open %s (see ulimit -n)", node);
	default:
		return err_os(ret, "cannot open %s", node);
	}
}

/* ---- group and container ---- */

static int open_container(struct vfio_dev *d)
{
	int ret = d->sys->open("/dev/vfio/vfio");

	if (ret < 0)
		return open_error(ret, "/dev/vfio/vfio");
	d->iommu_fd = ret;
	ret = call(d, d->iommu_fd, VFIO_GET_API_VERSION, NULL);
	if (ret != VFIO_API_VERSION)
		return err_set(-ENOTSUP, "the kernel's VFIO has version %d, not %d", ret,
			       VFIO_API_VERSION);
	ret = call(d, d->iommu_fd, VFIO_CHECK_EXTENSION, (void *)VFIO_TYPE1v2_IOMMU);
	if (ret <= 0)
		return err_set(-ENOTSUP, "VFIO has no type 1 IOMMU here: is the module loaded "
					 "(modprobe vfio_iommu_type1)?");
	return 0;
}

static int open_group(struct vfio_dev *d, const char *group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char node[64];
	int ret;

	snprintf(node, sizeof(node), "/dev/vfio/%s", group);
	ret = d->sys->open(node);
	if (ret < 0)
		return open_error(ret, node);
	d->group_fd = ret;
	ret = call(d, d->group_fd, VFIO_GROUP_GET_STATUS, &status);
	if (ret < 0)
		return err_os(ret, "cannot ask for the state of IOMMU group %s", group);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return err_set(-EBUSY,
			       "IOMMU group %s has other devices with a driver of the kernel: bind "
			       "all in /sys/kernel/iommu_groups/%s/devices to vfio-pci or to none",
			       group, group);
	ret = call(d, d->group_fd, VFIO_GROUP_SET_CONTAINER, &d->iommu_fd);
	if (ret < 0)
		return err_os(ret, "cannot use IOMMU group %s", group);
	ret = call(d, d->iommu_fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	if (ret == -EPERM)
		return err_os(ret,
			      "the IOMMU of group %s cannot remap interrupts, and the module "
			      "vfio_iommu_type1 has allow_unsafe_interrupts=0",
			      group);
	return ret < 0 ? err_os(ret, "cannot set up the IOMMU for group %s", group) : 0;
}

static int open_by_group(struct vfio_dev *d, const struct vfio_place *place)
{
	int ret = open_container(d);

	if (ret == 0)
		ret = open_group(d, place->group);
	if (ret < 0)
		return ret;
	/* The request takes the name, not the directory. */
	ret = call(d, d->group_fd, VFIO_GROUP_GET_DEVICE_FD, (void *)place->name);
	if (ret < 0)
		return err_os(ret, "cannot open %s in IOMMU group %s", place->name, place->group);
	d->fd = ret;
	return vfio_type1_read_info(d);
}

/* ---- iommufd and character device ---- */

static int attach(struct vfio_dev *d)
{
	struct vfio_cdev_bind bind = { .argsz = sizeof(bind), .iommufd = d->iommu_fd };
	struct iommufd_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_cdev_attach at = { .argsz = sizeof(at) };
	int ret = call(d, d->fd, VFIO_CDEV_BIND, &bind);

	if (ret < 0)
		return err_os(ret, "cannot bind %s to iommufd%s", d->name,
			      ret == -EPERM ? " (can its IOMMU remap interrupts?)" : "");
	ret = call(d, d->iommu_fd, IOMMUFD_IOAS_ALLOC, &alloc);
	if (ret < 0)
		return err_os(ret, "cannot create an address space for %s", d->name);
	d->ioas_id = alloc.out_ioas_id;
	at.pt_id = alloc.out_ioas_id;
	ret = call(d, d->fd, VFIO_CDEV_ATTACH, &at);
	if (ret < 0)
		return err_os(ret, "cannot attach %s to its address space", d->name);
	return vfio_iommufd_read_info(d);
}

/* 1: this system or this user does not have both nodes, so it is the group's turn. */
static int open_by_cdev(struct vfio_dev *d, const struct vfio_place *place)
{
	char node[64];
	int ret;

	if (!place->cdev[0])
		return 1;
	ret = d->sys->open("/dev/iommu");
	if (ret < 0)
		return 1;
	d->iommu_fd = ret;
	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", place->cdev);
	ret = d->sys->open(node);
	if (ret < 0) {
		d->sys->close(d->iommu_fd);
		d->iommu_fd = -1;
		return ret == -EBUSY ? open_error(ret, node) : 1;
	}
	d->fd = ret;
	d->iommufd = true;
	return attach(d);
}

/* ---- regions and interrupts ---- */

static int read_regions(struct vfio_dev *d, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < VFIO_PCI_NUM_REGIONS; i++) {
		struct vfio_region_info info = { .argsz = sizeof(info), .index = i };

		/* A device without this region (VGA, say) may answer EINVAL. */
		if (call(d, d->fd, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
			continue;
		d->regions[i] = (struct vfio_region) {
			.offset = info.offset,
			.size = info.size,
			.can_mmap = info.flags & VFIO_REGION_INFO_FLAG_MMAP,
		};
	}
	return 0;
}

static void read_irqs(struct vfio_dev *d, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < VFIO_PCI_NUM_IRQS; i++) {
		struct vfio_irq_info info = { .argsz = sizeof(info), .index = i };

		if (call(d, d->fd, VFIO_DEVICE_GET_IRQ_INFO, &info) == 0 &&
		    info.flags & VFIO_IRQ_INFO_EVENTFD)
			d->nr_irqs[i] = info.count;
	}
}

static int read_device_info(struct vfio_dev *d)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int ret = call(d, d->fd, VFIO_DEVICE_GET_INFO, &info);

	if (ret < 0)
		return err_os(ret, "cannot ask what %s is", d->name);
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return err_set(-EINVAL, "%s is no PCI function", d->name);
	d->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	read_irqs(d, info.num_irqs);
	return read_regions(d, info.num_regions);
}

int vfio_open(struct vfio_dev *d, const char *path)
{
	struct vfio_place place;
	int ret = vfio_find(path, &place);

	if (ret < 0)
		return ret;
	memcpy(d->name, place.name, sizeof(d->name));
	ret = open_by_cdev(d, &place);
	if (ret == 1)
		ret = open_by_group(d, &place);
	return ret < 0 ? ret : read_device_info(d);
}

static void close_fd(struct vfio_dev *d, int *fd)
{
	if (*fd >= 0)
		d->sys->close(*fd);
	*fd = -1;
}

/* The device goes first: with the address space, all mappings go. */
void vfio_close(struct vfio_dev *d)
{
	close_fd(d, &d->fd);
	close_fd(d, &d->group_fd);
	close_fd(d, &d->iommu_fd);
	iova_finish(&d->iovas);
	vfio_init(d, d->sys);
}

/* Overflow included: offset and length come from the device's capabilities. */
static bool in_region(const struct vfio_region *r, uint64_t offset, size_t len)
{
	return offset <= r->size && len <= r->size - offset;
}

int vfio_read(struct vfio_dev *d, unsigned int region, uint64_t offset, void *buf, size_t len)
{
	const struct vfio_region *r = &d->regions[region];
	ssize_t n = -EINVAL;

	if (in_region(r, offset, len))
		n = d->sys->pread(d->fd, buf, len, r->offset + offset);
	if (n == (ssize_t)len)
		return 0;
	return err_os(n < 0 ? (int)n : -EIO, "cannot read 0x%" PRIx64 " of region %u of %s", offset,
		      region, d->name);
}

int vfio_write(struct vfio_dev *d, unsigned int region, uint64_t offset, const void *buf,
	       size_t len)
{
	const struct vfio_region *r = &d->regions[region];
	ssize_t n = -EINVAL;

	if (in_region(r, offset, len))
		n = d->sys->pwrite(d->fd, buf, len, r->offset + offset);
	if (n == (ssize_t)len)
		return 0;
	return err_os(n < 0 ? (int)n : -EIO, "cannot write 0x%" PRIx64 " of region %u of %s",
		      offset, region, d->name);
}

int vfio_reset(struct vfio_dev *d)
{
	return d->can_reset ? call(d, d->fd, VFIO_DEVICE_RESET, NULL) : -ENOTSUP;
}

#define MAX_VECTORS 2048 /* of MSI-X */

/* The same eventfd for n vectors; without any (n is 0) all vectors are given back. */
static int set_irqs(struct vfio_dev *d, unsigned int index, unsigned int start, unsigned int n,
		    int32_t eventfd)
{
	union {
		struct vfio_irq_set set;
		char bytes[sizeof(struct vfio_irq_set) + MAX_VECTORS * sizeof(eventfd)];
	} u = { .set = { .argsz = (uint32_t)(sizeof(u.set) + n * sizeof(eventfd)),
			 .flags = VFIO_IRQ_SET_ACTION_TRIGGER |
				  (n ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
			 .index = index,
			 .start = start,
			 .count = n } };

	for (unsigned int i = 0; i < n; i++)
		memcpy(u.set.data + i * sizeof(eventfd), &eventfd, sizeof(eventfd));
	return call(d, d->fd, VFIO_DEVICE_SET_IRQS, &u);
}

int vfio_alloc_irqs(struct vfio_dev *d, unsigned int index, unsigned int n)
{
	int ret = set_irqs(d, index, 0, n, -1);

	return ret < 0 ? err_os(ret, "cannot get %u interrupt vectors for %s", n, d->name) : 0;
}

int vfio_set_irq(struct vfio_dev *d, unsigned int index, unsigned int vector, int eventfd)
{
	int ret = set_irqs(d, index, vector, 1, eventfd);

	return ret < 0 ? err_os(ret, "cannot set interrupt vector %u of %s", vector, d->name) : 0;
}
