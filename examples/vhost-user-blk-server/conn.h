/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The connection with a front-end: the vhost-user messages and the state that they change.
 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "blk.h"
#include "mem.h"
#include "vring.h"
#include "wire.h"
#include "worker.h"

enum {
	CONN_MAX_QUEUES = 64
};

/* What stays the same from one front-end to the next. */
struct conn_config {
	uint64_t features, protocol_features; /* offered */
	unsigned int num_queues;
	unsigned int queue_size_max;
	unsigned int mem_slots;
	uint64_t exit_after_messages; /* 0: never */
};

struct conn {
	struct conn_config config;
	struct blk *blk;
	struct worker *workers;
	unsigned int n_workers;

	int fd;                               /* -1: no front-end */
	int backend_fd;                       /* for messages of ours: SET_BACKEND_REQ_FD, or -1 */
	uint64_t features, protocol_features; /* negotiated */
	uint8_t status;
	uint64_t messages;
	struct mem mem;
	struct vring vring[CONN_MAX_QUEUES];
	struct vring_inflight *inflight; /* one for each queue, or NULL */
	size_t inflight_len;
};

/* What a handler says. */
enum conn_result {
	CONN_OK,    /* done; answered with 0 if the front-end wants to know */
	CONN_REPLY, /* done; the message was changed into the answer */
	CONN_ERROR, /* not done; answered with 1, or the connection ends */
};

/* The workers are set and held. */
void conn_init(struct conn *c, const struct conn_config *config, struct blk *blk,
	       struct worker *workers, unsigned int n_workers);
/* A front-end is there. Its socket is the connection's now. */
void conn_open(struct conn *c, int fd);
/* End the connection, if there is one: rings stop, memory is unmapped, fds are closed. */
void conn_close(struct conn *c);
/* Receive one message and do what it says. False: the connection must be closed. */
bool conn_message(struct conn *c);
/* Has a ring broken? */
bool conn_look_if_broken(struct conn *c);
/* Tell the front-end that the configuration has changed. */
void conn_config_changed(struct conn *c);

/* Only while held, and only for conn*.c: */
void conn_hold(struct conn *c);
void conn_resume(struct conn *c);
bool conn_is_broken(const struct conn *c);
/* Stop all rings and forget what was negotiated; the memory stays. */
void conn_reset_device(struct conn *c);
void conn_stop_ring(struct vring *vq);

enum conn_result conn_set_mem_table(struct conn *c, struct vu_msg *m);
enum conn_result conn_add_mem_reg(struct conn *c, struct vu_msg *m);
enum conn_result conn_rem_mem_reg(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_inflight_fd(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_inflight_fd(struct conn *c, struct vu_msg *m);
void conn_forget_inflight(struct conn *c);

enum conn_result conn_set_vring_num(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_vring_addr(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_vring_base(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_vring_base(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_vring_kick(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_vring_call(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_vring_err(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_vring_enable(struct conn *c, struct vu_msg *m);

/* Turn the message into an answer with this number. */
static inline enum conn_result conn_reply_u64(struct vu_msg *m, uint64_t value)
{
	m->p.u64 = value;
	m->h.size = sizeof(m->p.u64);
	return CONN_REPLY;
}

#endif /* SERVER_CONN_H */
