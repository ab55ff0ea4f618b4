// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The configuration space of a virtio block device: whatever it says, the limits that come of it
 * are sound, or there is an error with a text.
 */
#include "drivers/virtio/virtio_blk.h"
#include "tests/fuzz/fuzz.h"

static uint8_t config[sizeof(struct virtio_blk_config)];
static struct virtio_blk vb;

static int read_config(struct virtio_blk *from, void *buf, size_t len)
{
	fuzz_must(from == &vb && len <= sizeof(config));
	memcpy(buf, config, len);
	return 0;
}

static const struct virtio_transport transport = { .read_config = read_config };

static void check(const struct virtio_blk_info *info, const struct blkio_limits *l)
{
	fuzz_must(info->blk_size >= 512 && !(info->blk_size & (info->blk_size - 1)));
	fuzz_must(info->capacity_bytes <= INT64_MAX);
	fuzz_must(info->num_queues >= 1 && info->max_segments >= 1);
	fuzz_must((uint64_t)info->max_segment_bytes * info->max_segments >= info->blk_size);
	fuzz_must(l->request_alignment > 0 && l->optimal_io_alignment > 0);
	fuzz_must(l->max_segments > 0 && l->max_segment_len >= 0);
	fuzz_must(l->max_transfer >= 0 && l->max_transfer % l->request_alignment == 0);
	fuzz_must(l->optimal_io_size >= 0 && l->discard_alignment > 0);
	fuzz_must(l->discard_alignment_offset >= 0);
	fuzz_must(l->max_open_zones >= 0 && l->max_active_zones >= 0);
	fuzz_must(!info->zone_bytes || l->zone_size == info->zone_bytes);
	fuzz_must(!info->zone_bytes || !info->capacity_bytes || l->nr_zones);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint64_t features = fuzz_u64(&in);
	struct blkio_limits limits = { 0 };
	struct virtio_blk_info info;

	fuzz_bytes(&in, config, sizeof(config));
	vb.transport = &transport;
	if (virtio_blk_read_info(&vb, features, &info, &limits) == 0)
		check(&info, &limits);
	else
		fuzz_must(*blkio_get_error_msg());
	return 0;
}
