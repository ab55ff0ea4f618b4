// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The io_uring driver: files and block devices through the kernel. Life cycle and properties.
 */
#include <errno.h>
#include <limits.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "drivers/io_uring/io_uring.h"
#include "drivers/uring/props.h"
#include "lib/error.h"

static const struct blkio_prop iou_props[] = {
	FILE_PROPS(struct iou, file),
	URING_PROPS(struct iou, config),
	{ URING_PROP("register-mem-regions", BLKIO_PROP_BOOL, struct iou, register_mem_regions),
	  .def.b = true, .summary = "register mapped memory regions with the kernel" },
	{ URING_PROP("pin-mem-regions", BLKIO_PROP_BOOL, struct iou, pin_mem_regions),
	  .summary = "register, and so pin, memory regions that the application allocated" },
	{ "may-pin-mem-regions", BLKIO_PROP_BOOL, offsetof(struct iou, pin_mem_regions),
	  .summary = "pages of the application's mapped memory may be pinned" },
	{ "max-queues", BLKIO_PROP_INT, .def.i = INT_MAX,
	  .summary = "most queues of both kinds together" },
	{ "max-mem-regions", BLKIO_PROP_UINT64, .def.u64 = UINT64_MAX,
	  .summary = "most memory regions mapped at a time" },
	{ 0 },
};

static void iou_init(struct blkio *b)
{
	b->limits = (struct blkio_limits) {
		.max_queues = INT_MAX,
		.max_mem_regions = UINT64_MAX,
		.can_add_queues = true,
		.flush_needed = true,
	};
}

/* ---- connect ---- */

/* The file system must support it, too. */
static bool probe_poll(int fd)
{
	return uring_can_poll(fd, &(struct io_uring_sqe) { .opcode = IORING_OP_READV, .fd = fd },
			      false);
}

/*
 * Whether the kernel copies between its own pages, as it does from the page cache to a registered
 * buffer, as fast as to the application's. Linux 6.4 and later on x86: only a processor with fast
 * short REP MOV copies the former with that instruction; others move word by word. Older kernels
 * copy both alike, and lose nothing without registration.
 */
static bool copies_fast_within_kernel(void)
{
#ifdef __x86_64__
	const unsigned int fsrm = 1u << 4;
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && edx & fsrm;
#else
	return true;
#endif
}

static int iou_connect(struct blkio *b)
{
	struct iou *d = to_iou(b);
	int ret = file_connect(b, &d->file, probe_poll);

	/* With the page cache in between no pages are pinned: it is all about the copy. */
	if (ret == 0)
		d->register_mem_regions = d->file.direct || copies_fast_within_kernel();
	return ret;
}

static int iou_get_capacity(struct blkio *b, uint64_t *bytes)
{
	return file_get_capacity(&to_iou(b)->file, bytes);
}

static int iou_start(struct blkio *b)
{
	uring_pin_budget_init(&to_iou(b)->pin_budget);
	return 0;
}

/* ---- queues ---- */

static void iou_destroy_queue(struct blkioq *base, int64_t deadline)
{
	struct iou_queue *q = to_iou_queue(base);

	bool over;

	iou_zones_stop(q);
	over = uring_queue_end(&q->u, deadline);
	iou_zones_end(q, over, deadline);
	uring_queue_free(&q->u);
}

#define QUEUE_OPS(enter_)                                                            \
	{                                                                            \
		.submit_rw = iou_submit_rw, .submit = iou_submit, .enter = (enter_), \
		.reap = iou_reap, .ready = uring_queue_ready,                        \
		.set_notify = uring_queue_set_notify, .destroy = iou_destroy_queue,  \
	}

static const struct blkioq_ops iou_queue_ops = QUEUE_OPS(uring_queue_enter);
static const struct blkioq_ops iou_zoned_ops = QUEUE_OPS(iou_zone_enter);

/* What the kernel can carry out. Without reads there is nothing to be done with it. */
static int set_supported(struct iou_queue *q)
{
	static const uint8_t opcodes[] = { IORING_OP_READ, IORING_OP_FALLOCATE,
					   IORING_OP_URING_CMD };
	uint32_t ops = BLKIO_ALL_OPS & ~BLKIO_RARE_OPS;
	int64_t known = uring_known_ops(&q->u.ring, opcodes, array_len(opcodes));

	if (known < 0)
		return (int)known;
	if (!(known & 1))
		return err_set(-ENOSYS,
			       "the io_uring of this kernel is too old: Linux 5.6 or later "
			       "is needed");
	if (q->u.q.poll)
		ops = BLKIO_OP_BIT(BLKIO_OP_READ) | BLKIO_OP_BIT(BLKIO_OP_WRITE) |
		      BLKIO_OP_BIT(BLKIO_OP_READV) | BLKIO_OP_BIT(BLKIO_OP_WRITEV);
	if (!(known & 2))
		ops &= ~(BLKIO_OP_BIT(BLKIO_OP_WRITE_ZEROES) | BLKIO_OP_BIT(BLKIO_OP_DISCARD));
	q->no_discard_cmd = !(known & 4);
	queue_set_supported(&q->u.q, ops | file_zone_ops(&q->dev->file.info));
	return 0;
}

static int setup_queue(struct iou_queue *q)
{
	struct iou *d = q->dev;
	int ret = uring_init(&q->u.ring, &d->config, d->file.fd, q->u.q.completion_fd);

	if (ret < 0)
		return ret;
	ret = set_supported(q);
	if (ret == 0)
		ret = iou_zones_create(q);
	if (ret < 0)
		return ret;
	/* fill_sqe() sets the fields that differ. */
	uring_preset(&q->u.ring, &(struct io_uring_sqe) {
					 .fd = q->u.ring.fixed_file ? 0 : d->file.fd,
					 .flags = q->u.ring.fixed_file ? IOSQE_FIXED_FILE : 0,
				 });
	q->u.fill_step = iou_fill_step;
	q->u.bufs.unusable = !d->register_mem_regions;
	return uring_queue_set_up(&q->u, &d->pin_budget, d->pin_mem_regions);
}

static int iou_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp)
{
	const struct blkioq_ops *ops =
		to_iou(b)->file.info.zone_bytes ? &iou_zoned_ops : &iou_queue_ops;
	struct uring_queue *u;
	struct iou_queue *q;
	int ret = uring_queue_alloc(b, sizeof(*q), ops, poll, &u);

	(void)index;
	if (ret < 0)
		return ret;
	q = container_of(u, struct iou_queue, u);
	q->dev = to_iou(b);
	ret = setup_queue(q);
	if (ret < 0) {
		iou_destroy_queue(&q->u.q, 0);
		return ret;
	}
	*qp = &q->u.q;
	return 0;
}

static void iou_destroy(struct blkio *b)
{
	file_close(b, &to_iou(b)->file);
}

const struct blkio_driver io_uring_driver;
const struct blkio_driver io_uring_driver = {
	.name = "io_uring",
	.size = sizeof(struct iou),
	.props = iou_props,
	.init = iou_init,
	.connect = iou_connect,
	.get_capacity = iou_get_capacity,
	.start = iou_start,
	.create_queue = iou_create_queue,
	.run = driver_run_default,
	.watch_events = driver_watch_events_default,
	.next_event = driver_next_event_default,
	.map = uring_queues_map,
	.unmap = uring_queues_unmap,
	.destroy = iou_destroy,
};
