/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The vhost-user protocol on the wire, as far as a block front-end needs it. Numbers are in the
 * machine's byte order.
 */
#ifndef DRIVERS_VHOST_USER_VHOST_USER_PROTO_H
#define DRIVERS_VHOST_USER_VHOST_USER_PROTO_H

#include <stdint.h>

#define VHOST_USER_F_PROTOCOL_FEATURES 30 /* among the virtio features */

/* Protocol features. */
#define VHOST_USER_PROTOCOL_F_MQ                  0
#define VHOST_USER_PROTOCOL_F_REPLY_ACK           3
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ         5
#define VHOST_USER_PROTOCOL_F_CONFIG              9
#define VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD      12
#define VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS 15

enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_GET_INFLIGHT_FD = 31,
	VHOST_USER_SET_INFLIGHT_FD = 32,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
};

/* What a back-end sends on a channel of its own. */
enum vhost_user_backend_request {
	VHOST_USER_BACKEND_CONFIG_CHANGE = 2,
};

/* Of all that is defined today, the largest is 32 bytes. */
#define VHOST_USER_MAX_BACKEND_PAYLOAD 64

/* Header, flags. */
#define VHOST_USER_VERSION      1
#define VHOST_USER_VERSION_MASK 3
#define VHOST_USER_REPLY        (1 << 2)
#define VHOST_USER_NEED_REPLY   (1 << 3)

struct vhost_user_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload that follows */
};

struct vhost_user_vring_state {
	uint32_t index;
	uint32_t num;
};

/* User addresses, those of the memory table. */
struct vhost_user_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

#define VHOST_USER_VRING_INDEX_MASK 0xff
#define VHOST_USER_VRING_NO_FD      (1 << 8) /* poll: no descriptor comes with the message */

struct vhost_user_region {
	uint64_t guest_addr;
	uint64_t bytes;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct vhost_user_one_region {
	uint64_t padding;
	struct vhost_user_region region;
};

#define VHOST_USER_MAX_TABLE 8

struct vhost_user_mem_table {
	uint32_t nr_regions;
	uint32_t padding;
	struct vhost_user_region regions[VHOST_USER_MAX_TABLE];
};

#define VHOST_USER_MAX_CONFIG 256

struct vhost_user_config {
	uint32_t offset;
	uint32_t bytes;
	uint32_t flags;
	uint8_t data[VHOST_USER_MAX_CONFIG];
};

/* A back-end's memory about requests in flight; what it means is its own affair. */
struct vhost_user_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t num_queues;
	uint16_t queue_size;
	uint32_t padding;
};

#endif
