// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk on a PCI function, through VFIO: the transport, and the driver's properties.
 *
 * The kernel's interface is in vfio.c, registers in virtio_pci.c, interrupts in interrupts.c,
 * virtio-blk and its rings in drivers/virtio/. Nothing here locks: the caller serializes control
 * calls (blkio(7), THREADS).
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "drivers/vfio_pci/interrupts.h"
#include "drivers/vfio_pci/vfio_pci.h"
#include "drivers/vfio_pci/virtio_pci.h"
#include "drivers/virtio/virtio_blk.h"
#include "drivers/virtio/virtio_blk_props.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/deadline.h"

#define BIT(n)    (UINT64_C(1) << (n))
#define NS_PER_MS 1000000

struct vfio_pci {
	struct virtio_blk vb;
	struct vfio_dev dev;
	struct virtio_pci pci;
	struct interrupts irq;
	uint32_t *doorbell_offsets; /* by queue, in the BAR: for kicks when it is not mapped */
	bool irq_started;           /* since the last reset */
	bool fresh;                 /* no queue has been set up since the last reset */
	bool running;
	bool told_lost; /* to those who wait for events */
	int connect_timeout_ms;
};

static struct vfio_pci *to_vfio_pci(const struct virtio_blk *vb)
{
	return container_of((struct virtio_blk *)vb, struct vfio_pci, vb);
}

/* ---- connect ---- */

static int open_interrupts(struct vfio_pci *vp)
{
	struct pci_caps caps;
	unsigned int vectors = 0;
	uint16_t nr_queues = 0;
	int ret = pci_read_caps(&vp->dev, &caps);

	if (ret == 0)
		ret = pci_read_msix(&vp->dev, &caps, &vectors);
	if (ret == 0)
		ret = virtio_pci_nr_queues(&vp->pci, &nr_queues);
	if (ret < 0)
		return ret;
	if (!nr_queues)
		return err_set(-EPROTO, "%s has 0 queues", vp->dev.name);
	vp->doorbell_offsets = calloc(nr_queues, sizeof(*vp->doorbell_offsets));
	if (!vp->doorbell_offsets)
		return err_os(-ENOMEM, "cannot connect to a device with %u queues", nr_queues);
	return interrupts_open(&vp->irq, &vp->dev, &vp->pci, vectors, nr_queues);
}

/*
 * Whatever was left of another user, who may have been killed, ends with the reset of the function;
 * where the kernel has none, the device's own will do. Only then may it write to memory.
 */
static int vp_connect(struct virtio_blk *vb)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	int ret;

	if (!vb->path || !*vb->path)
		return err_set(-EINVAL, "path must be set to the PCI function's directory in sysfs "
					"(/sys/bus/pci/devices/...)");
	ret = vfio_open(&vp->dev, vb->path);
	if (ret < 0)
		return ret;
	if (vp->dev.max_maps < 2)
		return err_set(-ENOSPC,
			       "the IOMMU takes %" PRIu64 " mappings, but 2 are the least "
			       "(dma_entry_limit of the module vfio_iommu_type1)",
			       vp->dev.max_maps);
	(void)vfio_reset(&vp->dev);
	ret = pci_set_bus_master(&vp->dev, false);
	if (ret == 0)
		ret = virtio_pci_open(&vp->pci, &vp->dev,
				      (int64_t)vp->connect_timeout_ms * NS_PER_MS);
	if (ret == 0)
		ret = virtio_pci_reset(&vp->pci);
	if (ret == 0)
		ret = open_interrupts(vp);
	if (ret == 0)
		ret = pci_set_bus_master(&vp->dev, true);
	vb->b.limits.needs_mem_region_fd = false;
	vb->b.limits.mem_region_alignment = vp->dev.page_bytes;
	/* One mapping is for the rings. */
	vb->b.limits.max_mem_regions = vp->dev.max_maps - 1;
	return ret;
}

static int vp_get_features(struct virtio_blk *vb, uint64_t *features)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	int ret = virtio_pci_get_features(&vp->pci, features);

	if (vp->pci.common.len < VIRTIO_PCI_COMMON_RESET_BYTES)
		*features &= ~BIT(VIRTIO_F_RING_RESET);
	/* Without it, addresses are not the IOMMU's: I/O would go anywhere but to our memory. */
	if (ret == 0 && !(*features & BIT(VIRTIO_F_ACCESS_PLATFORM)))
		return err_set(-ENOTSUP,
			       "%s does not go through its IOMMU: it does not offer "
			       "ACCESS_PLATFORM (QEMU: iommu_platform=on)",
			       vp->dev.name);
	return ret;
}

