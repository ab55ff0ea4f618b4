// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a namespace and its controller say of themselves: what of it is believed, and what is an
 * error with a text. Nothing they say can make a limit that the driver would divide by, overflow
 * or leave an array with.
 */
#include <endian.h>
#include <stdlib.h>

#include "tests/fakes/fake_nvme.h"
#include "tests/unit/unit.h"

static struct nvu_info info;

static void set_up(void)
{
	fake_nvme_reset();
}

static int look(void)
{
	fake_nvme.asked = 0;
	return nvu_identify(&fake_nvme_sys, 0, &info);
}

static void assert_ok(void)
{
	int ret = look();

	ck_assert_msg(ret == 0, "%s", blkio_get_error_msg());
}

/* ---- a sound device ---- */

START_TEST(a_plain_namespace)
{
	assert_ok();
	ck_assert_uint_eq(info.nsid, 7);
	ck_assert_uint_eq(info.lba_shift, 9);
	ck_assert_uint_eq(info.nr_blocks, 2097152);
	ck_assert_uint_eq(info.max_command, 131072);
	ck_assert_uint_eq(info.max_write_zeroes, 65536);
	ck_assert_uint_eq(info.max_discard, UINT32_MAX);
	ck_assert_uint_eq(info.atomic_write, 1);
	ck_assert(info.volatile_cache && !info.protected && !info.zoned && !info.can_poll);
	ck_assert_str_eq(info.serial, "S123");
	ck_assert_str_eq(info.model, "A model");
	ck_assert_str_eq(info.firmware, "1.0");
}
END_TEST

START_TEST(a_controller_that_can_do_nothing_else)
{
	fake_nvme.ctrl.oncs = 0;
	fake_nvme.ctrl.vwc = 0;
	assert_ok();
	ck_assert_uint_eq(info.max_write_zeroes, 0);
	ck_assert_uint_eq(info.max_discard, 0);
	ck_assert(!info.volatile_cache);
}
END_TEST

START_TEST(hints_count_from_one_and_only_where_they_are_told)
{
	fake_nvme.ns.npwg = htole16(7);
	fake_nvme.ns.npdg = htole16(15);
	fake_nvme.ns.nows = htole16(63);
	fake_nvme.ns.nawupf = htole16(31);
	fake_nvme.ctrl.awupf = htole16(3);
	assert_ok();
	ck_assert_uint_eq(info.write_granularity, 1);
	ck_assert_uint_eq(info.discard_granularity, 1);
	ck_assert_uint_eq(info.optimal_write, 0);
	ck_assert_uint_eq(info.atomic_write, 4);
	fake_nvme.ns.nsfeat = NVME_NS_FEAT_IO_OPT | NVME_NS_FEAT_NATOMIC;
	assert_ok();
	ck_assert_uint_eq(info.write_granularity, 8);
	ck_assert_uint_eq(info.discard_granularity, 16);
	ck_assert_uint_eq(info.optimal_write, 64);
	fake_nvme.ns.nows = 0;
	assert_ok();
	ck_assert_uint_eq(info.optimal_write, 0);
	ck_assert_uint_eq(info.atomic_write, 32);
}
END_TEST

START_TEST(limits_that_came_with_nvme_2)
{
	fake_nvme.ret[FAKE_NVME_NVM_CTRL] = 0;
	assert_ok();
	ck_assert_uint_eq(info.max_write_zeroes, 65536);
	ck_assert_uint_eq(info.max_discard, UINT32_MAX);
	fake_nvme.nvm_ctrl.wzsl = 3;
	fake_nvme.nvm_ctrl.dmrsl = htole32(1000);
	assert_ok();
	ck_assert_uint_eq(info.max_write_zeroes, 64);
	ck_assert_uint_eq(info.max_discard, 1000);
	fake_nvme.nvm_ctrl.wzsl = 255;
	assert_ok();
	ck_assert_uint_eq(info.max_write_zeroes, 65536);
}
END_TEST

START_TEST(text_ends_where_it_ends_and_can_be_printed)
{
	memset(fake_nvme.ctrl.sn, 'x', sizeof(fake_nvme.ctrl.sn));
	memcpy(fake_nvme.ctrl.mn, "a\0b\n\xff\x7f  ", 8);
	memset(fake_nvme.ctrl.fr, 0, sizeof(fake_nvme.ctrl.fr));
	assert_ok();
	ck_assert_str_eq(info.serial, "xxxxxxxxxxxxxxxxxxxx");
	ck_assert_str_eq(info.model, "a b???");
	ck_assert_str_eq(info.firmware, "");
}
END_TEST

