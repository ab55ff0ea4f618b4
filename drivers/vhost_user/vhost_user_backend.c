// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vhost_user_backend.h.
 */
#include "drivers/vhost_user/vhost_user_backend.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user_socket.h"
#include "lib/error.h"

#define MAX_MESSAGES 16 /* in one go: the back-end must not hold us up */

int vhost_user_backend_open(struct vhost_user_backend *be, int news_fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_os(-errno, "cannot create a socket for the back-end's messages");
	*be = (struct vhost_user_backend) { .fd = pair[0], .news_fd = news_fd };
	return pair[1];
}

void vhost_user_backend_close(struct vhost_user_backend *be)
{
	if (be->fd >= 0)
		close(be->fd);
	be->fd = -1;
	be->len = 0;
}

static int answer(struct vhost_user_backend *be, uint32_t request, uint64_t result)
{
	struct vhost_user_header h = { request, VHOST_USER_VERSION | VHOST_USER_REPLY,
				       sizeof(result) };
	const struct iovec iov[2] = { { &h, sizeof(h) }, { &result, sizeof(result) } };

	/* Someone who does not read his answers can do without them. */
	return vhost_user_socket_send(be->fd, iov, NULL, 0) == sizeof(h) + sizeof(result) ? 0
											  : -EPROTO;
}

static int handle(struct vhost_user_backend *be, const struct vhost_user_header *h)
{
	bool known = h->request == VHOST_USER_BACKEND_CONFIG_CHANGE;

	if (known) {
		be->changed = true;
		(void)!write(be->news_fd, &(uint64_t) { 1 }, sizeof(uint64_t));
	}
	return h->flags & VHOST_USER_NEED_REPLY ? answer(be, h->request, !known) : 0;
}

/* One more piece of a message. 1: it came in full and was handled. */
static int receive(struct vhost_user_backend *be)
{
	struct vhost_user_header h = { 0 };
	size_t want = sizeof(h);
	ssize_t n;

	if (be->len >= sizeof(h)) {
		memcpy(&h, be->buf, sizeof(h));
		want += h.size;
	}
	n = vhost_user_socket_receive(be->fd, be->buf + be->len, want - be->len, NULL);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0) { /* it has closed the channel: so be it */
		vhost_user_backend_close(be);
		return 0;
	}
	be->len += (size_t)n;
	if (be->len < sizeof(h))
		return 0;
	memcpy(&h, be->buf, sizeof(h));
	if ((h.flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
	    h.flags & VHOST_USER_REPLY || h.size > VHOST_USER_MAX_BACKEND_PAYLOAD)
		return -EPROTO;
	if (be->len < sizeof(h) + h.size)
		return h.size && be->len == sizeof(h) ? receive(be) : 0;
	be->len = 0;
	return handle(be, &h) < 0 ? -EPROTO : 1;
}

int vhost_user_backend_serve(struct vhost_user_backend *be)
{
	int ret = 1;

	for (int i = 0; i < MAX_MESSAGES && ret == 1 && be->fd >= 0; i++)
		ret = receive(be);
	return ret < 0 ? ret : 0;
}
