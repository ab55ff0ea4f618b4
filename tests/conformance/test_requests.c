// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reads, writes and flushes whose data is looked at.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"

static size_t block(void)
{
	return (size_t)traits->block;
}

MODE_TEST(a_completion_has_the_user_data_and_no_text_on_success)
{
	static const uint8_t zeroes[sizeof(struct blkio_completion)];
	struct device *d = device_open(mode);

	blkioq_read(d->q, 0, d->buf, block(), d, 0);
	EXPECT_INT(finish(d), 0);
	EXPECT(d->last.user_data == d);
	EXPECT(d->last.error_msg == NULL);
	EXPECT(memcmp(d->last.reserved_, zeroes, sizeof(d->last.reserved_)) == 0);
	EXPECT_U64(d->last.append_offset, 0);
	device_close(d);
}

/* What the other tests rely on. */
TEST(data_of_any_length_is_told_from_other_data)
{
	uint8_t buf[40];

	for (size_t len = 0; len < sizeof(buf); len++) {
		memset(buf, 0, sizeof(buf));
		fill(buf, len, 5);
		EXPECT(len == 0 || !memchr(buf, 0, len));
		EXPECT_INT(buf[len], 0);
		EXPECT(filled_until(buf, len, 5) == len);
		EXPECT(filled_until(buf, len + 1, 5) == len);
		for (size_t i = 0; i < len; i++) {
			buf[i] ^= 0x10;
			EXPECT(filled_until(buf, len, 5) == i);
			buf[i] ^= 0x10;
		}
		EXPECT(len < 8 || filled_until(buf, len, 6) < len);
		EXPECT(len < 16 || filled_until(buf + 8, len - 8, 5) < len - 8);
	}
}

MODE_TEST(reads_what_was_written)
{
	struct device *d = device_open_rw(mode);

	fill(d->buf, 4 * block(), 3);
	EXPECT_INT(io_write(d, 8 * block(), d->buf, 4 * block(), 0), 0);
	memset(d->buf, 0, 4 * block());
	EXPECT_INT(io_read(d, 8 * block(), d->buf, 4 * block()), 0);
	EXPECT_FILLED(d->buf, 4 * block(), 3);
	device_close(d);
}

MODE_TEST(the_kernel_sees_what_was_written)
{
	struct device *d;
	int fd = kernel_open(O_RDONLY);
	uint8_t *data;

	d = device_open_rw(mode);
	data = allocate_pages(block());
	fill(d->buf, block(), 4);
	EXPECT_INT(io_write(d, 3 * block(), d->buf, block(), BLKIO_REQ_FUA), 0);
	MUST(pread(fd, data, block(), 3 * traits->block) == traits->block);
	EXPECT_FILLED(data, block(), 4);
	device_close(d);
	free(data);
	close(fd);
}

MODE_TEST(reads_what_the_kernel_wrote)
{
	struct device *d;
	uint8_t *data;
	int fd;

	skip_if_read_only();
	fd = kernel_open(O_RDWR);
	data = allocate_pages(block());
	fill(data, block(), 5);
	MUST(pwrite(fd, data, block(), 5 * traits->block) == traits->block);
	MUST(fsync(fd) == 0);
	d = device_open(mode);
	EXPECT_INT(io_read(d, 5 * block(), d->buf, block()), 0);
	EXPECT_FILLED(d->buf, block(), 5);
	device_close(d);
	free(data);
	close(fd);
}

MODE_TEST(a_write_touches_no_byte_outside)
{
	struct device *d = device_open_rw(mode);
	size_t len = block();

	fill(d->buf, 3 * len, 6);
	EXPECT_INT(io_write(d, 0, d->buf, 3 * len, 0), 0);
	fill(d->buf, len, 7);
	EXPECT_INT(io_write(d, len, d->buf, len, 0), 0);
	EXPECT_INT(io_read(d, 0, d->buf, 3 * len), 0);
	fill(d->buf + 4 * len, 3 * len, 6);
	EXPECT(memcmp(d->buf, d->buf + 4 * len, len) == 0);
	EXPECT(memcmp(d->buf + 2 * len, d->buf + 6 * len, len) == 0);
	EXPECT_FILLED(d->buf + len, len, 7);
	device_close(d);
}

MODE_TEST(a_read_touches_no_byte_of_memory_outside)
{
	struct device *d = device_open(mode);

	memset(d->buf, 0x5a, 3 * block());
	EXPECT_INT(io_read(d, 0, d->buf + block(), block()), 0);
	EXPECT_BYTES(d->buf, block(), 0x5a);
	EXPECT_BYTES(d->buf + 2 * block(), block(), 0x5a);
	device_close(d);
}

