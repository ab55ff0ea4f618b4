// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Write zeroes and discard, with their flags.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "sysfs.h"

/* io_zeroes() or io_discard(). */
typedef int (*erase_fn)(struct device *d, uint64_t start, uint64_t len, uint32_t flags);

enum {
	AREA = 128 * 1024
}; /* a multiple of any block and discard granularity seen here */

static void skip_without_zeroes(enum io_mode mode)
{
	skip_if_read_only();
	if (!traits->zeroes)
		SKIP("the device cannot write zeroes");
	if (traits_only_read_write(mode))
		SKIP("not on poll queues of this driver");
}

static void skip_without_discard(enum io_mode mode)
{
	skip_if_read_only();
	if (traits->kind == KIND_URING)
		DIFFERS_FROM_REFERENCE("its discard through io_uring is dead");
	if (!traits->discards)
		SKIP("the device cannot discard");
	if (traits_only_read_write(mode))
		SKIP("not on poll queues of this driver");
}

/* Three areas of data, of which the test then changes the middle one. */
static struct device *open_with_data(enum io_mode mode)
{
	struct device *d = device_open_rw(mode);

	device_need_large_buffer(d);
	fill(d->buf, 3 * AREA, 20);
	EXPECT_INT(io_write(d, 0, d->buf, 3 * AREA, BLKIO_REQ_FUA), 0);
	return d;
}

static void expect_neighbours_untouched(struct device *d)
{
	EXPECT_INT(io_read(d, 0, d->buf, 3 * AREA), 0);
	fill(d->buf + 4 * AREA, 3 * AREA, 20);
	EXPECT(memcmp(d->buf, d->buf + 4 * AREA, AREA) == 0);
	EXPECT(memcmp(d->buf + 2 * AREA, d->buf + 6 * AREA, AREA) == 0);
}

static void expect_zeroes_with(enum io_mode mode, uint32_t flags)
{
	struct device *d = open_with_data(mode);

	EXPECT_INT(io_zeroes(d, AREA, AREA, flags), 0);
	EXPECT(d->last.error_msg == NULL);
	expect_neighbours_untouched(d);
	EXPECT_BYTES(d->buf + AREA, AREA, 0);
	EXPECT_ERROR(blkioq_do_io(d->q, &d->last, 1, 1, NULL), -EINVAL); /* one completion */
	device_close(d);
}

MODE_TEST(zeroes_are_written_and_nothing_else)
{
	skip_without_zeroes(mode);
	expect_zeroes_with(mode, 0);
	expect_zeroes_with(mode, BLKIO_REQ_FUA);
	expect_zeroes_with(mode, BLKIO_REQ_NO_UNMAP);
	expect_zeroes_with(mode, BLKIO_REQ_NO_UNMAP | BLKIO_REQ_FUA);
}

MODE_TEST(one_block_of_zeroes)
{
	struct device *d;

	skip_without_zeroes(mode);
	d = open_with_data(mode);
	EXPECT_INT(io_zeroes(d, AREA, (uint64_t)traits->block, 0), 0);
	expect_neighbours_untouched(d);
	EXPECT_BYTES(d->buf + AREA, (size_t)traits->block, 0);
	fill(d->buf + 4 * AREA, 3 * AREA, 20);
	EXPECT(memcmp(d->buf + AREA + traits->block, d->buf + 5 * AREA + traits->block,
		      (size_t)(AREA - traits->block)) == 0);
	device_close(d);
}

/* What the kernel answers to the same wish, or would if it had no fall-back of its own. */
static int zeroes_without_fallback(uint32_t flags)
{
	int mode = flags & BLKIO_REQ_NO_UNMAP ? FALLOC_FL_ZERO_RANGE
					      : FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (traits->is_block)
		return sysfs_queue_number(traits->st.st_rdev, "write_zeroes_max_bytes", 0)
			       ? 0
			       : -ENOTSUP;
	return traits->is_file ? kernel_fallocate(mode) : 0;
}

static void expect_no_fallback(enum io_mode mode, uint32_t flags)
{
	int want = zeroes_without_fallback(flags);
	struct device *d = open_with_data(mode);

	EXPECT_INT(io_zeroes(d, AREA, AREA, flags | BLKIO_REQ_NO_FALLBACK), want);
	expect_neighbours_untouched(d);
	if (want == 0)
		EXPECT_BYTES(d->buf + AREA, AREA, 0);
	device_close(d);
}

MODE_TEST(no_fallback_writes_zeroes_where_the_device_can_and_else_is_enotsup)
{
	skip_without_zeroes(mode);
	expect_no_fallback(mode, 0);
	expect_no_fallback(mode, BLKIO_REQ_NO_UNMAP);
}

/* 512-byte units that the file occupies. */
static blkcnt_t allocated(void)
{
	int fd = kernel_open(O_RDWR);
	struct stat st;

	MUST(fdatasync(fd) == 0 && fstat(fd, &st) == 0);
	close(fd);
	return st.st_blocks;
}

static void skip_unless_file(void)
{
	if (!traits->is_file)
		SKIP("not a regular file");
}

static void expect_space_freed(erase_fn erase)
{
	struct device *d = open_with_data(MODE_BLOCKING);
	blkcnt_t full = allocated();

	EXPECT_INT(erase(d, AREA, AREA, 0), 0);
	EXPECT(allocated() <= full - AREA / 512);
	EXPECT_INT(io_read(d, AREA, d->buf, AREA), 0);
	EXPECT_BYTES(d->buf, AREA, 0);
	device_close(d);
}

TEST(zeroes_free_the_space_of_a_file)
{
	skip_without_zeroes(MODE_BLOCKING);
	skip_unless_file();
	expect_space_freed(io_zeroes);
}

