// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vhost_user_conn.h.
 */
#include "drivers/vhost_user/vhost_user_conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user_socket.h"
#include "lib/error.h"
#include "lib/util/deadline.h"

static const char *request_name(enum vhost_user_request request)
{
	switch (request) {
	case VHOST_USER_GET_FEATURES:
		return "GET_FEATURES";
	case VHOST_USER_SET_FEATURES:
		return "SET_FEATURES";
	case VHOST_USER_SET_OWNER:
		return "SET_OWNER";
	case VHOST_USER_SET_MEM_TABLE:
		return "SET_MEM_TABLE";
	case VHOST_USER_SET_VRING_NUM:
		return "SET_VRING_NUM";
	case VHOST_USER_SET_VRING_ADDR:
		return "SET_VRING_ADDR";
	case VHOST_USER_SET_VRING_BASE:
		return "SET_VRING_BASE";
	case VHOST_USER_GET_VRING_BASE:
		return "GET_VRING_BASE";
	case VHOST_USER_SET_VRING_KICK:
		return "SET_VRING_KICK";
	case VHOST_USER_SET_VRING_CALL:
		return "SET_VRING_CALL";
	case VHOST_USER_SET_VRING_ERR:
		return "SET_VRING_ERR";
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		return "GET_PROTOCOL_FEATURES";
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		return "SET_PROTOCOL_FEATURES";
	case VHOST_USER_GET_QUEUE_NUM:
		return "GET_QUEUE_NUM";
	case VHOST_USER_SET_VRING_ENABLE:
		return "SET_VRING_ENABLE";
	case VHOST_USER_SET_BACKEND_REQ_FD:
		return "SET_BACKEND_REQ_FD";
	case VHOST_USER_GET_INFLIGHT_FD:
		return "GET_INFLIGHT_FD";
	case VHOST_USER_SET_INFLIGHT_FD:
		return "SET_INFLIGHT_FD";
	case VHOST_USER_GET_CONFIG:
		return "GET_CONFIG";
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		return "GET_MAX_MEM_SLOTS";
	case VHOST_USER_ADD_MEM_REG:
		return "ADD_MEM_REG";
	case VHOST_USER_REM_MEM_REG:
		return "REM_MEM_REG";
	}
	return "message";
}

void vhost_user_conn_init(struct vhost_user_conn *c, int fd, int timeout_ms)
{
	*c = (struct vhost_user_conn) { .fd = fd, .timeout_ms = timeout_ms, .backend.fd = -1 };
}

void vhost_user_conn_kill(struct vhost_user_conn *c)
{
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_RDWR);
	c->dead = true;
}

void vhost_user_conn_close(struct vhost_user_conn *c)
{
	vhost_user_backend_close(&c->backend);
	if (c->fd >= 0)
		close(c->fd);
	vhost_user_conn_init(c, -1, 0);
}

void vhost_user_conn_serve(struct vhost_user_conn *c)
{
	if (c->backend.fd >= 0 && vhost_user_backend_serve(&c->backend) < 0)
		vhost_user_conn_kill(c);
}

/* ---- messages ---- */

/* Wait until the socket is ready. 0, -ETIMEDOUT, or -errno. */
static int wait_ready(struct vhost_user_conn *c, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd pfd[2] = { { .fd = c->fd, .events = events },
					 { .fd = c->backend.fd, .events = POLLIN } };
		int64_t left = deadline_left_ns(deadline);
		struct timespec ts = { left / NS_PER_S, left % NS_PER_S };
		int ret = ppoll(pfd, 2, &ts, NULL);

		if (ret < 0 && errno != EINTR)
			return -errno;
		if (ret > 0 && pfd[0].revents)
			return 0;
		if (!left)
			return -ETIMEDOUT;
		if (ret > 0)
			vhost_user_conn_serve(c);
	}
}

static int fail(struct vhost_user_conn *c, enum vhost_user_request request, int err)
{
	c->dead = true;
	if (err == -ETIMEDOUT)
		return err_os(err, "the back-end did not answer %s in %d ms (connect-timeout-ms)",
			      request_name(request), c->timeout_ms);
	if (err == -ECONNRESET || err == -EPIPE)
		return err_set(-EIO, "the back-end closed the connection at %s",
			       request_name(request));
	return err_os(err, "%s", request_name(request));
}

struct message {
	struct vhost_user_header header;
	const void *payload;
	size_t bytes;
};

