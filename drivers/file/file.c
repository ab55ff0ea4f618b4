// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See file.h.
 */
#include "drivers/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/file/file_open.h"
#include "lib/error.h"
#include "lib/util/cleanup.h"

static int open_path(const struct blkio *b, const struct file_dev *f)
{
	int ret = file_info_check_path(f->path);

	if (ret < 0)
		return ret;
	ret = file_open(f->path, (b->read_only ? O_RDONLY : O_RDWR) | (f->direct ? O_DIRECT : 0));
	if (ret == -EINVAL && f->direct)
		return err_os(ret, "cannot open '%s' with O_DIRECT (see direct)", f->path);
	return ret < 0 ? file_open_error(ret, f->path) : ret;
}

static int connect_fd(struct blkio *b, struct file_dev *f, int fd, bool (*can_poll)(int fd))
{
	struct blkio_limits limits = b->limits;
	struct file_info info;
	int flags = fcntl(fd, F_GETFL);
	bool direct;
	int ret;

	if (flags < 0)
		return err_os(-errno, "cannot use file descriptor %d", fd);
	direct = flags & O_DIRECT;
	ret = file_info_read(fd, direct, &info, &limits);
	if (ret == 0)
		ret = file_clear_nonblock(fd, flags);
	if (ret < 0)
		return ret;
	limits.supports_poll_queues = direct && info.can_poll && can_poll && can_poll(fd);

	b->limits = limits;
	b->read_only = (flags & O_ACCMODE) == O_RDONLY;
	f->direct = direct;
	f->info = info;
	return 0;
}

static int make_zeroes(struct file_dev *f)
{
	void *zeroes;

	if (f->zeroes)
		return 0;
	zeroes = mmap(NULL, FILE_ZEROES_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeroes == MAP_FAILED)
		return err_os(-errno, "cannot connect");
	f->zeroes = zeroes;
	return 0;
}

int file_connect(struct blkio *b, struct file_dev *f, bool (*can_poll)(int fd))
{
	int has_path = file_by_path(f->path, f->fd);
	autoclose int opened = -1;
	int ret;

	if (has_path < 0)
		return has_path;
	ret = make_zeroes(f);
	if (ret < 0)
		return ret;
	if (has_path)
		opened = open_path(b, f);
	if (has_path && opened < 0)
		return opened;
	ret = connect_fd(b, f, has_path ? opened : f->fd, can_poll);
	if (ret < 0)
		return ret;
	if (has_path)
		f->fd = steal_fd(&opened);
	return 0;
}

int file_get_capacity(const struct file_dev *f, uint64_t *bytes)
{
	off_t end = lseek(f->fd, 0, SEEK_END);

	if (end < 0)
		return err_os(-errno, "cannot read the capacity");
	*bytes = (uint64_t)end;
	return 0;
}

/* An fd that the application has set is ours once connect has succeeded. */
void file_close(const struct blkio *b, struct file_dev *f)
{
	if (b->state >= BLKIO_CONNECTED && f->fd >= 0)
		close(f->fd);
	if (f->zeroes)
		munmap(f->zeroes, FILE_ZEROES_BYTES);
}

uint32_t file_zeroes_mode(const struct file_info *info, uint32_t flags)
{
	const uint32_t punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (!info->block_device)
		return flags & BLKIO_REQ_NO_UNMAP ? FALLOC_FL_ZERO_RANGE : punch;
	/* On a device without write zeroes only the kernel's fall-back can do it. */
	if (flags & BLKIO_REQ_NO_UNMAP || !info->can_write_zeroes)
		return FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
	return punch;
}

uint32_t file_discard_mode(void)
{
	return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
}
