// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A queue of virtio-blk: its memory, its life, kicking and waiting.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "drivers/virtio/virtio_blk.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/cleanup.h"
#include "lib/util/deadline.h"

#define CACHE_LINE     64
#define SPINS_PER_LOOK 64 /* polls of the ring between two looks at the clock */

#define MAX_SPINS_IN_VAIN 7 /* in a row; then one wait in 65 spins */

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* ---- memory ---- */

static uint16_t max_segments(const struct virtio_blk *vb)
{
	uint32_t n = vb->info.max_segments;

	uint32_t most = (uint32_t)vb->queue_size - VBLK_FRAME_DESCS;

	/* A chain, with header and status, is never longer than the queue. */
	return (uint16_t)(n < most ? n : most);
}

static size_t slot_bytes(const struct virtio_blk *vb)
{
	size_t table = vblk_has(vb, VIRTIO_F_INDIRECT_DESC)
			       ? (max_segments(vb) + VBLK_FRAME_DESCS) * sizeof(struct vring_desc)
			       : 0;

	return align_up(VBLK_SLOT_TABLE + table, CACHE_LINE);
}

size_t virtio_blk_queue_bytes(const struct virtio_blk *vb)
{
	struct vq_layout l =
		vq_layout((uint16_t)vb->queue_size, vblk_has(vb, VIRTIO_F_RING_PACKED));

	size_t slots = (size_t)vb->queue_size * slot_bytes(vb);
	size_t report = vb->info.zone_bytes ? VBLK_REPORT_BYTES : 0;
	size_t bounce = vb->isolated ? (size_t)vb->queue_size * VBLK_BOUNCE_BYTES : 0;

	return align_up(l.bytes + slots + report, 4096) + bounce;
}

/* ---- the end of a device ---- */

cold void vblk_break(struct vblk_queue *q, int ret, const char *msg)
{
	if (q->broken)
		return;
	q->broken = msg;
	q->broken_ret = ret;
	q->max_fast_bytes = 0;
	q->fast_bytes = 0;
	queue_notify(&q->q);
}

/* Other rings: another queue's thread has found the device again. */
static bool has_moved(const struct vblk_queue *q)
{
	return q->generation != load_once(&q->vb->generation);
}

static cold void look_at_device(struct vblk_queue *q)
{
	if (has_moved(q) || !q->vb->transport->is_alive(q->vb))
		vblk_recover(q);
}

/* ---- waiting ---- */

/* Whether n chains are used, or the device is broken: then there is something to reap. */
static bool has_used(const struct vblk_queue *q, uint16_t n)
{
	const struct virtqueue *vq = &q->vq;
	int used;

	if (unlikely(q->broken))
		return true;
	if (vq->packed)
		return vq_is_used_packed(vq);
	used = vq_nr_used_split(vq);
	return used < 0 || used >= n;
}

/* Poll until the deadline. The connection is looked at now and then. New rings end it, too. */
static bool spin(struct vblk_queue *q, uint16_t n, int64_t deadline)
{
	uint32_t generation = q->generation;

	do {
		for (int i = 0; i < SPINS_PER_LOOK; i++) {
			if (has_used(q, n))
				return true;
			cpu_relax();
		}
		look_at_device(q);
		if (unlikely(q->generation != generation))
			return true;
	} while (now_ns() < deadline);
	return has_used(q, n);
}

/* The device has this descriptor too, and could have made it blocking. */
static void drain(int fd)
{
	uint64_t events;
	struct iovec iov = { &events, sizeof(events) };

	(void)!preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
}

/* 0 or -errno without a message. */
static int sleep_once(struct vblk_queue *q, const struct blkio_wait *wait)
{
	struct pollfd pfd[2] = {
		{ .fd = q->q.completion_fd, .events = POLLIN },
		{ .fd = q->vb->transport->watch_fd(q->vb),
		  .events = q->vb->transport->gone_events },
	};
	struct timespec ts, *timeout = NULL;
	int ret;

	if (wait->deadline != DEADLINE_NONE) {
		int64_t left = deadline_left_ns(wait->deadline);

		ts = (struct timespec) { left / NS_PER_S, left % NS_PER_S };
		timeout = &ts;
	}
	ret = ppoll(pfd, 2, timeout, wait->sig);
	if (ret < 0)
		return errno == EINTR && !wait->interruptible ? 0 : -errno;
	if (ret == 0)
		return -ETIME;
	if (pfd[0].revents)
		drain(pfd[0].fd);
	if (pfd[1].revents || has_moved(q))
		look_at_device(q);
	return 0;
}

