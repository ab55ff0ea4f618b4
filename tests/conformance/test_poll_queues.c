// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What is special about poll queues. That they do I/O is shown by all other tests in their mode.
 */
#include <signal.h>
#include <stdio.h>

#include "device.h"

static struct device *open_poll_queue(void)
{
	if (!traits->poll_queues)
		SKIP("the device has no poll queues");
	return device_open(MODE_POLL_QUEUE);
}

static void expect_unsupported(struct device *d)
{
	EXPECT_INT(finish(d), -ENOTSUP);
	EXPECT_STR(d->last.error_msg, "request not supported on poll queues for this driver");
}

TEST(io_uring_poll_queues_only_read_and_write)
{
	struct device *d = open_poll_queue();

	if (traits->kind != KIND_URING)
		SKIP("all requests work on poll queues of this driver");
	blkioq_flush(d->q, NULL, 0);
	expect_unsupported(d);
	if (!traits->read_only) {
		blkioq_write_zeroes(d->q, 0, (uint64_t)traits->block, NULL, 0);
		expect_unsupported(d);
		blkioq_discard(d->q, 0, (uint64_t)traits->block, NULL, 0);
		expect_unsupported(d);
	}
	blkioq_reset_all_zones(d->q, NULL, 0);
	EXPECT_INT(finish(d), -ENOTSUP);
	EXPECT_INT(io_read(d, 0, d->buf, (size_t)traits->block), 0);
	device_close(d);
}

TEST(virtio_poll_queues_do_all_requests)
{
	struct device *d = open_poll_queue();

	if (traits->kind != KIND_VIRTIO)
		SKIP("not a virtio driver");
	EXPECT_INT(io_flush(d), 0);
	if (traits->zeroes)
		EXPECT_INT(io_zeroes(d, 0, (uint64_t)traits->block, 0), 0);
	device_close(d);
}

TEST(a_signal_mask_is_enotsup_on_poll_queues)
{
	struct device *d = open_poll_queue();
	sigset_t none;

	sigemptyset(&none);
	blkioq_read(d->q, 0, d->buf, (size_t)traits->block, NULL, 0);
	EXPECT_ERROR(blkioq_do_io_interruptible(d->q, &d->last, 1, 1, NULL, &none), -ENOTSUP);
	EXPECT_INT(blkioq_do_io_interruptible(d->q, &d->last, 1, 1, NULL, NULL), 1);
	EXPECT_INT(d->last.ret, 0);
	device_close(d);
}

TEST(a_poll_queue_and_a_regular_queue_work_side_by_side)
{
	struct device *d = open_poll_queue();
	struct blkioq *regular = blkio_get_queue(d->b, 0);
	struct blkio_completion c;

	skip_with_one_queue(d->b);
	EXPECT(regular != NULL && regular != d->q);
	for (int i = 0; i < 50; i++) {
		blkioq_read(d->q, 0, d->buf, (size_t)traits->block, d, 0);
		blkioq_read(regular, 0, d->buf + traits->block, (size_t)traits->block, regular, 0);
		reap_from(regular, MODE_BLOCKING, &c, 1);
		EXPECT(c.ret == 0 && c.user_data == regular);
		EXPECT(finish(d) == 0 && d->last.user_data == d);
	}
	device_close(d);
}