MODE_TEST(vectors_gather_and_scatter)
{
	struct device *d = device_open_rw(mode);
	size_t len = block();
	struct iovec out[3] = { { d->buf + 4 * len, len },
				{ d->buf, 2 * len },
				{ d->buf + 2 * len, len } };
	struct iovec in[2] = { { d->buf + 8 * len, 3 * len }, { d->buf + 16 * len, len } };

	fill(d->buf + 4 * len, len, 1);
	fill(d->buf, 2 * len, 2);
	fill(d->buf + 2 * len, len, 3);
	EXPECT_INT(io_writev(d, 0, out, 3, 0), 0);
	EXPECT_INT(io_readv(d, 0, in, 2), 0);
	EXPECT_FILLED(d->buf + 8 * len, len, 1);
	EXPECT_FILLED(d->buf + 9 * len, 2 * len, 2);
	EXPECT_FILLED(d->buf + 16 * len, len, 3);
	device_close(d);
}

/* n buffers of one block each, in reverse order of memory. */
static struct iovec *make_vector(struct device *d, int n)
{
	struct iovec *iov = calloc((size_t)n, sizeof(*iov));

	MUST(iov);
	for (int i = 0; i < n; i++)
		iov[i] = (struct iovec) { d->buf + (size_t)(n - 1 - i) * 512, 512 };
	return iov;
}

MODE_TEST(vectors_of_max_segments_work)
{
	struct device *d = device_open_rw(mode);
	int n = traits->max_segments;
	struct iovec *iov;

	if (traits->request_alignment > 512 || traits->buf_alignment > 512)
		SKIP("a segment must be larger than 512 bytes");
	if (n > LARGE_BUFFER / 512)
		n = LARGE_BUFFER / 512;
	device_need_large_buffer(d);
	iov = make_vector(d, n);
	for (int i = 0; i < n; i++)
		fill(iov[i].iov_base, 512, (uint32_t)i);
	EXPECT_INT(io_writev(d, 0, iov, n, 0), 0);
	memset(d->buf, 0, (size_t)n * 512);
	EXPECT_INT(io_read(d, 0, d->buf, (size_t)n * 512), 0);
	for (int i = 0; i < n; i++)
		EXPECT_FILLED(d->buf + i * 512, 512, (uint32_t)i);
	memset(d->buf, 0, (size_t)n * 512);
	EXPECT_INT(io_readv(d, 0, iov, n), 0);
	for (int i = 0; i < n; i++)
		EXPECT_FILLED(iov[i].iov_base, 512, (uint32_t)i);
	device_close(d);
	free(iov);
}

MODE_TEST(a_vector_longer_than_max_segments)
{
	struct device *d = device_open(mode);
	int n = traits->max_segments + 1;
	struct iovec *iov;

	if (n > LARGE_BUFFER / 512 || traits->request_alignment > 512)
		SKIP("the buffer is too small for so many segments");
	device_need_large_buffer(d);
	iov = make_vector(d, n);
	if (traits->kind == KIND_URING) {
		EXPECT_INT(io_readv(d, 0, iov, n), -EINVAL);
	} else {
		io_readv(d, 0, iov, n); /* passed on or refused, but it completes */
	}
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	device_close(d);
	free(iov);
}