/* ---- the size of a command ---- */

START_TEST(the_length_of_a_command_is_what_all_can_do)
{
	fake_nvme.ctrl.mdts = 0;
	assert_ok();
	ck_assert_uint_eq(info.max_command, 128 << 10); /* a careful guess: sysfs is not there */
	fake_nvme_set_sysfs("max_hw_sectors_kb", "64");
	assert_ok();
	ck_assert_uint_eq(info.max_command, 64 << 10);
	fake_nvme_set_sysfs("max_hw_sectors_kb", "2048");
	fake_nvme.ctrl.mdts = 1;
	assert_ok();
	ck_assert_uint_eq(info.max_command, 8 << 10);
	fake_nvme.ctrl.mdts = 9;
	fake_nvme_set_sysfs("max_segments", "33");
	assert_ok();
	ck_assert_uint_eq(info.max_command, 128 << 10);
	fake_nvme_finish();
}
END_TEST

START_TEST(no_limit_is_a_limit_of_65536_blocks)
{
	fake_nvme_set_sysfs("max_hw_sectors_kb", "2147483647");
	for (unsigned int mdts = 40; mdts < 260; mdts += 5) {
		fake_nvme.ctrl.mdts = (uint8_t)mdts;
		assert_ok();
		ck_assert_uint_eq(info.max_command, 65536 * 512);
	}
	fake_nvme_finish();
}
END_TEST

START_TEST(a_command_has_a_block_at_least)
{
	static const char *const odd[] = { "0", "1", "2", "-1", "", "x", "99999999999999999999" };

	fake_nvme.ns.lbaf[0].ds = 16;
	for (size_t i = 0; i < array_len(odd); i++) {
		fake_nvme_set_sysfs("max_hw_sectors_kb", odd[i]);
		fake_nvme_set_sysfs("max_segments", odd[i]);
		assert_ok();
		ck_assert_uint_ge(info.max_command, 65536);
		ck_assert_uint_eq(info.max_command % 65536, 0);
	}
	fake_nvme_finish();
}
END_TEST

START_TEST(the_kernel_has_queues_for_polling)
{
	fake_nvme_set_sysfs("io_poll", "1");
	assert_ok();
	ck_assert(info.can_poll);
	fake_nvme_set_sysfs("io_poll", "0");
	assert_ok();
	ck_assert(!info.can_poll);
	fake_nvme_finish();
}
END_TEST

/* ---- formats ---- */

START_TEST(blocks_from_512_to_65536_bytes)
{
	for (unsigned int shift = 0; shift < 256; shift++) {
		fake_nvme.ns.lbaf[0].ds = (uint8_t)shift;
		if (shift >= 9 && shift <= 16)
			assert_ok();
		else
			ck_assert_error(look(), -EINVAL, "512 to 65536 bytes");
	}
}
END_TEST

START_TEST(the_format_in_use_is_one_that_there_is)
{
	fake_nvme.ns.lbaf[5].ds = 12;
	fake_nvme.ns.flbas = 5;
	ck_assert_error(look(), -EINVAL, "impossible format: number 5 of 1");
	fake_nvme.ns.nlbaf = 5;
	assert_ok();
	ck_assert_uint_eq(info.lba_shift, 12);
}
END_TEST

START_TEST(more_than_16_formats_have_two_more_bits_of_the_number)
{
	fake_nvme.ns.lbaf[35].ds = 12;
	fake_nvme.ns.flbas = 3 | 2 << 5;
	fake_nvme.ns.nlbaf = 40;
	assert_ok();
	ck_assert_uint_eq(info.lba_shift, 12);
	fake_nvme.ns.nlbaf = 255;
	fake_nvme.ns.nulbaf = 255;
	fake_nvme.ns.flbas = 15 | 3 << 5;
	fake_nvme.ns.lbaf[63].ds = 9;
	assert_ok();
	ck_assert_uint_eq(info.lba_shift, 9);
}
END_TEST

