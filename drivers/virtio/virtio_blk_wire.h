/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The virtio block device on the wire: VIRTIO 1.2 (and the zoned part of 1.3), section 5.2. All
 * fields are little-endian. Our own, since the kernel headers of some systems are too old.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_WIRE_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_WIRE_H

#include <stdint.h>

#define VIRTIO_BLK_SECTOR_BYTES 512

/* Feature bits. */
#define VIRTIO_BLK_F_SIZE_MAX     1
#define VIRTIO_BLK_F_SEG_MAX      2
#define VIRTIO_BLK_F_RO           5
#define VIRTIO_BLK_F_BLK_SIZE     6
#define VIRTIO_BLK_F_FLUSH        9
#define VIRTIO_BLK_F_TOPOLOGY     10
#define VIRTIO_BLK_F_CONFIG_WCE   11
#define VIRTIO_BLK_F_MQ           12
#define VIRTIO_BLK_F_DISCARD      13
#define VIRTIO_BLK_F_WRITE_ZEROES 14
#define VIRTIO_BLK_F_SECURE_ERASE 16
#define VIRTIO_BLK_F_ZONED        17

/* Types of requests. */
#define VIRTIO_BLK_T_IN             0
#define VIRTIO_BLK_T_OUT            1
#define VIRTIO_BLK_T_FLUSH          4
#define VIRTIO_BLK_T_GET_ID         8
#define VIRTIO_BLK_T_DISCARD        11
#define VIRTIO_BLK_T_WRITE_ZEROES   13
#define VIRTIO_BLK_T_SECURE_ERASE   14
#define VIRTIO_BLK_T_ZONE_APPEND    15
#define VIRTIO_BLK_T_ZONE_REPORT    16
#define VIRTIO_BLK_T_ZONE_OPEN      18
#define VIRTIO_BLK_T_ZONE_CLOSE     20
#define VIRTIO_BLK_T_ZONE_FINISH    22
#define VIRTIO_BLK_T_ZONE_RESET     24
#define VIRTIO_BLK_T_ZONE_RESET_ALL 26

#define VIRTIO_BLK_S_OK     0
#define VIRTIO_BLK_S_IOERR  1
#define VIRTIO_BLK_S_UNSUPP 2
/* Only of a zoned device. */
#define VIRTIO_BLK_S_ZONE_INVALID_CMD     3
#define VIRTIO_BLK_S_ZONE_UNALIGNED_WP    4
#define VIRTIO_BLK_S_ZONE_OPEN_RESOURCE   5
#define VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE 6
#define VIRTIO_BLK_S_UNSET                0xff /* ours: the device has not written its status */

#define VIRTIO_BLK_UNMAP 1 /* struct virtio_blk_range, flags */

#define VIRTIO_BLK_ID_BYTES 20

struct virtio_blk_config {
	uint64_t capacity; /* sectors */
	uint32_t size_max;
	uint32_t seg_max;
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t blk_size;
	uint8_t physical_block_exp;
	uint8_t alignment_offset;
	uint16_t min_io_size;
	uint32_t opt_io_size;
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	/* with SECURE_ERASE */
	uint32_t max_secure_erase_sectors;
	uint32_t max_secure_erase_seg;
	uint32_t secure_erase_sector_alignment;
	/* with ZONED */
	uint32_t zone_sectors;
	uint32_t max_open_zones;
	uint32_t max_active_zones;
	uint32_t max_append_sectors;
	uint32_t write_granularity;
	uint8_t zone_model; /* VIRTIO_BLK_Z_* */
	uint8_t unused2[3];
} __attribute__((packed));

_Static_assert(sizeof(struct virtio_blk_config) == 96, "as on the wire");

/* How much of it every device has, and what comes with features. */
#define VIRTIO_BLK_CONFIG_BYTES       60
#define VIRTIO_BLK_CONFIG_ERASE_BYTES 72

#define VIRTIO_BLK_Z_NONE         0
#define VIRTIO_BLK_Z_HOST_MANAGED 1
#define VIRTIO_BLK_Z_HOST_AWARE   2

/* What each request begins with. */
struct virtio_blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* The data of discard and write zeroes. */
struct virtio_blk_range {
	uint64_t sector;
	uint32_t nr_sectors;
	uint32_t flags;
};

/* A report of zones: the header, then a descriptor for each zone. */
struct virtio_blk_zone_report {
	uint64_t nr_zones;
	uint8_t reserved[56];
};

struct virtio_blk_zone {
	uint64_t capacity; /* sectors, as the others */
	uint64_t start;
	uint64_t write_pointer;
	uint8_t type;  /* the values of BLKIO_ZONE_TYPE_* */
	uint8_t state; /* those of BLKIO_ZONE_STATE_*, and 0 for one without a write pointer */
	uint8_t reserved[38];
};

#endif
