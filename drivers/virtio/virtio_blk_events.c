// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What happens to a device, as events for the application: each is told once.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "drivers/virtio/virtio_blk.h"
#include "lib/error.h"

int virtio_blk_add_to_epoll(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_os(-errno, "cannot watch the device");
	return 0;
}

int virtio_blk_watch_events(struct blkio *b, int epoll_fd)
{
	struct virtio_blk *vb = to_vblk(b);

	return vb->transport->watch_news(vb, epoll_fd);
}

/* A device may say that something has changed as often as it likes: the capacity tells. */
static int capacity_event(struct virtio_blk *vb, struct blkio_event *event)
{
	uint64_t bytes;
	int ret = virtio_blk_get_capacity(&vb->b, &bytes);

	if (ret < 0 || bytes == vb->told_capacity)
		return ret;
	vb->told_capacity = bytes;
	event->type = BLKIO_EVENT_CAPACITY_CHANGED;
	event->capacity = bytes;
	return 1;
}

/* What is to be told next, as one bit. An application that only waits for events is one that can
 * look for a lost device. */
static uint32_t next_news(struct virtio_blk *vb)
{
	static const uint32_t order[] = { VIRTIO_NEWS_LOST, VIRTIO_NEWS_RESTORED,
					  VIRTIO_NEWS_CONFIG };
	uint32_t next = 0;

	pthread_mutex_lock(&vb->lock);
	(void)vblk_look_for_device(vb);
	if (!vb->news) /* else it would be quiet before all is told */
		vb->news = vb->transport->read_news(vb);
	for (unsigned int i = 0; i < 3 && !next; i++)
		next = vb->news & order[i];
	vb->news &= ~next;
	pthread_mutex_unlock(&vb->lock);
	return next;
}

int virtio_blk_next_event(struct blkio *b, struct blkio_event *event)
{
	struct virtio_blk *vb = to_vblk(b);

	switch (next_news(vb)) {
	case VIRTIO_NEWS_LOST:
		event->type = BLKIO_EVENT_CONNECTION_LOST;
		return 1;
	case VIRTIO_NEWS_RESTORED:
		event->type = BLKIO_EVENT_CONNECTION_RESTORED;
		return 1;
	case VIRTIO_NEWS_CONFIG:
		return capacity_event(vb, event);
	default:
		return 0;
	}
}
