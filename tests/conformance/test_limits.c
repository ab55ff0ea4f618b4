// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Requests that a device cannot do: past its end, misaligned, too long, on a read-only instance.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"

static size_t block(void)
{
	return (size_t)traits->block;
}

static uint64_t end(void)
{
	return traits->capacity;
}

/* The part after the end comes back as zeroes, or the read fails and the buffer is untouched. */
static void expect_read_past_end(struct device *d, uint64_t start, size_t len, size_t inside)
{
	int want = traits->codes.read_past_end;

	memset(d->buf, 0x77, len);
	EXPECT_CODE(io_read(d, start, d->buf, len), want);
	if (want == 0)
		EXPECT_BYTES(d->buf + inside, len - inside, 0);
	else if (traits->is_block)
		EXPECT_BYTES(d->buf + inside, len - inside, 0x77);
}

MODE_TEST(reading_over_the_end)
{
	struct device *d = device_open(mode);

	expect_read_past_end(d, end() - block(), 2 * block(), block());
	expect_read_past_end(d, end(), block(), 0);
	expect_read_past_end(d, end() + 100 * block(), block(), 0);
	device_close(d);
}

MODE_TEST(reading_over_the_end_keeps_the_data_before_it)
{
	struct device *d = device_open_rw(mode);

	if (!traits->is_file)
		SKIP("not a regular file");
	fill(d->buf, block(), 30);
	EXPECT_INT(io_write(d, end() - block(), d->buf, block(), 0), 0);
	expect_read_past_end(d, end() - block(), 4 * block(), block());
	EXPECT_FILLED(d->buf, block(), 30);
	device_close(d);
}

MODE_TEST(reading_over_the_end_into_several_buffers)
{
	struct device *d = device_open_rw(mode);
	struct iovec iov[3] = { { d->buf, block() },
				{ d->buf + 8 * block(), block() },
				{ d->buf + 4 * block(), block() } };

	if (!traits->is_file)
		SKIP("not a regular file");
	fill(d->buf, block(), 31);
	EXPECT_INT(io_write(d, end() - block(), d->buf, block(), 0), 0);
	memset(d->buf, 0x77, BUFFER_SIZE);
	EXPECT_INT(io_readv(d, end() - block(), iov, 3), 0);
	EXPECT_FILLED(d->buf, block(), 31);
	EXPECT_BYTES(d->buf + 8 * block(), block(), 0);
	EXPECT_BYTES(d->buf + 4 * block(), block(), 0);
	EXPECT_BYTES(d->buf + block(), block(), 0x77);
	device_close(d);
}

MODE_TEST(a_file_that_ends_inside_a_block_reads_as_zeroes_from_there)
{
	struct device *d;

	skip_if_read_only();
	if (!traits->is_file)
		SKIP("not a regular file");
	d = device_open(mode);
	fill(d->buf, block(), 32);
	EXPECT_INT(io_write(d, end() - block(), d->buf, block(), 0), 0);
	MUST(truncate(traits->kernel_path, (off_t)(end() - block() + 100)) == 0);
	memset(d->buf, 0x77, 4 * block());
	EXPECT_INT(io_read(d, end() - block(), d->buf, 2 * block()), 0);
	EXPECT_FILLED(d->buf, 100, 32);
	EXPECT_BYTES(d->buf + 100, 2 * block() - 100, 0);
	EXPECT_BYTES(d->buf + 2 * block(), block(), 0x77);
	device_close(d);
}

MODE_TEST(a_file_that_ends_inside_the_first_of_several_buffers)
{
	struct device *d = device_open_rw(mode);
	struct iovec iov[3] = { { d->buf, 2 * block() },
				{ d->buf + 8 * block(), block() },
				{ d->buf + 4 * block(), block() } };

	if (!traits->is_file)
		SKIP("not a regular file");
	fill(d->buf, block(), 35);
	EXPECT_INT(io_write(d, end() - block(), d->buf, block(), 0), 0);
	memset(d->buf, 0x77, BUFFER_SIZE);
	EXPECT_INT(io_readv(d, end() - block(), iov, 3), 0);
	EXPECT_FILLED(d->buf, block(), 35);
	EXPECT_BYTES(d->buf + block(), block(), 0);
	EXPECT_BYTES(d->buf + 8 * block(), block(), 0);
	EXPECT_BYTES(d->buf + 4 * block(), block(), 0);
	EXPECT_BYTES(d->buf + 2 * block(), 2 * block(), 0x77);
	device_close(d);
}

