// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vhost_vdpa_watch.h.
 */
#include "drivers/vhost_vdpa/vhost_vdpa_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/virtio/virtio_blk.h"
#include "lib/error.h"
#include "lib/util/barrier.h"

void vdpa_watch_init(struct vdpa_watch *w, struct vdpa_dev *dev)
{
	*w = (struct vdpa_watch) {
		.dev = dev, .epoll_fd = -1, .config_fd = -1, .err_fd = -1, .changed_fd = -1
	};
	for (int i = 0; i < VDPA_WATCHED_QUEUES; i++)
		w->call_fds[i] = -1;
	pthread_mutex_init(&w->lock, NULL);
}

int vdpa_watch_open(struct vdpa_watch *w)
{
	int ret;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->err_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->config_fd < 0 || w->err_fd < 0 || w->changed_fd < 0)
		return err_os(-errno, "cannot create descriptors to watch the device with "
				      "(see ulimit -n)");
	ret = virtio_blk_add_to_epoll(w->epoll_fd, w->config_fd, EPOLLIN);
	if (ret == 0)
		ret = virtio_blk_add_to_epoll(w->epoll_fd, w->err_fd, EPOLLIN);
	if (ret == 0)
		ret = vdpa_set_config_call(w->dev, w->config_fd);
	if (ret < 0)
		return ret;
	hangup_init(&w->hangup, w->epoll_fd, POLLIN);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void vdpa_watch_close(struct vdpa_watch *w)
{
	struct vdpa_dev *dev = w->dev;

	hangup_finish(&w->hangup);
	close_fd(w->epoll_fd);
	close_fd(w->config_fd);
	close_fd(w->err_fd);
	close_fd(w->changed_fd);
	pthread_mutex_destroy(&w->lock);
	vdpa_watch_init(w, dev);
}

void vdpa_watch_set_queue(struct vdpa_watch *w, unsigned int index, int call_fd)
{
	if (index >= VDPA_WATCHED_QUEUES)
		return;
	pthread_mutex_lock(&w->lock);
	w->call_fds[index] = call_fd;
	pthread_mutex_unlock(&w->lock);
}

static bool is_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static bool drain(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

static bool is_in_order(struct vdpa_watch *w)
{
	uint8_t status = 0;

	return w->dev->sys->ioctl(w->dev->fd, VDPA_GET_STATUS, &status) >= 0 &&
	       !(status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED));
}

/* The end keeps the descriptors readable: config_fd is not drained then. */
static void look(struct vdpa_watch *w)
{
	if (is_readable(w->err_fd) || !is_in_order(w)) {
		store_once(&w->gone, true);
		return;
	}
	if (drain(w->config_fd)) {
		store_once(&w->changed, true);
		(void)!write(w->changed_fd, &(uint64_t) { 1 }, sizeof(uint64_t));
	}
	hangup_rearm(&w->hangup, w->call_fds, VDPA_WATCHED_QUEUES);
}

bool vdpa_watch_is_alive(struct vdpa_watch *w)
{
	if (load_once(&w->gone))
		return false;
	if (hangup_is_over(&w->hangup) && pthread_mutex_trylock(&w->lock) == 0) {
		if (!load_once(&w->gone))
			look(w);
		pthread_mutex_unlock(&w->lock);
	}
	return !load_once(&w->gone);
}

bool vdpa_watch_take_changed(struct vdpa_watch *w)
{
	bool changed;

	pthread_mutex_lock(&w->lock);
	if (!load_once(&w->gone) && is_readable(w->epoll_fd))
		look(w);
	changed = w->changed;
	store_once(&w->changed, false);
	(void)drain(w->changed_fd);
	pthread_mutex_unlock(&w->lock);
	return changed;
}
