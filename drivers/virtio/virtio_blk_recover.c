// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A device that is gone, and may come back.
 *
 * What was lost with it is set up again from what is ours: features, memory, queues, and the
 * requests in flight, which are submitted again from where they were. Their rings are new ones:
 * that a back-end was killed is no proof that nobody writes to its memory any more. The thread that
 * finds the device sets all queues up; each queue moves over in its own thread.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/virtio/virtio_blk.h"
#include "lib/error.h"
#include "lib/util/align.h"

/* ---- rings ---- */

static void release_unused(struct vblk_rings *r, const struct virtio_blk *vb)
{
	if (r->users || r == vb->rings)
		return;
	mem_region_release(&r->region);
	free(r);
}

int vblk_rings_make(struct virtio_blk *vb)
{
	size_t bytes = align_up(vb->nr_queues * virtio_blk_queue_bytes(vb),
				vb->b.limits.mem_region_alignment);
	struct vblk_rings *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return err_os(-ENOMEM, "cannot make %u queues", vb->nr_queues);
	ret = mem_region_make(&r->region, bytes);
	if (ret < 0) {
		free(r);
		return ret;
	}
	ret = vb->transport->map(vb, &r->region, &r->iova);
	if (ret < 0) {
		mem_region_release(&r->region);
		free(r);
		return ret;
	}
	vb->rings = r;
	return 0;
}

void vblk_rings_retire(struct virtio_blk *vb)
{
	struct vblk_rings *r = vb->rings;

	if (!r)
		return;
	vb->transport->unmap(vb, &r->region, r->iova);
	vb->rings = NULL;
	release_unused(r, vb);
}

void vblk_rings_get(struct vblk_queue *q)
{
	q->rings = q->vb->rings;
	q->rings->users++;
}

void vblk_rings_put(struct vblk_queue *q)
{
	struct vblk_rings *r = q->rings;

	if (!r)
		return;
	q->rings = NULL;
	r->users--;
	release_unused(r, q->vb);
}

/* ---- the device ---- */

static int check_same(const struct virtio_blk *vb, const struct virtio_blk_info *now)
{
	const struct virtio_blk_info *was = &vb->info;

	if (now->blk_size != was->blk_size || now->max_segments < was->max_segments ||
	    now->max_segment_bytes < was->max_segment_bytes || now->num_queues < vb->nr_queues)
		return err_set(-EIO, "the device that came back is another one");
	return 0;
}

static int negotiate_again(struct virtio_blk *vb)
{
	struct virtio_blk_info info = { 0 };
	uint64_t offered;
	int ret = vb->transport->get_features(vb, &offered);

	if (ret == 0 && vb->features & ~offered)
		ret = err_set(-ENOTSUP, "the device that came back lacks features");
	if (ret == 0)
		ret = vb->transport->set_features(vb, vb->features);
	if (ret == 0)
		ret = virtio_blk_read_info(vb, vb->features, &info, NULL);
	return ret < 0 ? ret : check_same(vb, &info);
}

static int setup_queues_again(struct virtio_blk *vb)
{
	int ret = 0;

	for (unsigned int i = 0; i < vb->nr_queues && ret == 0; i++) {
		if (vb->vblk_queues[i])
			ret = vblk_tell_queue(vb->vblk_queues[i]);
	}
	return ret < 0 ? ret : vb->transport->run(vb);
}

static int setup_again(struct virtio_blk *vb)
{
	bool started = vb->b.state == BLKIO_STARTED;
	int ret = negotiate_again(vb);

	if (ret == 0 && started) {
		vblk_rings_retire(vb);
		ret = vblk_rings_make(vb);
	}
	if (ret == 0)
		ret = vb->transport->restore_memory(vb);
	if (ret == 0 && started)
		ret = setup_queues_again(vb);
	return ret;
}

int vblk_look_for_device(struct virtio_blk *vb)
{
	int ret;

	if (vb->transport->is_alive(vb))
		return 0;
	ret = vb->transport->reconnect ? vb->transport->reconnect(vb) : -ENOTCONN;
	if (ret <= 0)
		return ret;
	ret = setup_again(vb);
	if (ret == 0)
		store_release(&vb->generation, vb->generation + 1);
	vb->transport->reconnected(vb, ret == 0);
	return 0;
}

/* ---- a queue ---- */

/* An append that was done before the device went would be done twice. */
static bool can_repeat(const struct vblk_req *req)
{
	enum blkio_op op = BLKIO_OP_OF(req->op_flags);

	return op != BLKIO_OP_APPEND_ZONE && op != BLKIO_OP_APPENDV_ZONE;
}

static void drop(struct vblk_queue *q, struct vblk_req *req)
{
	req->state = VBLK_FREE;
	q->q.in_flight--;
	queue_complete(&q->q, req->user_data, -EIO,
		       "the device was lost and came back; whether the data was appended is "
		       "not known");
}

static void submit_all_again(struct vblk_queue *q)
{
	q->again = NULL;
	q->again_tail = &q->again;
	q->free = NULL;
	for (uint32_t i = 0; i < q->vq.size; i++) {
		struct vblk_req *req = &q->reqs[i];

		if (vblk_is_active(req) && !can_repeat(req))
			drop(q, req);
		if (vblk_is_active(req)) {
			vblk_put_again(q, req);
		} else {
			req->state = VBLK_FREE;
			req->next = q->free;
			q->free = req;
		}
	}
	vblk_submit_again(q);
	if (vq_publish(&q->vq))
		q->vb->transport->kick(q);
}

static void move(struct vblk_queue *q)
{
	q->generation = q->vb->generation;
	vblk_move_to_rings(q);
	submit_all_again(q);
	if (q->q.completion_fd_enabled)
		vq_enable_events(&q->vq, 1);
}

static void break_gone(struct vblk_queue *q)
{
	struct virtio_blk *vb = q->vb;
	int ret = -ENOTCONN;
	const char *why = vb->transport->why_gone ? vb->transport->why_gone(vb, &ret)
						  : "the connection to the device is lost";

	vblk_break(q, ret, why);
}

/*
 * Whoever does not get the lock while another thread looks for the device is told what that one
 * finds. Once it is found there is something to be waited for: nobody tells twice.
 */
void vblk_recover(struct vblk_queue *q)
{
	struct virtio_blk *vb = q->vb;
	struct err_text why;
	int ret;

	if (q->generation != load_once(&vb->generation))
		pthread_mutex_lock(&vb->lock);
	else if (pthread_mutex_trylock(&vb->lock) != 0)
		return;
	err_save(&why); /* what is tried here is no failure of the call */
	ret = vblk_look_for_device(vb);
	if (ret == 0 && q->generation != vb->generation)
		move(q);
	pthread_mutex_unlock(&vb->lock);
	err_restore(&why);
	if (ret < 0)
		break_gone(q);
}
