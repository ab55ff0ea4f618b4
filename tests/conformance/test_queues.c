// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Queues: how many, their stable indices, adding and removing.
 */
#include <limits.h>
#include <sys/resource.h>

#include "device.h"

static void skip_without_adding(void)
{
	if (!traits->can_add_queues)
		SKIP("the driver cannot add queues");
}

/* Connected, to be started with n regular queues. */
static struct blkio *connected_with_queues(int n)
{
	struct blkio *b = instance_connected();

	EXPECT_INT(blkio_set_int(b, "num-queues", n), 0);
	return b;
}

static struct blkio *started_with_queues(int n)
{
	struct blkio *b = connected_with_queues(n);

	if (n > get_int(b, "max-queues"))
		SKIP("the device has fewer than %d queues", n);
	EXPECT_INT(blkio_start(b), 0);
	return b;
}

static void expect_no_queues(struct blkio *b)
{
	EXPECT(blkio_get_queue(b, 0) == NULL);
	EXPECT(blkio_get_poll_queue(b, 0) == NULL);
	EXPECT_ERROR(blkio_remove_queue(b, 0), -ENOENT);
	EXPECT_ERROR(blkio_remove_poll_queue(b, 0), -ENOENT);
	EXPECT_ERROR(blkio_add_queue(b), traits->codes.add_queue_early);
	EXPECT_ERROR(blkio_add_poll_queue(b), traits->codes.add_queue_early);
}

TEST(there_are_no_queues_before_start)
{
	struct blkio *b = instance_created();

	expect_no_queues(b);
	EXPECT_INT(blkio_connect(b), 0);
	expect_no_queues(b);
	blkio_destroy(&b);
}

ALONE_TEST(a_start_that_fails_half_way_leaves_nothing_behind)
{
	struct rlimit few = { 64, 64 };
	struct blkio *b = connected_with_queues(200);
	int fds = count_open_fds();

	if (get_int(b, "max-queues") < 200)
		SKIP("the device has fewer than 200 queues");
	MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
	EXPECT_ERROR(blkio_start(b), -EMFILE);
	EXPECT_INT(count_open_fds(), fds);
	EXPECT(blkio_get_queue(b, 0) == NULL);
	EXPECT_INT(blkio_set_int(b, "num-queues", 1), 0);
	EXPECT_INT(blkio_start(b), 0);
	EXPECT(blkio_get_queue(b, 0) != NULL);
	EXPECT(blkio_get_queue(b, 1) == NULL);
	blkio_destroy(&b);
}

TEST(bad_indices_have_no_queue)
{
	static const int bad[] = { -1, 1, 1000, INT_MIN, INT_MAX };
	struct blkio *b = instance_started();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT(blkio_get_queue(b, bad[i]) == NULL);
		EXPECT(blkio_get_poll_queue(b, bad[i]) == NULL);
		EXPECT_ERROR(blkio_remove_queue(b, bad[i]), -ENOENT);
		EXPECT_ERROR(blkio_remove_poll_queue(b, bad[i]), -ENOENT);
	}
	EXPECT(blkio_get_queue(b, 0) != NULL);
	EXPECT(blkio_get_poll_queue(b, 0) == NULL);
	blkio_destroy(&b);
}

TEST(get_queue_returns_the_same_pointer_every_time)
{
	struct blkio *b = started_with_queues(2);
	struct blkioq *q = blkio_get_queue(b, 1);

	EXPECT(q != NULL && q != blkio_get_queue(b, 0));
	EXPECT(blkio_get_queue(b, 1) == q);
	blkio_destroy(&b);
}

TEST(removing_leaves_a_hole)
{
	struct blkio *b = started_with_queues(3);
	struct blkioq *last = blkio_get_queue(b, 2);

	EXPECT_INT(blkio_remove_queue(b, 1), 0);
	EXPECT(blkio_get_queue(b, 1) == NULL);
	EXPECT(blkio_get_queue(b, 2) == last);
	EXPECT_ERROR(blkio_remove_queue(b, 1), -ENOENT);
	EXPECT_INT(blkio_remove_queue(b, 0), 0);
	EXPECT_INT(blkio_remove_queue(b, 2), 0);
	EXPECT(blkio_get_queue(b, 2) == NULL);
	blkio_destroy(&b);
}

TEST(adding_fills_the_lowest_hole_and_else_appends)
{
	struct blkio *b;

	skip_without_adding();
	b = started_with_queues(3);
	EXPECT_INT(blkio_add_queue(b), 3);
	EXPECT_INT(blkio_remove_queue(b, 2), 0);
	EXPECT_INT(blkio_remove_queue(b, 0), 0);
	EXPECT_INT(blkio_add_queue(b), 0);
	EXPECT_INT(blkio_add_queue(b), 2);
	EXPECT_INT(blkio_add_queue(b), 4);
	EXPECT_INT(get_int(b, "num-queues"), 3); /* what was asked for, not what there is */
	blkio_destroy(&b);
}

TEST(queues_cannot_be_added_where_the_device_says_so)
{
	struct blkio *b = instance_started();

	if (traits->can_add_queues)
		SKIP("the driver can add queues");
	EXPECT_ERROR(blkio_add_queue(b), -ENOTSUP);
	EXPECT_ERROR(blkio_add_poll_queue(b), -ENOTSUP);
	blkio_destroy(&b);
}

