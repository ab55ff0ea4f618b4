// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a device says of its zones is checked: lib/zone.h.
 */
#include <stdint.h>

#include "lib/util/compiler.h"
#include "lib/zone.h"
#include "tests/support/test.h"

#define KIB UINT64_C(1024)

/* The zone [64K, 128K) of a device of 160K. */
static struct blkio_zone zone;

static void set_up(void)
{
	zone = (struct blkio_zone) {
		.start = 64 * KIB,
		.capacity = 60 * KIB,
		.write_pointer = 70 * KIB,
		.zone_type = BLKIO_ZONE_TYPE_SEQWRITE_REQ,
		.zone_state = BLKIO_ZONE_STATE_IMP_OPEN,
	};
}

static bool check(void)
{
	return zone_check(&zone, 64 * KIB, 64 * KIB, 160 * KIB);
}

START_TEST(a_sound_zone_gets_its_length)
{
	ck_assert(check());
	ck_assert_uint_eq(zone.len, 64 * KIB);
	ck_assert_uint_eq(zone.write_pointer, 70 * KIB);
	zone.capacity = 64 * KIB;
	zone.write_pointer = 128 * KIB;
	ck_assert(check());
}
END_TEST

START_TEST(the_last_zone_ends_with_the_device)
{
	zone.start = zone.write_pointer = 128 * KIB;
	zone.capacity = 32 * KIB;
	ck_assert(zone_check(&zone, 128 * KIB, 64 * KIB, 160 * KIB));
	ck_assert_uint_eq(zone.len, 32 * KIB);
	zone.write_pointer = 161 * KIB;
	ck_assert(!zone_check(&zone, 128 * KIB, 64 * KIB, 160 * KIB));
	zone.write_pointer = 128 * KIB;
	zone.capacity = 33 * KIB;
	ck_assert(!zone_check(&zone, 128 * KIB, 64 * KIB, 160 * KIB));
	zone.start = 192 * KIB;
	ck_assert(!zone_check(&zone, 192 * KIB, 64 * KIB, 160 * KIB));
}
END_TEST

START_TEST(nothing_lies_outside_of_the_zone)
{
	static const uint64_t pointers[] = { 0, 64 * KIB - 1, 128 * KIB + 1, UINT64_MAX };

	for (size_t i = 0; i < array_len(pointers); i++) {
		zone.write_pointer = pointers[i];
		ck_assert(!check());
	}
	set_up();
	zone.start++;
	ck_assert(!check());
	set_up();
	zone.capacity = 64 * KIB + 1;
	ck_assert(!check());
}
END_TEST

START_TEST(only_states_and_types_that_there_are)
{
	for (unsigned int i = 0; i < 256; i++) {
		set_up();
		zone.zone_state = (uint8_t)i;
		ck_assert(check() == (i <= 4 || (i >= 13 && i <= 15)));
		set_up();
		zone.zone_type = (uint8_t)i;
		ck_assert(check() == (i >= 1 && i <= 3));
	}
}
END_TEST

START_TEST(without_a_write_pointer_it_is_the_end)
{
	static const uint8_t states[] = { 0, BLKIO_ZONE_STATE_READONLY, BLKIO_ZONE_STATE_FULL,
					  BLKIO_ZONE_STATE_OFFLINE };

	for (size_t i = 0; i < array_len(states); i++) {
		zone.zone_state = states[i];
		zone.write_pointer = UINT64_MAX;
		ck_assert(check());
		ck_assert_uint_eq(zone.write_pointer, 128 * KIB);
	}
}
END_TEST

static bool appended(uint64_t at, uint64_t len)
{
	return zone_can_have_appended(64 * KIB, 64 * KIB, at, len);
}

START_TEST(an_append_stays_in_its_zone)
{
	ck_assert(appended(64 * KIB, KIB));
	ck_assert(appended(127 * KIB, KIB));
	ck_assert(appended(64 * KIB, 64 * KIB));
	ck_assert(!appended(63 * KIB, KIB));
	ck_assert(!appended(127 * KIB + 1, KIB));
	ck_assert(!appended(0, KIB));
	ck_assert(!appended(UINT64_MAX, KIB));
	/* Longer than the zone: nowhere. */
	ck_assert(!appended(64 * KIB, 64 * KIB + 1));
	ck_assert(!appended(UINT64_MAX / 2, 65 * KIB));
}
END_TEST

static Suite *zone_suite(void)
{
	const TTest *const tests[] = {
		a_sound_zone_gets_its_length,          the_last_zone_ends_with_the_device,
		nothing_lies_outside_of_the_zone,      only_states_and_types_that_there_are,
		without_a_write_pointer_it_is_the_end, an_append_stays_in_its_zone,
	};
	Suite *s = suite_create("zones");
	TCase *tc = tcase_create("zones");

	tcase_add_checked_fixture(tc, set_up, NULL);
	for (size_t i = 0; i < array_len(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return s;
}

Suite *(*const test_suites[])(void) = { zone_suite, NULL };