MODE_TEST(writing_over_the_end)
{
	struct device *d = device_open_rw(mode);
	int want = traits->codes.write_past_end;

	fill(d->buf, 2 * block(), 33);
	EXPECT_CODE(io_write(d, end(), d->buf, block(), 0), want);
	if (want == -ENOSPC)
		EXPECT(d->last.error_msg == NULL); /* the kernel has no more to say */
	EXPECT_CODE(io_write(d, end() - block(), d->buf, 2 * block(), 0), want);
	if (want == 0) {
		EXPECT_U64(get_u64(d->b, "capacity"), end() + block());
		memset(d->buf, 0, 2 * block());
		EXPECT_INT(io_read(d, end() - block(), d->buf, 2 * block()), 0);
		EXPECT_FILLED(d->buf, 2 * block(), 33);
	}
	device_close(d);
}

/* With data in it: whether a hole in a file can be read at any offset is up to the kernel. */
static struct device *open_with_data(enum io_mode mode)
{
	struct device *d = device_open_rw(mode);

	EXPECT_INT(io_write(d, 0, d->buf, 4 * block(), 0), 0);
	return d;
}

MODE_TEST(a_misaligned_start_is_einval_where_alignment_is_required)
{
	struct device *d = open_with_data(mode);
	int want = traits->request_alignment > 1 ? -EINVAL : 0;

	EXPECT_INT(io_read(d, 1, d->buf, block()), want);
	EXPECT_INT(io_read(d, block() + 7, d->buf, block()), want);
	EXPECT_INT(io_write(d, 1, d->buf, block(), 0), want);
	device_close(d);
}

MODE_TEST(a_misaligned_length_is_an_error_where_alignment_is_required)
{
	struct device *d = open_with_data(mode);
	int want = traits->request_alignment > 1 ? traits->codes.unaligned_len : 0;

	EXPECT_CODE(io_read(d, 0, d->buf, block() + 1), want);
	EXPECT_CODE(io_read(d, 0, d->buf, 100), want);
	EXPECT_CODE(io_write(d, 0, d->buf, block() + 1, 0), want);
	device_close(d);
}

MODE_TEST(odd_offsets_and_lengths_carry_the_right_bytes)
{
	struct device *d = device_open_rw(mode);

	if (traits->request_alignment > 1)
		SKIP("alignment is required");
	fill(d->buf, 10000, 34);
	EXPECT_INT(io_write(d, 4097, d->buf, 9999, 0), 0);
	memset(d->buf, 0, 10000);
	EXPECT_INT(io_read(d, 4097, d->buf + 3, 9999), 0);
	EXPECT_FILLED(d->buf + 3, 9999, 34);
	device_close(d);
}

/* pread(2) of the device into an odd address, opened as the instance has it. */
static bool kernel_takes_odd_address(void)
{
	int fd = kernel_open(O_RDONLY | (traits->direct ? O_DIRECT : 0));
	uint8_t *mem = allocate_pages(2 * block());
	bool ok;

	ok = pread(fd, mem + 4, block(), 0) == traits->block;
	free(mem);
	close(fd);
	return ok;
}

MODE_TEST(a_misaligned_buffer_does_what_the_kernel_does)
{
	bool ok = kernel_takes_odd_address();
	struct device *d;
	uint8_t *mem;
	int ret;

	if (traits->kind != KIND_URING)
		SKIP("for drivers of files and block devices");
	d = device_open(mode);
	mem = allocate_pages(2 * block());
	ret = io_read(d, 0, mem + 4, block());
	EXPECT(ok ? ret == 0 : ret < 0);
	device_close(d);
	free(mem);
}