START_TEST(a_size_that_cannot_be_is_refused)
{
	static const uint64_t sizes[] = { 0, UINT64_MAX, UINT64_C(1) << 54, UINT64_MAX >> 9 };

	for (size_t i = 0; i < array_len(sizes); i++) {
		fake_nvme.ns.nsze = htole64(sizes[i]);
		ck_assert_error(look(), -EINVAL, "impossible size");
	}
	fake_nvme.ns.nsze = htole64((UINT64_C(1) << 54) - 1);
	assert_ok();
}
END_TEST

START_TEST(metadata_is_refused_wherever_it_is)
{
	fake_nvme.ns.lbaf[0].ms = htole16(64);
	ck_assert_error(look(), -ENOTSUP,
			"64 bytes of metadata per block, in buffers of their own");
	fake_nvme.ns.flbas = NVME_NS_FLBAS_META_EXT;
	ck_assert_error(look(), -ENOTSUP, "at the end of each block");
	/* Protection information is only a part of it. */
	fake_nvme.ns.dps = NVME_NS_DPS_PI_TYPE1;
	ck_assert_error(look(), -ENOTSUP, "64 bytes of metadata");
	/* Eight bytes that are something else. */
	fake_nvme.ns.lbaf[0].ms = htole16(8);
	fake_nvme.ns.dps = 0;
	ck_assert_error(look(), -ENOTSUP, "8 bytes of metadata");
}
END_TEST

START_TEST(protection_information_alone_is_the_controllers_affair)
{
	fake_nvme.ns.lbaf[0].ms = htole16(8);
	for (unsigned int type = 0; type < 8; type++) {
		fake_nvme.ns.dps = (uint8_t)(type | NVME_NS_DPS_PI_FIRST);
		if (type < 1 || type > 3) {
			ck_assert_error(look(), -ENOTSUP, "metadata");
			continue;
		}
		assert_ok();
		ck_assert(info.protected);
		ck_assert(info.protected_by_lba == (type != 3));
	}
}
END_TEST

START_TEST(other_formats_of_protection_information_are_refused)
{
	fake_nvme.ns.lbaf[0].ms = htole16(8);
	fake_nvme.ns.dps = NVME_NS_DPS_PI_TYPE1;
	fake_nvme.ret[FAKE_NVME_NVM_NS] = 0;
	assert_ok();
	fake_nvme.nvm_ns.elbaf[0] = htole32(16); /* a storage tag */
	ck_assert_error(look(), -ENOTSUP, "metadata");
	fake_nvme.nvm_ns.elbaf[0] = htole32(2 << 7); /* a guard of 64 bits */
	ck_assert_error(look(), -ENOTSUP, "metadata");
	fake_nvme.nvm_ns.elbaf[0] = 0;
	fake_nvme.ret[FAKE_NVME_NVM_NS] = -EIO;
	ck_assert_error(look(), -EIO, "format of the namespace");
}
END_TEST

/* ---- zones ---- */

START_TEST(a_zoned_namespace)
{
	fake_nvme_make_zoned();
	assert_ok();
	ck_assert(info.zoned);
	ck_assert_uint_eq(info.zone_blocks, 131072);
	ck_assert_uint_eq(info.nr_zones, 16);
	ck_assert_uint_eq(info.max_append, 64 << 10);
	ck_assert_uint_eq(info.max_open_zones, 4);
	ck_assert_uint_eq(info.max_active_zones, 6);
	fake_nvme.zns_ns.mor = fake_nvme.zns_ns.mar = htole32(UINT32_MAX);
	fake_nvme.zns_ctrl.zasl = 0;
	assert_ok();
	ck_assert_uint_eq(info.max_append, info.max_command);
	ck_assert_uint_eq(info.max_open_zones, 0);
	ck_assert_uint_eq(info.max_active_zones, 0);
}
END_TEST

START_TEST(the_last_zone_may_be_shorter)
{
	fake_nvme_make_zoned();
	fake_nvme.zns_ns.lbafe[0].zsze = htole64(2097151);
	assert_ok();
	ck_assert_uint_eq(info.nr_zones, 2);
}
END_TEST

START_TEST(a_zone_size_that_cannot_be_is_refused)
{
	static const uint64_t sizes[] = { 0, 2097153, UINT64_MAX };

	fake_nvme_make_zoned();
	for (size_t i = 0; i < array_len(sizes); i++) {
		fake_nvme.zns_ns.lbafe[0].zsze = htole64(sizes[i]);
		ck_assert_error(look(), -EINVAL, "impossible zone size");
	}
}
END_TEST

