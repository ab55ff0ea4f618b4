// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Isolated mode (HARDENING 10): the device sees no memory of the application. Each request has a
 * piece of memory behind the rings, and what does not fit goes in parts.
 */
#include <string.h>

#include "drivers/virtio/virtio_blk.h"
#include "lib/util/iov.h"

static size_t offset_of(const struct vblk_req *req)
{
	return (size_t)req->id * VBLK_BOUNCE_BYTES;
}

static void copy(char *bounce, char *buf, size_t bytes, bool out)
{
	if (out)
		memcpy(bounce, buf, bytes);
	else
		memcpy(buf, bounce, bytes);
}

/* Between the bounce buffer and the request's buffers, from where it stands on. */
static void copy_part(const struct vblk_req *req, char *bounce, size_t bytes, bool out)
{
	size_t skip = req->skip;

	if (!req->iovcnt) {
		copy(bounce, req->buf, bytes, out);
		return;
	}
	for (uint32_t i = 0; bytes && i < req->iovcnt; i++, skip = 0) {
		size_t n = req->iov[i].iov_len - skip;

		if (n > bytes)
			n = bytes;
		if (n)
			copy(bounce, iov_rest(&req->iov[i], skip), n, out);
		bounce += n;
		bytes -= n;
	}
}

iova_t vblk_bounce_out(struct vblk_queue *q, const struct vblk_req *req, size_t bytes, bool out)
{
	if (out)
		copy_part(req, q->bounce + offset_of(req), bytes, true);
	return q->bounce_iova + offset_of(req);
}

void vblk_bounce_in(struct vblk_queue *q, const struct vblk_req *req)
{
	copy_part(req, q->bounce + offset_of(req), req->part_bytes, false);
}
