/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A driver's side of a virtqueue, split or packed, for tests of the server's rings: it shares a
 * piece of memory with a struct vring in the same process. Everything that it writes can be
 * spoiled afterwards.
 */
#ifndef TESTS_SERVER_RING_DRIVER_H
#define TESTS_SERVER_RING_DRIVER_H

#include "examples/vhost-user-blk-server/blk.h"
#include "examples/vhost-user-blk-server/vring.h"

enum {
	RD_NUM = 8,              /* entries of the ring */
	RD_BYTES = 1 << 20,      /* shared memory */
	RD_DATA = 0x80000,       /* where data may be in it */
	RD_DISK_BYTES = 1 << 20, /* the disk is memory */
};

#define RD_GUEST 0x100000000ULL /* guest address of the shared memory */
#define RD_USER  0x700000000000ULL

/* One kind of ring. */
struct rd_kind {
	const char *name;
	bool packed, indirect, event_idx;
};

extern const struct rd_kind rd_kinds[];
enum {
	RD_N_KINDS = 8
};

/* A buffer of a request: where it is in the shared memory. */
struct rd_buf {
	uint32_t at, len;
	bool writes; /* the device writes it */
};

struct ring_driver {
	struct rd_kind kind;
	struct mem mem;
	struct backend disk;
	struct blk blk;
	struct vring vq;
	struct chain *chain;
	uint8_t *shared;
	int memory_fd, call_fd;

	uint16_t free_head, avail_idx, used_idx;
	bool avail_wrap, used_wrap;
	unsigned int n_desc[RD_NUM]; /* packed: of each id */
	uint16_t next_id;
	unsigned int requests; /* made so far: each has a header and a status of its own */
};

/* Only the driver's side, for a device elsewhere: shared memory, and its fd in memory_fd. */
struct ring_driver *rd_create_alone(const struct rd_kind *kind);
/* With a device's side in the same process. */
struct ring_driver *rd_create(const struct rd_kind *kind);
/* The same with blk set up by the caller in between. */
struct ring_driver *rd_create_stopped(const struct rd_kind *kind);
void rd_start(struct ring_driver *rd);
void rd_destroy(struct ring_driver *rd);

/* Make a list of buffers available; the result is its id. */
uint16_t rd_push(struct ring_driver *rd, const struct rd_buf *buf, unsigned int n);
/* A request with a header, data (at most 4 buffers), and a status; returns where the status is. */
uint8_t *rd_request(struct ring_driver *rd, uint32_t type, uint64_t sector,
		    const struct rd_buf *data, unsigned int n);
/* Does the device want a kick for the last request, which took n_desc places? */
bool rd_wants_kick(struct ring_driver *rd, unsigned int n_desc);
/* Ask for an interrupt with the next used element. */
void rd_enable_calls(struct ring_driver *rd);
void rd_disable_calls(struct ring_driver *rd);
/* Take a used element. False if there is none. */
bool rd_pop(struct ring_driver *rd, uint16_t *id, uint32_t *len);
/* Let the device work until there is nothing left. */
void rd_run(struct ring_driver *rd);
/* A request from start to end: its status. */
uint8_t rd_do(struct ring_driver *rd, uint32_t type, uint64_t sector, const struct rd_buf *data,
	      unsigned int n);
/* How many times the device has interrupted since the last call. */
uint64_t rd_calls(struct ring_driver *rd);

/* User addresses of the parts of the ring, for SET_VRING_ADDR. */
uint64_t rd_desc_user(void);
uint64_t rd_driver_user(void);
uint64_t rd_device_user(void);

/* The ring's parts in shared memory, to spoil them. */
struct split_desc *rd_desc(struct ring_driver *rd);
struct packed_desc *rd_packed(struct ring_driver *rd);
struct split_avail *rd_avail(struct ring_driver *rd);
struct packed_event *rd_driver_event(struct ring_driver *rd);
void *rd_indirect(struct ring_driver *rd, uint16_t id);

#endif
