// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The server's rings with a driver that breaks the rules: each time the ring is given up with a
 * message, nothing outside of the shared memory is touched, and the work is bounded.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "examples/vhost-user-blk-server/fault.h"
#include "tests/server/ring_driver.h"
#include "tests/server/server_test.h"

static const struct rd_kind split = { "split", false, true, true };
static const struct rd_kind split_direct = { "split", false, false, true };
static const struct rd_kind packed = { "packed", true, true, true };
static const struct rd_kind packed_direct = { "packed", true, false, true };

static const struct rd_buf in512 = { RD_DATA, 512, true };

/* Let the device look; it must give the ring up, and say this. */
static void expect_broken(struct ring_driver *rd, const char *text)
{
	char line[512] = "";
	FILE *messages = tmpfile();
	int saved = dup(STDERR_FILENO);

	ck_assert_ptr_nonnull(messages);
	dup2(fileno(messages), STDERR_FILENO);
	rd_run(rd);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(messages);
	if (!fgets(line, sizeof(line), messages))
		line[0] = '\0';
	fclose(messages);
	ck_assert(rd->vq.broken);
	ck_assert_msg(strstr(line, text), "'%s' is not in the message: %s", text, line);
	rd_destroy(rd);
}

START_TEST(split_available_index_jumps)
{
	struct ring_driver *rd = rd_create(&split);

	rd_avail(rd)->idx = htole16(RD_NUM + 1);
	expect_broken(rd, "available index 9");
}
END_TEST

START_TEST(split_head_out_of_range)
{
	struct ring_driver *rd = rd_create(&split_direct);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_avail(rd)->ring[0] = htole16(RD_NUM);
	expect_broken(rd, "descriptor 8 is available, but there are 8");
}
END_TEST

START_TEST(split_next_out_of_range)
{
	struct ring_driver *rd = rd_create(&split_direct);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_desc(rd)[1].next = htole16(0xffff);
	expect_broken(rd, "link to descriptor 65535 of 8");
}
END_TEST

START_TEST(split_loop)
{
	struct ring_driver *rd = rd_create(&split_direct);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_desc(rd)[2].flags |= htole16(DESC_F_NEXT);
	rd_desc(rd)[2].next = htole16(1);
	expect_broken(rd, "loop");
}
END_TEST

START_TEST(split_indirect_loop)
{
	struct ring_driver *rd = rd_create(&split);
	struct split_desc *table = rd_indirect(rd, 0);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	table[2].flags |= htole16(DESC_F_NEXT);
	table[2].next = htole16(2);
	expect_broken(rd, "loop");
}
END_TEST

START_TEST(split_indirect_next_out_of_table)
{
	struct ring_driver *rd = rd_create(&split);
	struct split_desc *table = rd_indirect(rd, 0);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	table[0].next = htole16(3);
	expect_broken(rd, "link to descriptor 3 of an indirect table of 3");
}
END_TEST

START_TEST(split_indirect_in_indirect)
{
	struct ring_driver *rd = rd_create(&split);
	struct split_desc *table = rd_indirect(rd, 0);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	table[1].flags |= htole16(DESC_F_INDIRECT);
	expect_broken(rd, "within another");
}
END_TEST

START_TEST(split_indirect_with_next)
{
	struct ring_driver *rd = rd_create(&split);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_desc(rd)[0].flags |= htole16(DESC_F_NEXT);
	expect_broken(rd, "has a next one");
}
END_TEST

START_TEST(split_indirect_not_negotiated)
{
	struct ring_driver *rd = rd_create(&split_direct);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_desc(rd)[0].flags = htole16(DESC_F_INDIRECT);
	expect_broken(rd, "not negotiated");
}
END_TEST

START_TEST(packed_indirect_not_negotiated)
{
	struct ring_driver *rd = rd_create(&packed_direct);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_packed(rd)[0].flags ^= htole16(DESC_F_INDIRECT | DESC_F_NEXT);
	expect_broken(rd, "not negotiated");
}
END_TEST

