// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The configuration space of a virtio block device: its range checks (HARDENING 13), and the
 * limits that come of it. The transport here is an array of bytes.
 */
#include <endian.h>
#include <limits.h>
#include <stdlib.h>

#include "drivers/virtio/virtio_blk.h"
#include "tests/unit/unit.h"

#define BIT(n) (UINT64_C(1) << (n))
#define ALL                                                                                      \
	(BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_RO) |         \
	 BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_MQ) |           \
	 BIT(VIRTIO_BLK_F_TOPOLOGY) | BIT(VIRTIO_BLK_F_CONFIG_WCE) | BIT(VIRTIO_BLK_F_DISCARD) | \
	 BIT(VIRTIO_BLK_F_WRITE_ZEROES))

static struct virtio_blk_config config;
static int read_ret;
static struct virtio_blk vb;
static struct virtio_blk_info info;
static struct blkio_limits limits;

static int read_config(struct virtio_blk *from, void *buf, size_t len)
{
	ck_assert_ptr_eq(from, &vb);
	ck_assert_uint_le(len, sizeof(config));
	memcpy(buf, &config, len);
	return read_ret;
}

static const struct virtio_transport transport = { .read_config = read_config };

/* A sound one: 1 GiB, blocks of 4 KiB. */
static void set_up(void)
{
	vb.transport = &transport;
	config = (struct virtio_blk_config) {
		.capacity = htole64(2097152),
		.size_max = htole32(65536),
		.seg_max = htole32(126),
		.blk_size = htole32(4096),
		.physical_block_exp = 2,
		.alignment_offset = 1,
		.min_io_size = htole16(1),
		.opt_io_size = htole32(32),
		.writeback = 1,
		.num_queues = htole16(4),
		.max_discard_sectors = htole32(1000),
		.max_discard_seg = htole32(1),
		.discard_sector_alignment = htole32(8),
		.max_write_zeroes_sectors = htole32(4000),
		.max_write_zeroes_seg = htole32(1),
	};
}

static int read_info(uint64_t features)
{
	return virtio_blk_read_info(&vb, features, &info, &limits);
}

static void assert_good(uint64_t features)
{
	ck_assert_int_eq(read_info(features), 0);
}

/* -EPROTO, with a text that names the field and its value. */
static void assert_bad(const char *field, const char *value)
{
	ck_assert_error(read_info(ALL), -EPROTO, field);
	ck_assert_error(read_info(ALL), -EPROTO, value);
}

START_TEST(the_limits_are_those_of_the_device)
{
	assert_good(ALL);
	ck_assert_uint_eq(info.capacity_bytes, 1 << 30);
	ck_assert_uint_eq(info.num_queues, 4);
	ck_assert_int_eq(limits.request_alignment, 4096);
	ck_assert_int_eq(limits.optimal_io_alignment, 16384);
	ck_assert_int_eq(limits.optimal_io_size, 32 * 4096);
	ck_assert_int_eq(limits.max_segments, 126);
	ck_assert_int_eq(limits.max_segment_len, 65536);
	ck_assert_int_eq(limits.max_transfer, 126 * 65536);
	ck_assert_uint_eq(limits.max_discard_len, 1000 * 512);
	ck_assert_uint_eq(limits.max_write_zeroes_len, 4000 * 512);
	ck_assert_int_eq(limits.discard_alignment, 4096);
	ck_assert(limits.flush_needed);
}
END_TEST

START_TEST(without_features_their_fields_mean_nothing)
{
	memset((char *)&config + sizeof(config.capacity), 0xff,
	       sizeof(config) - sizeof(config.capacity));
	assert_good(0);
	ck_assert_uint_eq(info.blk_size, 512);
	ck_assert_uint_eq(info.num_queues, 1);
	ck_assert_uint_eq(info.max_segments, 1);
	ck_assert_uint_eq(info.max_segment_bytes, UINT32_MAX);
	ck_assert_int_eq(limits.request_alignment, 512);
	ck_assert_int_eq(limits.optimal_io_alignment, 512);
	ck_assert_int_eq(limits.optimal_io_size, 0);
	ck_assert_int_eq(limits.max_segment_len, 0);
	ck_assert_int_eq(limits.max_transfer, 0);
	ck_assert_uint_eq(limits.max_discard_len, 0);
	ck_assert_uint_eq(limits.max_write_zeroes_len, 0);
	ck_assert(!limits.flush_needed);
}
END_TEST

