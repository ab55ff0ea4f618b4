// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk-vhost-vdpa on a fake device: connecting, the handshake, queues, memory, and each of
 * the errors on the way.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/vhost_vdpa/vdpa_abi.h"
#include "tests/unit/vdpa_fixture.h"

#define PACKED      (UINT64_C(1) << 34)
#define BACKEND(n)  (UINT64_C(1) << VDPA_BACKEND_F_##n)
#define DRIVER_OK   4
#define FEATURES_OK 8

/* ---- path and fd ---- */

START_TEST(either_path_or_fd)
{
	ck_assert_int_eq(blkio_set_int(b, "fd", 0), 0);
	vdpa_connect_fails(-EINVAL, "both");
	ck_assert_int_eq(blkio_set_int(b, "fd", -1), 0);
	ck_assert_int_eq(blkio_set_str(b, "path", ""), 0);
	vdpa_connect_fails(-EINVAL, "/dev/vhost-vdpa-N");
	ck_assert_uint_eq(fake_vdpa.nr, 0);
}
END_TEST

START_TEST(an_open_node_is_taken_over)
{
	int fd = fake_vdpa_open(), value;

	ck_assert_int_eq(blkio_set_str(b, "path", ""), 0);
	ck_assert_int_eq(blkio_set_int(b, "fd", fd), 0);
	vdpa_start(1, 0);
	ck_assert_int_eq(blkio_get_int(b, "fd", &value), 0);
	ck_assert_int_eq(value, fd);
	blkio_destroy(&b);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

/* It is the application's until a connect has succeeded, and may be tried again. */
START_TEST(an_open_node_stays_the_callers_when_connect_fails)
{
	int fd = fake_vdpa_open();

	ck_assert_int_eq(blkio_set_str(b, "path", ""), 0);
	ck_assert_int_eq(blkio_set_int(b, "fd", fd), 0);
	for (int i = 0; i < 3; i++) {
		fake_vdpa_fail(VDPA_GET_CONFIG, -EIO);
		vdpa_connect_fails(-EIO, "configuration cannot be read");
		ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
		ck_assert_uint_eq(fake_vdpa.status, 0);
		ck_assert_uint_eq(fake_vdpa_count(FAKE_VDPA_CLOSE), 0);
	}
	fake_vdpa_fail(VDPA_GET_CONFIG, 0);
	vdpa_connect();
}
END_TEST

START_TEST(what_cannot_be_opened_has_its_cause)
{
	static const struct {
		int ret;
		const char *text;
	} rows[] = {
		{ -ENOENT, "is the module vhost_vdpa loaded" },
		{ -ENXIO, "is the module vhost_vdpa loaded" },
		{ -EBUSY, "in use by another process" },
		{ -EACCES, "no permission" },
		{ -EPERM, "no permission" },
		{ -EMFILE, "cannot open '/dev/vhost-vdpa-0'" },
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		fake_vdpa.open_ret = rows[i].ret;
		vdpa_connect_fails(rows[i].ret, rows[i].text);
	}
	fake_vdpa.open_ret = 0;
	vdpa_connect();
}
END_TEST

START_TEST(a_device_of_another_type_is_refused)
{
	fake_vdpa.device_id = 1;
	vdpa_connect_fails(-EINVAL, "type 1, not a block device");
	fake_vdpa_fail(VDPA_GET_DEVICE_ID, -ENOTTY);
	vdpa_connect_fails(-EINVAL, "not a vhost-vdpa device");
	ck_assert_uint_eq(fake_vdpa.open_fds, 0);
}
END_TEST

START_TEST(a_device_that_is_owned_already_is_refused)
{
	fake_vdpa.owned = true;
	vdpa_connect_fails(-EBUSY, "used through this descriptor already");
	ck_assert_uint_eq(fake_vdpa_count(VDPA_SET_STATUS), 0); /* it is not ours to reset */
	ck_assert_uint_eq(fake_vdpa.open_fds, 0);
}
END_TEST

/* ---- the handshake ---- */

START_TEST(back_end_features_are_taken_as_far_as_they_are_offered)
{
	fake_vdpa.backend_features = UINT64_MAX;
	vdpa_connect();
	ck_assert_uint_eq(fake_vdpa.acked, BACKEND(IOTLB_MSG_V2) | BACKEND(IOTLB_BATCH) |
						   BACKEND(SUSPEND) | BACKEND(RESUME) |
						   BACKEND(ENABLE_AFTER_DRIVER_OK) |
						   BACKEND(IOTLB_PERSIST));
}
END_TEST

START_TEST(a_kernel_without_messages_of_version_2_is_too_old)
{
	fake_vdpa.backend_features = BACKEND(IOTLB_BATCH);
	vdpa_connect_fails(-ENOTSUP, "Linux 5.13 is needed");
	fake_vdpa_fail(VDPA_GET_BACKEND_FEATURES, -ENOTTY);
	vdpa_connect_fails(-ENOTSUP, "Linux 5.13 is needed");
}
END_TEST

START_TEST(nothing_more_is_needed)
{
	fake_vdpa.backend_features = BACKEND(IOTLB_MSG_V2);
	fake_vdpa_fail(VDPA_GET_IOVA_RANGE, -ENOTTY);
	fake_vdpa_fail(VDPA_GET_VQS_COUNT, -ENOTTY);
	vdpa_start(4, 0);
	ck_assert_uint_eq(fake_vdpa_count(FAKE_VDPA_BATCH_BEGIN), 0);
}
END_TEST

START_TEST(the_device_gets_its_status_step_by_step)
{
	vdpa_start(1, 0);
	ck_assert_uint_eq(fake_vdpa.status, 1 | 2 | FEATURES_OK | DRIVER_OK);
	ck_assert_uint_eq(fake_vdpa.driver_features & ~fake_vdpa.features, 0);
	ck_assert_uint_ne(fake_vdpa.driver_features & UINT64_C(1) << 33, 0);
	/* Queues are enabled before it runs. */
	ck_assert_int_ge(fake_vdpa_find(VDPA_SET_VRING_ENABLE), 0);
}
END_TEST

START_TEST(a_device_that_does_not_accept_its_features)
{
	fake_vdpa.refuses_features = true;
	vdpa_connect_fails(-ENOTSUP, "does not accept the features");
	fake_vdpa.refuses_features = false;
	fake_vdpa_fail(VDPA_SET_FEATURES, -EINVAL);
	vdpa_connect_fails(-EINVAL, "refuses its features");
	ck_assert_uint_eq(fake_vdpa.open_fds, 0);
	fake_vdpa_fail(VDPA_SET_FEATURES, 0);
	vdpa_connect();
}
END_TEST

START_TEST(a_device_that_does_not_start_can_be_tried_again)
{
	vdpa_connect();
	fake_vdpa.does_not_start = true;
	vdpa_start_fails(-EIO, "does not start (its status is 0x0b)");
	fake_vdpa.does_not_start = false;
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert_uint_ne(fake_vdpa.status & DRIVER_OK, 0);
}
END_TEST

START_TEST(queues_of_which_there_are_none)
{
	fake_vdpa.max_size = 0;
	vdpa_connect_fails(-EPROTO, "0 descriptors");
	fake_vdpa.max_size = 256;
	fake_vdpa.nr_queues = 0;
	vdpa_connect_fails(-EPROTO, "0 queues");
}
END_TEST

START_TEST(a_range_of_addresses_that_is_too_small)
{
	fake_vdpa.iova_first = 4096;
	fake_vdpa.iova_last = 8191;
	vdpa_connect_fails(-EPROTO, "too small: 0x1000 to 0x1fff");
	fake_vdpa.iova_last = 1;
	vdpa_connect_fails(-EPROTO, "too small");
}
END_TEST

START_TEST(limits_come_from_the_kernel_and_from_the_configuration)
{
	int value;

	vdpa_connect();
	ck_assert_int_eq(blkio_get_int(b, "max-queues", &value), 0);
	ck_assert_int_eq(value, 4);
	fake_vdpa.nr_queues = 2; /* fewer than the configuration says */
	ck_assert_int_eq(blkio_get_int(b, "max-queues", &value), 0);
	ck_assert_int_le(value, 4);
	blkio_destroy(&b);
	vdpa_set_up();
	fake_vdpa.nr_queues = 2;
	vdpa_connect();
	ck_assert_int_eq(blkio_set_int(b, "num-queues", 3), 0);
	ck_assert_int_lt(blkio_start(b), 0);
}
END_TEST

/* ---- queues ---- */

START_TEST(a_queue_has_its_rings_in_the_devices_memory)
{
	vdpa_start(2, 0);
	for (int i = 0; i < 2; i++) {
		const struct fake_vdpa_queue *q = &fake_vdpa.queue[i];

		ck_assert_uint_eq(q->size, 256);
		ck_assert_uint_eq(q->base, 0);
		ck_assert_uint_eq(q->enabled, 1);
		ck_assert_ptr_nonnull(fake_vdpa_memory(q->desc, 256 * 16));
		ck_assert_ptr_nonnull(fake_vdpa_memory(q->driver, 6 + 2 * 256));
		ck_assert_ptr_nonnull(fake_vdpa_memory(q->device, 6 + 8 * 256));
		ck_assert_int_eq(q->call, blkioq_get_completion_fd(blkio_get_queue(b, i)));
		ck_assert_int_ge(q->kick, 0);
		ck_assert_int_ge(q->err, 0);
	}
	ck_assert_uint_eq(fake_vdpa.queue[2].size, 0);
}
END_TEST

/* Both positions of a packed ring with the wrap counter set. */
START_TEST(a_packed_ring_begins_with_its_wrap_counters)
{
	fake_vdpa.features |= PACKED;
	vdpa_start(1, 0);
	ck_assert_uint_ne(fake_vdpa.driver_features & PACKED, 0);
	ck_assert_uint_eq(fake_vdpa.queue[0].base, 0x80008000);
}
END_TEST

START_TEST(nobody_is_called_for_a_poll_queue)
{
	vdpa_start(1, 2);
	ck_assert_int_ge(fake_vdpa.queue[0].call, 0);
	ck_assert_int_eq(fake_vdpa.queue[1].call, -1);
	ck_assert_int_eq(fake_vdpa.queue[2].call, -1);
	ck_assert_uint_eq(fake_vdpa.queue[2].enabled, 1);
}
END_TEST

START_TEST(a_queue_that_is_smaller_than_the_others)
{
	fake_vdpa.second_size = 64;
	vdpa_connect();
	ck_assert_int_eq(blkio_set_int(b, "num-queues", 2), 0);
	vdpa_start_fails(-EINVAL, "queue 1 of the device takes at most 64 descriptors");
	ck_assert_int_eq(blkio_set_int(b, "queue-size", 64), 0);
	ck_assert_int_eq(blkio_start(b), 0);
}
END_TEST

START_TEST(each_call_for_a_queue_can_fail)
{
	static const struct {
		unsigned long request;
		const char *text;
	} rows[] = {
		{ VDPA_SET_VRING_NUM, "VHOST_SET_VRING_NUM of queue 0" },
		{ VDPA_SET_VRING_ADDR, "VHOST_SET_VRING_ADDR of queue 0" },
		{ VDPA_SET_VRING_BASE, "VHOST_SET_VRING_BASE of queue 0" },
		{ VDPA_SET_VRING_KICK, "VHOST_SET_VRING_KICK of queue 0" },
		{ VDPA_SET_VRING_CALL, "VHOST_SET_VRING_CALL of queue 0" },
		{ VDPA_SET_VRING_ERR, "VHOST_SET_VRING_ERR of queue 0" },
		{ VDPA_SET_VRING_ENABLE, "VHOST_VDPA_SET_VRING_ENABLE of queue 0" },
	};

	vdpa_connect();
	for (size_t i = 0; i < array_len(rows); i++) {
		fake_vdpa_fail(rows[i].request, -EINVAL);
		vdpa_start_fails(-EINVAL, rows[i].text);
		fake_vdpa_fail(rows[i].request, 0);
		memset(fake_vdpa.fail, 0, sizeof(fake_vdpa.fail));
	}
	ck_assert_int_eq(blkio_start(b), 0);
}
END_TEST

START_TEST(a_queue_is_stopped_alone_where_the_device_can_be_suspended)
{
	int suspend, disable, resume;

	vdpa_start(2, 0);
	fake_vdpa.nr = 0;
	blkio_destroy(&b);
	suspend = fake_vdpa_find(VDPA_SUSPEND);
	disable = fake_vdpa_find(VDPA_SET_VRING_ENABLE);
	resume = fake_vdpa_find(VDPA_RESUME);
	ck_assert_int_ge(suspend, 0);
	ck_assert_int_lt(suspend, disable);
	ck_assert_int_lt(disable, resume);
}
END_TEST

/* ---- memory ---- */

static struct blkio_mem_region region_of(size_t len)
{
	struct blkio_mem_region r;

	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, len), 0);
	return r;
}

