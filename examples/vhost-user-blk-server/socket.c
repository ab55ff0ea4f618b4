// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Unix sockets.
 */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "../common/msg.h"

enum {
	DEADLINE_SECONDS = 5,
	BACKLOG = 8, /* front-ends that wait for their turn */
};

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		msg_failed("cannot make a socket: %s", strerror(errno));
	return fd;
}

/* Remove a socket that was left behind, but nothing else. */
static void remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd;

	if (lstat(addr->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = make_socket();
	if (fd < 0)
		return;
	/* Nonblocking: a server with a full backlog is alive as well. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 && errno == ECONNREFUSED)
		unlink(addr->sun_path);
	close(fd);
}

int socket_listen(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		msg_failed("'%s' is too long for the path of a socket", path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	remove_stale(&addr);
	fd = make_socket();
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, BACKLOG) < 0) {
		msg_failed("cannot listen at '%s': %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

int socket_accept(int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		socket_set_deadlines(fd);
	return fd;
}

int socket_is_listening(int fd)
{
	int type = 0, listening = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM) {
		msg_failed("fd %d is not a stream socket", fd);
		return -1;
	}
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len);
	return listening;
}

void socket_set_deadlines(int fd)
{
	struct timeval deadline = { .tv_sec = DEADLINE_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
}
