// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages on memory: regions, and the record of what is in flight.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/msg.h"
#include "conn.h"

/* Rings that run lie in the memory that has changed: find them again. */
static enum conn_result find_rings(struct conn *c)
{
	for (unsigned int i = 0; i < c->config.num_queues; i++) {
		struct vring *vq = &c->vring[i];
		const char *why = vq->running ? vring_resolve(vq) : NULL;

		if (why) {
			vring_break(vq, "%s", why);
			return CONN_ERROR;
		}
	}
	return CONN_OK;
}

enum conn_result conn_set_mem_table(struct conn *c, struct vu_msg *m)
{
	const struct vu_mem_table *t = &m->p.table;

	if (m->h.size < offsetof(struct vu_mem_table, region) || t->n > MEM_TABLE_SLOTS ||
	    t->n != m->n_fds || m->h.size < offsetof(struct vu_mem_table, region[t->n])) {
		msg_failed("message SET_MEM_TABLE does not fit its %u regions", t->n);
		return CONN_ERROR;
	}
	if (mem_replace(&c->mem, t->region, m->fds, t->n) < 0) {
		find_rings(c);
		return CONN_ERROR;
	}
	return find_rings(c);
}

enum conn_result conn_add_mem_reg(struct conn *c, struct vu_msg *m)
{
	return mem_add(&c->mem, &m->p.reg.region, m->fds[0]) < 0 ? CONN_ERROR : CONN_OK;
}

enum conn_result conn_rem_mem_reg(struct conn *c, struct vu_msg *m)
{
	if (mem_remove(&c->mem, &m->p.reg.region) < 0)
		return CONN_ERROR;
	return find_rings(c);
}

/* ---- the record of what is in flight ---- */

static void set_inflight(struct conn *c, struct vring_inflight *inflight, size_t len)
{
	conn_forget_inflight(c);
	c->inflight = inflight;
	c->inflight_len = len;
	for (unsigned int i = 0; i < c->config.num_queues; i++)
		c->vring[i].inflight = &inflight[i];
}

void conn_forget_inflight(struct conn *c)
{
	if (!c->inflight)
		return;
	munmap(c->inflight, c->inflight_len);
	c->inflight = NULL;
	for (unsigned int i = 0; i < c->config.num_queues; i++)
		c->vring[i].inflight = NULL;
}

static size_t inflight_len(const struct conn *c)
{
	return c->config.num_queues * sizeof(struct vring_inflight);
}

/* An inflight message is 20 or, with the padding of the structure, 24 bytes long. */
static bool inflight_size_ok(const struct vu_msg *m)
{
	return m->h.size == offsetof(struct vu_inflight, queue_size) + sizeof(uint16_t) ||
	       m->h.size == sizeof(struct vu_inflight);
}

static int make_shared_file(size_t len)
{
	int fd = memfd_create("inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, (off_t)len) < 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

enum conn_result conn_get_inflight_fd(struct conn *c, struct vu_msg *m)
{
	size_t len = inflight_len(c);
	int fd = make_shared_file(len);

	if (fd < 0 || !inflight_size_ok(m)) {
		if (fd >= 0)
			close(fd);
		msg_failed("cannot make the record of what is in flight");
		return CONN_ERROR;
	}
	m->fds[0] = fd; /* closed after it was sent */
	m->n_fds = 1;
	m->p.inflight.map_size = len;
	m->p.inflight.map_offset = 0;
	return CONN_REPLY;
}

enum conn_result conn_set_inflight_fd(struct conn *c, struct vu_msg *m)
{
	size_t len = inflight_len(c);
	struct stat st;
	void *map;

	/* It must be the sealed file that we made: one that can shrink could kill us. */
	if (!inflight_size_ok(m) || m->p.inflight.map_size != len || m->p.inflight.map_offset ||
	    fstat(m->fds[0], &st) < 0 || (uint64_t)st.st_size < len ||
	    (fcntl(m->fds[0], F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_SEAL)) !=
		    (F_SEAL_SHRINK | F_SEAL_SEAL)) {
		msg_failed("message SET_INFLIGHT_FD does not give back what it got");
		return CONN_ERROR;
	}
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, m->fds[0], 0);
	if (map == MAP_FAILED) {
		msg_failed("cannot map the record of what is in flight: %s", strerror(errno));
		return CONN_ERROR;
	}
	set_inflight(c, map, len);
	return CONN_OK;
}