START_TEST(memory_is_mapped_in_the_devices_range_and_in_batches)
{
	struct blkio_mem_region r;
	unsigned int before;

	fake_vdpa.iova_first = UINT64_C(0x100000001);
	fake_vdpa.iova_last = UINT64_C(0x1ffffffff);
	vdpa_start(1, 0);
	before = fake_vdpa.nr_maps;
	r = region_of(65536);
	fake_vdpa.nr = 0;
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	ck_assert_uint_eq(fake_vdpa.nr_maps, before + 1);
	ck_assert_uint_eq(fake_vdpa.nr, 3);
	ck_assert_uint_eq(fake_vdpa.log[0], FAKE_VDPA_BATCH_BEGIN);
	ck_assert_uint_eq(fake_vdpa.log[1], FAKE_VDPA_MAP);
	ck_assert_uint_eq(fake_vdpa.log[2], FAKE_VDPA_BATCH_END);
	blkio_unmap_mem_region(b, &r);
	ck_assert_uint_eq(fake_vdpa.nr_maps, before);
	blkio_free_mem_region(b, &r);
}
END_TEST

/* A device may take it for none. */
START_TEST(address_0_is_never_used)
{
	vdpa_start(4, 0);
	for (unsigned int i = 0; i < fake_vdpa.nr_maps; i++)
		ck_assert_uint_ne(fake_vdpa.maps[i].iova, 0);
}
END_TEST

