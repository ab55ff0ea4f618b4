// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What --verify of blkio-bench rests on: the CRC, the blocks, the order of blocks.
 */
#include "examples/bench/block.h"

#include <stdio.h>
#include <string.h>

#include "examples/bench/crc32c.h"
#include "examples/bench/offsets.h"
#include "examples/bench/shuffle.h"
#include "tests/support/test.h"

enum {
	BYTES = 4096
};

static const struct block_tag tag = {
	.offset = 81920, .sequence = 17, .seed = 0xfeed, .run = 0xabcd
};
static unsigned char block[BYTES];
static char text[200];

static void stamped_block(void)
{
	uint64_t seed = 1;

	for (int i = 0; i < BYTES; i++)
		block[i] = (unsigned char)prng_next(&seed);
	block_stamp(block, BYTES, &tag);
	text[0] = '\0';
}

static bool check(const struct block_tag *expected)
{
	return block_check(block, BYTES, expected, text, sizeof(text));
}

#define ck_assert_wrong(expected, part)                                           \
	do {                                                                      \
		ck_assert(!check(expected));                                      \
		ck_assert_msg(strstr(text, part), "%s is not in %s", part, text); \
	} while (0)

START_TEST(crc_is_that_of_the_known_vectors)
{
	static const unsigned char zeroes[32];

	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c_table(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, zeroes, 32), 0x8a9136aa); /* RFC 3720, B.4 */
	ck_assert_uint_eq(crc32c(0, "", 0), 0);
}
END_TEST

START_TEST(crc_with_and_without_the_instruction_is_the_same)
{
	for (size_t from = 0; from < 9; from++)
		for (size_t bytes = 0; bytes < 40; bytes++)
			ck_assert_uint_eq(crc32c(0, block + from, bytes),
					  crc32c_table(0, block + from, bytes));
}
END_TEST

START_TEST(crc_of_parts_is_that_of_the_whole)
{
	for (size_t cut = 0; cut <= 100; cut++)
		ck_assert_uint_eq(crc32c(crc32c(0, block, cut), block + cut, 100 - cut),
				  crc32c(0, block, 100));
}
END_TEST

START_TEST(block_is_right_as_it_was_stamped)
{
	struct block_tag any = { .offset = tag.offset };

	ck_assert(check(&tag));
	ck_assert(check(&any));
}
END_TEST

