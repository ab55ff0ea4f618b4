// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk on a vDPA device, through the kernel's vhost-vdpa: the transport, and the driver's
 * properties. The ioctls are in vdpa_dev.c, virtio-blk and its rings in drivers/virtio/.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "drivers/vhost_vdpa/vhost_vdpa.h"
#include "drivers/vhost_vdpa/vhost_vdpa_watch.h"
#include "drivers/virtio/iova.h"
#include "drivers/virtio/virtio_blk.h"
#include "drivers/virtio/virtio_blk_props.h"
#include "lib/error.h"
#include "lib/util/align.h"

#define BIT(n) (UINT64_C(1) << (n))

/* What the device knows of memory; told again after a reset, which may have made it forget. */
struct vdpa_region {
	uint64_t iova, len;
	void *addr;
};

struct vhost_vdpa {
	struct virtio_blk vb;
	struct vdpa_dev dev;
	struct vdpa_watch watch;
	struct iova_space iovas;
	struct vdpa_region *regions;
	unsigned int nr_regions, cap_regions;
	int fd;     /* property, until connect */
	bool fresh; /* no queue has been set up since the last reset */
	bool told_lost;
};

static struct vhost_vdpa *to_vdpa(const struct virtio_blk *vb)
{
	return container_of((struct virtio_blk *)vb, struct vhost_vdpa, vb);
}

/* ---- connect ---- */

static int vv_connect(struct virtio_blk *vb)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	bool has_path = vb->path && *vb->path;
	long page = sysconf(_SC_PAGESIZE);
	int ret;

	if (has_path && v->fd >= 0)
		return err_set(-EINVAL, "path and fd cannot be set both");
	if (!has_path && v->fd < 0)
		return err_set(-EINVAL,
			       "path must be set to the device's node (/dev/vhost-vdpa-N), "
			       "or fd to an open one");
	ret = vdpa_open(&v->dev, vb->path, v->fd);
	if (ret == 0)
		ret = vdpa_watch_open(&v->watch);
	if (ret < 0)
		return ret;
	iova_init(&v->iovas, align_up(v->dev.iova_first, (uint64_t)page), v->dev.iova_last,
		  (uint64_t)page);
	vb->b.limits.mem_region_alignment = (uint64_t)page;
	vb->b.limits.max_mem_regions = UINT64_MAX;
	return 0;
}

static int vv_get_features(struct virtio_blk *vb, uint64_t *features)
{
	return vdpa_get_features(&to_vdpa(vb)->dev, features);
}

static int map_again(struct vhost_vdpa *v)
{
	int ret = 0;

	if (vdpa_has(&v->dev, VDPA_BACKEND_F_IOTLB_PERSIST))
		return 0;
	for (unsigned int i = 0; i < v->nr_regions && ret == 0; i++) {
		const struct vdpa_region *r = &v->regions[i];

		(void)vdpa_unmap(&v->dev, r->iova, r->len);
		ret = vdpa_map(&v->dev, r->iova, r->addr, r->len);
	}
	return ret;
}

/* Also what makes a device that a failed start has set up partly as good as new. */
static int vv_set_features(struct virtio_blk *vb, uint64_t features)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	int ret = vdpa_negotiate(&v->dev, features);

	v->fresh = true;
	if (ret == 0)
		ret = vdpa_set_config_call(&v->dev, v->watch.config_fd);
	return ret < 0 ? ret : map_again(v);
}

static int vv_read_config(struct virtio_blk *vb, void *config, size_t len)
{
	return vdpa_read_config(&to_vdpa(vb)->dev, config, len);
}

static int vv_get_queue_limits(struct virtio_blk *vb, int *max_queues, int *max_queue_size)
{
	return vdpa_get_queue_limits(&to_vdpa(vb)->dev, max_queues, max_queue_size);
}

/* ---- memory ---- */