START_TEST(memory_that_is_not_mapped_leaves_nothing_behind)
{
	struct blkio_mem_region r;
	unsigned int before;

	vdpa_start(1, 0);
	before = fake_vdpa.nr_maps;
	r = region_of(65536);
	for (int i = 0; i < 100; i++) {
		fake_vdpa.fail_map = 1;
		ck_assert_error(blkio_map_mem_region(b, &r), -ENOMEM, "RLIMIT_MEMLOCK");
	}
	ck_assert_uint_eq(fake_vdpa.nr_maps, before);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	/* The batch has an end even where its message fails. */
	ck_assert_uint_eq(fake_vdpa_count(FAKE_VDPA_BATCH_BEGIN),
			  fake_vdpa_count(FAKE_VDPA_BATCH_END));
	blkio_unmap_mem_region(b, &r);
	blkio_free_mem_region(b, &r);
}
END_TEST

START_TEST(more_memory_than_the_device_has_addresses_for)
{
	struct blkio_mem_region r;

	fake_vdpa.iova_first = 4096;
	fake_vdpa.iova_last = (4 << 20) - 1;
	vdpa_start(1, 0);
	r = region_of(8 << 20);
	ck_assert_error(blkio_map_mem_region(b, &r), -ENOSPC, "no address range");
	blkio_free_mem_region(b, &r);
}
END_TEST

