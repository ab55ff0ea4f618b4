// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See file_info.h. Sources are statx(2), ioctls of the block device, and the queue directory in
 * sysfs of the device, or of the device below the file system. What sysfs does not tell (it may
 * not be mounted; a network file system has no device) has a safe default.
 */
#include "drivers/file/file_info.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "drivers/file/file_zone.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/cleanup.h"
#include "lib/util/compiler.h"
#include "lib/util/sysfs.h"

#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x2000U
#endif

static int type_error(mode_t mode)
{
	if (S_ISREG(mode) || S_ISBLK(mode))
		return 0;
	if (S_ISDIR(mode))
		return err_os(-EISDIR, "the file must be a block device or a regular file");
	return err_set(-EINVAL, "the file must be a block device or a regular file");
}

int file_info_check_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_os(-errno, "cannot open '%s'", path);
	return type_error(st.st_mode);
}

/* A directory in sysfs of a block device, "" for its own; -1 if there is none. */
static int open_sysfs_dir(dev_t dev, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The queue directory of a block device; that of a partition is its disk's. */
static int open_queue_dir(dev_t dev)
{
	int fd = open_sysfs_dir(dev, "queue");

	return fd >= 0 ? fd : open_sysfs_dir(dev, "../queue");
}

/* The optimal size, as a multiple of the optimal alignment; 0 if there is none. */
static int round_size(uint64_t size, int alignment)
{
	int bytes = int_at_most(size);

	return bytes - bytes % alignment;
}

static bool has_write_cache(int queue_dir)
{
	char text[32];

	return sysfs_read(queue_dir, "write_cache", text, sizeof(text)) &&
	       strcmp(text, "write back") == 0;
}

/*
 * What is in question for both kinds of files. A polled write of zones kills the kernel (Linux 6.10
 * and later) when it must wait for another one: where the number of the queue to poll is noted,
 * that of the write's segments is then.
 */
static void common_limits(int queue_dir, struct file_info *info, struct blkio_limits *l)
{
	info->can_poll = !info->zone_bytes && sysfs_read_u64(queue_dir, "io_poll", 0) == 1;
	l->supports_fua_natively = sysfs_read_u64(queue_dir, "fua", 0) == 1;
	l->buf_alignment = l->request_alignment;
	l->mem_region_alignment = (uint64_t)l->buf_alignment;
	l->optimal_buf_alignment = (int)sysconf(_SC_PAGESIZE);
	l->max_segments = (int)sysconf(_SC_IOV_MAX);
}

/* Bytes that the device's own start lies past a multiple of its discard granularity. */
static int discard_offset(dev_t dev, int granularity)
{
	autoclose int dir = open_sysfs_dir(dev, "");
	uint64_t offset = sysfs_read_u64(dir, "discard_alignment", 0);

	return offset == (uint64_t)granularity ? 0 : int_at_most(offset);
}

static int block_limits(int fd, dev_t dev, bool direct, struct file_info *info,
			struct blkio_limits *l)
{
	autoclose int dir = open_queue_dir(dev);
	unsigned int physical = 0, optimal = 0;
	int logical = 0;

	if (ioctl(fd, BLKSSZGET, &logical) < 0 || ioctl(fd, BLKPBSZGET, &physical) < 0 ||
	    ioctl(fd, BLKIOOPT, &optimal) < 0)
		return err_os(-errno, "cannot read the block sizes of the device");
	if (logical <= 0 || !physical)
		return err_set(-EINVAL,
			       "the device tells impossible block sizes: logical %d, "
			       "physical %u",
			       logical, physical);
	l->request_alignment = direct ? logical : 1;
	l->optimal_io_alignment = int_at_most(physical);
	l->optimal_io_size = round_size(optimal, l->optimal_io_alignment);
	l->discard_alignment = int_at_most(sysfs_read_u64(dir, "discard_granularity", 0));
	l->discard_alignment_offset = discard_offset(dev, l->discard_alignment);
	l->flush_needed = !direct || has_write_cache(dir);
	l->can_grow = false;
	info->can_write_zeroes = sysfs_read_u64(dir, "write_zeroes_max_bytes", 0) > 0;
	file_zone_read(fd, dir, info, l);
	common_limits(dir, info, l);
	return 0;
}

/* What direct I/O on a file must be aligned to: as the file system says, or as its device does. */
static int direct_alignment(int fd, int queue_dir)
{
	struct statx stx;

	memset(&stx, 0, sizeof(stx));
	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
	    stx.stx_mask & STATX_DIOALIGN && stx.stx_dio_offset_align)
		return int_at_most(stx.stx_dio_offset_align);
	return int_at_most(
		sysfs_read_u64(queue_dir, "logical_block_size", (uint64_t)sysconf(_SC_PAGESIZE)));
}

static int regular_limits(int fd, dev_t dev, bool direct, struct file_info *info,
			  struct blkio_limits *l)
{
	autoclose int dir = open_queue_dir(dev);
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return err_os(-errno, "cannot read the block size of the file system");
	l->request_alignment = direct ? direct_alignment(fd, dir) : 1;
	l->optimal_io_alignment = int_at_most(fs.f_bsize);
	if (l->optimal_io_alignment < l->request_alignment)
		l->optimal_io_alignment = l->request_alignment;
	l->optimal_io_size = 0;
	l->discard_alignment = l->request_alignment;
	l->discard_alignment_offset = 0;
	l->flush_needed = true;
	l->can_grow = true;
	common_limits(dir, info, l);
	return 0;
}

int file_info_read(int fd, bool direct, struct file_info *info, struct blkio_limits *limits)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) < 0)
		return err_os(-errno, "cannot look at file descriptor %d", fd);
	ret = type_error(st.st_mode);
	if (ret < 0)
		return ret;
	*info = (struct file_info) { .block_device = S_ISBLK(st.st_mode) };
	if (info->block_device)
		return block_limits(fd, st.st_rdev, direct, info, limits);
	return regular_limits(fd, st.st_dev, direct, info, limits);
}
