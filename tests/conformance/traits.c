// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Finding out what the device under test is and can do.
 */
#include "traits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "sysfs.h"

static struct traits *found;
const struct traits *traits;

/* Where requests go to the kernel. What differs for files and NVMe is in find_codes(). */
static const struct codes kernel_codes = {
	.map_created = -ENODEV,
	.add_queue_early = -EBUSY,
	.read_past_end = -EIO,
	.write_past_end = -ENOSPC,
	.start_too_high = -EINVAL,
	.unaligned_len = -EINVAL,
	.zeroes_of_nothing = -EINVAL,
	.read_only_unaligned_write = -EBADF,
};

static const struct codes virtio_codes = {
	.map_created = -EBUSY,
	.add_queue_early = -ENOTSUP,
	.read_past_end = -EIO,
	.write_past_end = -EIO,
	.start_too_high = ANY_ERROR,
	.unaligned_len = ANY_ERROR,
	.zeroes_of_nothing = 0,
	.read_only_unaligned_write = -EINVAL,
};

static bool has_property(struct blkio *b, const char *name)
{
	char *text;
	int ret = blkio_get_str(b, name, &text);

	free(text);
	return ret != -ENOENT;
}

/* Tried on another instance, since it is only possible before connect. */
static bool can_set_fd(void)
{
	struct blkio *b;
	int ret;

	EXPECT_INT(blkio_create(options.driver, &b), 0);
	ret = blkio_set_int(b, "fd", -1);
	blkio_destroy(&b);
	return ret == 0;
}

static enum kind find_kind(struct blkio *b)
{
	if (has_property(b, "queue-size"))
		return KIND_VIRTIO;
	return has_property(b, "direct") ? KIND_URING : KIND_NVME;
}

static struct codes find_codes(void)
{
	struct codes codes = kernel_codes;

	if (found->kind == KIND_VIRTIO)
		return virtio_codes;
	if (found->kind == KIND_NVME) {
		codes.read_past_end = -EINVAL;
		codes.write_past_end = -EINVAL;
		codes.empty_request = -EINVAL;
		codes.read_only_unaligned_write = ANY_ERROR;
	} else if (found->is_file) {
		codes.read_past_end = 0;  /* zeroes */
		codes.write_past_end = 0; /* grows */
	}
	return codes;
}

/* The path of the device, for an inherited fd too; "" if it is opened in another way. */
static void find_device_path(char *path, size_t size)
{
	path[0] = '\0';
	for (int i = 0; i < options.num_props; i++) {
		const char *prop = options.props[i];

		if (strncmp(prop, "path=", 5) == 0)
			snprintf(path, size, "%s", prop + 5);
		if (strncmp(prop, "fd=", 3) == 0)
			snprintf(path, size, "/proc/self/fd/%s", prop + 3);
	}
}

/* Where the device itself is no file or block device, --backing may name what is behind it. */
static void find_kernel_path(void)
{
	char path[sizeof(found->kernel_path)];
	struct stat st = { 0 };

	find_device_path(path, sizeof(path));
	snprintf(found->device_path, sizeof(path), "%s", path);
	if (stat(path, &st) == 0)
		found->st = st;
	found->is_file = S_ISREG(st.st_mode);
	found->is_block = S_ISBLK(st.st_mode);
	found->is_socket = S_ISSOCK(st.st_mode);
	if (options.backing && stat(options.backing, &found->st) == 0)
		snprintf(found->kernel_path, sizeof(path), "%s", options.backing);
	else if (found->is_file || found->is_block)
		snprintf(found->kernel_path, sizeof(path), "%s", path);
}

