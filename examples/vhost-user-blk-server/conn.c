// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The connection with a front-end: its life, and features, configuration and status. The messages
 * on rings are in conn_vring.c, those on memory in conn_mem.c, and conn_table.c has all of them.
 */
#include "conn.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/msg.h"
#include "conn_table.h"
#include "fault.h"

void conn_hold(struct conn *c)
{
	for (unsigned int i = 0; i < c->n_workers; i++)
		worker_hold(&c->workers[i]);
}

void conn_resume(struct conn *c)
{
	for (unsigned int i = 0; i < c->n_workers; i++)
		worker_resume(&c->workers[i]);
}

void conn_init(struct conn *c, const struct conn_config *config, struct blk *blk,
	       struct worker *workers, unsigned int n_workers)
{
	*c = (struct conn) {
		.config = *config,
		.blk = blk,
		.workers = workers,
		.n_workers = n_workers,
		.fd = -1,
		.backend_fd = -1,
	};
	mem_init(&c->mem, config->mem_slots);
	for (unsigned int i = 0; i < config->num_queues; i++)
		vring_init(&c->vring[i], i, &c->mem, blk);
	blk_set_features(blk, 0, config->features);
}

void conn_open(struct conn *c, int fd)
{
	c->fd = fd;
	c->messages = 0;
}

static void stop(void *vq)
{
	vring_stop(vq);
}

void conn_stop_ring(struct vring *vq)
{
	if (!fault_try(stop, vq)) {
		vring_break(vq, "the front-end has taken away memory that it shared");
		vring_stop(vq);
	}
}

void conn_reset_device(struct conn *c)
{
	for (unsigned int i = 0; i < c->config.num_queues; i++) {
		conn_stop_ring(&c->vring[i]);
		vring_reset(&c->vring[i]);
	}
	c->features = 0;
	c->status = 0;
	blk_set_features(c->blk, 0, c->config.features);
}

void conn_close(struct conn *c)
{
	if (c->fd < 0)
		return;
	conn_hold(c);
	conn_reset_device(c);
	conn_forget_inflight(c);
	mem_finish(&c->mem);
	c->protocol_features = 0;
	conn_resume(c);
	if (c->backend_fd >= 0)
		close(c->backend_fd);
	c->backend_fd = -1;
	close(c->fd);
	c->fd = -1;
}

bool conn_is_broken(const struct conn *c)
{
	for (unsigned int i = 0; i < c->config.num_queues; i++)
		if (c->vring[i].broken)
			return true;
	return false;
}

bool conn_look_if_broken(struct conn *c)
{
	bool broken;

	conn_hold(c);
	broken = conn_is_broken(c);
	conn_resume(c);
	return broken;
}

void conn_config_changed(struct conn *c)
{
	struct vu_header h = { .request = VU_BACKEND_CONFIG_CHANGE, .flags = VU_VERSION };

	if (c->backend_fd < 0)
		return;
	/* A front-end that does not read must not stop us; it sees the change when it asks. */
	if (send(c->backend_fd, &h, sizeof(h), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(h))
		msg_failed("the front-end does not take a message");
}

/* ---- features ---- */

enum conn_result conn_get_features(struct conn *c, struct vu_msg *m)
{
	return conn_reply_u64(m, c->config.features);
}

enum conn_result conn_set_features(struct conn *c, struct vu_msg *m)
{
	if (m->p.u64 & ~c->config.features) {
		msg_failed("the front-end wants features %#llx that were not offered",
			   (unsigned long long)(m->p.u64 & ~c->config.features));
		return CONN_ERROR;
	}
	/* Bits that concern the rings take effect when a ring starts. */
	c->features = m->p.u64;
	blk_set_features(c->blk, c->features, c->config.features);
	return CONN_OK;
}

enum conn_result conn_get_protocol_features(struct conn *c, struct vu_msg *m)
{
	return conn_reply_u64(m, c->config.protocol_features);
}

enum conn_result conn_set_protocol_features(struct conn *c, struct vu_msg *m)
{
	if (m->p.u64 & ~c->config.protocol_features) {
		msg_failed("the front-end wants protocol features %#llx that were not offered",
			   (unsigned long long)(m->p.u64 & ~c->config.protocol_features));
		return CONN_ERROR;
	}
	c->protocol_features = m->p.u64;
	return CONN_OK;
}

enum conn_result conn_ignore(struct conn *c, struct vu_msg *m)
{
	(void)c, (void)m;
	return CONN_OK;
}

enum conn_result conn_get_queue_num(struct conn *c, struct vu_msg *m)
{
	return conn_reply_u64(m, c->config.num_queues);
}

enum conn_result conn_get_max_mem_slots(struct conn *c, struct vu_msg *m)
{
	return conn_reply_u64(m, c->config.mem_slots);
}

enum conn_result conn_set_backend_req_fd(struct conn *c, struct vu_msg *m)
{
	if (c->backend_fd >= 0)
		close(c->backend_fd);
	c->backend_fd = wire_take_fd(m, 0);
	return CONN_OK;
}

/* ---- configuration ---- */

enum {
	CONFIG_HEAD = 12
};

static bool config_size_ok(const struct vu_msg *m)
{
	const struct vu_config *p = &m->p.config;

	return m->h.size >= CONFIG_HEAD && p->size == m->h.size - CONFIG_HEAD &&
	       p->offset <= VU_MAX_CONFIG && p->size <= VU_MAX_CONFIG - p->offset;
}

/* What lies behind the fields that there are today is zero. */
enum conn_result conn_get_config(struct conn *c, struct vu_msg *m)
{
	uint8_t all[VU_MAX_CONFIG] = { 0 };
	struct blk_config config;

	if (!config_size_ok(m)) {
		m->h.size = 0; /* so the protocol says that there is an error */
		return CONN_REPLY;
	}
	blk_config_get(c->blk, &config);
	memcpy(all, &config, sizeof(config));
	memcpy(m->p.config.data, all + m->p.config.offset, m->p.config.size);
	return CONN_REPLY;
}

enum conn_result conn_set_config(struct conn *c, struct vu_msg *m)
{
	const struct vu_config *p = &m->p.config;

	if (!config_size_ok(m) || !blk_config_set(c->blk, p->offset, p->size, p->data)) {
		msg_failed("%u bytes at %u of the configuration cannot be set", p->size, p->offset);
		return CONN_ERROR;
	}
	return CONN_OK;
}

/* ---- status ---- */

enum conn_result conn_get_status(struct conn *c, struct vu_msg *m)
{
	return conn_reply_u64(m, c->status | (conn_is_broken(c) ? STATUS_NEEDS_RESET : 0));
}

enum conn_result conn_set_status(struct conn *c, struct vu_msg *m)
{
	if (m->p.u64 > UINT8_MAX)
		return CONN_ERROR;
	if (m->p.u64 == 0)
		conn_reset_device(c);
	c->status = (uint8_t)m->p.u64;
	/* A driver that does not know zones must not use a device that has them. */
	if (c->blk->zoned && !(c->features & BIT(BLK_F_ZONED)))
		c->status &= (uint8_t)~STATUS_FEATURES_OK;
	return CONN_OK;
}

enum conn_result conn_do_reset_device(struct conn *c, struct vu_msg *m)
{
	(void)m;
	conn_reset_device(c);
	return CONN_OK;
}
