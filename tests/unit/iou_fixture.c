// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See iou_fixture.h.
 */
#include "tests/unit/iou_fixture.h"

#include <stdlib.h>
#include <unistd.h>

bool iou_start(struct iou_fixture *x, off_t size, void (*configure)(struct blkio *b))
{
	*x = (struct iou_fixture) { .file = temp_file(size) };
	ck_assert_int_eq(blkio_create("io_uring", &x->b), 0);
	ck_assert_int_eq(blkio_set_int(x->b, "fd", dup(x->file)), 0);
	ck_assert_int_eq(blkio_connect(x->b), 0);
	if (configure)
		configure(x->b);
	if (blkio_start(x->b) < 0) {
		test_skip("%s", blkio_get_error_msg());
		iou_finish(x);
		return false;
	}
	x->dev = to_iou(x->b);
	x->q = blkio_get_queue(x->b, 0);
	x->iou_q = to_iou_queue(x->q);
	return true;
}

void iou_finish(struct iou_fixture *x)
{
	blkio_destroy(&x->b);
	close(x->file);
}

struct blkio_completion iou_wait(struct iou_fixture *x)
{
	struct blkio_completion c[2];

	ck_assert_int_eq(blkioq_do_io(x->q, c, 1, 2, NULL), 1);
	return c[0];
}

void fill_pattern(void *buf, size_t n, uint64_t offset, unsigned int seed)
{
	unsigned char *bytes = buf;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)((offset + i) * 31 + ((offset + i) >> 8) * 7 + seed);
}

void write_pattern(int fd, size_t n, unsigned int seed)
{
	char *buf = malloc(n);

	ck_assert_ptr_nonnull(buf);
	fill_pattern(buf, n, 0, seed);
	ck_assert_int_eq(pwrite(fd, buf, n, 0), (ssize_t)n);
	free(buf);
}