START_TEST(zones_of_the_format_in_use)
{
	fake_nvme_make_zoned();
	fake_nvme.ns.nlbaf = 1;
	fake_nvme.ns.flbas = 1;
	fake_nvme.ns.lbaf[1].ds = 12;
	fake_nvme.zns_ns.lbafe[1].zsze = htole64(4096);
	assert_ok();
	ck_assert_uint_eq(info.zone_blocks, 4096);
}
END_TEST

/* Where the kernel knows zones, a device that does not tell them has failed. */
START_TEST(a_zoned_namespace_that_does_not_answer_is_not_taken_for_another)
{
	fake_nvme_set_sysfs("zoned", "host-managed");
	ck_assert_error(look(), -EOPNOTSUPP, "zones of the namespace");
	fake_nvme_set_sysfs("zoned", "none");
	assert_ok();
	fake_nvme_make_zoned();
	fake_nvme.ret[FAKE_NVME_ZNS_CTRL] = NVME_SC_INTERNAL;
	ck_assert_error(look(), -EIO, "zone limits of the controller");
	fake_nvme_finish();
}
END_TEST

START_TEST(there_are_no_appends_with_protection_information)
{
	fake_nvme_make_zoned();
	fake_nvme.ns.lbaf[0].ms = htole16(8);
	fake_nvme.ns.dps = NVME_NS_DPS_PI_TYPE1;
	assert_ok();
	ck_assert_uint_eq(info.max_append, 0);
}
END_TEST

/* ---- errors ---- */

START_TEST(what_is_no_namespace_is_refused)
{
	fake_nvme.nsid_ret = -ENOTTY;
	ck_assert_error(look(), -EINVAL, "no NVMe namespace");
	fake_nvme.nsid_ret = -EIO;
	ck_assert_error(look(), -EIO, "number of the namespace");
	ck_assert_uint_eq(fake_nvme.asked, 0);
}
END_TEST

START_TEST(the_kernel_refuses_commands)
{
	fake_nvme.ret[FAKE_NVME_NS] = -EACCES;
	ck_assert_error(look(), -EACCES, "CAP_SYS_ADMIN");
	fake_nvme.ret[FAKE_NVME_NS] = 0;
	fake_nvme.ret[FAKE_NVME_CTRL] = -EPERM;
	ck_assert_error(look(), -EPERM, "CAP_SYS_ADMIN");
}
END_TEST

START_TEST(the_device_refuses_commands)
{
	fake_nvme.ret[FAKE_NVME_NS] = NVME_SC_INVALID_NS | NVME_SC_DNR;
	ck_assert_error(look(), -ENODEV, "cannot identify the namespace: the device says 'Invalid");
	fake_nvme.ret[FAKE_NVME_NS] = 0;
	fake_nvme.ret[FAKE_NVME_CTRL] = NVME_SC_INTERNAL;
	ck_assert_error(look(), -EIO, "cannot identify the controller");
	fake_nvme.ret[FAKE_NVME_CTRL] = 0;
	fake_nvme.ret[FAKE_NVME_NVM_CTRL] = -EIO;
	ck_assert_error(look(), -EIO, "limits of the controller");
}
END_TEST

START_TEST(the_size_is_read_anew)
{
	uint64_t blocks = 0;

	assert_ok();
	fake_nvme.ns.nsze = htole64(5);
	ck_assert_int_eq(nvu_identify_size(&fake_nvme_sys, 0, &info, &blocks), 0);
	ck_assert_uint_eq(blocks, 5);
	fake_nvme.ns.nsze = 0;
	ck_assert_error(nvu_identify_size(&fake_nvme_sys, 0, &info, &blocks), -EINVAL,
			"impossible size");
	fake_nvme.ns.nsze = htole64(5);
	fake_nvme.ns.lbaf[0].ds = 12;
	ck_assert_error(nvu_identify_size(&fake_nvme_sys, 0, &info, &blocks), -EIO,
			"has been formatted");
	fake_nvme.ret[FAKE_NVME_NS] = -ENODEV;
	ck_assert_error(nvu_identify_size(&fake_nvme_sys, 0, &info, &blocks), -ENODEV,
			"cannot identify the namespace");
}
END_TEST

/* ---- anything ---- */

