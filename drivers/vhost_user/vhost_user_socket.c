// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vhost_user_socket.h.
 */
#include "drivers/vhost_user/vhost_user_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/util/cleanup.h"
#include "lib/util/deadline.h"

#define CONNECT_RETRY_NS 10000000 /* while the back-end's queue of connections is full */

/* The descriptor or -errno; *what is what failed. */
static int connect_before(const char *path, int64_t deadline, const char **what)
{
	const struct timespec pause = { .tv_nsec = CONNECT_RETRY_NS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autoclose int fd = -1;

	*what = "cannot create a socket";
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	*what = NULL;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	/* EAGAIN: the back-end serves somebody else, and its queue is full. Only asking again
	 * helps. */
	while (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (!deadline_left_ns(deadline))
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return steal_fd(&fd);
}

static bool is_too_long(const char *path)
{
	return strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path);
}

int vhost_user_socket_open(const char *path, int timeout_ms)
{
	const char *what;
	int fd;

	if (is_too_long(path))
		return err_set(-EIO, "the path of the socket is longer than %zu bytes",
			       sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	fd = connect_before(path, deadline_after_ns((int64_t)timeout_ms * 1000000), &what);
	if (fd >= 0)
		return fd;
	if (what)
		return err_os(fd, "%s", what);
	if (fd == -ETIMEDOUT)
		return err_os(fd,
			      "the back-end at '%s' did not accept the connection in %d ms "
			      "(connect-timeout-ms); does it serve another client?",
			      path, timeout_ms);
	return err_os(fd, "cannot connect to '%s'", path);
}

int vhost_user_socket_try(const char *path)
{
	const char *what;

	return connect_before(path, 0, &what);
}

static int socket_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -errno : value;
}

int vhost_user_socket_check(int fd)
{
	struct sockaddr_un peer;
	socklen_t len = sizeof(peer);
	int domain = socket_option(fd, SO_DOMAIN);

	if (domain < 0)
		return err_os(domain, "socket-fd %d cannot be used", fd);
	if (domain != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM)
		return err_set(-EINVAL, "socket-fd %d is not a Unix stream socket", fd);
	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return err_os(-errno, "socket-fd %d is not connected to a back-end", fd);
	return 0;
}

/* ---- bytes and descriptors ---- */

union control {
	char buf[CMSG_SPACE(VHOST_USER_MAX_FDS * sizeof(int))];
	struct cmsghdr align;
};

static void sort_out_fds(struct msghdr *msg, int *wanted)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (wanted && *wanted < 0)
				*wanted = fd;
			else
				close(fd);
		}
	}
}

ssize_t vhost_user_socket_receive(int socket, void *buf, size_t len, int *fd)
{
	union control control;
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	ssize_t n;

	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	sort_out_fds(&msg, fd);
	return n;
}

ssize_t vhost_user_socket_send(int socket, const struct iovec iov[2], const int *fds,
			       unsigned int nr_fds)
{
	union control control = { 0 };
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = 2 };
	ssize_t n;

	if (nr_fds) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
	}
	do
		n = sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}