START_TEST(memory_without_a_file_is_refused)
{
	static _Alignas(4096) char memory[4096];
	const struct blkio_mem_region r = { .addr = memory, .len = sizeof(memory), .fd = -1 };

	vdpa_start(1, 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), -EINVAL);
}
END_TEST

/* A failed start resets the device, which may have made it forget its memory. */
static void fail_a_start(void)
{
	vdpa_connect();
	fake_vdpa.does_not_start = true;
	vdpa_start_fails(-EIO, "does not start");
	fake_vdpa.does_not_start = false;
	fake_vdpa.nr = 0;
	ck_assert_int_eq(blkio_start(b), 0);
}

START_TEST(memory_that_persists_is_not_mapped_again)
{
	unsigned int maps;

	fake_vdpa.backend_features |= BACKEND(IOTLB_PERSIST);
	fail_a_start();
	maps = fake_vdpa_count(FAKE_VDPA_MAP);
	vdpa_tear_down();
	vdpa_set_up();
	fail_a_start();
	ck_assert_uint_ge(fake_vdpa_count(FAKE_VDPA_MAP), maps);
	ck_assert_uint_le(maps, 1); /* the rings of the second start */
}
END_TEST

/* ---- anything can fail ---- */

/* Whichever call it is: an error with a text, nothing left open, and it works the next time. */
START_TEST(any_call_can_fail)
{
	unsigned int failures = 0;
	bool all = false;

	for (int n = 1; !all; n++) {
		int ret;

		fake_vdpa.fail_nth = n;
		ret = blkio_connect(b);
		if (ret == 0)
			ret = blkio_start(b);
		all = fake_vdpa.fail_nth;
		if (ret < 0) {
			failures++;
			ck_assert_str_ne(blkio_get_error_msg(), "");
			if (!all && blkio_connect(b) == 0)
				ck_assert_int_eq(blkio_start(b), 0);
		}
		vdpa_tear_down();
		vdpa_set_up();
	}
	ck_assert_uint_gt(failures, 15);
}
END_TEST

