// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The slow batch.
 */
#include "slow.h"

enum {
	WRITE_SIZE = LARGE_BUFFER / 4
};

void slow_queue(struct device *d)
{
	device_need_large_buffer(d);
	for (intptr_t i = 0; i < SLOW_REQUESTS; i++) {
		if (i % 4 == 3 && !traits_only_read_write(d->mode))
			blkioq_flush(d->q, (void *)i, 0);
		else
			blkioq_write(d->q, (uint64_t)(i % 4) * WRITE_SIZE,
				     d->buf + i % 4 * WRITE_SIZE, WRITE_SIZE, (void *)i,
				     BLKIO_REQ_FUA);
	}
}

void slow_finish(struct device *d)
{
	struct blkio_completion c[SLOW_REQUESTS];

	reap(d, c, SLOW_REQUESTS);
	EXPECT_EACH_ONCE(c, SLOW_REQUESTS);
	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, NULL), -EINVAL);
}

void slow_expect(struct device *d, int (*fn)(struct device *d), int want)
{
	for (int i = 0; i < SLOW_ATTEMPTS; i++) {
		int ret;

		slow_queue(d);
		ret = fn(d);
		if (ret != SLOW_REQUESTS) {
			EXPECT_INT(ret, want);
			return;
		}
	}
	SKIP("the device is too fast: nothing had to be waited for");
}