/* Also what makes a device that a failed start has set up partly as good as new. */
static int vp_set_features(struct virtio_blk *vb, uint64_t features)
{
	struct vfio_pci *vp = to_vfio_pci(vb);

	vp->irq_started = false;
	vp->fresh = true;
	return virtio_pci_negotiate(&vp->pci, features);
}

static int vp_read_config(struct virtio_blk *vb, void *config, size_t len)
{
	return virtio_pci_read_config(&to_vfio_pci(vb)->pci, config, len);
}

static int vp_get_queue_limits(struct virtio_blk *vb, int *max_queues, int *max_queue_size)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	uint16_t size = 0;
	int ret = virtio_pci_queue_size(&vp->pci, 0, &size);

	if (ret < 0)
		return ret;
	if (!size)
		return err_set(-EPROTO, "queue 0 of %s has 0 descriptors", vp->dev.name);
	*max_queues = (int)vp->irq.nr_completion_fds;
	*max_queue_size = size;
	return 0;
}

/* ---- memory ---- */

static int vp_map(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t *iova)
{
	return vfio_map(&to_vfio_pci(vb)->dev, r->addr, r->len, iova);
}

static void vp_unmap(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t iova)
{
	vfio_unmap(&to_vfio_pci(vb)->dev, iova, r->len);
}

/* ---- queues ---- */

static int start_interrupts(struct vfio_pci *vp)
{
	int ret;

	if (vp->irq_started)
		return 0;
	ret = interrupts_start(&vp->irq, (unsigned int)vp->vb.b.num_queues);
	vp->irq_started = ret == 0;
	return ret;
}

static int vp_setup_queue(struct virtio_blk *vb, struct virtio_queue_setup *s)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	struct virtio_pci_queue q = {
		.index = s->index,
		.size = s->size,
		.vector = VIRTIO_PCI_NO_VECTOR,
		.desc = s->desc,
		.driver = s->driver,
		.device = s->device,
	};
	int ret = start_interrupts(vp);

	if (ret < 0)
		return ret;
	vp->fresh = false;
	/* Poll queues, which come last, need no interrupt. */
	if (s->index < vb->b.num_queues) {
		ret = interrupts_add_queue(&vp->irq, s->index, s->call_fd);
		if (ret < 0)
			return ret;
		q.vector = (uint16_t)ret;
		s->shares_interrupt = interrupts_is_shared(&vp->irq, s->index);
	}
	ret = virtio_pci_setup_queue(&vp->pci, &q);
	if (ret < 0)
		return ret;
	s->doorbell = q.doorbell;
	vp->doorbell_offsets[s->index] = q.doorbell_offset;
	return 0;
}

/*
 * While it runs, only RING_RESET stops a single queue. Without it nothing is asked of the queue any
 * more, its memory stays as it is until the whole device is reset, and nobody hears of it.
 */
static void vp_stop_queue(struct virtio_blk *vb, uint16_t index)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	struct err_text why;

	err_save(&why);
	if (!vp->running && !vp->fresh)
		(void)vp_set_features(vb, vb->features);
	else if (vp->running && vblk_has(vb, VIRTIO_F_RING_RESET) && interrupts_is_alive(&vp->irq))
		(void)virtio_pci_reset_queue(&vp->pci, index);
	if (index < vb->b.num_queues)
		interrupts_remove_queue(&vp->irq, index);
	err_restore(&why);
}

static int vp_run(struct virtio_blk *vb)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	uint8_t status = 0;
	int ret = virtio_pci_add_status(&vp->pci, VIRTIO_STATUS_DRIVER_OK);

	if (ret == 0)
		ret = virtio_pci_status(&vp->pci, &status);
	if (ret < 0)
		return ret;
	if (!(status & VIRTIO_STATUS_DRIVER_OK) ||
	    status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED))
		return err_set(-EIO, "%s does not start (its status is 0x%02x)", vp->dev.name,
			       status);
	vp->running = true;
	return 0;
}

static void kick_by_call(const struct vblk_queue *q)
{
	struct vfio_pci *vp = to_vfio_pci(q->vb);
	uint16_t index = htole16(q->index);

	(void)vfio_write(&vp->dev, vp->pci.notify.bar, vp->doorbell_offsets[q->index], &index,
			 sizeof(index));
}

static void vp_kick(const struct vblk_queue *q)
{
	if (unlikely(!q->doorbell))
		kick_by_call(q);
	else
		mmio_write16_after(q->doorbell, htole16(q->index));
}

/* ---- the connection ---- */

