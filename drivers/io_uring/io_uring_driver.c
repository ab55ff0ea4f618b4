// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The io_uring driver: files and block devices through the kernel. Life cycle and properties.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>

#include "drivers/io_uring/io_uring.h"
#include "drivers/uring/file.h"
#include "drivers/uring/props.h"
#include "lib/error.h"
#include "lib/util/cleanup.h"

static const struct blkio_prop iou_props[] = {
	{ "path", BLKIO_PROP_STR, offsetof(struct iou, path), .set_until = BLKIO_CREATED,
	  .summary = "file or block device to open" },
	{ "fd", BLKIO_PROP_INT, offsetof(struct iou, fd), .def.i = -1, .set_until = BLKIO_CREATED,
	  .summary = "open file descriptor to use instead of path" },
	{ "direct", BLKIO_PROP_BOOL, offsetof(struct iou, direct), .set_until = BLKIO_CREATED,
	  .summary = "bypass the page cache (O_DIRECT)" },
	URING_PROPS(struct iou, config),
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

static int open_path(const struct iou *d)
{
	int ret = file_info_check_path(d->path);

	if (ret < 0)
		return ret;
	ret = uring_file_open(d->path,
			      (d->b.read_only ? O_RDONLY : O_RDWR) | (d->direct ? O_DIRECT : 0));
	if (ret == -EINVAL && d->direct)
		return err_os(ret, "cannot open '%s' with O_DIRECT (see direct)", d->path);
	return ret < 0 ? uring_file_open_error(ret, d->path) : ret;
}

/* The file system must support it, too. */
static bool probe_poll(int fd)
{
	return uring_can_poll(fd, &(struct io_uring_sqe) { .opcode = IORING_OP_READV, .fd = fd },
			      false);
}

static int connect_fd(struct iou *d, int fd)
{
	struct blkio_limits limits = d->b.limits;
	struct file_info info;
	int flags = fcntl(fd, F_GETFL);
	bool direct;
	int ret;

	if (flags < 0)
		return err_os(-errno, "cannot use file descriptor %d", fd);
	direct = flags & O_DIRECT;
	ret = file_info_read(fd, direct, &info, &limits);
	if (ret == 0)
		ret = uring_file_clear_nonblock(fd, flags);
	if (ret < 0)
		return ret;
	limits.supports_poll_queues = direct && info.can_poll && probe_poll(fd);

	d->b.limits = limits;
	d->b.read_only = (flags & O_ACCMODE) == O_RDONLY;
	d->direct = direct;
	d->info = info;
	return 0;
}

static int iou_connect(struct blkio *b)
{
	struct iou *d = to_iou(b);
	int has_path = uring_file_by_path(d->path, d->fd);
	autoclose int opened = -1;
	int ret;

	if (has_path < 0)
		return has_path;
	if (!d->zeroes) {
		d->zeroes =
			mmap(NULL, IOU_ZEROES_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (d->zeroes == MAP_FAILED) {
			d->zeroes = NULL;
			return err_os(-errno, "cannot connect");
		}
	}
	if (has_path)
		opened = open_path(d);
	if (has_path && opened < 0)
		return opened;
	ret = connect_fd(d, has_path ? opened : d->fd);
	if (ret < 0)
		return ret;
	if (has_path)
		d->fd = steal_fd(&opened);
	return 0;
}

static int iou_get_capacity(struct blkio *b, uint64_t *bytes)
{
	off_t end = lseek(to_iou(b)->fd, 0, SEEK_END);

	if (end < 0)
		return err_os(-errno, "cannot read the capacity");
	*bytes = (uint64_t)end;
	return 0;
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

	uring_queue_end(&q->u, deadline);
	uring_queue_free(&q->u);
}

static const struct blkioq_ops iou_queue_ops = {
	.submit_rw = iou_submit_rw,
	.submit = iou_submit,
	.enter = uring_queue_enter,
	.reap = iou_reap,
	.ready = uring_queue_ready,
	.set_notify = uring_queue_set_notify,
	.destroy = iou_destroy_queue,
};

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
	queue_set_supported(&q->u.q, ops);
	return 0;
}

static int setup_queue(struct iou_queue *q)
{
	struct iou *d = q->dev;
	int ret = uring_init(&q->u.ring, &d->config, d->fd, q->u.q.completion_fd);

	if (ret < 0)
		return ret;
	ret = set_supported(q);
	if (ret < 0)
		return ret;
	/* fill_sqe() sets the fields that differ. */
	uring_preset(&q->u.ring, &(struct io_uring_sqe) {
					 .fd = q->u.ring.fixed_file ? 0 : d->fd,
					 .flags = q->u.ring.fixed_file ? IOSQE_FIXED_FILE : 0,
				 });
	q->u.fill_step = iou_fill_step;
	return uring_queue_set_up(&q->u, &d->pin_budget, d->pin_mem_regions);
}

static int iou_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp)
{
	struct uring_queue *u;
	struct iou_queue *q;
	int ret = uring_queue_alloc(b, sizeof(*q), &iou_queue_ops, poll, &u);

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
	struct iou *d = to_iou(b);

	/* An fd that the application has set is ours once connect has succeeded. */
	if (b->state >= BLKIO_CONNECTED && d->fd >= 0)
		close(d->fd);
	if (d->zeroes)
		munmap(d->zeroes, IOU_ZEROES_BYTES);
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