MODE_TEST(a_request_with_more_segments_than_the_queue_is_deep_completes)
{
	struct device *d;
	struct iovec iov[16];
	int n = traits->max_segments < 16 ? traits->max_segments : 16;

	if (traits->kind == KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("such a request blocks a virtqueue for ever");
	d = device_open_with(mode, depth_property(), "4");
	for (int i = 0; i < n; i++)
		iov[i] = (struct iovec) { d->buf + (size_t)i * block(), block() };
	EXPECT_INT(io_readv(d, 0, iov, n), 0);
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	device_close(d);
}

MODE_TEST(empty_requests_complete_at_once)
{
	int want = traits->codes.empty_request;
	struct iovec none = { NULL, 0 };
	struct device *d;

	if (traits->kind == KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("a zero-length request on virtio hangs");
	d = device_open(mode);
	EXPECT_INT(io_read(d, 0, d->buf, 0), want);
	EXPECT_INT(io_readv(d, 0, &none, 0), want);
	EXPECT_INT(io_readv(d, 0, &none, 1), want);
	if (!traits->read_only) {
		EXPECT_INT(io_write(d, 0, d->buf, 0, 0), want);
		EXPECT_INT(io_writev(d, 0, &none, 0, 0), want);
	}
	device_close(d);
}

MODE_TEST(an_empty_buffer_inside_a_vector_is_passed_over)
{
	struct device *d;
	size_t len = block();

	if (traits->kind == KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("a zero-length segment on virtio hangs");
	d = device_open_rw(mode);
	struct iovec iov[3] = { { d->buf, len }, { d->buf + 4 * len, 0 }, { d->buf + len, len } };

	fill(d->buf, 2 * len, 9);
	EXPECT_INT(io_writev(d, 0, iov, 3, 0), 0);
	memset(d->buf, 0, 2 * len);
	EXPECT_INT(io_readv(d, 0, iov, 3), 0);
	EXPECT_FILLED(d->buf, 2 * len, 9);
	device_close(d);
}

MODE_TEST(the_vector_may_change_once_the_request_is_done)
{
	struct device *d = device_open_rw(mode);
	struct blkio_completion c[8];
	struct iovec iov[8];

	fill(d->buf, 8 * block(), 10);
	for (int i = 0; i < 8; i++) {
		iov[i] = (struct iovec) { d->buf + (size_t)i * block(), block() };
		blkioq_writev(d->q, (uint64_t)i * block(), &iov[i], 1, NULL, 0);
	}
	reap(d, c, 8);
	memset(iov, 0, sizeof(iov));
	memset(d->buf, 0, 8 * block());
	EXPECT_INT(io_read(d, 0, d->buf, 8 * block()), 0);
	EXPECT_FILLED(d->buf, 8 * block(), 10);
	device_close(d);
}

MODE_TEST(fua_writes_and_flushes_work)
{
	struct device *d = device_open_rw(mode);
	struct iovec iov = { d->buf, block() };

	fill(d->buf, block(), 11);
	EXPECT_INT(io_write(d, 0, d->buf, block(), BLKIO_REQ_FUA), 0);
	EXPECT_INT(io_writev(d, block(), &iov, 1, BLKIO_REQ_FUA), 0);
	if (!traits_only_read_write(mode))
		EXPECT_INT(io_flush(d), 0);
	memset(d->buf, 0, 2 * block());
	EXPECT_INT(io_read(d, block(), d->buf, block()), 0);
	EXPECT_FILLED(d->buf, block(), 11);
	device_close(d);
}

MODE_TEST(a_fua_write_has_exactly_one_completion)
{
	struct device *d = device_open_rw(mode);

	EXPECT_INT(io_write(d, 0, d->buf, block(), BLKIO_REQ_FUA), 0);
	EXPECT_ERROR(blkioq_do_io(d->q, &d->last, 1, 1, NULL), -EINVAL); /* nothing left */
	device_close(d);
}

MODE_TEST(a_large_request_is_done_in_full)
{
	struct device *d = device_open_rw(mode);
	size_t len = LARGE_BUFFER;

	if (traits->kind == KIND_NVME)
		DIFFERS_FROM_REFERENCE("requests beyond the limit of the device fail");
	if (traits->max_transfer && (size_t)traits->max_transfer < len)
		len = (size_t)traits->max_transfer / block() * block();
	device_need_large_buffer(d);
	fill(d->buf, len, 12);
	EXPECT_INT(io_write(d, 0, d->buf, len, 0), 0);
	memset(d->buf, 0, len);
	EXPECT_INT(io_read(d, 0, d->buf, len), 0);
	EXPECT_FILLED(d->buf, len, 12);
	device_close(d);
}

MODE_TEST(many_requests_in_flight_each_complete_once)
{
	enum {
		N = 64
	};
	struct device *d = device_open_rw(mode);
	struct blkio_completion c[N];

	for (intptr_t i = 0; i < N; i++) {
		fill(d->buf + (size_t)i * block(), block(), (uint32_t)i);
		blkioq_write(d->q, (uint64_t)i * block(), d->buf + (size_t)i * block(), block(),
			     (void *)i, 0);
	}
	reap(d, c, N);
	EXPECT_EACH_ONCE(c, N);
	memset(d->buf, 0, N * block());
	EXPECT_INT(io_read(d, 0, d->buf, N * block()), 0);
	for (uint32_t i = 0; i < N; i++)
		EXPECT_FILLED(d->buf + i * block(), block(), i);
	device_close(d);
}