static void assert_sound(void)
{
	uint64_t block = UINT64_C(1) << info.lba_shift;

	ck_assert_uint_ge(info.lba_shift, NVU_MIN_LBA_SHIFT);
	ck_assert_uint_le(info.lba_shift, NVU_MAX_LBA_SHIFT);
	ck_assert_uint_gt(info.nr_blocks, 0);
	ck_assert_uint_le(info.nr_blocks, INT64_MAX / block);
	ck_assert_uint_ge(info.max_command, block);
	ck_assert_uint_le(info.max_command, 65536 * block);
	ck_assert_uint_eq(info.max_command % block, 0);
	ck_assert_uint_le(info.max_write_zeroes, 65536);
	ck_assert_uint_le(info.max_discard, UINT32_MAX);
	ck_assert_uint_ge(info.write_granularity, 1);
	ck_assert_uint_ge(info.discard_granularity, 1);
	ck_assert_uint_ge(info.atomic_write, 1);
	ck_assert_uint_lt(strlen(info.serial), sizeof(info.serial));
	if (!info.zoned)
		return;
	ck_assert_uint_gt(info.zone_blocks, 0);
	ck_assert_uint_le(info.zone_blocks, info.nr_blocks);
	ck_assert_uint_gt(info.nr_zones, 0);
	ck_assert_uint_le(info.max_append, info.max_command);
}

static void put_noise(void *to, size_t n)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(rand() >> 8);
}

START_TEST(whatever_they_say_the_limits_are_sound)
{
	unsigned int good = 0, zoned = 0;

	srand(1);
	for (int round = 0; round < 20000; round++) {
		fake_nvme_reset();
		fake_nvme_make_zoned();
		fake_nvme.ret[FAKE_NVME_NVM_NS] = fake_nvme.ret[FAKE_NVME_NVM_CTRL] = 0;
		/* A few bytes of each that are used, so that some get past the first check. */
		for (int i = 0; i < 4; i++)
			put_noise(fake_nvme.data[FAKE_NVME_NS] + rand() % 384, 1);
		put_noise(fake_nvme.data[FAKE_NVME_CTRL] + rand() % 600, 8);
		put_noise(fake_nvme.data[FAKE_NVME_NVM_CTRL] + rand() % 8, 8);
		put_noise(fake_nvme.data[FAKE_NVME_ZNS_NS] + rand() % 3000, 100);
		put_noise(fake_nvme.data[FAKE_NVME_ZNS_CTRL], 1);
		if (look() < 0) {
			ck_assert_str_ne(blkio_get_error_msg(), "");
			continue;
		}
		good++;
		zoned += info.zoned;
		assert_sound();
	}
	ck_assert_uint_gt(good, 1000);
	ck_assert_uint_gt(zoned, 1000);
}
END_TEST

static Suite *identify_suite(void)
{
	const TTest *const tests[] = {
		a_plain_namespace,
		a_controller_that_can_do_nothing_else,
		hints_count_from_one_and_only_where_they_are_told,
		limits_that_came_with_nvme_2,
		text_ends_where_it_ends_and_can_be_printed,
		the_length_of_a_command_is_what_all_can_do,
		no_limit_is_a_limit_of_65536_blocks,
		a_command_has_a_block_at_least,
		the_kernel_has_queues_for_polling,
		blocks_from_512_to_65536_bytes,
		the_format_in_use_is_one_that_there_is,
		more_than_16_formats_have_two_more_bits_of_the_number,
		a_size_that_cannot_be_is_refused,
		metadata_is_refused_wherever_it_is,
		protection_information_alone_is_the_controllers_affair,
		other_formats_of_protection_information_are_refused,
		a_zoned_namespace,
		the_last_zone_may_be_shorter,
		a_zone_size_that_cannot_be_is_refused,
		zones_of_the_format_in_use,
		a_zoned_namespace_that_does_not_answer_is_not_taken_for_another,
		there_are_no_appends_with_protection_information,
		what_is_no_namespace_is_refused,
		the_kernel_refuses_commands,
		the_device_refuses_commands,
		the_size_is_read_anew,
		whatever_they_say_the_limits_are_sound,
	};

	return SUITE_WITH("what a namespace says", tests, set_up, fake_nvme_finish);
}

Suite *(*const test_suites[])(void) = { identify_suite, NULL };
