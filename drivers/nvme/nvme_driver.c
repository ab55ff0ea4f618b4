// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The nvme-io_uring driver: NVMe commands to a namespace, passed through by the kernel. Life cycle
 * and properties.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "drivers/file/file_open.h"
#include "drivers/nvme/nvme.h"
#include "drivers/uring/props.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/cleanup.h"

/* Of zones at a time; a longer report is several commands. */
#define REPORT_BYTES (64u << 10)

#define OP_READ_MULTISHOT 49 /* of io_uring; Linux 6.7 */

static int get_serial(struct blkio *b, union prop_value *v)
{
	v->str = to_nvu(b)->info.serial;
	return 0;
}

static int get_model(struct blkio *b, union prop_value *v)
{
	v->str = to_nvu(b)->info.model;
	return 0;
}

static int get_firmware(struct blkio *b, union prop_value *v)
{
	v->str = to_nvu(b)->info.firmware;
	return 0;
}

static int get_atomic_write_unit(struct blkio *b, union prop_value *v)
{
	const struct nvu_info *info = &to_nvu(b)->info;

	v->u64 = info->atomic_write << info->lba_shift;
	return 0;
}

static const struct blkio_prop nvu_props[] = {
	{ "path", BLKIO_PROP_STR, offsetof(struct nvu, path), .set_until = BLKIO_CREATED,
	  .summary = "character device of a namespace, such as /dev/ng0n1" },
	{ "fd", BLKIO_PROP_INT, offsetof(struct nvu, fd), .def.i = -1, .set_until = BLKIO_CREATED,
	  .summary = "open file descriptor to use instead of path" },
	URING_PROPS(struct nvu, config),
	{ URING_PROP("pin-mem-regions", BLKIO_PROP_BOOL, struct nvu, pin_mem_regions),
	  .summary = "register, and so pin, memory regions that the application allocated" },
	{ "may-pin-mem-regions", BLKIO_PROP_BOOL, offsetof(struct nvu, pin_mem_regions),
	  .summary = "pages of the application's mapped memory may be pinned" },
	{ "max-queues", BLKIO_PROP_INT, .def.i = INT_MAX,
	  .summary = "most queues of both kinds together" },
	{ "max-mem-regions", BLKIO_PROP_UINT64, .def.u64 = UINT64_MAX,
	  .summary = "most memory regions mapped at a time" },
	{ "serial", BLKIO_PROP_STR, .get = get_serial, .get_from = BLKIO_CONNECTED,
	  .summary = "serial number of the controller" },
	{ "nvme-model", BLKIO_PROP_STR, .get = get_model, .get_from = BLKIO_CONNECTED,
	  .summary = "model of the controller" },
	{ "nvme-firmware", BLKIO_PROP_STR, .get = get_firmware, .get_from = BLKIO_CONNECTED,
	  .summary = "revision of the controller's firmware" },
	{ "atomic-write-unit", BLKIO_PROP_UINT64, .get = get_atomic_write_unit,
	  .get_from = BLKIO_CONNECTED,
	  .summary = "bytes that are written as a whole or not at all if the power fails" },
	{ 0 },
};

static void nvu_init(struct blkio *b)
{
	to_nvu(b)->config.big = true;
	to_nvu(b)->sys = &nvu_sys_kernel;
	b->limits = (struct blkio_limits) {
		.max_queues = INT_MAX,
		.max_mem_regions = UINT64_MAX,
		.can_add_queues = true,
		.flush_needed = true,
		.supports_fua_natively = true,
	};
}

/* ---- connect ---- */

static int open_path(const struct nvu *d)
{
	int fd = file_open(d->path, d->b.read_only ? O_RDONLY : O_RDWR);

	if (fd == -EACCES || fd == -EPERM)
		return err_os(fd,
			      "cannot open '%s': read and, without read-only, write permission on "
			      "the device file is needed",
			      d->path);
	return fd < 0 ? file_open_error(fd, d->path) : fd;
}

static int check_type(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_os(-errno, "cannot use file descriptor %d", fd);
	if (S_ISCHR(st.st_mode))
		return 0;
	if (S_ISBLK(st.st_mode))
		return err_set(
			-EINVAL,
			"a block device takes no NVMe commands from here: use the character "
			"device of the whole namespace (/dev/ng0n1 for /dev/nvme0n1), or the "
			"io_uring driver, which has partitions as well");
	return err_set(-EINVAL, "the file is no character device of an NVMe namespace, such as "
				"/dev/ng0n1");
}

/*
 * Linux 6.1 has polling for commands, but up to 6.5 it looks at a request that may be over by then:
 * it can crash. Nothing tells of the fix; this opcode came soon after it.
 */
