// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * vhost-user messages on a socket. The sockets have time limits (see socket.c), so a front-end
 * that sends half a message does not stop the server.
 */
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../common/msg.h"

#define CONTROL_BYTES CMSG_SPACE(VU_MAX_FDS * sizeof(int))

void wire_close_fds(struct vu_msg *m)
{
	for (unsigned int i = 0; i < m->n_fds; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	m->n_fds = 0;
}

int wire_take_fd(struct vu_msg *m, unsigned int i)
{
	int fd = m->fds[i];

	m->fds[i] = -1;
	return fd;
}

static void collect_fds(struct msghdr *mh, struct vu_msg *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		/* One SCM_RIGHTS at most, and CONTROL_BYTES limits it. */
		m->n_fds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(m->fds, CMSG_DATA(c), m->n_fds * sizeof(int));
	}
}

/* The header and the fds that come with it. */
static int receive_header(int socket, struct vu_msg *m)
{
	_Alignas(struct cmsghdr) char control[CONTROL_BYTES];
	struct iovec iov = { .iov_base = &m->h, .iov_len = sizeof(m->h) };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	do {
		n = recvmsg(socket, &mh, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	m->n_fds = 0;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0) {
		msg_failed("cannot receive: %s", strerror(errno));
		return -1;
	}
	collect_fds(&mh, m);
	if (n != sizeof(m->h) || mh.msg_flags & MSG_CTRUNC) {
		msg_failed("a message has %s",
			   n == sizeof(m->h) ? "too many file descriptors" : "no whole header");
		return -1;
	}
	return 1;
}

static int receive_payload(int socket, struct vu_msg *m)
{
	size_t done = 0;

	while (done < m->h.size) {
		ssize_t n = recv(socket, (char *)&m->p + done, m->h.size - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			msg_failed("message %u ends after %zu of %u bytes", m->h.request, done,
				   m->h.size);
			return -1;
		}
		done += (size_t)n;
	}
	return 1;
}

int wire_receive(int socket, struct vu_msg *m)
{
	int ret = receive_header(socket, m);

	if (ret > 0 && ((m->h.flags & VU_VERSION_MASK) != VU_VERSION || m->h.flags & VU_REPLY)) {
		msg_failed("message %u has flags %#x", m->h.request, m->h.flags);
		ret = -1;
	}
	if (ret > 0 && m->h.size > sizeof(m->p)) {
		msg_failed("message %u has a payload of %u bytes", m->h.request, m->h.size);
		ret = -1;
	}
	if (ret > 0)
		ret = receive_payload(socket, m);
	if (ret <= 0)
		wire_close_fds(m);
	return ret;
}

static void attach_fds(struct msghdr *mh, const struct vu_msg *m, char *control)
{
	struct cmsghdr *c;

	mh->msg_control = control;
	mh->msg_controllen = CMSG_SPACE(m->n_fds * sizeof(int));
	c = CMSG_FIRSTHDR(mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(m->n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), m->fds, m->n_fds * sizeof(int));
}

int wire_send(int socket, const struct vu_msg *m)
{
	_Alignas(struct cmsghdr) char control[CONTROL_BYTES] = { 0 };
	size_t len = sizeof(m->h) + m->h.size;
	struct iovec iov[] = {
		{ .iov_base = (void *)&m->h, .iov_len = sizeof(m->h) },
		{ .iov_base = (void *)&m->p, .iov_len = m->h.size },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	if (m->n_fds)
		attach_fds(&mh, m, control);
	do {
		n = sendmsg(socket, &mh, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	/* Messages are small: a socket takes one whole, or its reader is not there. */
	return n == (ssize_t)len ? 0 : -1;
}