static int sleep_until_used(struct vblk_queue *q, uint16_t n, const struct blkio_wait *wait)
{
	uint32_t generation = q->generation;
	int ret = 0;

	/* What is in flight in new rings may be less than n: they end the wait. */
	while (ret == 0 && q->generation == generation) {
		vq_enable_events(&q->vq, n);
		if (has_used(q, n))
			break;
		ret = sleep_once(q, wait);
	}
	if (q->q.completion_fd_enabled)
		vq_enable_events(&q->vq, 1);
	else
		vq_disable_events(&q->vq);
	return ret;
}

static int wait_error(int ret)
{
	if (ret == -ETIME)
		return err_set(ret, "the timeout expired");
	if (ret == -EINTR)
		return err_set(ret, "interrupted by a signal");
	return err_os(ret, "cannot wait for the device");
}

/*
 * Spin before a sleep. What waiting costs after a spin in vain says little of whether a longer
 * one would have done, as waking up takes longer than many devices do; so it is all of
 * poll-max-ns or nothing, and one in vain keeps the next waits from it: 1, then 2, 4, 8 ...
 */
static bool spin_for_a_while(struct vblk_queue *q, uint16_t n, int64_t deadline)
{
	int64_t until;

	if (!q->vb->poll_max_ns)
		return false;
	if (q->spins_to_skip) {
		q->spins_to_skip--;
		return false;
	}
	until = deadline_after_ns((int64_t)q->vb->poll_max_ns);
	if (spin(q, n, until < deadline ? until : deadline)) {
		q->spins_in_vain = 0;
		return true;
	}
	if (q->spins_in_vain < MAX_SPINS_IN_VAIN)
		q->spins_in_vain++;
	q->spins_to_skip = (uint8_t)(1u << q->spins_in_vain >> 1);
	return false;
}

static int wait_used(struct vblk_queue *q, uint16_t n, struct blkio_wait *wait)
{
	int ret;

	if (has_used(q, n))
		return 0;
	wait->waited = true;
	if (q->q.poll || q->vb->poll_max_ns >= INT64_MAX)
		return spin(q, n, wait->deadline) ? 0 : wait_error(-ETIME);
	if (spin_for_a_while(q, n, wait->deadline))
		return 0;
	ret = sleep_until_used(q, n, wait);
	return ret < 0 ? wait_error(ret) : 0;
}

void virtio_blk_kick_fd(const struct vblk_queue *q)
{
	signaller_signal(&q->q.signaller, q->kick_fd);
}

int vblk_enter(struct blkioq *base, unsigned int want, struct blkio_wait *wait)
{
	struct vblk_queue *q = to_vblk_queue(base);

	if (unlikely(q->again))
		vblk_submit_again(q);
	if (unlikely(q->broken))
		return 0;
	if (vq_publish(&q->vq))
		q->vb->transport->kick(q);
	/* A next step that had no room waits for whatever is in flight before it. */
	if (want)
		return wait_used(q, q->again || want > vq_in_flight(&q->vq) ? 1 : (uint16_t)want,
				 wait);
	/* A polling application, or one that was woken: is it that the device has gone? */
	if (!has_used(q, 1) || unlikely(q->shares_interrupt))
		look_at_device(q);
	return 0;
}

void vblk_set_notify(struct blkioq *base, bool enable)
{
	struct vblk_queue *q = to_vblk_queue(base);

	if (enable)
		vq_enable_events(&q->vq, 1);
	else
		vq_disable_events(&q->vq);
}

/* ---- life ---- */

