// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the kernel says of files and devices: real ones, read here in another way, and a block
 * device that does not exist, whose sysfs is a folder.
 */
#include "drivers/file/file_info.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/blkzoned.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/loop_device.h"
#include "tests/unit/unit.h"

static struct file_info info;
static struct blkio_limits limits;
static char dir[64]; /* of the test: gone after it */

/* ---- a device that does not exist ---- */

static struct {
	bool active;
	int logical, ioctl_errno;
	unsigned int physical, optimal;
	int nr_opens;
} fake;

int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

int __wrap_fstat(int fd, struct stat *st)
{
	int ret = __real_fstat(fd, st);

	if (fake.active) {
		st->st_mode = S_IFBLK | 0600;
		st->st_rdev = makedev(7, 77);
	}
	return ret;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!fake.active)
		return __real_ioctl(fd, request, arg);
	errno = fake.ioctl_errno;
	if (request == BLKGETZONESZ)
		errno = ENOTTY;
	if (errno)
		return -1;
	*(unsigned int *)arg = request == BLKSSZGET    ? (unsigned int)fake.logical
			       : request == BLKPBSZGET ? fake.physical
						       : fake.optimal;
	return 0;
}

/* The folder of the test in place of sysfs. */
int __wrap_open(const char *path, int flags, ...)
{
	static const char sysfs[] = "/sys/dev/block/7:77/";
	char other[128];

	if (!fake.active || strncmp(path, sysfs, strlen(sysfs)) != 0)
		return __real_open(path, flags);
	fake.nr_opens++;
	snprintf(other, sizeof(other), "%s/disk/part/%s", dir, path + strlen(sysfs));
	return __real_open(other, flags);
}

static void in_dir(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", dir, name);
}

static void make_dir(const char *name)
{
	char path[128];

	in_dir(path, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void attr(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	in_dir(path, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
}

static void set_up(void)
{
	snprintf(dir, sizeof(dir), "%s/blkio-info-XXXXXX", P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	memset(&limits, 0xff, sizeof(limits));
	memset(&info, 0xff, sizeof(info));
}

static void tear_down(void)
{
	char command[128];

	fake.active = false;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

static void set_up_fake(void)
{
	set_up();
	make_dir("disk");
	make_dir("disk/part");
	make_dir("disk/part/queue");
	fake.active = true;
	fake.logical = 512;
	fake.physical = 4096;
	fake.optimal = 65536;
	fake.ioctl_errno = 0;
}

static int read_fake(bool direct)
{
	int fd = temp_file(0);
	int ret = file_info_read(fd, direct, &info, &limits);

	close(fd);
	return ret;
}

START_TEST(the_sizes_are_those_of_the_device)
{
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert(info.block_device);
	ck_assert_int_eq(limits.request_alignment, 512);
	ck_assert_int_eq(limits.buf_alignment, 512);
	ck_assert_uint_eq(limits.mem_region_alignment, 512);
	ck_assert_int_eq(limits.optimal_io_alignment, 4096);
	ck_assert_int_eq(limits.optimal_io_size, 65536);
	ck_assert(!limits.can_grow);
	ck_assert_int_eq(read_fake(false), 0);
	ck_assert_int_eq(limits.request_alignment, 1);
	ck_assert_uint_eq(limits.mem_region_alignment, 1);
	ck_assert_int_eq(limits.optimal_io_alignment, 4096);
}
END_TEST

START_TEST(an_optimal_size_is_a_multiple_of_the_alignment_and_an_int)
{
	fake.optimal = 33553920; /* a disk behind a USB bridge really says so */
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.optimal_io_size, 33550336);
	fake.optimal = UINT_MAX;
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.optimal_io_size, INT_MAX - 4095);
	fake.optimal = 1000;
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.optimal_io_size, 0);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
	fake.logical = 0;
	ck_assert_error(read_fake(true), -EINVAL,
			"impossible block sizes: logical 0, physical 4096");
	fake.logical = -512;
	ck_assert_error(read_fake(true), -EINVAL, "impossible block sizes: logical -512");
	fake.logical = 512;
	fake.physical = 0;
	ck_assert_error(read_fake(true), -EINVAL, "physical 0");
}
END_TEST

START_TEST(a_device_that_does_not_answer_is_an_error)
{
	fake.ioctl_errno = ENXIO;
	ck_assert_error(read_fake(true), -ENXIO, "cannot read the block sizes of the device");
}
END_TEST

START_TEST(attributes_are_read_from_the_queue_directory)
{
	attr("disk/part/queue/discard_granularity", "1048576\n");
	attr("disk/part/queue/write_zeroes_max_bytes", "2147483648\n");
	attr("disk/part/queue/write_cache", "write back\n");
	attr("disk/part/queue/io_poll", "1\n");
	attr("disk/part/queue/fua", "1\n");
	attr("disk/part/discard_alignment", "4096\n");
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.discard_alignment, 1048576);
	ck_assert_int_eq(limits.discard_alignment_offset, 4096);
	ck_assert(info.can_write_zeroes);
	ck_assert(info.can_poll);
	ck_assert(limits.flush_needed);
	ck_assert(limits.supports_fua_natively);
}
END_TEST

START_TEST(the_attributes_of_a_partition_are_those_of_its_disk)
{
	char path[128];

	in_dir(path, "disk/part/queue");
	ck_assert_int_eq(rmdir(path), 0);
	make_dir("disk/queue");
	attr("disk/queue/discard_granularity", "8192\n");
	attr("disk/part/discard_alignment", "512\n");
	attr("disk/queue/fua", "1\n");
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.discard_alignment, 8192);
	ck_assert_int_eq(limits.discard_alignment_offset, 512);
	ck_assert(limits.supports_fua_natively);
}
END_TEST