TEST(zeroes_with_no_unmap_keep_the_space_of_a_file)
{
	struct device *d;
	blkcnt_t full;

	skip_without_zeroes(MODE_BLOCKING);
	skip_unless_file();
	d = open_with_data(MODE_BLOCKING);
	full = allocated();
	EXPECT_INT(io_zeroes(d, AREA, AREA, BLKIO_REQ_NO_UNMAP), 0);
	EXPECT(allocated() >= full);
	device_close(d);
}

/* The capacity after zeroes half of which lie behind the end. */
static uint64_t capacity_after_zeroes(uint32_t flags)
{
	struct device *d = device_open_rw(MODE_BLOCKING);
	uint64_t capacity;

	EXPECT_INT(io_zeroes(d, traits->capacity - AREA, 2 * AREA, flags), 0);
	capacity = get_u64(d->b, "capacity");
	device_close(d);
	return capacity;
}

TEST(zeroes_grow_a_file_only_with_no_unmap)
{
	skip_without_zeroes(MODE_BLOCKING);
	skip_unless_file();
	EXPECT_U64(capacity_after_zeroes(0), traits->capacity);
	EXPECT_U64(capacity_after_zeroes(BLKIO_REQ_NO_UNMAP), traits->capacity + AREA);
}

static void expect_nothing_erased(enum io_mode mode, erase_fn erase)
{
	struct device *d = device_open_rw(mode);

	EXPECT_INT(erase(d, 0, 0, 0), traits->codes.zeroes_of_nothing);
	device_close(d);
}

MODE_TEST(zeroes_of_no_length)
{
	skip_without_zeroes(mode);
	expect_nothing_erased(mode, io_zeroes);
}

MODE_TEST(zeroes_at_an_odd_offset)
{
	struct device *d;
	int want = traits->is_file ? 0 : -EINVAL;

	skip_without_zeroes(mode);
	d = open_with_data(mode);
	EXPECT_INT(io_zeroes(d, AREA + 1, 512, 0), want);
	expect_neighbours_untouched(d);
	EXPECT(d->buf[AREA] != 0);
	if (want == 0) {
		EXPECT_BYTES(d->buf + AREA + 1, 512, 0);
		EXPECT(d->buf[AREA + 513] != 0);
	}
	device_close(d);
}

MODE_TEST(zeroes_over_the_whole_device)
{
	struct device *d;
	uint64_t len = traits->capacity;

	if (traits->kind == KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("requests beyond the limit of the device fail");
	skip_without_zeroes(mode);
	if (len > (1ull << 30))
		SKIP("the device is larger than 1 GiB");
	d = open_with_data(mode);
	EXPECT_INT(io_zeroes(d, 0, len, 0), 0);
	EXPECT_INT(io_read(d, 0, d->buf, 3 * AREA), 0);
	EXPECT_BYTES(d->buf, 3 * AREA, 0);
	EXPECT_INT(io_read(d, len - AREA, d->buf, AREA), 0);
	EXPECT_BYTES(d->buf, AREA, 0);
	device_close(d);
}

MODE_TEST(discard_works_and_spares_its_neighbours)
{
	struct device *d;

	skip_without_discard(mode);
	d = open_with_data(mode);
	EXPECT_INT(io_discard(d, AREA, AREA, 0), 0);
	expect_neighbours_untouched(d);
	device_close(d);
}

TEST(discard_frees_the_space_of_a_file)
{
	skip_without_discard(MODE_BLOCKING);
	skip_unless_file();
	expect_space_freed(io_discard);
}

/* Neighbours do not overlap, but they may share a page of the page cache. */
static void queue_neighbours(struct device *d, int pairs)
{
	uint64_t len = (uint64_t)traits->block;

	for (intptr_t i = 0; i < pairs; i++)
		blkioq_discard(d->q, (uint64_t)(2 * i + 1) * len, len, (void *)i, 0);
	for (intptr_t i = 0; i < pairs; i++)
		blkioq_write(d->q, (uint64_t)(2 * i) * len, d->buf, len, (void *)(pairs + i), 0);
}

MODE_TEST(discard_beside_a_write_in_flight)
{
	enum {
		PAIRS = 64,
		ROUNDS = 50
	};
	struct blkio_completion c[2 * PAIRS];
	struct device *d;

	skip_without_discard(mode);
	d = device_open_rw(mode);
	for (int i = 0; i < ROUNDS; i++) {
		queue_neighbours(d, PAIRS);
		reap(d, c, 2 * PAIRS);
		EXPECT_EACH_ONCE(c, 2 * PAIRS);
	}
	device_close(d);
}

MODE_TEST(discard_with_fua_has_one_completion)
{
	struct device *d;

	DIFFERS_FROM_REFERENCE("it allows no flag for a discard");
	skip_without_discard(mode);
	d = open_with_data(mode);
	EXPECT_INT(io_discard(d, AREA, AREA, BLKIO_REQ_FUA), 0);
	EXPECT_ERROR(blkioq_do_io(d->q, &d->last, 1, 1, NULL), -EINVAL);
	expect_neighbours_untouched(d);
	device_close(d);
}

MODE_TEST(discard_of_no_length)
{
	skip_without_discard(mode);
	expect_nothing_erased(mode, io_discard);
}

MODE_TEST(discard_of_the_whole_device)
{
	struct device *d;

	skip_without_discard(mode);
	if (traits->capacity > (1ull << 30))
		SKIP("the device is larger than 1 GiB");
	d = device_open_rw(mode);
	EXPECT_INT(io_discard(d, 0, traits->capacity, 0), 0);
	EXPECT_INT(io_read(d, 0, d->buf, AREA), 0);
	device_close(d);
}