/* Wait until the device has used what it was told of. What was only queued is not submitted. */
static void let_finish(struct vblk_queue *q, int64_t deadline)
{
	struct blkio_wait wait = { .deadline = deadline };
	struct blkio_completion completions[32];
	struct err_text why;

	err_save(&why);
	while (vq_is_busy(&q->vq) && !q->broken && wait_used(q, 1, &wait) == 0)
		(void)q->q.ops->reap(&q->q, completions, 32);
	err_restore(&why);
}

/* The time for what the transport does itself is its own. */
void vblk_destroy_queue(struct blkioq *base, int64_t deadline)
{
	struct vblk_queue *q = to_vblk_queue(base);

	if (q->running && q->vb->transport->drains)
		let_finish(q, deadline);
	pthread_mutex_lock(&q->vb->lock);
	if (q->running)
		q->vb->transport->stop_queue(q->vb, q->index);
	if (q->vb->vblk_queues)
		q->vb->vblk_queues[q->index] = NULL;
	vblk_rings_put(q);
	pthread_mutex_unlock(&q->vb->lock);
	if (q->kick_fd >= 0)
		close(q->kick_fd);
	if (q->poll_call_fd >= 0)
		close(q->poll_call_fd);
	vq_finish(&q->vq);
	mem_view_finish(&q->view);
	queue_finish(base);
	free(q->table);
	free(q->reqs);
	free(q);
}

static int make_reqs(struct vblk_queue *q)
{
	uint16_t n = (uint16_t)q->vq.size;

	q->reqs = aligned_alloc(CACHE_LINE, n * sizeof(*q->reqs));
	q->table = calloc(q->max_segments + VBLK_FRAME_DESCS, sizeof(*q->table));
	if (!q->reqs || !q->table)
		return err_os(-ENOMEM, "cannot create a queue of %u requests", n);
	for (uint16_t i = 0; i < n; i++)
		q->reqs[i] = (struct vblk_req) {
			.id = i,
			.state = VBLK_FREE,
			.next = i + 1 < n ? &q->reqs[i + 1] : NULL,
		};
	q->free = q->reqs;
	q->again_tail = &q->again;
	return 0;
}

/* Where the queue is in the present rings, by the offset of its part `part`. */
static size_t place_of(const struct vblk_queue *q, size_t part)
{
	return q->index * virtio_blk_queue_bytes(q->vb) + part;
}

void vblk_move_to_rings(struct vblk_queue *q)
{
	const struct vblk_rings *r = q->vb->rings;
	struct vq_layout l = vq_layout((uint16_t)q->vq.size, q->vq.packed);
	char *mem = (char *)r->region.addr + place_of(q, 0);
	size_t slots = (size_t)q->vq.size * q->slot_bytes;

	vblk_rings_put(q);
	vblk_rings_get(q);
	q->report = mem + l.bytes + slots;
	q->report_iova = r->iova + place_of(q, l.bytes + slots);
	if (q->vb->isolated) {
		size_t end = virtio_blk_queue_bytes(q->vb) - (size_t)q->vq.size * VBLK_BOUNCE_BYTES;

		q->bounce = mem + end;
		q->bounce_iova = r->iova + place_of(q, end);
	}
	for (uint32_t i = 0; i < q->vq.size; i++) {
		size_t offset = l.bytes + (size_t)i * q->slot_bytes;

		q->reqs[i].slot = mem + offset;
		q->reqs[i].slot_iova = r->iova + place_of(q, offset);
		q->reqs[i].table = q->reqs[i].slot_iova + VBLK_SLOT_TABLE;
		q->reqs[i].table_n = UINT16_MAX;
	}
	vq_restart(&q->vq, mem, q->reqs[0].table, q->slot_bytes);
}

