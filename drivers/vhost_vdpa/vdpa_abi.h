/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel's vhost-vdpa interface, as much of it as we use. It is all here, under names of our
 * own, as the system's headers are older than some of it and bring a virtio_ring.h that clashes
 * with ours. Linux 5.13 has what is required; what came later is used where it is offered.
 */
#ifndef DRIVERS_VHOST_VDPA_VDPA_ABI_H
#define DRIVERS_VHOST_VDPA_VDPA_ABI_H

#include <stdint.h>
#include <sys/ioctl.h>

struct vdpa_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vdpa_vring_file {
	uint32_t index;
	int32_t fd; /* -1: none */
};

/* Addresses of the device. */
struct vdpa_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

struct vdpa_iova_range {
	uint64_t first;
	uint64_t last;
};

struct vdpa_config {
	uint32_t offset;
	uint32_t len;
	uint8_t buf[];
};

#define VDPA_VHOST 0xAF

#define VDPA_GET_FEATURES         _IOR(VDPA_VHOST, 0x00, uint64_t)
#define VDPA_SET_FEATURES         _IOW(VDPA_VHOST, 0x00, uint64_t)
#define VDPA_SET_OWNER            _IO(VDPA_VHOST, 0x01)
#define VDPA_SET_VRING_NUM        _IOW(VDPA_VHOST, 0x10, struct vdpa_vring_state)
#define VDPA_SET_VRING_ADDR       _IOW(VDPA_VHOST, 0x11, struct vdpa_vring_addr)
#define VDPA_SET_VRING_BASE       _IOW(VDPA_VHOST, 0x12, struct vdpa_vring_state)
#define VDPA_SET_VRING_KICK       _IOW(VDPA_VHOST, 0x20, struct vdpa_vring_file)
#define VDPA_SET_VRING_CALL       _IOW(VDPA_VHOST, 0x21, struct vdpa_vring_file)
#define VDPA_SET_VRING_ERR        _IOW(VDPA_VHOST, 0x22, struct vdpa_vring_file)
#define VDPA_SET_BACKEND_FEATURES _IOW(VDPA_VHOST, 0x25, uint64_t)
#define VDPA_GET_BACKEND_FEATURES _IOR(VDPA_VHOST, 0x26, uint64_t)
#define VDPA_GET_DEVICE_ID        _IOR(VDPA_VHOST, 0x70, uint32_t)
#define VDPA_GET_STATUS           _IOR(VDPA_VHOST, 0x71, uint8_t)
#define VDPA_SET_STATUS           _IOW(VDPA_VHOST, 0x72, uint8_t)
#define VDPA_GET_CONFIG           _IOR(VDPA_VHOST, 0x73, struct vdpa_config)
#define VDPA_SET_VRING_ENABLE     _IOW(VDPA_VHOST, 0x75, struct vdpa_vring_state)
#define VDPA_GET_VRING_NUM        _IOR(VDPA_VHOST, 0x76, uint16_t)
#define VDPA_SET_CONFIG_CALL      _IOW(VDPA_VHOST, 0x77, int)
#define VDPA_GET_IOVA_RANGE       _IOR(VDPA_VHOST, 0x78, struct vdpa_iova_range)
#define VDPA_SUSPEND              _IO(VDPA_VHOST, 0x7D)
#define VDPA_RESUME               _IO(VDPA_VHOST, 0x7E)                            /* Linux 6.3 */
#define VDPA_GET_VQS_COUNT        _IOR(VDPA_VHOST, 0x80, uint32_t)                 /* 5.18 */
#define VDPA_GET_VRING_SIZE       _IOWR(VDPA_VHOST, 0x82, struct vdpa_vring_state) /* 6.9 */

/* Bits of the back-end features. */
#define VDPA_BACKEND_F_IOTLB_MSG_V2           1
#define VDPA_BACKEND_F_IOTLB_BATCH            2
#define VDPA_BACKEND_F_SUSPEND                4
#define VDPA_BACKEND_F_RESUME                 5
#define VDPA_BACKEND_F_ENABLE_AFTER_DRIVER_OK 6
#define VDPA_BACKEND_F_IOTLB_PERSIST          8

/* What is written to the node to map and unmap memory. */
enum vdpa_iotlb_type {
	VDPA_IOTLB_UPDATE = 2,
	VDPA_IOTLB_INVALIDATE = 3,
	VDPA_IOTLB_BATCH_BEGIN = 5,
	VDPA_IOTLB_BATCH_END = 6,
};

#define VDPA_ACCESS_RW 3

struct vdpa_iotlb {
	uint64_t iova;
	uint64_t size;
	uint64_t addr; /* of the process */
	uint8_t access;
	uint8_t type; /* enum vdpa_iotlb_type */
};

#define VDPA_MSG_IOTLB_V2 2

struct vdpa_msg {
	uint32_t type;
	uint32_t asid;
	union {
		struct vdpa_iotlb iotlb;
		uint8_t padding[64];
	};
};

#define VDPA_DEVICE_ID_BLOCK 2

#endif
