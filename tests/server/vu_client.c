// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vu_client.h.
 */
#include "tests/server/vu_client.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "examples/vhost-user-blk-server/socket.h"
#include "tests/support/test.h"

enum {
	PATIENCE_MS = 10000
};

static void *run(void *server)
{
	server_run(server);
	return NULL;
}

static void init_server(struct vu_client *c, const char *const *args)
{
	char *argv[VU_MAX_ARGS + 3] = { "server", c->path_arg };

	snprintf(c->path, sizeof(c->path), "%s/vu-test-%d", P_tmpdir, (int)getpid());
	snprintf(c->path_arg, sizeof(c->path_arg), "--socket-path=%s", c->path);
	for (int i = 0; args[i]; i++) {
		ck_assert_int_lt(i, VU_MAX_ARGS);
		argv[i + 2] = (char *)(uintptr_t)args[i];
	}
	ck_assert_int_eq(options_parse(&c->options, argv), 0);
	ck_assert_int_eq(server_init(&c->server, &c->options), 0);
}

struct vu_client *vu_start(const char *const *args)
{
	struct vu_client *c = calloc(1, sizeof(*c));

	ck_assert_ptr_nonnull(c);
	c->fd = -1;
	init_server(c, args);
	ck_assert_int_eq(pthread_create(&c->thread, NULL, run, &c->server), 0);
	vu_connect(c);
	return c;
}

void vu_connect(struct vu_client *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (c->fd >= 0)
		close(c->fd);
	strcpy(addr.sun_path, c->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	socket_set_deadlines(c->fd);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

void vu_stop(struct vu_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	ck_assert_int_eq(pthread_kill(c->thread, SIGTERM), 0);
	ck_assert_int_eq(pthread_join(c->thread, NULL), 0);
	server_finish(&c->server);
	options_finish(&c->options);
	ck_assert_int_ne(access(c->path, F_OK), 0);
	free(c);
}

void vu_send(struct vu_client *c, uint32_t request, uint32_t flags, const void *payload,
	     uint32_t size, const int *fds, unsigned int n_fds)
{
	struct vu_msg m = { .h = { request, VU_VERSION | flags, size }, .n_fds = n_fds };

	if (size)
		memcpy(&m.p, payload, size);
	if (n_fds)
		memcpy(m.fds, fds, n_fds * sizeof(*fds));
	ck_assert_int_eq(wire_send(c->fd, &m), 0);
}

void vu_receive(struct vu_client *c, uint32_t request, struct vu_msg *m)
{
	*m = (struct vu_msg) { 0 };
	ck_assert_int_eq(recv(c->fd, &m->h, sizeof(m->h), MSG_WAITALL), sizeof(m->h));
	ck_assert_uint_eq(m->h.request, request);
	ck_assert_uint_eq(m->h.flags, VU_VERSION | VU_REPLY);
	ck_assert_uint_le(m->h.size, sizeof(m->p));
	if (m->h.size)
		ck_assert_int_eq(recv(c->fd, &m->p, m->h.size, MSG_WAITALL), m->h.size);
}

void vu_expect_hangup(struct vu_client *c)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLIN };
	char byte;

	ck_assert_int_eq(poll(&fd, 1, PATIENCE_MS), 1);
	/* A reset: the server has closed without reading all. */
	ck_assert_int_le(recv(c->fd, &byte, 1, 0), 0);
}

uint64_t vu_get_u64(struct vu_client *c, uint32_t request)
{
	struct vu_msg m;

	vu_send(c, request, 0, NULL, 0, NULL, 0);
	vu_receive(c, request, &m);
	ck_assert_uint_eq(m.h.size, sizeof(m.p.u64));
	return m.p.u64;
}

uint64_t vu_ack(struct vu_client *c, uint32_t request, const void *payload, uint32_t size,
		const int *fds, unsigned int n_fds)
{
	struct vu_msg m;

	vu_send(c, request, VU_NEED_REPLY, payload, size, fds, n_fds);
	vu_receive(c, request, &m);
	ck_assert_uint_eq(m.h.size, sizeof(m.p.u64));
	return m.p.u64;
}

uint64_t vu_ack_u64(struct vu_client *c, uint32_t request, uint64_t value)
{
	return vu_ack(c, request, &value, sizeof(value), NULL, 0);
}

uint64_t vu_ack_state(struct vu_client *c, uint32_t request, uint32_t index, uint32_t num)
{
	struct vu_vring_state state = { index, num };

	return vu_ack(c, request, &state, sizeof(state), NULL, 0);
}

int vu_get_inflight(struct vu_client *c, struct vu_inflight *inflight)
{
	struct vu_msg m;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov[] = { { .iov_base = &m.h, .iov_len = sizeof(m.h) },
			       { .iov_base = inflight, .iov_len = sizeof(*inflight) } };
	struct msghdr mh = { .msg_iov = iov,
			     .msg_iovlen = 2,
			     .msg_control = control,
			     .msg_controllen = sizeof(control) };
	int fd;

	vu_send(c, VU_GET_INFLIGHT_FD, 0, inflight, sizeof(*inflight), NULL, 0);
	ck_assert_int_eq(recvmsg(c->fd, &mh, MSG_WAITALL), sizeof(m.h) + sizeof(*inflight));
	ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&mh));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(fd));
	return fd;
}

void vu_negotiate(struct vu_client *c, uint64_t without)
{
	uint64_t features, protocol_features;

	vu_send(c, VU_SET_OWNER, 0, NULL, 0, NULL, 0);
	features = vu_get_u64(c, VU_GET_FEATURES) & ~without;
	protocol_features = vu_get_u64(c, VU_GET_PROTOCOL_FEATURES);
	vu_send(c, VU_SET_PROTOCOL_FEATURES, 0, &protocol_features, 8, NULL, 0);
	vu_send(c, VU_SET_FEATURES, 0, &features, 8, NULL, 0);
}

void vu_add_memory(struct vu_client *c, const struct ring_driver *rd)
{
	struct vu_mem_reg reg = { .region = { RD_GUEST, RD_BYTES, RD_USER, 0 } };

	ck_assert_uint_eq(vu_ack(c, VU_ADD_MEM_REG, &reg, sizeof(reg), &rd->memory_fd, 1), 0);
}

void vu_start_ring(struct vu_client *c, const struct ring_driver *rd, uint32_t index, int kick_fd)
{
	struct vu_vring_addr addr = { .index = index,
				      .desc = rd_desc_user(),
				      .avail = rd_driver_user(),
				      .used = rd_device_user() };
	uint64_t with_fd = index, without_fd = index | VU_NO_FD;

	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_NUM, index, RD_NUM), 0);
	ck_assert_uint_eq(
		vu_ack_state(c, VU_SET_VRING_BASE, index, rd->kind.packed ? PACKED_WRAP : 0), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_CALL, &with_fd, 8, &rd->call_fd, 1), 0);
	if (kick_fd >= 0)
		ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_KICK, &with_fd, 8, &kick_fd, 1), 0);
	else
		ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_KICK, &without_fd, 8, NULL, 0), 0);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_ENABLE, index, 1), 0);
}