static int send_all(struct vhost_user_conn *c, const struct message *m, const int *fds,
		    unsigned int nr_fds, int64_t deadline)
{
	struct iovec iov[2] = { { (void *)&m->header, sizeof(m->header) },
				{ (void *)m->payload, m->bytes } };

	while (iov[0].iov_len + iov[1].iov_len) {
		ssize_t n = vhost_user_socket_send(c->fd, iov, fds, nr_fds);
		int ret = n == -EAGAIN ? wait_ready(c, POLLOUT, deadline) : 0;

		if (n < 0 && (n != -EAGAIN || ret < 0))
			return ret < 0 ? ret : (int)n;
		for (int i = 0; n > 0 && i < 2; i++) {
			size_t part = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

			if (part) /* a message without payload has NULL there */
				iov[i].iov_base = (char *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			n -= (ssize_t)part;
			nr_fds = 0; /* the descriptors went with the first byte */
		}
	}
	return 0;
}

static int receive_all(struct vhost_user_conn *c, void *buf, size_t bytes, int *fd,
		       int64_t deadline)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = vhost_user_socket_receive(c->fd, (char *)buf + done, bytes - done, fd);
		int ret = n == -EAGAIN ? wait_ready(c, POLLIN, deadline) : 0;

		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && (n != -EAGAIN || ret < 0))
			return ret < 0 ? ret : (int)n;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static int check_header(struct vhost_user_conn *c, enum vhost_user_request request,
			const struct vhost_user_header *h, size_t bytes)
{
	if (h->request == (uint32_t)request && h->size == bytes &&
	    (h->flags & VHOST_USER_VERSION_MASK) == VHOST_USER_VERSION &&
	    h->flags & VHOST_USER_REPLY)
		return 0;
	c->dead = true;
	return err_set(-EPROTO,
		       "the back-end's answer to %s is wrong: request %u, flags 0x%x, "
		       "%u bytes, where %zu were expected",
		       request_name(request), h->request, h->flags, h->size, bytes);
}

static int receive(struct vhost_user_conn *c, enum vhost_user_request request, void *answer,
		   size_t bytes, int *fd, int64_t deadline)
{
	struct vhost_user_header h;
	int ret = receive_all(c, &h, sizeof(h), fd, deadline);

	if (ret < 0)
		return fail(c, request, ret);
	ret = check_header(c, request, &h, bytes);
	if (ret < 0)
		return ret;
	ret = receive_all(c, answer, bytes, fd, deadline);
	return ret < 0 ? fail(c, request, ret) : 0;
}

static int transmit(struct vhost_user_conn *c, enum vhost_user_request request, const void *payload,
		    size_t bytes, const int *fds, unsigned int nr_fds, uint32_t flags,
		    int64_t deadline)
{
	const struct message m = {
		.header = { (uint32_t)request, VHOST_USER_VERSION | flags, (uint32_t)bytes },
		.payload = payload,
		.bytes = bytes,
	};
	int ret;

	if (c->fd < 0 || c->dead)
		return err_set(-ENOTCONN, "there is no connection to the back-end");
	ret = send_all(c, &m, fds, nr_fds, deadline);
	return ret < 0 ? fail(c, request, ret) : 0;
}

static int64_t message_deadline(const struct vhost_user_conn *c)
{
	return deadline_after_ns((int64_t)c->timeout_ms * 1000000);
}

int vhost_user_send(struct vhost_user_conn *c, enum vhost_user_request request, const void *payload,
		    size_t bytes, const int *fds, unsigned int nr_fds)
{
	int64_t deadline = message_deadline(c);
	uint64_t result = 0;
	int ret = transmit(c, request, payload, bytes, fds, nr_fds,
			   c->reply_ack ? VHOST_USER_NEED_REPLY : 0, deadline);

	if (ret == 0 && c->reply_ack)
		ret = receive(c, request, &result, sizeof(result), NULL, deadline);
	if (ret == 0 && result)
		return err_set(-EIO, "the back-end refused %s", request_name(request));
	return ret;
}

int vhost_user_ask(struct vhost_user_conn *c, enum vhost_user_request request, const void *payload,
		   size_t bytes, void *answer, size_t answer_bytes)
{
	int64_t deadline = message_deadline(c);
	int ret = transmit(c, request, payload, bytes, NULL, 0, 0, deadline);

	return ret < 0 ? ret : receive(c, request, answer, answer_bytes, NULL, deadline);
}

int vhost_user_ask_fd(struct vhost_user_conn *c, enum vhost_user_request request,
		      const void *payload, size_t bytes, void *answer, size_t answer_bytes, int *fd)
{
	int64_t deadline = message_deadline(c);
	int ret = transmit(c, request, payload, bytes, NULL, 0, 0, deadline);

	*fd = -1;
	if (ret == 0)
		ret = receive(c, request, answer, answer_bytes, fd, deadline);
	if (ret < 0 && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return ret;
}