START_TEST(every_changed_bit_is_found)
{
	for (int bit = 0; bit < BYTES * 8; bit += 7) {
		block[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert(!check(&tag));
		block[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ck_assert(check(&tag));
}
END_TEST

START_TEST(fault_tells_both_checksums)
{
	char expected[16];
	uint32_t crc;

	memcpy(&crc, block + 44, sizeof(crc));
	snprintf(expected, sizeof(expected), "0x%08x", crc);
	block[BYTES - 1] ^= 1;
	ck_assert_wrong(&tag, "the CRC of the data is 0x");
	ck_assert_wrong(&tag, expected);
	ck_assert_wrong(&tag, "sequence 17");
}
END_TEST

START_TEST(block_of_another_write_is_found)
{
	struct block_tag other = tag;

	other.sequence = 18;
	ck_assert_wrong(&other, "found sequence 17, expected 18");
	other.seed++;
	ck_assert_wrong(&other, "another randseed");
	other.offset += 4096;
	ck_assert_wrong(&other, "found the block of offset 81920");
}
END_TEST

START_TEST(same_write_of_another_run_is_found)
{
	struct block_tag other = tag;

	other.run = 0;
	ck_assert(check(&other));
	other.run = 0x1234;
	ck_assert_wrong(&other, "another run (0x000000000000abcd, sequence 17), expected "
				"0x0000000000001234, sequence 17");
	ck_assert_uint_eq(block_run(block), 0xabcd);
}
END_TEST

START_TEST(block_that_was_never_written_is_found)
{
	memset(block, 0, BYTES);
	ck_assert_wrong(&tag, "only zeroes");
	memset(block, 0xa5, BYTES);
	ck_assert_wrong(&tag, "no header");
}
END_TEST

START_TEST(block_of_another_length_is_found)
{
	ck_assert(!block_check(block, 512, &tag, text, sizeof(text)));
	ck_assert_msg(strstr(text, "found a block of 4096 bytes, expected 512"), "%s", text);
}
END_TEST

/* The same buffer is used again, so the rest of its data is the same. */
START_TEST(sectors_of_two_writes_are_no_block)
{
	struct block_tag later = tag;
	unsigned char old[BYTES];

	memcpy(old, block, BYTES);
	later.sequence += _i == 0;
	later.run += _i == 1;
	block_stamp(block, BYTES, &later);
	for (size_t sector = 1; sector < BYTES / 512; sector++) {
		unsigned char new_sector[512];

		memcpy(new_sector, block + sector * 512, 512);
		memcpy(block + sector * 512, old + sector * 512, 512);
		ck_assert(!check(&later));
		memcpy(block + sector * 512, new_sector, 512);
	}
	ck_assert(check(&later));
}
END_TEST

START_TEST(shuffle_has_each_number_once)
{
	static const uint64_t counts[] = { 1, 2, 3, 4, 5, 16, 17, 1000, 4096, 5000 };
	static unsigned char seen[5000];
	uint64_t count = counts[_i];
	struct shuffle s;

	memset(seen, 0, sizeof(seen));
	shuffle_init(&s, count, 99);
	for (uint64_t n = 0; n < count; n++) {
		uint64_t at = shuffle_at(&s, n);

		ck_assert_uint_lt(at, count);
		ck_assert_uint_eq(seen[at]++, 0);
	}
}
END_TEST

START_TEST(shuffle_is_another_one_for_another_key)
{
	struct shuffle a, b;
	int same = 0;

	shuffle_init(&a, 1000, 1);
	shuffle_init(&b, 1000, 2);
	for (uint64_t n = 0; n < 1000; n++)
		same += shuffle_at(&a, n) == shuffle_at(&b, n);
	ck_assert_int_lt(same, 20); /* 1 is expected */
}
END_TEST

START_TEST(shuffle_looks_random)
{
	struct shuffle s;
	int neighbours = 0;
	uint64_t first_half = 0;

	shuffle_init(&s, 10000, 7);
	for (uint64_t n = 0; n + 1 < 10000; n++)
		neighbours += shuffle_at(&s, n) + 1 == shuffle_at(&s, n + 1);
	for (uint64_t n = 0; n < 5000; n++)
		first_half += shuffle_at(&s, n) < 5000;
	ck_assert_int_lt(neighbours, 20);
	ck_assert_uint_gt(first_half, 2300); /* 2500 are expected */
	ck_assert_uint_lt(first_half, 2700);
}
END_TEST

static Suite *block_suite(void)
{
	Suite *suite = suite_create("block");
	TCase *tc = tcase_create("block");

	tcase_add_checked_fixture(tc, stamped_block, NULL);
	tcase_add_test(tc, crc_is_that_of_the_known_vectors);
	tcase_add_test(tc, crc_with_and_without_the_instruction_is_the_same);
	tcase_add_test(tc, crc_of_parts_is_that_of_the_whole);
	tcase_add_test(tc, block_is_right_as_it_was_stamped);
	tcase_add_test(tc, every_changed_bit_is_found);
	tcase_add_test(tc, fault_tells_both_checksums);
	tcase_add_test(tc, block_of_another_write_is_found);
	tcase_add_test(tc, same_write_of_another_run_is_found);
	tcase_add_test(tc, block_that_was_never_written_is_found);
	tcase_add_test(tc, block_of_another_length_is_found);
	tcase_add_loop_test(tc, sectors_of_two_writes_are_no_block, 0, 2);
	tcase_add_loop_test(tc, shuffle_has_each_number_once, 0, 10);
	tcase_add_test(tc, shuffle_is_another_one_for_another_key);
	tcase_add_test(tc, shuffle_looks_random);
	suite_add_tcase(suite, tc);
	return suite;
}

Suite *(*const test_suites[])(void) = { block_suite, NULL };
