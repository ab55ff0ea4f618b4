// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The kernel's half of fake_pci.h: sysfs, VFIO, iommufd.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/fake_pci.h"
#include "tests/fakes/fake_pci_kernel.h"
#include "tests/fakes/must.h"
#include "tests/support/test.h"

enum {
	CONTAINER = 1000000,
	GROUP,
	DEVICE,
	IOMMUFD,
};

#define REGION_SHIFT 40

/* Of iommufd and the VFIO character device; the installed headers may not have them. */
#define CDEV_BIND   _IO(';', 118)
#define CDEV_ATTACH _IO(';', 119)
#define IOAS_ALLOC  _IO(';', 0x81)
#define IOVA_RANGES _IO(';', 0x84)
#define IOAS_MAP    _IO(';', 0x85)
#define IOAS_UNMAP  _IO(';', 0x86)

static char sysfs[64];

void fake_pci_fail(unsigned long request, int ret)
{
	for (int i = 0; i < FAKE_PCI_CALLS; i++) {
		if (fake_pci.fail[i].ret)
			continue;
		fake_pci.fail[i].request = request;
		fake_pci.fail[i].ret = ret;
		return;
	}
	ck_abort_msg("too many calls that fail");
}

void fake_pci_fail_open(const char *path, int ret)
{
	fake_pci_fail(0, ret);
	for (int i = FAKE_PCI_CALLS - 1; i >= 0; i--) {
		if (!fake_pci.fail[i].ret)
			continue;
		fake_pci.fail[i].path = path;
		return;
	}
}

/* ---- sysfs ---- */

/* sysfs/0000:00:01.0/name leads to something of that name. */
static void make_link(const char *path, const char *name, const char *target)
{
	char link[256], to[128];

	snprintf(link, sizeof(link), "%s/%s", path, name);
	snprintf(to, sizeof(to), "../somewhere/%s", target);
	must_eq(symlink(to, link), 0);
}

static void make_dir(const char *path, const char *name)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "%s/%s", path, name);
	must_eq(mkdir(dir, 0700), 0);
}