static struct vdpa_region *add_region(struct vhost_vdpa *v)
{
	if (v->nr_regions == v->cap_regions) {
		unsigned int cap = v->cap_regions ? 2 * v->cap_regions : 8;
		struct vdpa_region *regions = reallocarray(v->regions, cap, sizeof(*regions));

		if (!regions)
			return NULL;
		v->regions = regions;
		v->cap_regions = cap;
	}
	return &v->regions[v->nr_regions++];
}

static int vv_map(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t *iova)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	struct vdpa_region *region;
	int ret;

	if (r->fd < 0)
		return err_set(-EINVAL, "the memory region needs a file descriptor "
					"(needs-mem-region-fd)");
	ret = iova_alloc(&v->iovas, r->len, iova);
	if (ret < 0)
		return err_os(ret, "no address range of %zu bytes is left for the device", r->len);
	region = add_region(v);
	if (!region) {
		iova_free(&v->iovas, *iova);
		return err_os(-ENOMEM, "cannot map the memory region");
	}
	*region = (struct vdpa_region) { *iova, r->len, r->addr };
	ret = vdpa_map(&v->dev, *iova, r->addr, r->len);
	if (ret < 0) {
		v->nr_regions--;
		iova_free(&v->iovas, *iova);
	}
	return ret;
}

/* The range is used again only when the device has let go of it. */
static void vv_unmap(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t iova)
{
	struct vhost_vdpa *v = to_vdpa(vb);

	for (unsigned int i = 0; i < v->nr_regions; i++) {
		if (v->regions[i].iova != iova)
			continue;
		v->regions[i] = v->regions[--v->nr_regions];
		if (vdpa_unmap(&v->dev, iova, r->len) == 0)
			iova_free(&v->iovas, iova);
		return;
	}
}

/* ---- queues ---- */

static int vv_setup_queue(struct virtio_blk *vb, struct virtio_queue_setup *s)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	const struct vdpa_queue q = {
		.index = s->index,
		.size = s->size,
		.desc = s->desc,
		.driver = s->driver,
		.device = s->device,
		.kick_fd = s->kick_fd,
		/* Nobody sleeps on poll queues, which are the last. */
		.call_fd = s->index < vb->b.num_queues ? s->call_fd : -1,
		.err_fd = v->watch.err_fd,
		/* A packed ring has positions here, both with the wrap counter 1. */
		.base = vblk_has(vb, VIRTIO_F_RING_PACKED) ? 0x80008000 : 0,
	};

	v->fresh = false;
	vdpa_watch_set_queue(&v->watch, s->index, q.call_fd);
	return vdpa_setup_queue(&v->dev, &q);
}

/*
 * A running device may not be able to stop a single queue. Then nothing is asked of the queue any
 * more, and its memory stays as it is until all of the device is reset.
 */
static void vv_stop_queue(struct virtio_blk *vb, uint16_t index)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	struct err_text why;

	vdpa_watch_set_queue(&v->watch, index, -1);
	if (v->dev.running)
		vdpa_stop_queue(&v->dev, index);
	if (v->dev.running || v->fresh)
		return;
	err_save(&why);
	(void)vv_set_features(vb, vb->features);
	err_restore(&why);
}

static int vv_run(struct virtio_blk *vb)
{
	return vdpa_run(&to_vdpa(vb)->dev);
}

/* ---- the connection ---- */

static int vv_watch_fd(struct virtio_blk *vb)
{
	return to_vdpa(vb)->watch.epoll_fd;
}

static void vv_watch(struct virtio_blk *vb, int completion_fd)
{
	hangup_notify(&to_vdpa(vb)->watch.hangup, completion_fd);
}

static bool vv_is_alive(struct virtio_blk *vb)
{
	return vdpa_watch_is_alive(&to_vdpa(vb)->watch);
}

static const char *vv_why_gone(struct virtio_blk *vb, int *ret)
{
	(void)vb;
	*ret = -EIO;
	return "the device has failed: it needs a reset, or reported an error of a queue";
}

static int vv_watch_news(struct virtio_blk *vb, int epoll_fd)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	int ret = virtio_blk_add_to_epoll(epoll_fd, v->watch.changed_fd, EPOLLIN);

	return ret < 0 ? ret : virtio_blk_add_to_epoll(epoll_fd, v->watch.epoll_fd, EPOLLIN);
}