TEST(an_instance_may_have_no_queue_at_start)
{
	struct blkio *b = connected_with_queues(0);

	if (traits->kind == KIND_VIRTIO) {
		EXPECT_ERROR(blkio_start(b), -EINVAL);
		EXPECT_INT(blkio_set_int(b, "num-queues", 1), 0);
		EXPECT_INT(blkio_start(b), 0);
	} else {
		EXPECT_INT(blkio_start(b), 0);
		EXPECT(blkio_get_queue(b, 0) == NULL);
		EXPECT_INT(blkio_add_queue(b), 0);
	}
	EXPECT(blkio_get_queue(b, 0) != NULL);
	blkio_destroy(&b);
}

TEST(more_queues_than_the_device_has_are_einval)
{
	struct blkio *b = instance_connected();
	int most = get_int(b, "max-queues");

	if (most == INT_MAX)
		SKIP("the number of queues is not limited");
	EXPECT_INT(blkio_set_int(b, "num-queues", most + 1), 0);
	EXPECT_ERROR(blkio_start(b), -EINVAL);
	EXPECT_INT(blkio_set_int(b, "num-queues", most), 0);
	EXPECT_INT(blkio_start(b), 0);
	EXPECT(blkio_get_queue(b, most - 1) != NULL);
	blkio_destroy(&b);
}

TEST(poll_queues_without_support_are_einval)
{
	struct blkio *b = instance_connected();

	if (traits->poll_queues)
		SKIP("the device has poll queues");
	if (get_bool(b, "supports-poll-queues"))
		SKIP("this library claims them for every device");
	EXPECT_INT(blkio_set_int(b, "num-poll-queues", 1), 0);
	EXPECT_ERROR(blkio_start(b), -EINVAL);
	EXPECT_INT(blkio_set_int(b, "num-poll-queues", 0), 0);
	EXPECT_INT(blkio_start(b), 0);
	EXPECT_ERROR(blkio_add_poll_queue(b), traits->can_add_queues ? -EINVAL : -ENOTSUP);
	EXPECT(blkio_get_poll_queue(b, 0) == NULL);
	blkio_destroy(&b);
}

TEST(poll_queues_have_numbers_of_their_own)
{
	struct blkio *b = instance_connected();

	if (!traits->poll_queues)
		SKIP("the device has no poll queues");
	skip_with_one_queue(b);
	EXPECT_INT(blkio_set_int(b, "num-poll-queues", 1), 0);
	EXPECT_INT(blkio_start(b), 0);
	EXPECT(blkio_get_queue(b, 0) != NULL);
	EXPECT(blkio_get_poll_queue(b, 0) != NULL);
	EXPECT(blkio_get_poll_queue(b, 0) != blkio_get_queue(b, 0));
	EXPECT(blkio_get_poll_queue(b, 1) == NULL);
	EXPECT_INT(blkio_remove_queue(b, 0), 0);
	EXPECT(blkio_get_poll_queue(b, 0) != NULL);
	EXPECT_INT(blkio_remove_poll_queue(b, 0), 0);
	EXPECT_ERROR(blkio_remove_poll_queue(b, 0), -ENOENT);
	if (traits->can_add_queues)
		EXPECT_INT(blkio_add_poll_queue(b), 0);
	blkio_destroy(&b);
}

static void read_block(struct device *d)
{
	EXPECT_INT(io_read(d, 0, d->buf, (size_t)traits->block), 0);
}

MODE_TEST(a_queue_that_was_added_works_and_sees_older_regions)
{
	struct device *d;
	int index;

	skip_without_adding();
	d = device_open(mode);
	index = mode == MODE_POLL_QUEUE ? blkio_add_poll_queue(d->b) : blkio_add_queue(d->b);
	EXPECT_INT(index, 1);
	d->q = mode == MODE_POLL_QUEUE ? blkio_get_poll_queue(d->b, 1) : blkio_get_queue(d->b, 1);
	EXPECT(d->q != NULL);
	if (mode == MODE_EVENT)
		blkioq_set_completion_fd_enabled(d->q, true);
	read_block(d);
	device_close(d);
}

TEST(other_queues_go_on_when_one_is_removed)
{
	struct blkio *b = connected_with_queues(2);
	struct device *d;

	if (get_int(b, "max-queues") < 2)
		SKIP("the device has one queue");
	d = device_from_connected(b, MODE_BLOCKING);
	EXPECT_INT(blkio_remove_queue(d->b, 1), 0);
	read_block(d);
	device_close(d);
}

TEST(regions_outlive_the_queues_that_used_them)
{
	struct device *d;

	skip_without_adding();
	d = device_open(MODE_BLOCKING);
	read_block(d);
	EXPECT_INT(blkio_remove_queue(d->b, 0), 0);
	EXPECT_INT(blkio_add_queue(d->b), 0);
	d->q = blkio_get_queue(d->b, 0);
	read_block(d);
	device_close(d);
}

TEST(several_queues_work_at_the_same_time)
{
	struct blkio *b = connected_with_queues(4);
	struct device *d;
	struct blkio_completion c;

	if (get_int(b, "max-queues") < 4)
		SKIP("the device has fewer than 4 queues");
	d = device_from_connected(b, MODE_BLOCKING);
	for (intptr_t i = 0; i < 4; i++)
		blkioq_read(blkio_get_queue(b, (int)i), 0, d->buf + i * traits->block,
			    (size_t)traits->block, (void *)i, 0);
	for (intptr_t i = 3; i >= 0; i--) {
		reap_from(blkio_get_queue(b, (int)i), MODE_BLOCKING, &c, 1);
		EXPECT_INT(c.ret, 0);
		EXPECT(c.user_data == (void *)i); /* each queue has its own completions */
	}
	device_close(d);
}
