// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The serial number of a device. It takes a request, so it is asked for once, in start, while the
 * first queue is not in use yet. A device that does not answer in time has none.
 */
#include <string.h>
#include <time.h>

#include "drivers/virtio/virtio_blk_slot.h"
#include "lib/util/deadline.h"

#define PATIENCE_NS 100000000
#define PAUSE_NS    20000

static void submit(struct vblk_queue *q, struct vblk_req *req)
{
	req->state = VBLK_OURS;
	vblk_put_header(req, VIRTIO_BLK_T_GET_ID, 0);
	vblk_put_segment(q, vblk_table_of(q, req), 1, req->slot_iova + VBLK_SLOT_ID,
			 VIRTIO_BLK_ID_BYTES, VRING_DESC_WRITE);
	vblk_add_chain(q, req, 1, VIRTIO_BLK_ID_BYTES);
	if (vq_publish(&q->vq))
		q->vb->transport->kick(q);
}

void vblk_read_id(struct vblk_queue *q)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t deadline = deadline_after_ns(PATIENCE_NS);
	struct vblk_req *req = q->free;

	q->free = req->next;
	submit(q, req);
	while (!q->q.ops->ready(&q->q) && deadline_left_ns(deadline) &&
	       q->vb->transport->is_alive(q->vb))
		nanosleep(&pause, NULL);
	(void)q->q.ops->reap(&q->q, &(struct blkio_completion) { 0 }, 1);
}

/* It ends with a NUL or after all its bytes; what cannot be printed is shown as a question mark. */
static void copy_id(char serial[VIRTIO_BLK_ID_BYTES + 1], const char *id)
{
	memcpy(serial, id, VIRTIO_BLK_ID_BYTES);
	for (; *serial; serial++) {
		if (*serial < ' ' || *serial > '~')
			*serial = '?';
	}
}

/* Once the instance is started another thread may be reading the property: too late. */
void vblk_take_id(struct vblk_queue *q, struct vblk_req *req, uint8_t status)
{
	if (status == VIRTIO_BLK_S_OK && q->vb->b.state != BLKIO_STARTED)
		copy_id(q->vb->serial, req->slot + VBLK_SLOT_ID);
	req->state = VBLK_FREE;
	req->next = q->free;
	q->free = req;
}