static uint32_t vv_read_news(struct virtio_blk *vb)
{
	struct vhost_vdpa *v = to_vdpa(vb);
	uint32_t news = vdpa_watch_take_changed(&v->watch) ? VIRTIO_NEWS_CONFIG : 0;

	if (vdpa_watch_is_alive(&v->watch) || v->told_lost)
		return news;
	v->told_lost = true;
	if (vb->b.event_fd >= 0)
		(void)epoll_ctl(vb->b.event_fd, EPOLL_CTL_DEL, v->watch.epoll_fd, NULL);
	return VIRTIO_NEWS_LOST;
}

/* The device is reset before it loses its memory. */
static void vv_disconnect(struct virtio_blk *vb)
{
	struct vhost_vdpa *v = to_vdpa(vb);

	/* A descriptor of the application is ours only once the connect has succeeded. */
	if (vb->b.state == BLKIO_CREATED && v->dev.fd >= 0 && v->dev.fd == v->fd)
		vdpa_give_back(&v->dev);
	else
		vdpa_close(&v->dev);
	vdpa_watch_close(&v->watch);
	iova_finish(&v->iovas);
	free(v->regions);
	v->regions = NULL;
	v->nr_regions = v->cap_regions = 0;
}

static const struct virtio_transport vhost_vdpa_transport = {
	.features = BIT(VIRTIO_F_ACCESS_PLATFORM) | BIT(VIRTIO_F_ORDER_PLATFORM),
	.drains = true,
	.connect = vv_connect,
	.get_features = vv_get_features,
	.set_features = vv_set_features,
	.read_config = vv_read_config,
	.get_queue_limits = vv_get_queue_limits,
	.map = vv_map,
	.unmap = vv_unmap,
	.setup_queue = vv_setup_queue,
	.stop_queue = vv_stop_queue,
	.run = vv_run,
	.kick = virtio_blk_kick_fd,
	.gone_events = POLLIN,
	.watch_fd = vv_watch_fd,
	.watch = vv_watch,
	.is_alive = vv_is_alive,
	.why_gone = vv_why_gone,
	.watch_news = vv_watch_news,
	.read_news = vv_read_news,
	.disconnect = vv_disconnect,
};

/* ---- the driver ---- */

static const struct blkio_prop vhost_vdpa_props[] = {
	VIRTIO_BLK_PROPS,
	{ "fd", BLKIO_PROP_INT, offsetof(struct vhost_vdpa, fd), .def.i = -1,
	  .set_until = BLKIO_CREATED, .summary = "open file descriptor to use instead of path" },
	{ 0 },
};

void vhost_vdpa_use_sys(struct blkio *b, const struct vdpa_sys *sys)
{
	to_vdpa(to_vblk(b))->dev.sys = sys;
}

static void vv_init(struct blkio *b)
{
	struct vhost_vdpa *v = to_vdpa(to_vblk(b));

	virtio_blk_init(b, &vhost_vdpa_transport);
	v->dev = (struct vdpa_dev) { .sys = &vdpa_sys_kernel, .fd = -1, .tried_fd = -1 };
	vdpa_watch_init(&v->watch, &v->dev);
}

const struct blkio_driver vhost_vdpa_driver;
const struct blkio_driver vhost_vdpa_driver = {
	.name = "virtio-blk-vhost-vdpa",
	.size = sizeof(struct vhost_vdpa),
	.props = vhost_vdpa_props,
	.init = vv_init,
	.connect = virtio_blk_connect,
	.get_capacity = virtio_blk_get_capacity,
	.start = virtio_blk_start,
	.create_queue = virtio_blk_create_queue,
	.run = virtio_blk_run,
	.map = virtio_blk_map,
	.unmap = virtio_blk_unmap,
	.watch_events = virtio_blk_watch_events,
	.next_event = virtio_blk_next_event,
	.destroy = virtio_blk_destroy,
};