static bool kernel_polls_well(void)
{
	struct io_uring_probe *probe = io_uring_get_probe();
	bool known = probe && io_uring_opcode_supported(probe, OP_READ_MULTISHOT);

	io_uring_free_probe(probe);
	return known;
}

/* The kernel tells that it has queues for it; what works is seen. */
static bool probe_poll(const struct nvu *d, int fd)
{
	struct io_uring_sqe sqe[2] = { { .opcode = IORING_OP_URING_CMD, .fd = fd } };
	struct nvme_uring_cmd *cmd = nvu_cmd(sqe);
	size_t bytes = (size_t)1 << d->info.lba_shift;
	autofree void *block = NULL;

	if (!d->info.can_poll || !kernel_polls_well() || posix_memalign(&block, bytes, bytes) != 0)
		return false;
	sqe->cmd_op = NVME_URING_CMD_IO;
	cmd->opcode = nvme_cmd_read;
	cmd->nsid = d->info.nsid;
	cmd->addr = (uint64_t)(uintptr_t)block;
	cmd->data_len = (uint32_t)bytes;
	cmd->cdw12 = nvu_protection(&d->info);
	return uring_can_poll(fd, sqe, true);
}

static int blocks_to_int(const struct nvu_info *info, uint64_t blocks)
{
	return int_at_most(blocks << info->lba_shift);
}

static void fill_limits(const struct nvu_info *info, struct blkio_limits *l)
{
	int block = 1 << info->lba_shift;

	l->request_alignment = block;
	l->buf_alignment = 1;
	l->mem_region_alignment = 1;
	l->optimal_buf_alignment = (int)sysconf(_SC_PAGESIZE);
	l->optimal_io_alignment = blocks_to_int(info, info->write_granularity);
	l->optimal_io_size = blocks_to_int(info, info->optimal_write);
	l->max_segments = (int)sysconf(_SC_IOV_MAX);
	l->max_segment_len = 0;
	l->max_transfer = blocks_to_int(info, NVU_MAX_BLOCKS);
	l->max_transfer -= l->max_transfer % block;
	/* Longer ones are several commands. */
	l->max_write_zeroes_len = 0;
	l->max_discard_len = 0;
	l->discard_alignment = blocks_to_int(info, info->discard_granularity);
	l->discard_alignment_offset = 0;
	l->flush_needed = info->volatile_cache;

	l->zoned = info->zoned ? BLKIO_ZONED_HOST_MANAGED : BLKIO_ZONED_NONE;
	l->zone_size = info->zone_blocks << info->lba_shift;
	l->nr_zones = info->nr_zones;
	l->max_open_zones = int_at_most(info->max_open_zones);
	l->max_active_zones = int_at_most(info->max_active_zones);
	l->append_support = info->max_append;
	l->zone_append_max_bytes = info->max_append;
}

static int connect_fd(struct nvu *d, int fd)
{
	struct nvu_info before = d->info;
	int flags = fcntl(fd, F_GETFL);
	int ret;

	if (flags < 0)
		return err_os(-errno, "cannot use file descriptor %d", fd);
	ret = check_type(fd);
	if (ret == 0)
		ret = nvu_identify(d->sys, fd, &d->info);
	if (ret == 0)
		ret = file_clear_nonblock(fd, flags);
	if (ret < 0) {
		d->info = before;
		return ret;
	}
	fill_limits(&d->info, &d->b.limits);
	d->b.limits.supports_poll_queues = probe_poll(d, fd);
	d->b.read_only = (flags & O_ACCMODE) == O_RDONLY;
	return 0;
}

