// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Devices that the application has opened itself: the property "fd".
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"

static void skip_without_fd(void)
{
	if (!traits->has_user_fd)
		SKIP("the driver does not take an fd");
}

/* An instance that is to use this fd, with no path. */
static struct blkio *created_with_fd(int fd)
{
	struct blkio *b;

	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_INT(blkio_set_int(b, "fd", fd), 0);
	return b;
}

/* The device itself, not what is behind it. Of virtio there is only one mode that is of use. */
static int open_device(int flags)
{
	int fd = open(traits->device_path, traits->kind == KIND_VIRTIO ? O_RDWR : flags);

	MUST(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

TEST(a_driver_without_fd_says_enoent)
{
	struct blkio *b;

	if (traits->has_user_fd)
		SKIP("the driver takes an fd");
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_ERROR(blkio_set_int(b, "fd", -1), -ENOENT);
	EXPECT_INT(get_int(b, "fd"), -1);
	blkio_destroy(&b);
}

TEST(probing_for_fd_by_setting_minus_one_works)
{
	struct blkio *b;

	skip_without_fd();
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_INT(blkio_set_int(b, "fd", -1), 0);
	EXPECT_INT(get_int(b, "fd"), -1);
	blkio_destroy(&b);
}

TEST(the_library_owns_the_fd_after_connect_and_closes_it)
{
	int fd;
	struct blkio *b;

	skip_without_fd();
	fd = open_device(traits->read_only ? O_RDONLY : O_RDWR);
	b = created_with_fd(fd);
	EXPECT_INT(blkio_connect(b), 0);
	EXPECT_INT(get_int(b, "fd"), fd);
	EXPECT(is_open(fd));
	blkio_destroy(&b);
	EXPECT(!is_open(fd));
}

TEST(an_fd_that_was_never_connected_stays_the_callers)
{
	int fd;
	struct blkio *b;

	skip_without_fd();
	fd = open_device(O_RDONLY);
	b = created_with_fd(fd);
	blkio_destroy(&b);
	EXPECT(is_open(fd));
	close(fd);
}

TEST(path_and_fd_together_are_einval)
{
	struct blkio *b;
	int fd;

	skip_without_fd();
	fd = open_device(O_RDONLY);
	b = created_with_fd(fd);
	EXPECT_INT(blkio_set_str(b, "path", traits->device_path), 0);
	EXPECT_ERROR(blkio_connect(b), -EINVAL);
	EXPECT_INT(blkio_set_str(b, "path", ""), 0);
	EXPECT_INT(blkio_connect(b), 0);
	blkio_destroy(&b);
}

/* What the instance says of the fd, whatever was set before. */
static void expect_mode_of_fd(int flags, bool read_only, bool direct)
{
	struct blkio *b = created_with_fd(kernel_open(flags));

	EXPECT_INT(blkio_set_bool(b, "read-only", !read_only), 0);
	EXPECT_INT(blkio_set_bool(b, "direct", !direct), 0);
	EXPECT_INT(blkio_connect(b), 0);
	EXPECT_INT(get_bool(b, "read-only"), read_only);
	EXPECT_INT(get_bool(b, "direct"), direct);
	blkio_destroy(&b);
}

TEST(read_only_and_direct_come_from_the_fd)
{
	skip_without_fd();
	if (traits->kind != KIND_URING)
		SKIP("the driver has no \"direct\"");
	expect_mode_of_fd(O_RDONLY, true, false);
	if (traits->direct)
		expect_mode_of_fd(O_RDONLY | O_DIRECT, true, true);
	skip_if_read_only();
	expect_mode_of_fd(O_RDWR, false, false);
	if (traits->direct)
		expect_mode_of_fd(O_RDWR | O_DIRECT, false, true);
}

TEST(the_path_is_opened_close_on_exec_and_as_the_properties_say)
{
	struct blkio *b = instance_connected();
	int fd, flags;

	skip_without_fd();
	if (traits->kind == KIND_VIRTIO)
		SKIP("the descriptor of a path is not shown");
	fd = get_int(b, "fd");
	EXPECT(fd >= 0);
	flags = fcntl(fd, F_GETFL);
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (traits->kind == KIND_URING)
		EXPECT_INT(flags & O_ACCMODE, traits->read_only ? O_RDONLY : O_RDWR);
	EXPECT_INT((flags & O_DIRECT) != 0, traits->direct);
	blkio_destroy(&b);
}

/* Take the file out of the page cache, so that a read has to wait for the disk. */
static void forget_cached_pages(void)
{
	int fd = kernel_open(O_RDONLY);

	MUST(fsync(fd) == 0);
	MUST(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	close(fd);
}

TEST(an_fd_that_does_not_block_works)
{
	struct device *d;
	struct blkio *b;
	int fd;

	skip_without_fd();
	if (traits->kind != KIND_URING)
		SKIP("for drivers of files and block devices");
	d = device_open_rw(MODE_BLOCKING);
	for (uint64_t at = 0; at < 4 * LARGE_BUFFER; at += BUFFER_SIZE)
		EXPECT_INT(io_write(d, at, d->buf, BUFFER_SIZE, BLKIO_REQ_FUA), 0);
	device_close(d);
	forget_cached_pages();
	fd = kernel_open(O_RDONLY | O_NONBLOCK);
	b = created_with_fd(fd);
	EXPECT_INT(blkio_connect(b), 0);
	d = device_from_connected(b, MODE_BLOCKING);
	for (uint64_t at = 0; at < 4 * LARGE_BUFFER; at += 65536)
		EXPECT_INT(io_read(d, at, d->buf, 4096), 0);
	device_close(d);
}

TEST(a_bad_fd_is_an_error)
{
	struct blkio *b;

	skip_without_fd();
	b = created_with_fd(1000000);
	EXPECT(blkio_connect(b) < 0);
	EXPECT(blkio_get_error_msg()[0] != '\0');
	blkio_destroy(&b);
}

TEST(a_failed_connect_leaves_the_fd_to_the_caller)
{
	int fd;
	struct blkio *b;

	DIFFERS_FROM_REFERENCE("it closes the fd of the caller");
	skip_without_fd();
	fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0);
	b = created_with_fd(fd);
	EXPECT(blkio_connect(b) < 0);
	EXPECT_INT(get_int(b, "fd"), fd);
	EXPECT(is_open(fd));
	EXPECT_INT(blkio_set_int(b, "fd", -1), 0);
	blkio_destroy(&b);
	EXPECT(is_open(fd));
	close(fd);
}

TEST(a_failed_connect_by_path_leaves_no_fd_in_the_property)
{
	struct blkio *b;

	DIFFERS_FROM_REFERENCE("it leaves a stale fd");
	skip_without_fd();
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_INT(blkio_set_str(b, "path", "/dev/null"), 0);
	EXPECT(blkio_connect(b) < 0);
	EXPECT_INT(get_int(b, "fd"), -1);
	blkio_destroy(&b);
}
