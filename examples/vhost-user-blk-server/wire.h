/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * vhost-user messages on a socket: the numbers, the layouts, sending and receiving. Everything is
 * in the machine's byte order.
 */
#ifndef SERVER_WIRE_H
#define SERVER_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

enum vu_request {
	VU_GET_FEATURES = 1,
	VU_SET_FEATURES = 2,
	VU_SET_OWNER = 3,
	VU_RESET_OWNER = 4,
	VU_SET_MEM_TABLE = 5,
	VU_SET_VRING_NUM = 8,
	VU_SET_VRING_ADDR = 9,
	VU_SET_VRING_BASE = 10,
	VU_GET_VRING_BASE = 11,
	VU_SET_VRING_KICK = 12,
	VU_SET_VRING_CALL = 13,
	VU_SET_VRING_ERR = 14,
	VU_GET_PROTOCOL_FEATURES = 15,
	VU_SET_PROTOCOL_FEATURES = 16,
	VU_GET_QUEUE_NUM = 17,
	VU_SET_VRING_ENABLE = 18,
	VU_SET_BACKEND_REQ_FD = 21,
	VU_GET_CONFIG = 24,
	VU_SET_CONFIG = 25,
	VU_GET_INFLIGHT_FD = 31,
	VU_SET_INFLIGHT_FD = 32,
	VU_RESET_DEVICE = 34,
	VU_GET_MAX_MEM_SLOTS = 36,
	VU_ADD_MEM_REG = 37,
	VU_REM_MEM_REG = 38,
	VU_SET_STATUS = 39,
	VU_GET_STATUS = 40,
	VU_N_REQUESTS
};

/* What the back-end sends on the socket of SET_BACKEND_REQ_FD. */
enum {
	VU_BACKEND_CONFIG_CHANGE = 2
};

enum vu_protocol_feature {
	VU_F_MQ = 0,
	VU_F_REPLY_ACK = 3,
	VU_F_BACKEND_REQ = 5,
	VU_F_CONFIG = 9,
	VU_F_INFLIGHT_SHMFD = 12,
	VU_F_RESET_DEVICE = 13,
	VU_F_CONFIGURE_MEM_SLOTS = 15,
	VU_F_STATUS = 16,
};

enum {
	VU_VERSION = 1,
	VU_VERSION_MASK = 3,
	VU_REPLY = 4,
	VU_NEED_REPLY = 8,
	VU_NO_FD = 1 << 8, /* in the messages that carry an eventfd */
	VU_MAX_CONFIG = 256,
	VU_MAX_FDS = 8,
};

struct vu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload */
};

struct vu_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vu_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc, used, avail, log; /* packed: ring, device event, driver event */
};

struct vu_mem_table {
	uint32_t n, padding;
	struct mem_desc region[MEM_TABLE_SLOTS];
};

struct vu_mem_reg {
	uint64_t padding;
	struct mem_desc region;
};

struct vu_config {
	uint32_t offset, size, flags;
	uint8_t data[VU_MAX_CONFIG];
};

struct vu_inflight {
	uint64_t map_size, map_offset;
	uint16_t num_queues, queue_size;
};

union vu_payload {
	uint64_t u64;
	struct vu_vring_state state;
	struct vu_vring_addr addr;
	struct vu_mem_table table;
	struct vu_mem_reg reg;
	struct vu_config config;
	struct vu_inflight inflight;
};

struct vu_msg {
	struct vu_header h;
	union vu_payload p;
	int fds[VU_MAX_FDS]; /* -1 where there is none, or where it was taken */
	unsigned int n_fds;
};

/*
 * Wait for a message. 1: there is one; 0: the other side is gone; -1: something is wrong with it,
 * a message was printed. The fds are the caller's, see wire_close_fds().
 */
int wire_receive(int socket, struct vu_msg *m);
/* Send a message with its fds, which stay open. 0, or -1: the other side does not take it. */
int wire_send(int socket, const struct vu_msg *m);
/* Close the fds that nobody took. */
void wire_close_fds(struct vu_msg *m);
/* Take an fd out of the message. */
int wire_take_fd(struct vu_msg *m, unsigned int i);

#endif /* SERVER_WIRE_H */
