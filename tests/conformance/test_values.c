// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Property values against what the kernel says of the same file or block device.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "device.h"
#include "sysfs.h"

static bool is_power_of_two(long long n)
{
	return n > 0 && (n & (n - 1)) == 0;
}

static dev_t disk(void)
{
	return sysfs_device(&traits->st);
}

static void skip_unless_uring(void)
{
	skip_without_kernel_view();
	if (traits->kind != KIND_URING)
		SKIP("for drivers of files and block devices");
}

TEST(identity_of_the_device)
{
	struct blkio *b = instance_connected();
	char *text;

	EXPECT_INT(blkio_get_str(b, "driver", &text), 0);
	EXPECT_STR(text, options.driver);
	free(text);
	EXPECT_INT(blkio_get_str(b, "path", &text), 0);
	if (text[0] && (traits->is_file || traits->is_block))
		EXPECT_STR(text, traits->kernel_path);
	/* A virtio device that was opened by its path keeps its descriptor to itself. */
	if (traits->kind == KIND_VIRTIO && text[0])
		EXPECT_INT(get_int(b, "fd"), -1);
	else
		EXPECT(get_int(b, "fd") >= 0);
	free(text);
	blkio_destroy(&b);
}

TEST(capacity_is_what_the_kernel_says)
{
	int fd = kernel_open(O_RDONLY);
	struct blkio *b = instance_connected();
	uint64_t bytes = (uint64_t)traits->st.st_size;

	if (S_ISBLK(traits->st.st_mode))
		MUST(ioctl(fd, BLKGETSIZE64, &bytes) == 0);
	EXPECT_U64(get_u64(b, "capacity"), bytes);
	blkio_destroy(&b);
	close(fd);
}

TEST(capacity_follows_a_file_that_grows)
{
	struct blkio *b = instance_started();

	skip_if_read_only();
	if (!traits->is_file)
		SKIP("not a regular file");
	MUST(truncate(traits->kernel_path, traits->st.st_size + 123) == 0);
	EXPECT_U64(get_u64(b, "capacity"), (uint64_t)traits->st.st_size + 123);
	blkio_destroy(&b);
}

TEST(growing_is_for_files)
{
	struct blkio *b = instance_connected();

	EXPECT_INT(get_bool(b, "can-grow"), traits->is_file);
	blkio_destroy(&b);
}

TEST(queues_can_be_added_unless_virtio)
{
	struct blkio *b = instance_created();

	EXPECT_INT(get_bool(b, "can-add-queues"), traits->kind != KIND_VIRTIO);
	instance_discard(&b);
}

TEST(request_alignment_is_the_sector_size_if_direct)
{
	struct blkio *b = instance_connected();
	long long want = 1;

	skip_unless_uring();
	if (traits->direct)
		want = sysfs_queue_number(disk(), "logical_block_size", sysconf(_SC_PAGESIZE));
	EXPECT_INT(get_int(b, "request-alignment"), want);
	EXPECT_INT(get_int(b, "buf-alignment"), want);
	EXPECT_U64(get_u64(b, "mem-region-alignment"), (uint64_t)want);
	blkio_destroy(&b);
}

TEST(optimal_alignments_are_those_of_the_kernel)
{
	struct blkio *b = instance_connected();
	struct statfs fs;
	long long want;

	skip_unless_uring();
	MUST(statfs(traits->kernel_path, &fs) == 0);
	want = fs.f_bsize > traits->request_alignment ? fs.f_bsize : traits->request_alignment;
	if (traits->is_block)
		want = sysfs_queue_number(disk(), "physical_block_size", -1);
	EXPECT_INT(get_int(b, "optimal-io-alignment"), want);
	EXPECT_INT(get_int(b, "optimal-buf-alignment"), sysconf(_SC_PAGESIZE));
	want = traits->is_block ? sysfs_queue_number(disk(), "optimal_io_size", -1) : 0;
	EXPECT_INT(get_int(b, "optimal-io-size"), want);
	blkio_destroy(&b);
}

TEST(discard_alignment_is_that_of_the_kernel)
{
	struct blkio *b = instance_connected();
	long long granularity = traits->request_alignment, offset = 0;

	skip_unless_uring();
	if (traits->is_block) {
		granularity = sysfs_queue_number(disk(), "discard_granularity", -1);
		offset = sysfs_device_number(disk(), "discard_alignment", 0);
		if (offset == granularity)
			offset = 0;
	}
	EXPECT_INT(get_int(b, "discard-alignment"), granularity);
	EXPECT_INT(get_int(b, "discard-alignment-offset"), offset);
	blkio_destroy(&b);
}

