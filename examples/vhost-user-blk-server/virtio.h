/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Numbers and layouts of the VIRTIO specification: feature bits, both ring formats, the requests
 * and the configuration of a block device. All fields in memory are little-endian.
 */
#ifndef SERVER_VIRTIO_H
#define SERVER_VIRTIO_H

#include <endian.h>
#include <stdint.h>

#define BIT(n)      ((uint64_t)1 << (n))
#define KIB         ((uint64_t)1024)
#define SECTOR      ((uint64_t)512)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum virtio_feature {
	BLK_F_SIZE_MAX = 1,
	BLK_F_SEG_MAX = 2,
	BLK_F_RO = 5,
	BLK_F_BLK_SIZE = 6,
	BLK_F_FLUSH = 9,
	BLK_F_TOPOLOGY = 10,
	BLK_F_CONFIG_WCE = 11,
	BLK_F_MQ = 12,
	BLK_F_DISCARD = 13,
	BLK_F_WRITE_ZEROES = 14,
	BLK_F_SECURE_ERASE = 16,
	BLK_F_ZONED = 17,
	F_INDIRECT_DESC = 28,
	F_EVENT_IDX = 29,
	F_PROTOCOL_FEATURES = 30, /* of vhost-user: there are protocol features to talk about */
	F_VERSION_1 = 32,
	F_RING_PACKED = 34,
};

/* Bits of the device status. */
enum {
	STATUS_FEATURES_OK = 8,
	STATUS_NEEDS_RESET = 64,
};

/* Descriptors; the last two flags are those of packed rings. */
enum {
	DESC_F_NEXT = 1,
	DESC_F_WRITE = 2,
	DESC_F_INDIRECT = 4,
	DESC_F_AVAIL = 1 << 7,
	DESC_F_USED = 1 << 15,
};

struct split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct split_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* behind it: used_event */
};

struct split_used_elem {
	uint32_t id;
	uint32_t len;
};

struct split_used {
	uint16_t flags;
	uint16_t idx;
	struct split_used_elem ring[]; /* behind it: avail_event */
};

enum {
	AVAIL_F_NO_INTERRUPT = 1,
	USED_F_NO_NOTIFY = 1,
};

struct packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

/* The event suppression structure of one side of a packed ring. */
struct packed_event {
	uint16_t off_wrap;
	uint16_t flags;
};

enum {
	EVENT_ENABLE = 0,
	EVENT_DISABLE = 1,
	EVENT_DESC = 2,
	PACKED_WRAP = 1 << 15, /* in off_wrap and in the base of a vring */
};

enum blk_type {
	BLK_T_IN = 0,
	BLK_T_OUT = 1,
	BLK_T_FLUSH = 4,
	BLK_T_GET_ID = 8,
	BLK_T_DISCARD = 11,
	BLK_T_WRITE_ZEROES = 13,
	BLK_T_SECURE_ERASE = 14,
	BLK_T_ZONE_APPEND = 15,
	BLK_T_ZONE_REPORT = 16,
	BLK_T_ZONE_OPEN = 18,
	BLK_T_ZONE_CLOSE = 20,
	BLK_T_ZONE_FINISH = 22,
	BLK_T_ZONE_RESET = 24,
	BLK_T_ZONE_RESET_ALL = 26,
};

enum blk_status {
	BLK_S_OK = 0,
	BLK_S_IOERR = 1,
	BLK_S_UNSUPP = 2,
	BLK_S_ZONE_INVALID_CMD = 3,
	BLK_S_ZONE_UNALIGNED_WP = 4,
	BLK_S_ZONE_OPEN_RESOURCE = 5,
	BLK_S_ZONE_ACTIVE_RESOURCE = 6,
};

struct blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

enum {
	BLK_ID_LEN = 20
};

/* One range of a discard, write-zeroes or secure-erase request. */
struct blk_range {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};

enum {
	BLK_RANGE_UNMAP = 1
};

struct blk_config {
	uint64_t capacity; /* sectors */
	uint32_t size_max;
	uint32_t seg_max;
	uint32_t geometry;
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
	uint32_t max_secure_erase_sectors;
	uint32_t max_secure_erase_seg;
	uint32_t secure_erase_sector_alignment;
	uint32_t zone_sectors;
	uint32_t max_open_zones;
	uint32_t max_active_zones;
	uint32_t max_append_sectors;
	uint32_t write_granularity; /* bytes */
	uint8_t model;
	uint8_t unused2[3];
};

enum {
	ZONED_HOST_MANAGED = 1
};

struct zone_report_header {
	uint64_t nr_zones;
	uint8_t reserved[56];
};

struct zone_descriptor {
	uint64_t cap;
	uint64_t start;
	uint64_t wp;
	uint8_t type;
	uint8_t state;
	uint8_t reserved[38];
};

enum zone_type {
	ZONE_T_CONVENTIONAL = 1,
	ZONE_T_SEQUENTIAL = 2,
};

enum zone_state {
	ZONE_S_NOT_WP = 0,
	ZONE_S_EMPTY = 1,
	ZONE_S_IMPLICIT_OPEN = 2,
	ZONE_S_EXPLICIT_OPEN = 3,
	ZONE_S_CLOSED = 4,
	ZONE_S_FULL = 14,
};

_Static_assert(sizeof(struct split_desc) == 16, "layout");
_Static_assert(sizeof(struct packed_desc) == 16, "layout");
_Static_assert(sizeof(struct blk_header) == 16, "layout");
_Static_assert(sizeof(struct blk_range) == 16, "layout");
_Static_assert(sizeof(struct blk_config) == 96, "layout");
_Static_assert(sizeof(struct zone_descriptor) == 64, "layout");

#endif /* SERVER_VIRTIO_H */