START_TEST(packed_indirect_in_a_list)
{
	struct ring_driver *rd = rd_create(&packed);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_packed(rd)[0].flags |= htole16(DESC_F_NEXT);
	expect_broken(rd, "part of a list");
}
END_TEST

/* Every descriptor says that one more follows: round and round. */
START_TEST(packed_list_without_end)
{
	struct ring_driver *rd = rd_create(&packed_direct);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	for (int i = 0; i < RD_NUM; i++) {
		rd_packed(rd)[i] = rd_packed(rd)[0];
		rd_packed(rd)[i].flags |= htole16(DESC_F_NEXT);
	}
	expect_broken(rd, "more descriptors are available than the ring has");
}
END_TEST

static struct ring_driver *with_table(bool is_packed, uint64_t addr, uint32_t len)
{
	struct ring_driver *rd = rd_create(is_packed ? &packed : &split);

	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_desc(rd)[0].addr = htole64(addr); /* at the same place in both formats */
	rd_desc(rd)[0].len = htole32(len);
	return rd;
}

START_TEST(indirect_table_of_wrong_length)
{
	static const uint32_t lens[] = { 0, 15, 47, 0xfffffff0, (CHAIN_MAX_IOV + 1) * 16 };

	for (unsigned int i = 0; i < sizeof(lens) / sizeof(*lens); i++)
		expect_broken(with_table(_i, RD_GUEST + 0x30000, lens[i]), "an indirect table of");
}
END_TEST

START_TEST(indirect_table_outside_of_memory)
{
	static const uint64_t addrs[] = { 0, RD_GUEST - 16, RD_GUEST + RD_BYTES - 32,
					  RD_GUEST + 0x30008, UINT64_MAX - 15 };

	for (unsigned int i = 0; i < sizeof(addrs) / sizeof(*addrs); i++)
		expect_broken(with_table(_i, addrs[i], 48), "not aligned or not in one");
}
END_TEST

START_TEST(buffer_outside_of_memory)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ 0, 512 },
		{ RD_GUEST - 1, 512 },
		{ RD_GUEST + RD_BYTES, 512 },
		{ RD_GUEST + RD_BYTES - 511, 512 },
		{ RD_GUEST, 0xffffffff },
		{ UINT64_MAX, 512 },
		{ UINT64_MAX - 511, 512 },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ring_driver *rd = rd_create(_i ? &packed_direct : &split_direct);

		rd_request(rd, BLK_T_IN, 0, &in512, 1);
		rd_desc(rd)[1].addr = htole64(bad[i].addr);
		rd_desc(rd)[1].len = htole32(bad[i].len);
		expect_broken(rd, "outside of the shared memory");
	}
}
END_TEST

START_TEST(readable_buffer_behind_a_writable_one)
{
	const struct rd_buf buf[] = { { RD_DATA, 16, false },
				      { RD_DATA + 16, 1, true },
				      { RD_DATA + 32, 512, false } };
	struct ring_driver *rd = rd_create(_i ? &packed : &split);

	rd_push(rd, buf, 3);
	expect_broken(rd, "follows one to write to");
}
END_TEST

START_TEST(request_without_header_or_status)
{
	const struct rd_buf short_header[] = { { RD_DATA, 15, false }, { RD_DATA + 16, 1, true } };
	const struct rd_buf no_status[] = { { RD_DATA, 600, false } };
	const struct rd_buf empty_status[] = { { RD_DATA, 16, false }, { RD_DATA + 16, 0, true } };
	struct ring_driver *rd = rd_create(_i ? &packed : &split);

	rd_push(rd, short_header, 2);
	expect_broken(rd, "without a whole header");
	rd = rd_create(_i ? &packed : &split);
	rd_push(rd, no_status, 1);
	expect_broken(rd, "without a place for its status");
	rd = rd_create(_i ? &packed : &split);
	rd_push(rd, empty_status, 2);
	expect_broken(rd, "without a place for its status");
}
END_TEST