START_TEST(a_cache_needs_flushes_unless_it_writes_through)
{
	assert_good(BIT(VIRTIO_BLK_F_FLUSH));
	ck_assert(limits.flush_needed);
	config.writeback = 0;
	assert_good(BIT(VIRTIO_BLK_F_FLUSH));
	ck_assert(limits.flush_needed);
	assert_good(BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_CONFIG_WCE));
	ck_assert(!limits.flush_needed);
}
END_TEST

START_TEST(a_failing_transport_keeps_its_error)
{
	read_ret = -ETIMEDOUT;
	ck_assert_int_eq(read_info(ALL), -ETIMEDOUT);
	read_ret = 0;
}
END_TEST

START_TEST(the_capacity_in_bytes_fits_in_63_bits)
{
	config.capacity = htole64(INT64_MAX / 512);
	assert_good(ALL);
	ck_assert_uint_eq(info.capacity_bytes, INT64_MAX / 512 * UINT64_C(512));
	config.capacity = htole64(INT64_MAX / 512 + 1);
	assert_bad("capacity", "18014398509481984");
	config.capacity = htole64(UINT64_MAX / 512 + 1);
	assert_bad("capacity", "36028797018963968");
	config.capacity = htole64(UINT64_MAX);
	assert_bad("capacity", "18446744073709551615");
	config.capacity = 0;
	assert_good(ALL);
}
END_TEST

START_TEST(a_block_is_a_power_of_two_from_512_to_65536)
{
	for (uint32_t size = 512; size <= 65536; size *= 2) {
		config.blk_size = htole32(size);
		assert_good(ALL);
		ck_assert_int_eq(limits.request_alignment, (int)size);
	}
	config.blk_size = 0;
	assert_bad("blk_size", "is 0");
	config.blk_size = htole32(256);
	assert_bad("blk_size", "256");
	config.blk_size = htole32(4095);
	assert_bad("blk_size", "4095");
	config.blk_size = htole32(1536);
	assert_bad("blk_size", "1536");
	config.blk_size = htole32(131072);
	assert_bad("blk_size", "131072");
	config.blk_size = htole32(UINT32_MAX);
	assert_bad("blk_size", "4294967295");
}
END_TEST

START_TEST(a_physical_block_has_a_size_that_fits)
{
	config.physical_block_exp = 16;
	assert_good(ALL);
	ck_assert_int_eq(limits.optimal_io_alignment, 4096 << 16);
	config.physical_block_exp = 17;
	assert_bad("physical_block_exp", "17");
	config.physical_block_exp = 255;
	assert_bad("physical_block_exp", "255");
}
END_TEST

START_TEST(an_optimal_size_that_does_not_fit_is_none)
{
	config.opt_io_size = htole32(INT_MAX / 4096);
	assert_good(ALL);
	ck_assert_int_eq(limits.optimal_io_size, (INT_MAX / 4096 & ~3) * 4096);
	config.opt_io_size = htole32(UINT32_MAX);
	assert_good(ALL);
	ck_assert_int_eq(limits.optimal_io_size, 0);
	config.alignment_offset = 255;
	assert_good(ALL);
}
END_TEST