static void read_properties(struct blkio *b)
{
	found->direct = has_property(b, "direct") && get_bool(b, "direct");
	found->single_issuer = has_property(b, "single-issuer") && get_bool(b, "single-issuer");
	found->read_only = get_bool(b, "read-only");
	found->can_grow = get_bool(b, "can-grow");
	found->can_add_queues = get_bool(b, "can-add-queues");
	found->poll_queues = get_bool(b, "supports-poll-queues");
	found->needs_mem_regions = get_bool(b, "needs-mem-regions");
	found->needs_mem_region_fd = get_bool(b, "needs-mem-region-fd");
	found->request_alignment = get_int(b, "request-alignment");
	found->buf_alignment = get_int(b, "buf-alignment");
	found->max_segments = get_int(b, "max-segments");
	found->max_transfer = get_int(b, "max-transfer");
	found->capacity = get_u64(b, "capacity");
	found->mem_region_alignment = get_u64(b, "mem-region-alignment");
	found->max_mem_regions = get_u64(b, "max-mem-regions");
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

int kernel_fallocate(int mode)
{
	int fd = kernel_open(O_RDWR);
	int ret = fallocate(fd, mode, 0, traits->block) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

/* Where the kernel knows it, it must work; a virtio device may or may not offer it. */
static bool should_discard(struct device *d)
{
	if (found->is_file)
		return kernel_fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) == 0;
	if (found->is_block)
		return sysfs_queue_number(found->st.st_rdev, "discard_max_bytes", 0) > 0;
	return io_discard(d, 0, (size_t)found->block, 0) != -ENOTSUP;
}

/* What the kernel cannot zero is written, but not by 1.5.0. */
static bool should_zero(struct device *d)
{
	size_t len = (size_t)found->block;

	if (found->kind == KIND_URING && !options.reference)
		return true;
	return io_zeroes(d, 0, len, 0) != -ENOTSUP &&
	       io_zeroes(d, 0, len, BLKIO_REQ_NO_UNMAP) != -ENOTSUP;
}

static void try_out(struct blkio *b)
{
	struct device *d = device_from_connected(b, MODE_BLOCKING);

	EXPECT_INT(io_read(d, 0, d->buf, (size_t)found->block), 0);
	found->zeroes = !found->read_only && should_zero(d);
	found->discards = !found->read_only && should_discard(d);
	device_close(d);
}

static int logical_block_size(void)
{
	return (int)sysfs_queue_number(found->st.st_rdev, "logical_block_size", 512);
}

static bool disk_can_poll(void)
{
	return sysfs_queue_number(sysfs_device(&found->st), "io_poll", 0) == 1;
}

static void discover(enum io_mode mode __attribute__((unused)))
{
	struct blkio *b = instance_created();

	found->kind = find_kind(b);
	found->has_user_fd = can_set_fd();
	find_kernel_path();
	found->codes = find_codes();
	if (blkio_connect(b) < 0)
		test_fail(__FILE__, __LINE__, "connect: %s", blkio_get_error_msg());
	set_late_props(b);
	read_properties(b);
	if (options.reference && found->kind == KIND_URING && !disk_can_poll())
		found->poll_queues = false; /* 1.5.0 claims them for every device */
	found->block = max_int(512, max_int(found->request_alignment, found->buf_alignment));
	if (found->is_block)
		found->block = max_int(found->block, logical_block_size());
	if (found->capacity < 4 * LARGE_BUFFER)
		test_fail(__FILE__, __LINE__, "the device is smaller than %d bytes",
			  4 * LARGE_BUFFER);
	try_out(b);
}

bool traits_discover(void)
{
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (found == MAP_FAILED)
		return false;
	traits = found;
	return run_alone("looking at the device", discover, MODE_BLOCKING);
}

bool traits_has_mode(enum io_mode mode)
{
	return mode != MODE_POLL_QUEUE || traits->poll_queues;
}

bool traits_only_read_write(enum io_mode mode)
{
	return mode == MODE_POLL_QUEUE && traits->kind == KIND_URING;
}

void traits_restore_size(void)
{
	int ret = 0;

	if (traits->is_file && !traits->read_only)
		ret = truncate(traits->kernel_path, traits->st.st_size);
	if (ret < 0)
		perror(traits->kernel_path);
}

void skip_if_read_only(void)
{
	if (traits->read_only)
		SKIP("the device is read-only");
}

void skip_without_kernel_view(void)
{
	if (!traits->kernel_path[0])
		SKIP("the kernel has no view of this device to compare with");
}

void skip_backlog_of_reference(enum io_mode mode)
{
	if (traits->kind == KIND_NVME && (mode == MODE_EVENT || mode == MODE_POLLING))
		DIFFERS_FROM_REFERENCE("its NVMe backlog moves only when do_io waits");
}

int kernel_open(int flags)
{
	int fd;

	skip_without_kernel_view();
	fd = open(traits->kernel_path, flags | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

void expect_code(const char *file, int line, const char *what, int got, int want)
{
	if (want != ANY_ERROR)
		expect_int(file, line, what, got, want);
	else if (got >= 0)
		test_fail(file, line, "%s: got %d, wanted an error", what, got);
}
