// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk: life cycle. Features, mapped regions.
 */
#include "drivers/virtio/virtio_blk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"

#define BIT(n) (UINT64_C(1) << (n))

/* What we can make use of; RING_PACKED depends on the property packed. */
#define WANTED                                                                               \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_INDIRECT_DESC) | BIT(VIRTIO_F_EVENT_IDX) |   \
	 BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_RO) |     \
	 BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_TOPOLOGY) | \
	 BIT(VIRTIO_BLK_F_CONFIG_WCE) | BIT(VIRTIO_BLK_F_MQ) | BIT(VIRTIO_BLK_F_DISCARD) |   \
	 BIT(VIRTIO_BLK_F_WRITE_ZEROES) | BIT(VIRTIO_BLK_F_SECURE_ERASE) |                   \
	 BIT(VIRTIO_BLK_F_ZONED))

void virtio_blk_init(struct blkio *b, const struct virtio_transport *transport)
{
	to_vblk(b)->transport = transport;
	pthread_mutex_init(&to_vblk(b)->lock, NULL);
	b->limits = (struct blkio_limits) {
		.needs_mem_regions = true,
		.needs_mem_region_fd = true,
		.may_pin_mem_regions = true,
		.supports_poll_queues = true,
		.flush_needed = true,
		.mem_region_alignment = 1,
	};
}

static const char *packed_choice(const struct virtio_blk *vb)
{
	return vb->packed_choice ? vb->packed_choice : "auto";
}

/* Which ring: the application's word, else packed where the device has it. */
static int choose_packed(struct virtio_blk *vb, uint64_t *features)
{
	const char *choice = packed_choice(vb);
	bool offered = vb->offered & BIT(VIRTIO_F_RING_PACKED);

	if (strcmp(choice, "on") == 0 && !offered)
		return err_set(-ENOTSUP, "packed is on, but the device has no packed virtqueues");
	if (offered && strcmp(choice, "off") != 0)
		*features |= BIT(VIRTIO_F_RING_PACKED);
	return 0;
}

static int negotiate(struct virtio_blk *vb)
{
	uint64_t features;
	int ret = vb->transport->get_features(vb, &vb->offered);

	if (ret < 0)
		return ret;
	if (!(vb->offered & BIT(VIRTIO_F_VERSION_1)))
		return err_set(-ENOTSUP, "the device is a legacy one: it does not offer VERSION_1");
	features = vb->offered & (WANTED | vb->transport->features);
	ret = choose_packed(vb, &features);
	if (ret < 0)
		return ret;
	vb->features = features;
	return vb->transport->set_features(vb, features);
}

static int read_limits(struct virtio_blk *vb)
{
	struct blkio_limits *l = &vb->b.limits;
	int ret = virtio_blk_read_info(vb, vb->features, &vb->info, l);
	int max_queues = 0;

	if (ret == 0)
		ret = vb->transport->get_queue_limits(vb, &max_queues, &vb->max_queue_size);
	if (ret < 0)
		return ret;
	vb->told_capacity = vb->info.capacity_bytes;
	l->max_queues =
		(uint32_t)max_queues < vb->info.num_queues ? max_queues : (int)vb->info.num_queues;
	return 0;
}

/* Nothing of the application's memory is shared, so it can be anywhere. */
static void isolate(struct blkio_limits *l)
{
	l->needs_mem_regions = false;
	l->needs_mem_region_fd = false;
	l->may_pin_mem_regions = false;
	l->max_mem_regions = UINT64_MAX;
	if (l->zone_append_max_bytes > VBLK_BOUNCE_BYTES)
		l->zone_append_max_bytes = VBLK_BOUNCE_BYTES;
}