/* qemu-storage-daemon offers SIZE_MAX with a 0 that means none: that is not an error. */
START_TEST(segments_have_a_length_and_there_is_at_least_one)
{
	config.size_max = 0;
	assert_good(ALL);
	ck_assert_uint_eq(info.max_segment_bytes, UINT32_MAX);
	ck_assert_int_eq(limits.max_segment_len, 0);
	config.size_max = htole32(UINT32_MAX - 1);
	config.seg_max = htole32(UINT32_MAX);
	assert_good(ALL);
	ck_assert_int_eq(limits.max_segments, INT_MAX);
	ck_assert_int_eq(limits.max_transfer, INT_MAX - INT_MAX % 4096);
	ck_assert_uint_le(info.max_segments, 32766); /* what a ring can hold */
	config.seg_max = 0;
	assert_bad("seg_max", "0");
	/* A block of 4096 bytes in the 254 segments that we use at most. */
	config.seg_max = htole32(10000);
	config.size_max = htole32(16);
	assert_bad("size_max", "16");
	config.size_max = htole32(17);
	assert_good(ALL);
}
END_TEST

START_TEST(there_is_at_least_one_queue)
{
	config.num_queues = htole16(UINT16_MAX);
	assert_good(ALL);
	ck_assert_uint_eq(info.num_queues, UINT16_MAX);
	config.num_queues = 0;
	assert_bad("num_queues", "0");
}
END_TEST

START_TEST(a_discard_takes_at_least_a_block)
{
	config.max_discard_sectors = htole32(UINT32_MAX);
	assert_good(ALL);
	ck_assert_uint_eq(limits.max_discard_len, UINT32_MAX * UINT64_C(512) / 4096 * 4096);
	config.max_discard_sectors = htole32(8);
	assert_good(ALL);
	ck_assert_uint_eq(limits.max_discard_len, 4096);
	config.max_discard_sectors = htole32(7);
	assert_bad("max_discard_sectors", "7");
	config.max_discard_sectors = 0;
	assert_bad("max_discard_sectors", "0");
}
END_TEST

START_TEST(a_write_of_zeroes_takes_at_least_a_block)
{
	config.max_write_zeroes_sectors = htole32(UINT32_MAX);
	assert_good(ALL);
	ck_assert_uint_eq(limits.max_write_zeroes_len, UINT32_MAX * UINT64_C(512) / 4096 * 4096);
	config.max_write_zeroes_sectors = htole32(7);
	assert_bad("max_write_zeroes_sectors", "7");
	config.max_write_zeroes_sectors = 0;
	assert_bad("max_write_zeroes_sectors", "0");
}
END_TEST

START_TEST(whatever_the_bytes_are_the_limits_make_sense)
{
	srand(1);
	for (int i = 0; i < 200000; i++) {
		for (size_t k = 0; k < sizeof(config); k++)
			((uint8_t *)&config)[k] = (uint8_t)(rand() % 3 ? 0 : rand());
		if (rand() % 4)
			config.blk_size = htole32(512u << rand() % 8);
		if (read_info((uint64_t)rand()) < 0)
			continue;
		if (limits.optimal_io_size < 0 || limits.optimal_io_alignment <= 0 ||
		    limits.max_transfer < 0 || limits.max_segments <= 0 ||
		    limits.max_segment_len < 0 || limits.discard_alignment <= 0 ||
		    limits.request_alignment < 512 || info.capacity_bytes > INT64_MAX)
			ck_abort_msg("step %d has limits that make no sense", i);
	}
}
END_TEST

static Suite *config_suite(void)
{
	const TTest *const tests[] = {
		the_limits_are_those_of_the_device,
		without_features_their_fields_mean_nothing,
		a_cache_needs_flushes_unless_it_writes_through,
		a_failing_transport_keeps_its_error,
		the_capacity_in_bytes_fits_in_63_bits,
		a_block_is_a_power_of_two_from_512_to_65536,
		a_physical_block_has_a_size_that_fits,
		an_optimal_size_that_does_not_fit_is_none,
		segments_have_a_length_and_there_is_at_least_one,
		there_is_at_least_one_queue,
		a_discard_takes_at_least_a_block,
		a_write_of_zeroes_takes_at_least_a_block,
		whatever_the_bytes_are_the_limits_make_sense,
	};

	return SUITE_WITH("virtio configuration", tests, set_up, NULL);
}

Suite *(*const test_suites[])(void) = { config_suite, NULL };
