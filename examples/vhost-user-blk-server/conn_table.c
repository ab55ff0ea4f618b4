// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * All messages as a table, and the one place where a message is checked and answered.
 */
#include "conn_table.h"

#include <unistd.h>

#include "../common/msg.h"

enum {
	ALWAYS = -1,   /* needs no protocol feature */
	ANY_SIZE = -1, /* the handler looks at it */
	ANY_FDS = -1,
	EXIT_STATUS_EXIT_AFTER = 3,
};

struct row {
	const char *name;
	enum conn_result (*handle)(struct conn *c, struct vu_msg *m);
	int size;    /* of the payload */
	int fds;     /* how many come with it */
	int feature; /* protocol feature */
	bool hold;   /* changes something that the queue threads look at */
};

enum {
	U64 = sizeof(uint64_t),
	STATE = sizeof(struct vu_vring_state),
	ADDR = sizeof(struct vu_vring_addr),
	REG = sizeof(struct vu_mem_reg),
};

#define ROW(request, ...) [VU_##request] = { #request, __VA_ARGS__ }

static const struct row table[VU_N_REQUESTS] = {
	ROW(GET_FEATURES, conn_get_features, 0, 0, ALWAYS, false),
	ROW(SET_FEATURES, conn_set_features, U64, 0, ALWAYS, true),
	ROW(SET_OWNER, conn_ignore, 0, 0, ALWAYS, false),
	ROW(RESET_OWNER, conn_ignore, 0, 0, ALWAYS, false),
	ROW(SET_MEM_TABLE, conn_set_mem_table, ANY_SIZE, ANY_FDS, ALWAYS, true),
	ROW(SET_VRING_NUM, conn_set_vring_num, STATE, 0, ALWAYS, true),
	ROW(SET_VRING_ADDR, conn_set_vring_addr, ADDR, 0, ALWAYS, true),
	ROW(SET_VRING_BASE, conn_set_vring_base, STATE, 0, ALWAYS, true),
	ROW(GET_VRING_BASE, conn_get_vring_base, STATE, 0, ALWAYS, true),
	ROW(SET_VRING_KICK, conn_set_vring_kick, U64, ANY_FDS, ALWAYS, true),
	ROW(SET_VRING_CALL, conn_set_vring_call, U64, ANY_FDS, ALWAYS, true),
	ROW(SET_VRING_ERR, conn_set_vring_err, U64, ANY_FDS, ALWAYS, true),
	ROW(GET_PROTOCOL_FEATURES, conn_get_protocol_features, 0, 0, ALWAYS, false),
	ROW(SET_PROTOCOL_FEATURES, conn_set_protocol_features, U64, 0, ALWAYS, false),
	ROW(GET_QUEUE_NUM, conn_get_queue_num, 0, 0, VU_F_MQ, false),
	ROW(SET_VRING_ENABLE, conn_set_vring_enable, STATE, 0, ALWAYS, true),
	ROW(SET_BACKEND_REQ_FD, conn_set_backend_req_fd, 0, 1, VU_F_BACKEND_REQ, false),
	ROW(GET_CONFIG, conn_get_config, ANY_SIZE, 0, VU_F_CONFIG, false),
	ROW(SET_CONFIG, conn_set_config, ANY_SIZE, 0, VU_F_CONFIG, true),
	ROW(GET_INFLIGHT_FD, conn_get_inflight_fd, ANY_SIZE, 0, VU_F_INFLIGHT_SHMFD, true),
	ROW(SET_INFLIGHT_FD, conn_set_inflight_fd, ANY_SIZE, 1, VU_F_INFLIGHT_SHMFD, true),
	ROW(RESET_DEVICE, conn_do_reset_device, 0, 0, VU_F_RESET_DEVICE, true),
	ROW(GET_MAX_MEM_SLOTS, conn_get_max_mem_slots, 0, 0, VU_F_CONFIGURE_MEM_SLOTS, false),
	ROW(ADD_MEM_REG, conn_add_mem_reg, REG, 1, VU_F_CONFIGURE_MEM_SLOTS, true),
	/* Some front-ends send the fd of the region, which means nothing. */
	ROW(REM_MEM_REG, conn_rem_mem_reg, REG, ANY_FDS, VU_F_CONFIGURE_MEM_SLOTS, true),
	ROW(SET_STATUS, conn_set_status, U64, 0, VU_F_STATUS, true),
	ROW(GET_STATUS, conn_get_status, 0, 0, VU_F_STATUS, true),
};

/* NULL, or what is wrong with the message. */
static const char *check(const struct conn *c, const struct row *row, const struct vu_msg *m)
{
	if (row->feature != ALWAYS && !(c->protocol_features & BIT(row->feature)))
		return "was not negotiated";
	if (row->size != ANY_SIZE && m->h.size != (uint32_t)row->size)
		return "has a payload of the wrong size";
	if (row->fds != ANY_FDS && m->n_fds != (unsigned int)row->fds)
		return "has the wrong number of file descriptors";
	return NULL;
}

static enum conn_result handle(struct conn *c, const struct row *row, struct vu_msg *m,
			       bool *broken)
{
	enum conn_result result;

	if (!row->hold)
		return row->handle(c, m);
	conn_hold(c);
	result = row->handle(c, m);
	*broken = conn_is_broken(c);
	conn_resume(c);
	return result;
}

/* False if the connection must end. */
static bool answer(struct conn *c, struct vu_msg *m, enum conn_result result, bool wanted)
{
	if (result != CONN_REPLY) {
		if (!wanted)
			return result == CONN_OK; /* nobody would hear of an error */
		conn_reply_u64(m, result == CONN_OK ? 0 : 1);
		wire_close_fds(m);
	}
	m->h.flags = VU_VERSION | VU_REPLY;
	return wire_send(c->fd, m) == 0;
}

static bool handle_message(struct conn *c, struct vu_msg *m)
{
	const struct row *row = m->h.request < VU_N_REQUESTS ? &table[m->h.request] : NULL;
	bool wanted = m->h.flags & VU_NEED_REPLY && c->protocol_features & BIT(VU_F_REPLY_ACK);
	bool broken = false;
	const char *why;

	if (!row || !row->handle) {
		msg_failed("message %u is not known", m->h.request);
		return answer(c, m, CONN_ERROR, wanted);
	}
	why = check(c, row, m);
	if (why) {
		msg_failed("message %s %s", row->name, why);
		return answer(c, m, CONN_ERROR, wanted);
	}
	return answer(c, m, handle(c, row, m, &broken), wanted) && !broken;
}

bool conn_message(struct conn *c)
{
	struct vu_msg m = { 0 };
	bool ok;

	if (wire_receive(c->fd, &m) <= 0)
		return false;
	if (c->config.exit_after_messages && ++c->messages >= c->config.exit_after_messages)
		_exit(EXIT_STATUS_EXIT_AFTER); /* a crash on demand, see blk.c */
	ok = handle_message(c, &m);
	wire_close_fds(&m);
	return ok;
}