TEST(limits_that_io_uring_does_not_have_are_zero)
{
	struct blkio *b = instance_connected();

	skip_unless_uring();
	EXPECT_INT(get_int(b, "max-segments"), sysconf(_SC_IOV_MAX));
	EXPECT_INT(get_int(b, "max-segment-len"), 0);
	EXPECT_INT(get_int(b, "max-transfer"), 0);
	EXPECT_U64(get_u64(b, "max-write-zeroes-len"), 0);
	EXPECT_U64(get_u64(b, "max-discard-len"), 0);
	blkio_destroy(&b);
}

TEST(fua_is_native_where_the_queue_says_so)
{
	struct blkio *b = instance_connected();

	skip_unless_uring();
	EXPECT_INT(get_bool(b, "supports-fua-natively"), sysfs_queue_number(disk(), "fua", 0) == 1);
	blkio_destroy(&b);
}

TEST(flush_is_needed_unless_a_direct_block_device_writes_through)
{
	struct blkio *b = instance_connected();
	char cache[32] = "";
	bool want = true;

	skip_unless_uring();
	sysfs_queue_text(disk(), "write_cache", cache, sizeof(cache));
	if (traits->is_block && traits->direct)
		want = strcmp(cache, "write back") == 0;
	EXPECT_INT(get_bool(b, "flush-needed"), want);
	blkio_destroy(&b);
}

TEST(poll_queues_are_supported_where_the_disk_can_poll)
{
	struct blkio *b = instance_connected();

	DIFFERS_FROM_REFERENCE("it claims poll queues for every device");
	skip_unless_uring();
	EXPECT_INT(get_bool(b, "supports-poll-queues"),
		   traits->direct && sysfs_queue_number(disk(), "io_poll", 0) == 1);
	blkio_destroy(&b);
}

/* A value is 0 (no limit), or a multiple of unit. */
static bool is_multiple_or_zero(int value, int unit)
{
	return value == 0 || (value > 0 && value % unit == 0);
}

TEST(what_hypervisors_check_at_start_is_sane)
{
	struct blkio *b = instance_started();
	int alignment = get_int(b, "request-alignment");
	int io_size = get_int(b, "optimal-io-size");
	int transfer = get_int(b, "max-transfer");

	EXPECT(is_power_of_two(alignment));
	EXPECT(is_multiple_or_zero(io_size, alignment));
	EXPECT(is_multiple_or_zero(transfer, alignment));
	EXPECT(io_size == 0 || is_multiple_or_zero(transfer, io_size));
	EXPECT(is_power_of_two(get_int(b, "buf-alignment")));
	EXPECT(is_power_of_two(get_int(b, "optimal-buf-alignment")));
	EXPECT(get_int(b, "max-segments") >= 1);
	EXPECT(get_int(b, "optimal-io-alignment") >= alignment);
	EXPECT(is_power_of_two((long long)get_u64(b, "mem-region-alignment")));
	EXPECT(get_u64(b, "max-mem-regions") >= 1);
	EXPECT(get_int(b, "max-queues") >= 1);
	EXPECT(get_u64(b, "capacity") > 0);
	blkio_destroy(&b);
}

TEST(regions_are_needed_by_virtio_only)
{
	struct blkio *b = instance_connected();

	bool isolated = false, shared;

	(void)blkio_get_bool(b, "isolated", &isolated); /* not in 1.5 */
	shared = traits->kind == KIND_VIRTIO && !isolated;
	EXPECT_INT(get_bool(b, "needs-mem-regions"), shared);
	if (!shared)
		EXPECT(!get_bool(b, "needs-mem-region-fd"));
	blkio_destroy(&b);
}

TEST(the_queue_size_limit_is_known_once_connected)
{
	struct blkio *b = instance_connected();

	if (traits->kind != KIND_VIRTIO)
		SKIP("the driver has no \"max-queue-size\"");
	EXPECT(get_int(b, "max-queue-size") >= get_int(b, "queue-size"));
	EXPECT(is_power_of_two(get_int(b, "max-queue-size")));
	blkio_destroy(&b);
}
