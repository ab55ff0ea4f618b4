/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the kernel headers of some systems are too old for: a VFIO device through its own character
 * device (Linux 6.6), and iommufd (6.2). Numbers and layouts are the kernel's ABI.
 */
#ifndef DRIVERS_VFIO_PCI_VFIO_UAPI_H
#define DRIVERS_VFIO_PCI_VFIO_UAPI_H

#include <linux/vfio.h>
#include <stdint.h>

#define VFIO_CDEV_BIND   _IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_CDEV_ATTACH _IO(VFIO_TYPE, VFIO_BASE + 19)

struct vfio_cdev_bind {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct vfio_cdev_attach {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id; /* an address space */
};

#define IOMMUFD_IOAS_ALLOC  _IO(';', 0x81)
#define IOMMUFD_IOVA_RANGES _IO(';', 0x84)
#define IOMMUFD_MAP         _IO(';', 0x85)
#define IOMMUFD_UNMAP       _IO(';', 0x86)

struct iommufd_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};

struct iommufd_range {
	uint64_t start;
	uint64_t last;
};

struct iommufd_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas; /* address of struct iommufd_range [num_iovas] */
	uint64_t out_iova_alignment;
};

#define IOMMUFD_MAP_FIXED_IOVA 1
#define IOMMUFD_MAP_WRITEABLE  2
#define IOMMUFD_MAP_READABLE   4

struct iommufd_map {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va;
	uint64_t length;
	uint64_t iova;
};

struct iommufd_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};

#endif
