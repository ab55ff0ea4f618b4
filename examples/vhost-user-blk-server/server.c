// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The main thread's loop.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../common/msg.h"
#include "control.h"
#include "socket.h"

enum {
	AT_SIGNAL,
	AT_FAULT,
	AT_SOCKET,  /* the front-end, or who wants to be the next */
	AT_CONTROL, /* as many as control.c likes */
};

int server_resize(struct server *s, uint64_t bytes)
{
	int ret;

	if (s->blk.zoned)
		return -EOPNOTSUPP; /* the zones were laid out for the size at the start */
	if (bytes && bytes < s->blk.limits.block_size)
		return -EINVAL;
	conn_hold(s->conn);
	ret = s->backend.ops->resize(&s->backend, bytes);
	blk_size_changed(&s->blk);
	conn_resume(s->conn);
	if (ret == 0)
		conn_config_changed(s->conn);
	return ret;
}

static void handle_signal(struct server *s)
{
	struct signalfd_siginfo info;
	int ret;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGUSR1) {
		s->quit = true;
		return;
	}
	ret = server_resize(s, 0);
	if (ret < 0)
		msg_failed("cannot take over the new size: %s", strerror(-ret));
}

static void end_connection(struct server *s)
{
	conn_close(s->conn);
	if (s->options->once || s->listen_fd < 0)
		s->quit = true;
}

static void handle_fault(struct server *s)
{
	uint64_t events;

	if (read(s->fault_fd, &events, sizeof(events)) == sizeof(events) && s->conn->fd >= 0 &&
	    conn_look_if_broken(s->conn))
		end_connection(s);
}

static void handle_socket(struct server *s)
{
	int fd;

	if (s->conn->fd >= 0) {
		if (!conn_message(s->conn))
			end_connection(s);
		return;
	}
	fd = socket_accept(s->listen_fd);
	if (fd >= 0)
		conn_open(s->conn, fd);
}

static void loop_once(struct server *s)
{
	struct pollfd fds[AT_CONTROL + CONTROL_MAX_FDS] = {
		[AT_SIGNAL] = { .fd = s->signal_fd, .events = POLLIN },
		[AT_FAULT] = { .fd = s->fault_fd, .events = POLLIN },
		[AT_SOCKET] = { .fd = s->conn->fd >= 0 ? s->conn->fd : s->listen_fd,
				.events = POLLIN },
	};
	unsigned int n_control = control_fds(s->control, &fds[AT_CONTROL]);

	if (poll(fds, AT_CONTROL + n_control, -1) < 0)
		return;
	if (fds[AT_SIGNAL].revents)
		handle_signal(s);
	if (fds[AT_FAULT].revents)
		handle_fault(s);
	else if (fds[AT_SOCKET].revents)
		handle_socket(s);
	control_handle(s->control, &fds[AT_CONTROL], n_control);
}

int server_run(struct server *s)
{
	while (!s->quit)
		loop_once(s);
	return STATUS_OK;
}