const char *fake_pci_sysfs(const char *driver, const char *group, bool cdev)
{
	static char path[128];

	fake_pci_remove_sysfs();
	snprintf(sysfs, sizeof(sysfs), "/tmp/fake-pci.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(sysfs));
	make_dir(sysfs, "0000:00:01.0");
	snprintf(path, sizeof(path), "%s/0000:00:01.0", sysfs);
	if (driver)
		make_link(path, "driver", driver);
	if (group)
		make_link(path, "iommu_group", group);
	if (cdev)
		make_dir(path, "vfio-dev");
	if (cdev)
		make_dir(path, "vfio-dev/vfio3");
	return path;
}

void fake_pci_remove_sysfs(void)
{
	static const char *const parts[] = { "/0000:00:01.0/driver",
					     "/0000:00:01.0/iommu_group",
					     "/0000:00:01.0/vfio-dev/vfio3",
					     "/0000:00:01.0/vfio-dev",
					     "/0000:00:01.0",
					     "" };
	char path[128];

	for (size_t i = 0; sysfs[0] && i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", sysfs, parts[i]);
		(void)remove(path); /* not all of it was made */
	}
	sysfs[0] = '\0';
}

/* ---- files ---- */

static int sys_open(const char *path)
{
	int fd = strcmp(path, "/dev/vfio/vfio") == 0            ? CONTAINER
		 : strcmp(path, "/dev/vfio/7") == 0             ? GROUP
		 : !fake_pci.has_iommufd                        ? -ENOENT
		 : strcmp(path, "/dev/iommu") == 0              ? IOMMUFD
		 : strcmp(path, "/dev/vfio/devices/vfio3") == 0 ? DEVICE
								: -ENOENT;

	for (int i = 0; i < FAKE_PCI_CALLS; i++) {
		if (fake_pci.fail[i].path && strcmp(fake_pci.fail[i].path, path) == 0)
			return fake_pci.fail[i].ret;
	}
	fake_pci.open_fds += fd > 0;
	return fd;
}

static void sys_close(int fd)
{
	must_le(CONTAINER, fd);
	fake_pci.open_fds--;
}

static ssize_t sys_pread(int fd, void *buf, size_t len, uint64_t offset)
{
	uint64_t region = offset >> REGION_SHIFT, at = offset & ((UINT64_C(1) << REGION_SHIFT) - 1);

	must_eq(fd, DEVICE);
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		memcpy(buf, fake_pci.config + at, len);
	else
		fake_pci_read_bar(at, buf, len);
	return (ssize_t)len;
}

static ssize_t sys_pwrite(int fd, const void *buf, size_t len, uint64_t offset)
{
	uint64_t region = offset >> REGION_SHIFT, at = offset & ((UINT64_C(1) << REGION_SHIFT) - 1);

	must_eq(fd, DEVICE);
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		fake_pci_write_config(at, buf, len);
	else
		fake_pci_write_bar(at, buf, len);
	return (ssize_t)len;
}

static void *sys_mmap(int fd, size_t len, uint64_t offset)
{
	must_eq(fd, DEVICE);
	ck_assert_uint_eq(offset, ((uint64_t)FAKE_PCI_BAR << REGION_SHIFT) + 0x3000);
	ck_assert_uint_le(len, sizeof(fake_pci.doorbells));
	return fake_pci.cannot_mmap ? NULL : fake_pci.doorbells;
}

static void sys_munmap(void *addr, size_t len)
{
	ck_assert_ptr_eq(addr, fake_pci.doorbells);
	ck_assert_uint_le(len, sizeof(fake_pci.doorbells));
}

/* ---- memory ---- */

static int add_map(uint64_t addr, uint64_t iova, uint64_t len)
{
	if (iova < fake_pci.iova_first || iova + len - 1 > fake_pci.iova_last)
		return -EINVAL;
	ck_assert_uint_lt(fake_pci.nr_maps, FAKE_PCI_MAPS);
	fake_pci.maps[fake_pci.nr_maps++] = (struct fake_pci_map) { iova, addr, len };
	return 0;
}

static int remove_map(uint64_t iova, uint64_t len)
{
	for (unsigned int i = 0; i < fake_pci.nr_maps; i++) {
		if (fake_pci.maps[i].iova != iova || fake_pci.maps[i].len != len)
			continue;
		fake_pci.maps[i] = fake_pci.maps[--fake_pci.nr_maps];
		return 0;
	}
	return -ENOENT;
}

void *fake_pci_memory(uint64_t iova, uint64_t len)
{
	for (unsigned int i = 0; i < fake_pci.nr_maps; i++) {
		const struct fake_pci_map *m = &fake_pci.maps[i];

		if (iova >= m->iova && iova - m->iova < m->len && len <= m->len - (iova - m->iova))
			return (char *)(uintptr_t)m->addr + (iova - m->iova);
	}
	return NULL;
}

/* ---- ioctl ---- */

/* The answer has two capabilities behind it: at 32 the usable addresses, at 64 the mappings left.
 */
static int iommu_info(struct vfio_iommu_type1_info *info)
{
	const struct vfio_iommu_type1_info_cap_iova_range ranges = {
		.header = { .id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, .next = 64 },
		.nr_iovas = 1,
	};
	const struct vfio_iova_range range = { fake_pci.iova_first, fake_pci.iova_last };
	const struct vfio_iommu_type1_info_dma_avail avail = {
		.header = { .id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL },
		.avail = fake_pci.dma_avail,
	};
	char *base = (char *)info;

	ck_assert_uint_ge(info->argsz, 128);
	info->argsz = 128;
	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->iova_pgsizes = fake_pci.page_sizes;
	info->cap_offset = 32;
	memcpy(base + 32, &ranges, sizeof(ranges));
	memcpy(base + 32 + sizeof(ranges), &range, sizeof(range));
	memcpy(base + 64, &avail, sizeof(avail));
	return 0;
}

static int region_info(struct vfio_region_info *info)
{
	info->offset = (uint64_t)info->index << REGION_SHIFT;
	info->flags = 0;
	info->size = info->index < 6                               ? fake_pci.bar_bytes[info->index]
		     : info->index == VFIO_PCI_CONFIG_REGION_INDEX ? sizeof(fake_pci.config)
								   : 0;
	if (info->index == FAKE_PCI_BAR)
		info->flags = VFIO_REGION_INFO_FLAG_MMAP;
	return 0;
}

static int irq_info(struct vfio_irq_info *info)
{
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = info->index == VFIO_PCI_MSIX_IRQ_INDEX ? fake_pci.msix_vectors : 1;
	return 0;
}

static int set_irqs(const struct vfio_irq_set *set)
{
	bool msix = set->index == VFIO_PCI_MSIX_IRQ_INDEX;

	ck_assert_uint_lt(set->index, 5);
	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		memset(fake_pci.irq_fd[set->index], 0xff, sizeof(fake_pci.irq_fd[0]));
		fake_pci.irq_allocated = 0;
		return 0;
	}
	if (set->start + set->count > (msix ? fake_pci.msix_vectors : 1))
		return -EINVAL;
	/* Vectors that were not allocated at first cannot be added later. */
	if (msix && fake_pci.irq_allocated && set->start + set->count > fake_pci.irq_allocated)
		return -EINVAL;
	if (msix && !fake_pci.irq_allocated)
		fake_pci.irq_allocated = set->start + set->count;
	memcpy(&fake_pci.irq_fd[set->index][set->start], set->data, set->count * sizeof(int));
	return 0;
}