static int nvu_connect(struct blkio *b)
{
	struct nvu *d = to_nvu(b);
	int has_path = file_by_path(d->path, d->fd);
	autoclose int opened = -1;
	int ret;

	if (has_path < 0)
		return has_path;
	if (!d->zeroes) {
		d->zeroes =
			mmap(NULL, NVU_ZEROES_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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

static int nvu_get_capacity(struct blkio *b, uint64_t *bytes)
{
	struct nvu *d = to_nvu(b);
	int ret = nvu_identify_size(d->sys, d->fd, &d->info, bytes);

	*bytes <<= d->info.lba_shift;
	return ret;
}

static int nvu_start(struct blkio *b)
{
	uring_pin_budget_init(&to_nvu(b)->pin_budget);
	return 0;
}

/* ---- queues ---- */

static void nvu_destroy_queue(struct blkioq *base, int64_t deadline)
{
	struct nvu_queue *q = to_nvu_queue(base);

	bool over = uring_queue_end(&q->u, deadline);

	if (q->report)
		munmap(q->report, q->report_bytes);
	for (unsigned int i = 0; q->more && i < q->u.ring.cq_entries; i++)
		free(q->more[i].slice);
	/* A device that does not answer may yet read what it is to deallocate: that stays as it is.
	 */
	if (over)
		free(q->more);
	uring_queue_free(&q->u);
}

#define QUEUE_OPS(fast)                                                                \
	{                                                                              \
		.submit_rw = (fast), .submit = nvu_submit, .enter = uring_queue_enter, \
		.reap = nvu_reap, .ready = uring_queue_ready,                          \
		.set_notify = uring_queue_set_notify, .destroy = nvu_destroy_queue,    \
	}

static const struct blkioq_ops nvu_queue_ops = QUEUE_OPS(nvu_submit_rw);
/* The block number goes into the protection information: no short way. */
static const struct blkioq_ops nvu_protected_ops = QUEUE_OPS(queue_submit_slowly);

/* Passed-through commands, their vectored form, and buffers that are registered. */
static int ask_kernel(struct nvu_queue *q)
{
	static const uint8_t opcodes[] = { IORING_OP_URING_CMD, IORING_OP_SENDMSG_ZC };
	int64_t known = uring_known_ops(&q->u.ring, opcodes, array_len(opcodes));

	if (known < 0)
		return (int)known;
	if (!(known & 1))
		return uring_init_error(EINVAL, 1, true);
	/* It is as old as registered buffers for commands, which cannot be asked for: 6.1. */
	q->u.bufs.unusable = !(known & 2);
	return 0;
}

static int make_report(struct nvu_queue *q)
{
	q->report_bytes = q->max_command < REPORT_BYTES ? q->max_command : REPORT_BYTES;
	q->report = mmap(NULL, q->report_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (q->report != MAP_FAILED)
		return 0;
	q->report = NULL;
	return err_os(-ENOMEM, "cannot create a queue");
}

static int setup_queue(struct nvu_queue *q)
{
	struct nvu *d = q->dev;
	int ret = uring_init(&q->u.ring, &d->config, d->fd, q->u.q.completion_fd);

	if (ret == 0)
		ret = ask_kernel(q);
	if (ret < 0)
		return ret;
	nvu_preset(q);
	q->lba_shift = d->info.lba_shift;
	q->max_command = (uint32_t)d->info.max_command;
	q->more = calloc(q->u.ring.cq_entries, sizeof(*q->more));
	if (!q->more)
		return err_os(-ENOMEM, "cannot create a queue");
	if (d->info.zoned)
		ret = make_report(q);
	if (ret < 0)
		return ret;
	q->u.q.align_mask = (UINT32_C(1) << q->lba_shift) - 1;
	queue_set_supported(&q->u.q, (BLKIO_ALL_OPS & ~BLKIO_RARE_OPS) | nvu_zone_ops(d));
	q->u.fill_step = nvu_fill_step;
	return uring_queue_set_up(&q->u, &d->pin_budget, d->pin_mem_regions);
}

static int nvu_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp)
{
	const struct blkioq_ops *ops =
		to_nvu(b)->info.protected ? &nvu_protected_ops : &nvu_queue_ops;
	struct uring_queue *u;
	struct nvu_queue *q;
	int ret = uring_queue_alloc(b, sizeof(*q), ops, poll, &u);

	(void)index;
	if (ret < 0)
		return ret;
	q = container_of(u, struct nvu_queue, u);
	q->dev = to_nvu(b);
	ret = setup_queue(q);
	if (ret < 0) {
		nvu_destroy_queue(&q->u.q, 0);
		return ret;
	}
	*qp = &q->u.q;
	return 0;
}

static void nvu_destroy(struct blkio *b)
{
	struct nvu *d = to_nvu(b);

	/* An fd that the application has set is ours once connect has succeeded. */
	if (b->state >= BLKIO_CONNECTED && d->fd >= 0)
		close(d->fd);
	if (d->zeroes)
		munmap(d->zeroes, NVU_ZEROES_BYTES);
}

const struct blkio_driver nvme_driver;
const struct blkio_driver nvme_driver = {
	.name = "nvme-io_uring",
	.size = sizeof(struct nvu),
	.props = nvu_props,
	.init = nvu_init,
	.connect = nvu_connect,
	.get_capacity = nvu_get_capacity,
	.start = nvu_start,
	.create_queue = nvu_create_queue,
	.run = driver_run_default,
	.watch_events = driver_watch_events_default,
	.next_event = driver_next_event_default,
	.map = uring_queues_map,
	.unmap = uring_queues_unmap,
	.destroy = nvu_destroy,
};