START_TEST(an_offset_of_a_whole_granule_is_none)
{
	attr("disk/part/queue/discard_granularity", "4096\n");
	attr("disk/part/discard_alignment", "4096\n");
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.discard_alignment_offset, 0);
}
END_TEST

START_TEST(attributes_that_make_no_sense_count_as_missing)
{
	static const char *const bad[] = { "",       "\n",
					   "many\n", "12 apples\n",
					   "0x\n",   "99999999999999999999999999\n" };

	for (size_t i = 0; i < array_len(bad); i++) {
		attr("disk/part/queue/discard_granularity", bad[i]);
		attr("disk/part/queue/write_zeroes_max_bytes", bad[i]);
		attr("disk/part/queue/io_poll", bad[i]);
		attr("disk/part/queue/fua", bad[i]);
		ck_assert_int_eq(read_fake(true), 0);
		ck_assert_int_eq(limits.discard_alignment, 0);
		ck_assert(!info.can_write_zeroes);
		ck_assert(!info.can_poll);
		ck_assert(!limits.supports_fua_natively);
	}
}
END_TEST

START_TEST(an_attribute_too_big_for_an_int_is_the_greatest_int)
{
	attr("disk/part/queue/discard_granularity", "4294967296\n");
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_eq(limits.discard_alignment, INT_MAX);
}
END_TEST

START_TEST(a_flush_is_needed_unless_direct_io_meets_no_cache)
{
	attr("disk/part/queue/write_cache", "write through\n");
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert(!limits.flush_needed);
	ck_assert_int_eq(read_fake(false), 0);
	ck_assert(limits.flush_needed);
	attr("disk/part/queue/write_cache", "write back\n");
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert(limits.flush_needed);
}
END_TEST

START_TEST(without_sysfs_there_are_safe_values)
{
	tear_down();
	fake.active = true;
	ck_assert_int_eq(read_fake(true), 0);
	ck_assert_int_gt(fake.nr_opens, 0);
	ck_assert_int_eq(limits.request_alignment, 512);
	ck_assert_int_eq(limits.discard_alignment, 0);
	ck_assert(!info.can_write_zeroes);
	ck_assert(!info.can_poll);
	set_up();
}
END_TEST

/* ---- real files ---- */

static void assert_same_for_all(void)
{
	ck_assert_int_eq(limits.buf_alignment, limits.request_alignment);
	ck_assert_uint_eq(limits.mem_region_alignment, (uint64_t)limits.request_alignment);
	ck_assert_int_eq(limits.optimal_buf_alignment, getpagesize());
	ck_assert_int_eq(limits.max_segments, IOV_MAX);
}

START_TEST(a_buffered_file_has_no_alignment)
{
	int fd = temp_file(100000);
	struct statvfs fs;

	ck_assert_int_eq(fstatvfs(fd, &fs), 0);
	ck_assert_int_eq(file_info_read(fd, false, &info, &limits), 0);
	ck_assert(!info.block_device);
	ck_assert_int_eq(limits.request_alignment, 1);
	ck_assert_int_eq(limits.optimal_io_alignment, (int)fs.f_bsize);
	ck_assert_int_eq(limits.optimal_io_size, 0);
	ck_assert_int_eq(limits.discard_alignment, 1);
	ck_assert_int_eq(limits.discard_alignment_offset, 0);
	ck_assert(limits.flush_needed);
	ck_assert(limits.can_grow);
	assert_same_for_all();
	close(fd);
}
END_TEST

START_TEST(a_direct_file_is_aligned_as_its_file_system_says)
{
	int fd = temp_file(100000);
	struct statx stx = { 0 };
	char block[65536] __attribute__((aligned(65536)));

	if (statx(fd, "", AT_EMPTY_PATH, 0x2000, &stx) < 0 || !stx.stx_dio_offset_align)
		SKIP("this file system does not tell the alignment of direct I/O");
	ck_assert_int_eq(file_info_read(fd, true, &info, &limits), 0);
	ck_assert_int_eq(limits.request_alignment, (int)stx.stx_dio_offset_align);
	ck_assert_int_eq(limits.discard_alignment, limits.request_alignment);
	assert_same_for_all();
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_RDWR | O_DIRECT), 0);
	ck_assert_int_eq((int)pread(fd, block, (size_t)limits.request_alignment,
				    limits.request_alignment),
			 limits.request_alignment);
	close(fd);
}
END_TEST

