// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vhost_user_watch.h.
 */
#include "drivers/vhost_user/vhost_user_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/util/barrier.h"

#define TICK_NS 10000000

void vhost_user_watch_init(struct vhost_user_watch *w)
{
	*w = (struct vhost_user_watch) {
		.epoll_fd = -1, .err_fd = -1, .timer_fd = -1, .news_fd = -1
	};
	for (int i = 0; i <= VHOST_USER_VRING_INDEX_MASK; i++)
		w->call_fds[i] = -1;
}

static int add(struct vhost_user_watch *w, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int vhost_user_watch_open(struct vhost_user_watch *w, int socket)
{
	int ret;

	vhost_user_watch_init(w);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->err_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->err_fd < 0 || w->news_fd < 0 || w->timer_fd < 0)
		return err_os(-errno, "cannot create descriptors to watch the back-end with "
				      "(see ulimit -n)");
	ret = add(w, w->err_fd, EPOLLIN);
	if (ret == 0)
		ret = add(w, w->timer_fd, EPOLLIN);
	if (ret == 0)
		ret = vhost_user_watch_socket(w, socket);
	if (ret < 0)
		return err_os(ret, "cannot watch the back-end");
	hangup_init(&w->hangup, w->epoll_fd, POLLIN);
	signaller_init(&w->signaller);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void vhost_user_watch_close(struct vhost_user_watch *w)
{
	if (w->epoll_fd >= 0)
		hangup_finish(&w->hangup);
	signaller_finish(&w->signaller);
	close_fd(w->epoll_fd);
	close_fd(w->err_fd);
	close_fd(w->timer_fd);
	close_fd(w->news_fd);
	vhost_user_watch_init(w);
}

static void set_timer(struct vhost_user_watch *w, long ns)
{
	const struct itimerspec t = { { 0, ns }, { 0, ns } };

	(void)timerfd_settime(w->timer_fd, 0, &t, NULL);
}

void vhost_user_watch_outage(struct vhost_user_watch *w, int socket)
{
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, socket, NULL);
	set_timer(w, TICK_NS);
}

/* Data that waits to be read is no end; hang-up and error are seen unasked. */
int vhost_user_watch_socket(struct vhost_user_watch *w, int socket)
{
	set_timer(w, 0);
	return add(w, socket, EPOLLRDHUP);
}

void vhost_user_watch_rearm(struct vhost_user_watch *w)
{
	uint64_t ticks;

	(void)!read(w->timer_fd, &ticks, sizeof(ticks));
	hangup_rearm(&w->hangup, w->call_fds, VHOST_USER_VRING_INDEX_MASK + 1);
}

void vhost_user_watch_wake(struct vhost_user_watch *w)
{
	for (int i = 0; i <= VHOST_USER_VRING_INDEX_MASK; i++) {
		if (w->call_fds[i] >= 0)
			signaller_signal(&w->signaller, w->call_fds[i]);
	}
}

bool vhost_user_watch_is_over(const struct vhost_user_watch *w)
{
	return load_once(&w->over) || hangup_is_over(&w->hangup);
}

bool vhost_user_watch_has_error(const struct vhost_user_watch *w)
{
	struct pollfd pfd = { .fd = w->err_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

void vhost_user_watch_tell(struct vhost_user_watch *w)
{
	const uint64_t one = 1;

	(void)!write(w->news_fd, &one, sizeof(one));
}

void vhost_user_watch_told(struct vhost_user_watch *w)
{
	uint64_t n;

	(void)!read(w->news_fd, &n, sizeof(n));
}