static Suite *open_suite(void)
{
	const TTest *const tests[] = {
		either_path_or_fd,
		an_open_node_is_taken_over,
		an_open_node_stays_the_callers_when_connect_fails,
		what_cannot_be_opened_has_its_cause,
		a_device_of_another_type_is_refused,
		a_device_that_is_owned_already_is_refused,
	};

	return SUITE_WITH("vhost-vdpa, opening", tests, vdpa_set_up, vdpa_tear_down);
}

static Suite *handshake_suite(void)
{
	const TTest *const tests[] = {
		back_end_features_are_taken_as_far_as_they_are_offered,
		a_kernel_without_messages_of_version_2_is_too_old,
		nothing_more_is_needed,
		the_device_gets_its_status_step_by_step,
		a_device_that_does_not_accept_its_features,
		a_device_that_does_not_start_can_be_tried_again,
		queues_of_which_there_are_none,
		a_range_of_addresses_that_is_too_small,
		limits_come_from_the_kernel_and_from_the_configuration,
		any_call_can_fail,
	};

	return SUITE_WITH("vhost-vdpa, handshake", tests, vdpa_set_up, vdpa_tear_down);
}

static Suite *queue_suite(void)
{
	const TTest *const tests[] = {
		a_queue_has_its_rings_in_the_devices_memory,
		a_packed_ring_begins_with_its_wrap_counters,
		nobody_is_called_for_a_poll_queue,
		a_queue_that_is_smaller_than_the_others,
		each_call_for_a_queue_can_fail,
		a_queue_is_stopped_alone_where_the_device_can_be_suspended,
	};

	return SUITE_WITH("vhost-vdpa, queues", tests, vdpa_set_up, vdpa_tear_down);
}

static Suite *memory_suite(void)
{
	const TTest *const tests[] = {
		memory_is_mapped_in_the_devices_range_and_in_batches,
		address_0_is_never_used,
		memory_that_is_not_mapped_leaves_nothing_behind,
		more_memory_than_the_device_has_addresses_for,
		memory_without_a_file_is_refused,
		memory_that_persists_is_not_mapped_again,
	};

	return SUITE_WITH("vhost-vdpa, memory", tests, vdpa_set_up, vdpa_tear_down);
}

Suite *(*const test_suites[])(void) = {
	open_suite, handshake_suite, queue_suite, memory_suite, NULL,
};