int vblk_tell_queue(struct vblk_queue *q)
{
	struct virtio_blk *vb = q->vb;
	struct vq_layout l = vq_layout((uint16_t)q->vq.size, q->vq.packed);
	struct virtio_queue_setup setup = {
		.index = q->index,
		.size = (uint16_t)q->vq.size,
		.desc = vb->rings->iova + place_of(q, l.desc),
		.driver = vb->rings->iova + place_of(q, l.driver),
		.device = vb->rings->iova + place_of(q, l.device),
		.kick_fd = q->kick_fd,
		.call_fd = q->q.poll ? q->poll_call_fd : q->q.completion_fd,
	};
	int ret = vb->transport->setup_queue(vb, &setup);

	q->doorbell = setup.doorbell;
	q->shares_interrupt = setup.shares_interrupt;
	return ret;
}

/* Before the device knows of the queue, there is all that it takes. */
static int make_rings(struct vblk_queue *q)
{
	struct virtio_blk *vb = q->vb;
	uint16_t size = (uint16_t)vb->queue_size;
	bool packed = vblk_has(vb, VIRTIO_F_RING_PACKED);
	bool indirect = vblk_has(vb, VIRTIO_F_INDIRECT_DESC);
	char *mem = (char *)vb->rings->region.addr + place_of(q, 0);

	q->slot_bytes = (uint32_t)slot_bytes(vb);
	q->max_segments = max_segments(vb);
	q->max_segment_bytes = vb->info.max_segment_bytes;
	q->max_fast_bytes =
		indirect && !vb->may_come_back && !vb->isolated ? q->max_segment_bytes : 0;
	q->q.ops = !indirect ? &vblk_direct_ops : packed ? &vblk_packed_ops : &vblk_split_ops;
	q->generation = vb->generation;
	if (vq_init(&q->vq, mem, size, packed, indirect, vblk_has(vb, VIRTIO_F_EVENT_IDX), 0, 0) <
	    0)
		return err_os(-ENOMEM, "cannot create a queue of %u requests", size);
	return make_reqs(q);
}

static uint32_t supported_ops(const struct virtio_blk *vb)
{
	uint32_t ops = BLKIO_ALL_OPS & ~BLKIO_RARE_OPS;

	if (vblk_has(vb, VIRTIO_BLK_F_SECURE_ERASE))
		ops |= BLKIO_OP_BIT(BLKIO_OP_SECURE_ERASE);
	return ops | vblk_zone_ops(vb);
}

static int setup_queue(struct vblk_queue *q, bool poll)
{
	int ret = queue_init(&q->q, &q->vb->b, &vblk_direct_ops, poll);
	bool by_fd;

	if (ret < 0)
		return ret;
	/* Where kicks go to a register, it is the kernel alone that has the eventfds. */
	by_fd = q->vb->transport->kick == virtio_blk_kick_fd;
	if (by_fd) {
		queue_share_fds(&q->q);
		q->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (poll)
		q->poll_call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if ((by_fd && q->kick_fd < 0) || (poll && q->poll_call_fd < 0))
		return err_os(-errno, "cannot create an eventfd for a queue (see ulimit -n)");
	ret = make_rings(q);
	if (ret < 0)
		return ret;
	vblk_move_to_rings(q);
	ret = vblk_tell_queue(q);
	if (ret < 0)
		return ret;
	q->running = true;
	mem_view_init(&q->view, &q->vb->b.mem);
	q->q.align_mask = VIRTIO_BLK_SECTOR_BYTES - 1;
	queue_set_supported(&q->q, supported_ops(q->vb));
	if (!poll)
		q->vb->transport->watch(q->vb, q->q.completion_fd);
	return 0;
}

/* Poll queues have the virtqueues behind the regular ones. */
int virtio_blk_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp)
{
	struct vblk_queue *q = aligned_alloc(64, align_up(sizeof(*q), 64));
	int ret;

	if (!q)
		return err_os(-ENOMEM, "cannot create a queue");
	*q = (struct vblk_queue) { .vb = to_vblk(b), .kick_fd = -1, .poll_call_fd = -1 };
	q->index = (uint16_t)(poll ? b->num_queues + index : index);
	ret = setup_queue(q, poll);
	if (ret < 0) {
		vblk_destroy_queue(&q->q, 0);
		return ret;
	}
	q->vb->vblk_queues[q->index] = q;
	*qp = &q->q;
	return 0;
}
