// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory for a device behind an IOMMU: which addresses it can use, mapping, unmapping; for a
 * container of type 1 and for iommufd.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drivers/vfio_pci/vfio.h"
#include "drivers/vfio_pci/vfio_uapi.h"
#include "lib/error.h"

/*
 * Where our addresses begin and end: far from 0, since 0 is what a confused device uses, and within
 * the 48 bits that most IOMMUs have. All that the IOMMU cannot use in between is taken out.
 */
#define IOVA_FIRST (UINT64_C(1) << 20)
#define IOVA_LAST  ((UINT64_C(1) << 47) - 1)

#define INFO_BYTES 16384 /* of what the kernel tells about an IOMMU */
#define MAX_RANGES 256

/* [start, last] cannot be used. */
static int take_out(struct vfio_dev *d, uint64_t start, uint64_t last)
{
	int ret = iova_reserve(&d->iovas, start, last);

	return ret < 0 ? err_os(ret, "cannot note the addresses of an IOMMU") : 0;
}

/* Ranges that can be used, in ascending order; what lies between is taken out. */
static int use_ranges(struct vfio_dev *d, const struct iommufd_range *r, uint32_t n)
{
	uint64_t next = 0;

	if (n == 0)
		return err_set(-EPROTO, "the IOMMU of %s has no usable addresses", d->name);
	for (uint32_t i = 0; i < n; i++) {
		int ret = 0;

		if (r[i].last < r[i].start || r[i].start < next)
			return err_set(-EPROTO,
				       "the kernel's list of usable addresses for %s is "
				       "not in order",
				       d->name);
		if (r[i].start > next)
			ret = take_out(d, next, r[i].start - 1);
		if (ret < 0)
			return ret;
		next = r[i].last + 1;
		if (!next)
			return 0;
	}
	return take_out(d, next, UINT64_MAX);
}

/* Memory is pinned by pages of the processor, so the IOMMU must have those or smaller ones. */
static int set_page_bytes(struct vfio_dev *d, uint64_t smallest)
{
	uint64_t ours = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!smallest || smallest > ours)
		return err_set(-ENOTSUP,
			       "the IOMMU of %s has pages of %" PRIu64 " bytes or more, the "
			       "processor of %" PRIu64,
			       d->name, smallest, ours);
	d->page_bytes = ours;
	iova_init(&d->iovas, IOVA_FIRST, IOVA_LAST, ours);
	return 0;
}

/* ---- type 1 ---- */

/* A capability of the given id in the kernel's answer, at least `bytes` long; NULL if none. */
static const void *find_cap(const char *info, uint32_t info_bytes, uint32_t offset, uint16_t id,
			    size_t bytes)
{
	struct vfio_info_cap_header h;

	for (int i = 0; offset && i < 64; i++, offset = h.next) {
		if (offset > info_bytes || info_bytes - offset < sizeof(h))
			return NULL;
		memcpy(&h, info + offset, sizeof(h));
		if (h.id == id)
			return info_bytes - offset >= bytes ? info + offset : NULL;
	}
	return NULL;
}

static int type1_ranges(struct vfio_dev *d, const char *info, uint32_t info_bytes, uint32_t offset)
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap =
		find_cap(info, info_bytes, offset, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
			 sizeof(*cap));
	size_t room;

	if (!cap)
		return 0; /* before Linux 5.4 */
	room = info_bytes - (size_t)((const char *)cap->iova_ranges - info);
	if (cap->nr_iovas > room / sizeof(cap->iova_ranges[0]))
		return err_set(-EPROTO, "the kernel's list of usable addresses for %s is cut off",
			       d->name);
	_Static_assert(sizeof(struct iommufd_range) == sizeof(struct vfio_iova_range), "the same");
	return use_ranges(d, (const void *)cap->iova_ranges, cap->nr_iovas);
}

