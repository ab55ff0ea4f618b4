// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A socket for commands to the running server. One client at a time.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/msg.h"
#include "../common/number.h"
#include "server.h"
#include "socket.h"

enum {
	LINE_MAX_BYTES = 128
};

struct control {
	struct server *server;
	const char *path;
	int listen_fd, fd; /* fd -1: nobody is there */
	size_t len;
	char line[LINE_MAX_BYTES];
};

struct control *control_create(const char *path, struct server *s)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c) {
		msg_failed("out of memory");
		return NULL;
	}
	*c = (struct control) { .server = s, .path = path, .fd = -1 };
	c->listen_fd = socket_listen(path);
	if (c->listen_fd < 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void hang_up(struct control *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->len = 0;
}

void control_destroy(struct control *c)
{
	if (!c)
		return;
	hang_up(c);
	close(c->listen_fd);
	unlink(c->path);
	free(c);
}

unsigned int control_fds(const struct control *c, struct pollfd *fds)
{
	if (!c)
		return 0;
	fds[0] = (struct pollfd) { .fd = c->listen_fd, .events = c->fd < 0 ? POLLIN : 0 };
	fds[1] = (struct pollfd) { .fd = c->fd, .events = POLLIN };
	return 2;
}

static void answer_ret(int ret, char *answer, size_t size)
{
	if (ret < 0)
		snprintf(answer, size, "error: %s\n", strerror(-ret));
	else
		snprintf(answer, size, "ok\n");
}

static void answer_status(const struct server *s, char *answer, size_t size)
{
	snprintf(answer, size, "ok: %s, %" PRIu64 " bytes, features %#" PRIx64 "\n",
		 s->conn->fd >= 0 ? "connected" : "waiting", s->blk.sectors * SECTOR,
		 s->conn->features);
}

static void execute(struct control *c, const char *line)
{
	char answer[256];
	uint64_t bytes;

	if (strncmp(line, "resize ", 7) == 0 && number_parse_size(line + 7, &bytes) && bytes)
		answer_ret(server_resize(c->server, bytes), answer, sizeof(answer));
	else if (strcmp(line, "reload") == 0)
		answer_ret(server_resize(c->server, 0), answer, sizeof(answer));
	else if (strcmp(line, "status") == 0)
		answer_status(c->server, answer, sizeof(answer));
	else
		snprintf(answer, sizeof(answer),
			 "error: the commands are resize SIZE, reload, "
			 "status\n");
	if (send(c->fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		hang_up(c);
}

/* Execute the lines that are complete, keep the rest. */
static void execute_lines(struct control *c)
{
	char *start = c->line, *end;

	while (c->fd >= 0 && (end = memchr(start, '\n', c->len)) != NULL) {
		*end = '\0';
		c->len -= (size_t)(end + 1 - start);
		execute(c, start);
		start = end + 1;
	}
	memmove(c->line, start, c->len);
}

static void receive(struct control *c)
{
	ssize_t n = recv(c->fd, c->line + c->len, sizeof(c->line) - c->len, MSG_DONTWAIT);

	if (n <= 0) { /* the end, or a line that is too long for the buffer */
		hang_up(c);
		return;
	}
	c->len += (size_t)n;
	execute_lines(c);
}

void control_handle(struct control *c, const struct pollfd *fds, unsigned int n)
{
	if (!n)
		return;
	if (fds[1].revents)
		receive(c);
	else if (fds[0].revents && c->fd < 0)
		c->fd = socket_accept(c->listen_fd);
}
