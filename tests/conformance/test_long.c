// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reads of more than 2 GiB, which the kernel does in parts that end inside of a buffer.
 *
 * The same few megabytes of memory stand behind all but the end of the buffers, and the file is
 * a hole with data at its end.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

enum {
	PIECE = 4 << 20,
	PIECES = 514,     /* a little more than 2 GiB */
	TAIL = 2 * PIECE, /* what the data at the end fills */
};

static const uint64_t total = (uint64_t)PIECES * PIECE;

static struct device *open_long_file(void)
{
	struct device *d;

	if (!traits->is_file || !traits->direct)
		SKIP("only files opened with O_DIRECT can be read so far without filling memory");
	skip_if_read_only();
	MUST(truncate(traits->kernel_path, 0) == 0); /* a hole from start to end */
	MUST(truncate(traits->kernel_path, (off_t)total) == 0);
	d = device_open(MODE_BLOCKING);
	for (uint64_t at = total - TAIL; at < total; at += BUFFER_SIZE) {
		fill(d->buf, BUFFER_SIZE, (uint32_t)at);
		EXPECT_INT(io_write(d, at, d->buf, BUFFER_SIZE, 0), 0);
	}
	return d;
}

static void expect_tail(const uint8_t *tail)
{
	for (uint64_t i = 0; i < TAIL; i += BUFFER_SIZE)
		EXPECT_FILLED(tail + i, BUFFER_SIZE, (uint32_t)(total - TAIL + i));
}

static void map_at(void *at, int fd, size_t len)
{
	MUST(mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at);
}

/* Memory of total bytes: one piece over and over, and a tail of its own. */
static uint8_t *make_long_buffer(void)
{
	int piece = memfd_create("piece", MFD_CLOEXEC), tail = memfd_create("tail", MFD_CLOEXEC);
	uint8_t *mem = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(mem != MAP_FAILED);
	MUST(ftruncate(piece, PIECE) == 0 && ftruncate(tail, TAIL) == 0);
	for (uint64_t at = 0; at < total - TAIL; at += PIECE)
		map_at(mem + at, piece, PIECE);
	map_at(mem + total - TAIL, tail, TAIL);
	close(piece);
	close(tail);
	return mem;
}

TEST(a_read_of_more_than_two_gib_is_done_in_full)
{
	struct device *d = open_long_file();
	uint8_t *mem;

	if (traits->needs_mem_regions)
		SKIP("the driver needs memory regions");
	mem = make_long_buffer();
	EXPECT_INT(io_read(d, 0, mem, total), 0);
	expect_tail(mem + total - TAIL);
	EXPECT_BYTES(mem, PIECE, 0);
	device_close(d);
	munmap(mem, total);
}

TEST(a_vector_of_more_than_two_gib_is_done_in_full)
{
	struct device *d = open_long_file();
	static struct iovec iov[PIECES];
	uint8_t *mem;

	if (traits->max_segments < PIECES)
		SKIP("the device takes vectors of %d only", traits->max_segments);
	mem = allocate_pages(PIECE + TAIL);
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec) { mem, PIECE };
	iov[PIECES - 2].iov_base = mem + PIECE;
	iov[PIECES - 1].iov_base = mem + 2 * PIECE;
	EXPECT_INT(io_readv(d, 0, iov, PIECES), 0);
	expect_tail(mem + PIECE);
	EXPECT_BYTES(mem, PIECE, 0);
	device_close(d);
	free(mem);
}