int vfio_type1_read_info(struct vfio_dev *d)
{
	union {
		struct vfio_iommu_type1_info info;
		char bytes[INFO_BYTES];
	} u = { .info.argsz = INFO_BYTES };
	const struct vfio_iommu_type1_info_dma_avail *avail;
	uint32_t caps, bytes;
	int ret = d->sys->ioctl(d->iommu_fd, VFIO_IOMMU_GET_INFO, &u);

	if (ret < 0)
		return err_os(ret, "cannot ask what the IOMMU of %s can do", d->name);
	bytes = u.info.argsz < INFO_BYTES ? u.info.argsz : INFO_BYTES;
	caps = u.info.flags & VFIO_IOMMU_INFO_CAPS ? u.info.cap_offset : 0;
	if (!(u.info.flags & VFIO_IOMMU_INFO_PGSIZES))
		u.info.iova_pgsizes = 4096;
	ret = set_page_bytes(d, u.info.iova_pgsizes & -u.info.iova_pgsizes);
	if (ret < 0)
		return ret;
	avail = find_cap(u.bytes, bytes, caps, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(*avail));
	d->max_maps = avail ? avail->avail : UINT16_MAX; /* the module's default */
	return type1_ranges(d, u.bytes, bytes, caps);
}

/* ---- iommufd ---- */

int vfio_iommufd_read_info(struct vfio_dev *d)
{
	struct iommufd_range ranges[MAX_RANGES];
	struct iommufd_iova_ranges r = {
		.size = sizeof(r),
		.ioas_id = d->ioas_id,
		.num_iovas = MAX_RANGES,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int ret = d->sys->ioctl(d->iommu_fd, IOMMUFD_IOVA_RANGES, &r);

	if (ret < 0 || r.num_iovas > MAX_RANGES)
		return err_os(ret < 0 ? ret : -EPROTO, "cannot ask what the IOMMU of %s can do",
			      d->name);
	d->max_maps = UINT64_MAX;
	ret = set_page_bytes(d, r.out_iova_alignment);
	return ret < 0 ? ret : use_ranges(d, ranges, r.num_iovas);
}

/* ---- mapping ---- */

static int map_at(struct vfio_dev *d, void *addr, size_t len, iova_t iova)
{
	struct vfio_iommu_type1_dma_map type1 = {
		.argsz = sizeof(type1),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = len,
	};
	struct iommufd_map fd = {
		.size = sizeof(fd),
		.flags = IOMMUFD_MAP_FIXED_IOVA | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITEABLE,
		.ioas_id = d->ioas_id,
		.user_va = (uintptr_t)addr,
		.length = len,
		.iova = iova,
	};

	if (d->iommufd)
		return d->sys->ioctl(d->iommu_fd, IOMMUFD_MAP, &fd);
	return d->sys->ioctl(d->iommu_fd, VFIO_IOMMU_MAP_DMA, &type1);
}

static int map_error(int ret, size_t len)
{
	struct rlimit lock = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &lock);
	if (ret == -ENOMEM)
		return err_os(ret,
			      "cannot pin %zu bytes for the device: the limit for locked memory "
			      "(ulimit -l) is %ju bytes",
			      len, (uintmax_t)lock.rlim_cur);
	if (ret == -ENOSPC)
		return err_os(ret, "the IOMMU takes no more mappings (dma_entry_limit of the "
				   "module vfio_iommu_type1)");
	return err_os(ret, "cannot map %zu bytes for the device", len);
}

int vfio_map(struct vfio_dev *d, void *addr, size_t len, iova_t *iova)
{
	int ret;

	if (!len || len % d->page_bytes || (uintptr_t)addr % d->page_bytes)
		return err_set(-EINVAL,
			       "memory of %zu bytes at %p cannot be mapped: the IOMMU has pages of "
			       "%" PRIu64 " bytes",
			       len, addr, d->page_bytes);
	ret = iova_alloc(&d->iovas, len, iova);
	if (ret < 0)
		return err_os(ret, "no address range of %zu bytes is left for the device", len);
	ret = map_at(d, addr, len, *iova);
	if (ret == 0)
		return 0;
	iova_free(&d->iovas, *iova);
	return map_error(ret, len);
}

/* What could not be unmapped keeps its addresses: nothing else must be found there. */
void vfio_unmap(struct vfio_dev *d, iova_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap type1 = {
		.argsz = sizeof(type1),
		.iova = iova,
		.size = len,
	};
	struct iommufd_unmap fd = {
		.size = sizeof(fd),
		.ioas_id = d->ioas_id,
		.iova = iova,
		.length = len,
	};
	int ret = d->iommufd ? d->sys->ioctl(d->iommu_fd, IOMMUFD_UNMAP, &fd)
			     : d->sys->ioctl(d->iommu_fd, VFIO_IOMMU_UNMAP_DMA, &type1);

	if (ret >= 0)
		iova_free(&d->iovas, iova);
}