int virtio_blk_connect(struct blkio *b)
{
	struct virtio_blk *vb = to_vblk(b);
	struct blkio_limits limits = b->limits;
	int ret = vb->transport->connect(vb);

	if (ret == 0)
		ret = negotiate(vb);
	if (ret == 0)
		ret = read_limits(vb);
	if (ret == 0 && vb->isolated)
		isolate(&b->limits);
	if (ret < 0) {
		vb->transport->disconnect(vb);
		b->limits = limits;
	}
	return ret;
}

/* Read anew: the device may have grown. */
int virtio_blk_get_capacity(struct blkio *b, uint64_t *bytes)
{
	struct virtio_blk *vb = to_vblk(b);
	struct virtio_blk_info info;
	int ret;

	pthread_mutex_lock(&vb->lock);
	ret = virtio_blk_read_info(vb, vb->features, &info, NULL);
	pthread_mutex_unlock(&vb->lock);
	if (ret == 0)
		*bytes = info.capacity_bytes;
	return ret;
}

static int check_start(const struct virtio_blk *vb)
{
	if (vb->offered & BIT(VIRTIO_BLK_F_RO) && !vb->b.read_only)
		return err_set(-EROFS, "the device is read-only: set read-only to true");
	if (vb->queue_size > vb->max_queue_size)
		return err_set(-EINVAL,
			       "queue-size is %d, the device takes at most %d "
			       "(max-queue-size)",
			       vb->queue_size, vb->max_queue_size);
	if (vb->queue_size < 4)
		return err_set(-EINVAL, "queue-size is %d, but a request needs 4 descriptors",
			       vb->queue_size);
	return 0;
}

/* The property packed may have changed since connect. */
static int renegotiate(struct virtio_blk *vb)
{
	uint64_t features = vb->features & ~BIT(VIRTIO_F_RING_PACKED);
	int ret = choose_packed(vb, &features);

	if (ret < 0 || features == vb->features)
		return ret;
	ret = vb->transport->set_features(vb, features);
	if (ret == 0)
		vb->features = features;
	return ret;
}

int virtio_blk_start(struct blkio *b)
{
	struct virtio_blk *vb = to_vblk(b);
	size_t nr_queues = (size_t)b->num_queues + (size_t)b->num_poll_queues;
	int ret = check_start(vb);

	if (ret == 0)
		ret = renegotiate(vb);
	if (ret < 0)
		return ret;
	vblk_rings_retire(vb); /* of a start that failed */
	free(vb->vblk_queues);
	vb->vblk_queues = calloc(nr_queues, sizeof(struct vblk_queue *));
	if (!vb->vblk_queues)
		return err_os(-ENOMEM, "cannot start %zu queues", nr_queues);
	vb->nr_queues = (unsigned int)nr_queues;
	return vblk_rings_make(vb);
}

int virtio_blk_run(struct blkio *b)
{
	struct virtio_blk *vb = to_vblk(b);
	int ret = vb->transport->run(vb);

	if (ret == 0)
		vblk_read_id(vb->vblk_queues[0]);
	return ret;
}

int virtio_blk_map(struct blkio *b, struct mem_entry *entry)
{
	struct virtio_blk *vb = to_vblk(b);
	int ret;

	if (vb->isolated)
		return 0;
	pthread_mutex_lock(&vb->lock);
	ret = vb->transport->map(vb, &entry->region, &entry->iova);
	pthread_mutex_unlock(&vb->lock);
	return ret;
}

void virtio_blk_unmap(struct blkio *b, const struct mem_entry *entry)
{
	struct virtio_blk *vb = to_vblk(b);

	if (vb->isolated)
		return;
	pthread_mutex_lock(&vb->lock);
	vb->transport->unmap(vb, &entry->region, entry->iova);
	pthread_mutex_unlock(&vb->lock);
}

void virtio_blk_destroy(struct blkio *b)
{
	struct virtio_blk *vb = to_vblk(b);

	vb->transport->disconnect(vb);
	vblk_rings_retire(vb);
	free(vb->vblk_queues);
	pthread_mutex_destroy(&vb->lock);
}
