/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The nvme-io_uring driver's own structs: the instance, its queues. Commands go through the
 * character device of a namespace, in the big SQEs of an io_uring.
 */
#ifndef DRIVERS_NVME_NVME_H
#define DRIVERS_NVME_NVME_H

#include "drivers/nvme/nvme_cmd.h"
#include "drivers/nvme/nvme_identify.h"
#include "drivers/uring/queue.h"

/* Written over and over where the controller cannot write zeroes. */
#define NVU_ZEROES_BYTES (256u << 10)

struct nvu {
	struct blkio b;
	char *path;
	int fd; /* ours from connect on; before it, what the application set */
	bool pin_mem_regions;
	struct uring_config config;
	struct uring_pin_budget pin_budget;
	struct nvu_info info;
	const struct nvu_sys *sys;
	void *zeroes; /* NVU_ZEROES_BYTES that nobody writes; made in connect */
};

/* Which command of a request the device has now. */
enum nvu_step {
	NVU_TRANSFER = 0, /* read or write */
	NVU_WRITE_ZEROES,
	NVU_DISCARD,
	NVU_FLUSH,
	NVU_APPEND,
	NVU_REPORT,
	NVU_ZONE_COMMAND,
};

/*
 * What is rarely used of a request. The completion of a command does not tell how much it was for:
 * that is remembered here.
 */
struct nvu_more {
	struct nvme_dsm_range range; /* of the discard that the device is reading */
	struct iovec *slice;         /* buffers of one command, where one is not all */
	uint64_t bytes;              /* that the command in flight transfers */
	bool as_data;                /* zeroes that it writes as data */
};

struct nvu_queue {
	struct uring_queue u;
	struct nvu *dev;
	uint32_t lba_shift;
	uint32_t max_command;        /* bytes of data */
	struct nvu_more *more;       /* for each of u.reqs */
	struct uring_req *reporting; /* the request that has the memory for reports */
	uint8_t *report;
	uint32_t report_bytes;
	bool no_write_zeroes; /* the device turned out not to know the command */
};

static inline struct nvu *to_nvu(struct blkio *b)
{
	return container_of(b, struct nvu, b);
}

static inline struct nvu_queue *to_nvu_queue(struct blkioq *q)
{
	return container_of(q, struct nvu_queue, u.q);
}

static inline struct nvu_more *nvu_more_of(const struct nvu_queue *q, const struct uring_req *req)
{
	return &q->more[req - q->u.reqs];
}

/* nvme_io.c: the data path ops of struct blkioq_ops, and commands. */
void nvu_preset(struct nvu_queue *q);
void nvu_submit_rw(struct blkioq *q, uint64_t start, void *buf, size_t len, void *user_data,
		   uint32_t op_flags);
int nvu_submit(struct blkioq *q, const struct blkio_req *r);
int nvu_reap(struct blkioq *q, struct blkio_completion *completions, int max);
void nvu_fill_step(struct uring_queue *u, struct uring_req *req);
/* Bits of dword 12: have the controller make and check protection information, if there is any. */
uint32_t nvu_protection(const struct nvu_info *info);
/* A command of which nothing but the opcode is set. */
struct nvme_uring_cmd *nvu_fill(struct nvu_queue *q, const struct uring_req *req, uint8_t opcode);
/* An append of all of a request's data to the zone at its start. */
void nvu_fill_append(struct nvu_queue *q, struct uring_req *req);
/* Take over the buffers of a read, write or append, and check their length. 0 or -errno. */
int nvu_prepare_buffers(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r);
int nvu_refuse(struct nvu_queue *q, int ret, const char *msg);
/* Whether there is a command for it, or zeroes are written as data. */
bool nvu_writes_zeroes(const struct nvu_queue *q);

/* nvme_step.c: what a result means, and the request's next step. */
uring_step nvu_step;

/* nvme_zone.c: the requests of a zoned namespace. */
uint32_t nvu_zone_ops(const struct nvu *d);
int nvu_prepare_zone(struct nvu_queue *q, struct uring_req *req, const struct blkio_req *r);
void nvu_fill_zone(struct nvu_queue *q, struct uring_req *req);
/* A command succeeded. True when the request is complete, with c filled in. */
bool nvu_finish_zone(struct nvu_queue *q, struct uring_req *req, uint64_t result,
		     struct blkio_completion *c);

#endif