/* A buffer that lies in two regions is fine as long as their guest addresses join. */
START_TEST(buffer_across_two_regions)
{
	struct ring_driver *rd = rd_create(_i ? &packed_direct : &split_direct);
	struct mem_desc second = { .guest = RD_GUEST + RD_BYTES,
				   .size = 4096,
				   .user = RD_USER + 2 * RD_BYTES };
	int fd = memfd_create("second", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_int_eq(mem_add(&rd->mem, &second, fd), 0);
	memset(rd->disk.data, 3, 1024);
	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	rd_desc(rd)[1].addr = htole64(RD_GUEST + RD_BYTES - 512);
	rd_desc(rd)[1].len = htole32(1024);
	rd_run(rd);
	ck_assert(!rd->vq.broken);
	ck_assert_uint_eq(rd->shared[RD_BYTES - 1], 3);
	ck_assert_uint_eq(rd->mem.region[1].host[511], 3);
	ck_assert_uint_eq(rd->mem.region[1].host[512], 0);
	close(fd);
	rd_destroy(rd);
}
END_TEST

static void serve_once(void *arg)
{
	struct ring_driver *rd = arg;

	vring_serve(&rd->vq, rd->chain);
}

START_TEST(memory_that_is_taken_away)
{
	struct ring_driver *rd = rd_create(_i ? &packed : &split);
	int fd = memfd_create("short", MFD_CLOEXEC);
	struct mem_desc desc = { .guest = 0x1000, .size = 65536, .user = 0x1000 };

	ck_assert_int_eq(ftruncate(fd, 65536), 0);
	ck_assert_int_eq(mem_add(&rd->mem, &desc, fd), 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	rd_request(rd, BLK_T_IN, 0, &in512, 1);
	if (_i)
		((struct packed_desc *)rd_indirect(rd, 0))[1].addr = htole64(0x1000);
	else
		((struct split_desc *)rd_indirect(rd, 0))[1].addr = htole64(0x1000);
	fault_init();
	ck_assert(!fault_try(serve_once, rd));
	close(fd);
	rd_destroy(rd);
}
END_TEST

/* A ring full of noise, again and again: whatever comes of it, it comes to an end. */
START_TEST(noise)
{
	uint32_t seed = 1;

	for (int round = 0; round < 3000; round++) {
		struct ring_driver *rd = rd_create(_i ? &packed : &split);
		FILE *null = freopen("/dev/null", "w", stderr);

		ck_assert_ptr_nonnull(null);
		for (int i = 0; i < 4; i++)
			rd_request(rd, BLK_T_IN, 0, &in512, 1);
		for (int i = 0; i < 12; i++) {
			seed = seed * 1664525 + 1013904223;
			rd->shared[(i % 3 ? 0x30000 : 0) + (seed >> 16) % 256] =
				(uint8_t)(seed >> 8);
		}
		for (int i = 0; i < 100 && !rd->vq.broken; i++)
			vring_serve(&rd->vq, rd->chain);
		rd_destroy(rd);
	}
}
END_TEST

static Suite *suite_of_one_format(void)
{
	const TTest *const once[] = {
		split_available_index_jumps,   split_head_out_of_range,
		split_next_out_of_range,       split_loop,
		split_indirect_loop,           split_indirect_next_out_of_table,
		split_indirect_in_indirect,    split_indirect_with_next,
		split_indirect_not_negotiated, packed_indirect_not_negotiated,
		packed_indirect_in_a_list,     packed_list_without_end,
	};

	return SUITE_LOOPS("hostile rings", once, 1);
}

static Suite *suite_of_both(void)
{
	const TTest *const in_both_formats[] = {
		indirect_table_of_wrong_length,   indirect_table_outside_of_memory,
		buffer_outside_of_memory,         readable_buffer_behind_a_writable_one,
		request_without_header_or_status, buffer_across_two_regions,
		memory_that_is_taken_away,        noise,
	};

	return SUITE_LOOPS("hostile rings in both formats", in_both_formats, 2);
}

Suite *(*const test_suites[])(void) = { suite_of_one_format, suite_of_both, NULL };