static int vp_watch_fd(struct virtio_blk *vb)
{
	return to_vfio_pci(vb)->irq.epoll_fd;
}

static void vp_watch(struct virtio_blk *vb, int completion_fd)
{
	interrupts_watch(&to_vfio_pci(vb)->irq, completion_fd);
}

static bool vp_is_alive(struct virtio_blk *vb)
{
	return interrupts_is_alive(&to_vfio_pci(vb)->irq);
}

static int vp_watch_news(struct virtio_blk *vb, int epoll_fd)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	int ret = virtio_blk_add_to_epoll(epoll_fd, vp->irq.changed_fd, EPOLLIN);

	return ret < 0 ? ret : virtio_blk_add_to_epoll(epoll_fd, vp->irq.epoll_fd, EPOLLIN);
}

/* The end stays readable: once it is told, it must not wake the application any more. */
static uint32_t vp_read_news(struct virtio_blk *vb)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	uint32_t news = interrupts_take_changed(&vp->irq) ? VIRTIO_NEWS_CONFIG : 0;

	if (interrupts_is_alive(&vp->irq) || vp->told_lost)
		return news;
	vp->told_lost = true;
	if (vb->b.event_fd >= 0)
		(void)epoll_ctl(vb->b.event_fd, EPOLL_CTL_DEL, vp->irq.epoll_fd, NULL);
	return VIRTIO_NEWS_LOST; /* what its configuration was does not matter any more */
}

/*
 * First the device stops, then it loses the right to write to memory, then the memory goes. A reset
 * that does not finish is followed by one of the function, which the kernel does.
 */
static void vp_disconnect(struct virtio_blk *vb)
{
	struct vfio_pci *vp = to_vfio_pci(vb);
	struct err_text why;

	err_save(&why);
	if (vp->pci.common.len && virtio_pci_reset(&vp->pci) < 0)
		(void)vfio_reset(&vp->dev);
	if (vp->dev.fd >= 0)
		(void)pci_set_bus_master(&vp->dev, false);
	interrupts_close(&vp->irq);
	virtio_pci_close(&vp->pci);
	vfio_close(&vp->dev);
	free(vp->doorbell_offsets);
	vp->doorbell_offsets = NULL;
	vp->running = false;
	vp->irq_started = false;
	err_restore(&why);
}

static const struct virtio_transport vfio_pci_transport = {
	.features = BIT(VIRTIO_F_ACCESS_PLATFORM) | BIT(VIRTIO_F_ORDER_PLATFORM) |
		    BIT(VIRTIO_F_RING_RESET),
	.connect = vp_connect,
	.get_features = vp_get_features,
	.set_features = vp_set_features,
	.read_config = vp_read_config,
	.get_queue_limits = vp_get_queue_limits,
	.map = vp_map,
	.unmap = vp_unmap,
	.setup_queue = vp_setup_queue,
	.stop_queue = vp_stop_queue,
	.run = vp_run,
	.kick = vp_kick,
	.gone_events = POLLIN,
	.watch_fd = vp_watch_fd,
	.watch = vp_watch,
	.is_alive = vp_is_alive,
	.watch_news = vp_watch_news,
	.read_news = vp_read_news,
	.disconnect = vp_disconnect,
};

/* ---- the driver ---- */

/* Clients find out whether a driver takes an fd by setting it: ENOENT says no. */
static const struct blkio_prop vfio_pci_props[] = {
	VIRTIO_BLK_PROPS,
	{ "fd", BLKIO_PROP_INT, .def.i = -1, .set_errno = ENOENT,
	  .summary = "always -1: the driver takes no file descriptor here" },
	{ "connect-timeout-ms", BLKIO_PROP_INT, offsetof(struct vfio_pci, connect_timeout_ms),
	  .def.i = 10000, .set_until = BLKIO_CREATED, .check = prop_check_positive,
	  .summary = "milliseconds that a reset of the device may take" },
	{ 0 },
};

void vfio_pci_use_sys(struct blkio *b, const struct vfio_sys *sys)
{
	vfio_init(&to_vfio_pci(to_vblk(b))->dev, sys);
}

static void vp_init(struct blkio *b)
{
	virtio_blk_init(b, &vfio_pci_transport);
	interrupts_init(&to_vfio_pci(to_vblk(b))->irq);
	vfio_pci_use_sys(b, &vfio_sys_kernel);
}

const struct blkio_driver vfio_pci_driver;
const struct blkio_driver vfio_pci_driver = {
	.name = "virtio-blk-vfio-pci",
	.size = sizeof(struct vfio_pci),
	.props = vfio_pci_props,
	.init = vp_init,
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
