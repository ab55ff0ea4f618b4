/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A started io_uring instance on a temporary file, for tests of the driver.
 */
#ifndef TESTS_UNIT_IOU_FIXTURE_H
#define TESTS_UNIT_IOU_FIXTURE_H

#include "drivers/io_uring/io_uring.h"
#include "tests/unit/unit.h"

struct iou_fixture {
	int file; /* the file, as the test sees it */
	struct blkio *b;
	struct iou *dev;
	struct blkioq *q; /* queue 0 */
	struct iou_queue *iou_q;
};

/*
 * Make an instance on a new file of this size; configure, unless NULL, sets properties once it is
 * connected. False, and the test is counted as skipped, where io_uring is refused.
 */
bool iou_start(struct iou_fixture *x, off_t size, void (*configure)(struct blkio *b));
void iou_finish(struct iou_fixture *x);

/* One request's completion, which must be the only one. */
struct blkio_completion iou_wait(struct iou_fixture *x);

/* Fill n bytes with a pattern that depends on the offset and the seed. */
void fill_pattern(void *buf, size_t n, uint64_t offset, unsigned int seed);
/* Fill the file with the pattern. */
void write_pattern(int fd, size_t n, unsigned int seed);

#endif