/* What sysfs says of a device; 0 when it says nothing. */
static uint64_t sysfs_u64(dev_t dev, const char *name)
{
	char path[128];
	unsigned long long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name);
	f = fopen(path, "re");
	if (f && fscanf(f, "%llu", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static void assert_device(int fd, bool direct, int logical)
{
	unsigned int physical;
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(ioctl(fd, BLKPBSZGET, &physical), 0);
	ck_assert_int_eq(file_info_read(fd, direct, &info, &limits), 0);
	ck_assert(info.block_device);
	ck_assert_int_eq(limits.request_alignment, direct ? logical : 1);
	ck_assert_int_eq(limits.optimal_io_alignment, (int)physical);
	ck_assert_int_eq(limits.discard_alignment,
			 (int)sysfs_u64(st.st_rdev, "queue/discard_granularity"));
	ck_assert(info.can_write_zeroes ==
		  (sysfs_u64(st.st_rdev, "queue/write_zeroes_max_bytes") > 0));
	ck_assert(limits.supports_fua_natively == (sysfs_u64(st.st_rdev, "queue/fua") == 1));
	ck_assert(info.can_poll == (sysfs_u64(st.st_rdev, "queue/io_poll") == 1));
	ck_assert(!limits.can_grow);
	assert_same_for_all();
}

START_TEST(a_loop_device_tells_its_own_block_size)
{
	int sizes[] = { 512, 4096 };

	for (size_t i = 0; i < array_len(sizes); i++) {
		struct loop_device loop;

		if (!loop_open(&loop, 1 << 20, sizes[i]))
			return;
		assert_device(loop.fd, false, sizes[i]);
		assert_device(loop.fd, true, sizes[i]);
		loop_close(&loop);
	}
}
END_TEST

/* ---- what is neither ---- */

static void assert_refused(const char *path, int ret)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_error(file_info_check_path(path), ret,
			"must be a block device or a regular file");
	ck_assert_error(file_info_read(fd, false, &info, &limits), ret,
			"must be a block device or a regular file");
	close(fd);
}

START_TEST(a_directory_is_eisdir)
{
	assert_refused(dir, -EISDIR);
}
END_TEST

START_TEST(a_character_device_is_einval)
{
	assert_refused("/dev/null", -EINVAL);
}
END_TEST

START_TEST(a_fifo_is_einval_and_its_path_is_not_waited_for)
{
	char path[128];

	in_dir(path, "fifo");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	assert_refused(path, -EINVAL);
}
END_TEST

START_TEST(a_path_that_is_not_there_is_named)
{
	ck_assert_error(file_info_check_path("/no/such/file"), -ENOENT,
			"cannot open '/no/such/file': No such file or directory");
	ck_assert_error(file_info_check_path(""), -ENOENT, "cannot open ''");
}
END_TEST

START_TEST(a_descriptor_that_is_not_open_is_ebadf)
{
	ck_assert_error(file_info_read(-1, false, &info, &limits), -EBADF, "file descriptor -1");
}
END_TEST

START_TEST(a_regular_file_has_a_good_path)
{
	char path[128];

	attr("regular", "text");
	in_dir(path, "regular");
	ck_assert_int_eq(file_info_check_path(path), 0);
}
END_TEST

static Suite *device_suite(void)
{
	const TTest *const tests[] = {
		the_sizes_are_those_of_the_device,
		an_optimal_size_is_a_multiple_of_the_alignment_and_an_int,
		impossible_sizes_are_refused,
		a_device_that_does_not_answer_is_an_error,
		attributes_are_read_from_the_queue_directory,
		the_attributes_of_a_partition_are_those_of_its_disk,
		an_offset_of_a_whole_granule_is_none,
		attributes_that_make_no_sense_count_as_missing,
		an_attribute_too_big_for_an_int_is_the_greatest_int,
		a_flush_is_needed_unless_direct_io_meets_no_cache,
		without_sysfs_there_are_safe_values,
	};

	return SUITE_WITH("a block device", tests, set_up_fake, tear_down);
}

static Suite *real_suite(void)
{
	const TTest *const tests[] = {
		a_buffered_file_has_no_alignment,
		a_direct_file_is_aligned_as_its_file_system_says,
		a_loop_device_tells_its_own_block_size,
		a_directory_is_eisdir,
		a_character_device_is_einval,
		a_fifo_is_einval_and_its_path_is_not_waited_for,
		a_path_that_is_not_there_is_named,
		a_descriptor_that_is_not_open_is_ebadf,
		a_regular_file_has_a_good_path,
	};

	return SUITE_WITH("real files", tests, set_up, tear_down);
}

Suite *(*const test_suites[])(void) = { device_suite, real_suite, NULL };