MODE_TEST(starts_from_two_to_the_63_on_are_refused)
{
	static const uint64_t starts[] = { 1ull << 63, UINT64_MAX - 511, UINT64_MAX - 4095 };
	struct device *d = device_open(mode);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		EXPECT_CODE(io_read(d, starts[i], d->buf, block()), traits->codes.start_too_high);
		if (!traits->read_only)
			EXPECT_CODE(io_write(d, starts[i], d->buf, block(), 0),
				    traits->codes.start_too_high);
	}
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	device_close(d);
}

MODE_TEST(lengths_from_two_to_the_32_on_are_refused_with_a_text)
{
	static const char text[] = "len must fit in an unsigned 32-bit integer";
	struct device *d = device_open(mode);

	if (traits->kind != KIND_URING)
		SKIP("for drivers of files and block devices");
	EXPECT_INT(io_read(d, 0, d->buf, 1ull << 32), -EINVAL);
	EXPECT_STR(d->last.error_msg, text);
	if (!traits->read_only) {
		EXPECT_INT(io_write(d, 0, d->buf, 1ull << 32, 0), -EINVAL);
		EXPECT_STR(d->last.error_msg, text);
	}
	device_close(d);
}

static void skip_unless_read_only(void)
{
	if (!traits->read_only)
		SKIP("the device can be written");
}

MODE_TEST(writing_to_a_read_only_instance_is_ebadf)
{
	struct device *d;
	struct iovec iov;

	skip_unless_read_only();
	d = device_open(mode);
	iov = (struct iovec) { d->buf, block() };
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	memset(d->buf, 1, block());
	EXPECT_INT(io_write(d, 0, d->buf, block(), 0), -EBADF);
	EXPECT_INT(io_write(d, 0, d->buf, block(), BLKIO_REQ_FUA), -EBADF);
	EXPECT_INT(io_writev(d, 0, &iov, 1, 0), -EBADF);
	if (!traits_only_read_write(mode))
		EXPECT_INT(io_zeroes(d, 0, block(), 0), -EBADF);
	device_close(d);
}

static void expect_read_only(struct device *d, int ret)
{
	EXPECT_INT(ret, -EBADF);
	EXPECT_STR(d->last.error_msg, "device is read-only");
}

MODE_TEST(a_read_only_error_has_a_text)
{
	struct device *d;

	skip_unless_read_only();
	if (traits->kind != KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("there is no text, or another one");
	d = device_open(mode);
	expect_read_only(d, io_write(d, 0, d->buf, block(), 0));
	if (!traits_only_read_write(mode)) {
		expect_read_only(d, io_zeroes(d, 0, block(), 0));
		expect_read_only(d, io_discard(d, 0, block(), 0));
	}
	device_close(d);
}

MODE_TEST(a_misaligned_write_on_a_read_only_instance)
{
	struct device *d;

	skip_unless_read_only();
	d = device_open(mode);
	EXPECT_CODE(io_write(d, 1, d->buf, block(), 0), traits->codes.read_only_unaligned_write);
	device_close(d);
}

MODE_TEST(a_read_only_instance_leaves_the_data_alone)
{
	struct device *d;

	skip_unless_read_only();
	d = device_open(mode);
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	memset(d->buf + block(), d->buf[0] + 1, block());
	EXPECT(io_write(d, 0, d->buf + block(), block(), 0) < 0);
	EXPECT(io_zeroes(d, 0, block(), 0) < 0);
	EXPECT(io_discard(d, 0, block(), 0) < 0);
	EXPECT_INT(io_read(d, 0, d->buf + 2 * block(), block()), 0);
	EXPECT(memcmp(d->buf, d->buf + 2 * block(), block()) == 0);
	device_close(d);
}

MODE_TEST(a_flush_on_a_read_only_instance_works)
{
	struct device *d;

	skip_unless_read_only();
	if (traits_only_read_write(mode))
		SKIP("not on poll queues of this driver");
	d = device_open(mode);
	EXPECT_INT(io_flush(d), 0);
	device_close(d);
}