static int iova_ranges(void *arg)
{
	struct {
		uint32_t size, id, nr, reserved;
		uint64_t ranges, alignment;
	} r;
	uint64_t *range;

	memcpy(&r, arg, sizeof(r));
	ck_assert_uint_eq(r.id, 5);
	ck_assert_uint_ge(r.nr, 1);
	range = (uint64_t *)(uintptr_t)r.ranges;
	range[0] = fake_pci.iova_first;
	range[1] = fake_pci.iova_last;
	r.nr = 1;
	r.alignment = 4096;
	memcpy(arg, &r, sizeof(r));
	return 0;
}

static int iommufd_ioctl(unsigned long request, void *arg)
{
	uint32_t *words = arg;
	uint64_t v[3];

	switch (request) {
	case IOAS_ALLOC:
		words[2] = 5;
		return 0;
	case IOVA_RANGES:
		return iova_ranges(arg);
	case IOAS_MAP:
		ck_assert_uint_eq(words[1], 7);
		ck_assert_uint_eq(words[2], 5);
		memcpy(v, words + 4, sizeof(v));
		return add_map(v[0], v[2], v[1]);
	case IOAS_UNMAP:
		memcpy(v, words + 2, 16);
		return remove_map(v[0], v[1]);
	default:
		return -ENOTTY;
	}
}

static int container_ioctl(unsigned long request, void *arg)
{
	const struct vfio_iommu_type1_dma_map *map = arg;
	const struct vfio_iommu_type1_dma_unmap *unmap = arg;

	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return (uintptr_t)arg == VFIO_TYPE1v2_IOMMU;
	case VFIO_SET_IOMMU:
		return 0;
	case VFIO_IOMMU_GET_INFO:
		return iommu_info(arg);
	case VFIO_IOMMU_MAP_DMA:
		return add_map(map->vaddr, map->iova, map->size);
	case VFIO_IOMMU_UNMAP_DMA:
		return remove_map(unmap->iova, unmap->size);
	default:
		return -ENOTTY;
	}
}

static int group_ioctl(unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = fake_pci.viable ? VFIO_GROUP_FLAGS_VIABLE : 0;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		must_eq(*(int *)arg, CONTAINER);
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		ck_assert_str_eq(arg, "0000:00:01.0");
		fake_pci.open_fds++;
		return DEVICE;
	default:
		return -ENOTTY;
	}
}

static int device_ioctl(unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return irq_info(arg);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(arg);
	case VFIO_DEVICE_RESET:
		fake_pci.function_resets++;
		return 0;
	case CDEV_BIND:
		must_eq(((int32_t *)arg)[2], IOMMUFD);
		return 0;
	case CDEV_ATTACH:
		ck_assert_uint_eq(((uint32_t *)arg)[2], 5);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int sys_ioctl(int fd, unsigned long request, void *arg)
{
	for (int i = 0; i < FAKE_PCI_CALLS; i++) {
		if (fake_pci.fail[i].ret && fake_pci.fail[i].request == request)
			return fake_pci.fail[i].ret;
	}
	switch (fd) {
	case CONTAINER:
		return container_ioctl(request, arg);
	case GROUP:
		return group_ioctl(request, arg);
	case DEVICE:
		return device_ioctl(request, arg);
	case IOMMUFD:
		return iommufd_ioctl(request, arg);
	default:
		return -EBADF;
	}
}

const struct vfio_sys fake_pci_sys = {
	.open = sys_open,
	.close = sys_close,
	.ioctl = sys_ioctl,
	.pread = sys_pread,
	.pwrite = sys_pwrite,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
};
