// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The nvme-io_uring driver: requests as commands. Whatever the device answers, the commands of all
 * steps together do exactly what was asked for.
 */
#include <stdlib.h>

#include "tests/unit/nvme_fixture.h"

#define MAX_BLOCKS 256u /* of a command: 128 KiB */

static void set_up(void)
{
	fake_nvme_reset();
	nvme_start(NULL);
	nvme_put_pattern(nvme.disk, NVME_BYTES, 1);
}

/* ---- transfers ---- */

START_TEST(a_read_and_a_write_are_one_command_each)
{
	const struct nvme_noted *n = nvme.log;

	blkioq_read(nvme.q, 3 * 512, nvme_buf, 8 * 512, NULL, 0);
	nvme_expect_transfer(3, 8);
	ck_assert_uint_eq(nvme.nr, 1);
	ck_assert_uint_eq(n->cmd_op, NVME_URING_CMD_IO);
	ck_assert_uint_eq(n->uring_flags, 0);
	ck_assert_uint_eq(n->cmd.opcode, nvme_cmd_read);
	ck_assert_uint_eq(n->cmd.cdw12, 7);
	ck_assert_uint_eq(n->cmd.data_len, 8 * 512);
	nvme_put_pattern(nvme_buf, 8 * 512, 9);
	blkioq_write(nvme.q, 3 * 512, nvme_buf, 8 * 512, NULL, BLKIO_REQ_FUA);
	nvme_expect_transfer(3, 8);
	ck_assert_uint_eq(nvme.nr, 2);
	ck_assert_uint_eq(n[1].cmd.opcode, nvme_cmd_write);
	ck_assert_uint_eq(n[1].cmd.cdw12, 7 | UINT32_C(1) << 30);
	ck_assert_uint_eq(n[1].cmd.cdw13 | n[1].cmd.cdw14 | n[1].cmd.cdw15, 0);
}
END_TEST

/* Not carried out: the disk in memory ends before. */
static int succeed(const struct nvme_uring_cmd *cmd)
{
	(void)cmd;
	return 0;
}

START_TEST(block_numbers_have_64_bits)
{
	nvme.answer = succeed;
	blkioq_read(nvme.q, (UINT64_C(0x123456789a) << 9), nvme_buf, 512, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme_lba(&nvme.log[0].cmd), 0x123456789a);
	blkioq_write_zeroes(nvme.q, (UINT64_C(0x123456789a) << 9), 512, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme_lba(&nvme.log[1].cmd), 0x123456789a);
}
END_TEST

START_TEST(what_is_longer_than_a_command_is_several)
{
	static const uint32_t lens[] = { 1, 255, 256, 257, 511, 512, 513, 1000, 2000 };

	for (size_t i = 0; i < array_len(lens); i++) {
		unsigned int want = (lens[i] + MAX_BLOCKS - 1) / MAX_BLOCKS;

		nvme.nr = 0;
		blkioq_read(nvme.q, 17 * 512, nvme_buf, (size_t)lens[i] * 512, NULL, 0);
		nvme_expect_transfer(17, lens[i]);
		ck_assert_uint_eq(nvme.nr, want);
		nvme_put_pattern(nvme_buf, (size_t)lens[i] * 512, (unsigned int)i);
		blkioq_write(nvme.q, 17 * 512, nvme_buf, (size_t)lens[i] * 512, NULL,
			     BLKIO_REQ_FUA);
		nvme_expect_transfer(17, lens[i]);
		ck_assert_uint_eq(nvme.nr, 2 * want);
		for (unsigned int j = want; j < 2 * want; j++)
			ck_assert_uint_ne(nvme.log[j].cmd.cdw12 & UINT32_C(1) << 30, 0);
	}
}
END_TEST

/* Buffers one behind the other in nvme_buf, so many blocks together. */
static int random_iovecs(struct iovec *iov, int n, size_t bytes)
{
	size_t at = 0;

	for (int i = 0; i < n; i++) {
		size_t len = i == n - 1 ? bytes - at : (size_t)rand() % (2 * bytes / (size_t)n + 1);

		if (rand() % 8 == 0 && i < n - 1)
			len = 0;
		if (len > bytes - at)
			len = bytes - at;
		iov[i] = (struct iovec) { nvme_buf + at, len };
		at += len;
	}
	return n;
}

START_TEST(random_buffers_are_covered_exactly)
{
	struct iovec iov[40];

	for (unsigned int round = 0; round < 500; round++) {
		uint64_t blocks, lba;
		int n;

		srand(round);
		blocks = 1 + (uint64_t)rand() % (round % 3 ? 1500 : 200);
		lba = (uint64_t)rand() % (NVME_BLOCKS - blocks + 1);
		n = random_iovecs(iov, 1 + rand() % 40, blocks * 512);
		nvme_put_pattern(nvme_buf, NVME_BYTES, round);
		nvme.nr = 0;
		if (round % 2)
			blkioq_writev(nvme.q, lba * 512, iov, n, NULL, 0);
		else
			blkioq_readv(nvme.q, lba * 512, iov, n, NULL, 0);
		nvme_expect_transfer(lba, blocks);
		ck_assert_uint_eq(nvme.nr, (blocks + MAX_BLOCKS - 1) / MAX_BLOCKS);
	}
}
END_TEST

START_TEST(buffers_that_fit_into_a_command_are_the_applications_own)
{
	struct iovec iov[2] = { { nvme_buf, 100 }, { nvme_buf + 100, 412 } };

	blkioq_readv(nvme.q, 0, iov, 2, NULL, 0);
	nvme_expect_transfer(0, 1);
	ck_assert_uint_eq(nvme.log[0].cmd_op, NVME_URING_CMD_IO_VEC);
	ck_assert_uint_eq(nvme.log[0].cmd.addr, (uintptr_t)iov);
	ck_assert_uint_eq(nvme.log[0].cmd.data_len, 2);
}
END_TEST

static void one_entry(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_int(b, "num-entries", 1), 0);
}

START_TEST(more_commands_than_the_ring_has_room_for)
{
	struct blkio_completion c[32];
	int n = 0;

	nvme_finish();
	fake_nvme_reset();
	fake_nvme.ctrl.mdts = 1; /* 16 blocks */
	nvme_start(one_entry);
	nvme_put_pattern(nvme.disk, NVME_BYTES, 5);
	for (int i = 0; i < 32; i++)
		blkioq_read(nvme.q, (uint64_t)i * 50 * 512, nvme_buf + (size_t)i * 50 * 512,
			    50 * 512, NULL, 0);
	while (n < 32) {
		int ret = blkioq_do_io(nvme.q, c + n, 1, 32 - n, NULL);

		ck_assert_int_gt(ret, 0);
		n += ret;
	}
	ck_assert_mem_eq(nvme_buf, nvme.disk, 1600 * 512);
	nvme_expect_touched(0, 1600);
}
END_TEST

START_TEST(lengths_that_are_no_blocks_are_refused)
{
	struct iovec iov[2] = { { nvme_buf, 512 }, { nvme_buf, 1 } };

	blkioq_read(nvme.q, 0, nvme_buf, 0, NULL, 0);
	nvme_expect(-EINVAL, "must not be 0");
	blkioq_read(nvme.q, 0, nvme_buf, 511, NULL, 0);
	nvme_expect(-EINVAL, "multiple of request-alignment");
	blkioq_read(nvme.q, 1, nvme_buf, 512, NULL, 0);
	nvme_expect(-EINVAL, "start");
	blkioq_readv(nvme.q, 0, iov, 2, NULL, 0);
	nvme_expect(-EINVAL, "multiple of request-alignment");
	blkioq_readv(nvme.q, 0, iov, 0, NULL, 0);
	nvme_expect(-EINVAL, "must not be 0");
	blkioq_write_zeroes(nvme.q, 0, 100, NULL, 0);
	nvme_expect(-EINVAL, "multiple of request-alignment");
	blkioq_discard(nvme.q, 0, 0, NULL, 0);
	nvme_expect(-EINVAL, "must not be 0");
	blkioq_read(nvme.q, 0, nvme_buf, 33554432 + 512, NULL, 0);
	nvme_expect(-EINVAL, "max-transfer");
	ck_assert_uint_eq(nvme.nr, 0);
}
END_TEST

START_TEST(buffers_that_cannot_be_are_refused)
{
	struct iovec iov[1025] = { { nvme_buf, 512 } };

	blkioq_readv(nvme.q, 0, iov, 1025, NULL, 0);
	nvme_expect(-EINVAL, "max-segments");
	iov[0].iov_len = iov[1].iov_len = SIZE_MAX & ~(size_t)511;
	blkioq_readv(nvme.q, 0, iov, 2, NULL, 0);
	nvme_expect(-EINVAL, "multiple of");
	iov[1].iov_len = 0;
	blkioq_readv(nvme.q, 0, iov, 1, NULL, 0);
	nvme_expect(-EINVAL, "max-transfer");
	iov[0].iov_len = 1024;
	blkioq_readv(nvme.q, INT64_MAX - 511, iov, 1, NULL, 0);
	nvme_expect(-EINVAL, NULL);
	ck_assert_uint_eq(nvme.nr, 0);
}
END_TEST

START_TEST(mapped_memory_is_registered)
{
	struct blkio_mem_region region;
	unsigned char *mem;

	ck_assert_int_eq(blkio_alloc_mem_region(nvme.b, &region, 65536), 0);
	ck_assert_int_eq(blkio_map_mem_region(nvme.b, &region), 0);
	if (nvme.nvme_q->u.bufs.unusable)
		SKIP("this kernel has no registered buffers for commands");
	mem = region.addr;
	for (int i = 0; i < 2; i++) {
		blkioq_read(nvme.q, 512, mem + 4096, 1024, NULL, 0);
		nvme_expect(0, NULL);
		ck_assert_mem_eq(mem + 4096, nvme.disk + 512, 1024);
		ck_assert_uint_eq(nvme.log[i].uring_flags, IORING_URING_CMD_FIXED);
		ck_assert_uint_eq(nvme.log[i].buf_index, 0);
	}
	/* The kernel copies what does not begin with a dword, but not out of a registered buffer.
	 */
	blkioq_read(nvme.q, 512, mem + 4097, 1024, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.log[2].uring_flags, 0);
	/* Nor is memory that is not mapped, nor what another command left in the SQE. */
	blkioq_read(nvme.q, 512, nvme_buf, 1024, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.log[3].uring_flags, 0);
	blkioq_flush(nvme.q, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.log[4].uring_flags, 0);
	blkio_unmap_mem_region(nvme.b, &region);
	blkio_free_mem_region(nvme.b, &region);
}
END_TEST

static int refuse_registered(const struct nvme_uring_cmd *cmd)
{
	(void)cmd;
	return nvme.log[nvme.nr - 1].uring_flags & IORING_URING_CMD_FIXED ? -EINVAL : NVME_DO_IT;
}

START_TEST(a_kernel_that_refuses_registered_memory_gets_it_plain)
{
	struct blkio_completion c[8];
	struct blkio_mem_region region;
	unsigned char *mem;

	ck_assert_int_eq(blkio_alloc_mem_region(nvme.b, &region, 65536), 0);
	ck_assert_int_eq(blkio_map_mem_region(nvme.b, &region), 0);
	if (nvme.nvme_q->u.bufs.unusable)
		SKIP("this kernel has no registered buffers for commands");
	mem = region.addr;
	nvme.answer = refuse_registered;
	for (size_t i = 0; i < 8; i++)
		blkioq_read(nvme.q, i * 512, mem + i * 512, 512, NULL, 0);
	for (int n = 0; n < 8;) {
		int ret = blkioq_do_io(nvme.q, c, 1, 8, NULL);

		ck_assert_int_gt(ret, 0);
		for (int i = 0; i < ret; i++)
			ck_assert_int_eq(c[i].ret, 0);
		n += ret;
	}
	ck_assert_mem_eq(mem, nvme.disk, 8 * 512);
	ck_assert_uint_eq(nvme.nr, 16);
	/* It has learned that; what is registered later is not used either. */
	blkioq_read(nvme.q, 0, mem, 512, NULL, 0);
	nvme_expect(0, NULL);
	blkio_unmap_mem_region(nvme.b, &region);
	ck_assert_int_eq(blkio_map_mem_region(nvme.b, &region), 0);
	blkioq_read(nvme.q, 0, mem, 512, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.nr, 18);
	blkio_unmap_mem_region(nvme.b, &region);
	blkio_free_mem_region(nvme.b, &region);
}
END_TEST

/* ---- other requests ---- */

START_TEST(a_flush_is_nothing_but_a_flush)
{
	blkioq_write(nvme.q, 512, nvme_buf, 512, NULL, BLKIO_REQ_FUA);
	nvme_expect(0, NULL);
	for (unsigned int i = 0; i < nvme.nvme_q->u.ring.sq_entries; i++) {
		struct nvme_noted *n;

		blkioq_flush(nvme.q, NULL, 0);
		nvme_expect(0, NULL);
		n = &nvme.log[nvme.nr - 1];
		ck_assert_uint_eq(n->cmd.opcode, nvme_cmd_flush);
		ck_assert_uint_eq(n->cmd.addr | n->cmd.data_len | n->cmd.cdw10 | n->cmd.cdw11, 0);
		ck_assert_uint_eq(n->cmd.cdw12 | n->cmd.cdw13, 0);
	}
}
END_TEST

START_TEST(zeroes_are_written_by_the_device)
{
	nvme.answer = succeed;
	blkioq_write_zeroes(nvme.q, 512, 100 * 512, NULL, BLKIO_REQ_FUA);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.log[0].cmd.opcode, nvme_cmd_write_zeroes);
	ck_assert_uint_eq(nvme.log[0].cmd.cdw12, 99 | UINT32_C(1) << 30 | UINT32_C(1) << 25);
	ck_assert_uint_eq(nvme.log[0].cmd.data_len, 0);
	blkioq_write_zeroes(nvme.q, 512, 512, NULL, BLKIO_REQ_NO_UNMAP | BLKIO_REQ_NO_FALLBACK);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.log[1].cmd.cdw12, 0);
	/* 65536 blocks in one command, and one more. */
	blkioq_write_zeroes(nvme.q, 512, 65537 * 512, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.nr, 4);
	ck_assert_uint_eq(nvme_blocks(&nvme.log[2].cmd), 65536);
	ck_assert_uint_eq(nvme_lba(&nvme.log[3].cmd), 65537);
	ck_assert_uint_eq(nvme_blocks(&nvme.log[3].cmd), 1);
}
END_TEST

static int no_write_zeroes(const struct nvme_uring_cmd *cmd)
{
	return cmd->opcode == nvme_cmd_write_zeroes ? NVME_SC_INVALID_OPCODE | NVME_SC_DNR
						    : NVME_DO_IT;
}

static void assert_zeroes(uint64_t lba, uint64_t blocks)
{
	nvme_expect(0, NULL);
	for (uint64_t i = lba * 512; i < (lba + blocks) * 512; i++)
		ck_assert_uint_eq(nvme.disk[i], 0);
	nvme_expect_touched(lba, blocks);
}

START_TEST(zeroes_are_written_as_data_where_the_device_cannot)
{
	blkioq_write_zeroes(nvme.q, 512, 1900 * 512, NULL, 0);
	assert_zeroes(1, 1900);
	nvme_put_pattern(nvme.disk, NVME_BYTES, 1);
	nvme.answer = no_write_zeroes;
	blkioq_write_zeroes(nvme.q, 512, 1900 * 512, NULL, BLKIO_REQ_NO_FALLBACK);
	nvme_expect(-EOPNOTSUPP, "Invalid Command Opcode");
	blkioq_write_zeroes(nvme.q, 512, 1900 * 512, NULL, 0);
	assert_zeroes(1, 1900);
	/* It is not tried again. */
	nvme.nr = 0;
	blkioq_write_zeroes(nvme.q, 512, 512, NULL, BLKIO_REQ_FUA);
	assert_zeroes(1, 1);
	ck_assert_uint_eq(nvme.nr, 1);
	ck_assert_uint_eq(nvme.log[0].cmd.opcode, nvme_cmd_write);
	ck_assert_uint_ne(nvme.log[0].cmd.cdw12 & UINT32_C(1) << 30, 0);
	blkioq_write_zeroes(nvme.q, 512, 512, NULL, BLKIO_REQ_NO_FALLBACK);
	nvme_expect(-ENOTSUP, "cannot write zeroes by itself");
}
END_TEST

START_TEST(requests_that_find_out_at_the_same_time_are_all_written_as_data)
{
	struct blkio_completion c[4];

	nvme.answer = no_write_zeroes;
	for (uint64_t i = 0; i < 4; i++)
		blkioq_write_zeroes(nvme.q, i * 100 * 512, 100 * 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(nvme.q, c, 4, 4, NULL), 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(c[i].ret, 0);
	for (int i = 0; i < 400 * 512; i++)
		ck_assert_uint_eq(nvme.disk[i], 0);
	nvme_expect_touched(0, 400);
}
END_TEST

START_TEST(a_discard_is_split_and_followed_by_a_flush_with_fua)
{
	nvme_finish();
	fake_nvme_reset();
	fake_nvme.ret[FAKE_NVME_NVM_CTRL] = 0;
	fake_nvme.nvm_ctrl.dmrsl = 600;
	nvme_start(NULL);
	nvme_put_pattern(nvme.disk, NVME_BYTES, 1);
	blkioq_discard(nvme.q, 1024, 1300 * 512, NULL, 0);
	assert_zeroes(2, 1300);
	ck_assert_uint_eq(nvme.nr, 3);
	blkioq_discard(nvme.q, 1024, 1300 * 512, NULL, BLKIO_REQ_FUA);
	assert_zeroes(2, 1300);
	ck_assert_uint_eq(nvme.nr, 7);
	ck_assert_uint_eq(nvme.log[6].cmd.opcode, nvme_cmd_flush);
}
END_TEST

START_TEST(what_the_controller_cannot_do_is_refused)
{
	nvme_finish();
	fake_nvme_reset();
	fake_nvme.ctrl.oncs = 0;
	nvme_start(NULL);
	blkioq_discard(nvme.q, 0, 512, NULL, 0);
	nvme_expect(-ENOTSUP, "deallocate");
	blkioq_write_zeroes(nvme.q, 0, 512, NULL, BLKIO_REQ_NO_FALLBACK);
	nvme_expect(-ENOTSUP, "by itself");
	blkioq_secure_erase(nvme.q, 0, 512, NULL, 0);
	nvme_expect(-ENOTSUP, "not supported");
	blkioq_reset_zone(nvme.q, 0, NULL, 0);
	nvme_expect(-ENOTSUP, "not supported");
	ck_assert_uint_eq(nvme.nr, 0);
}
END_TEST

START_TEST(protection_information_is_made_and_checked_by_the_controller)
{
	const uint32_t bits = UINT32_C(1) << 29 | UINT32_C(1) << 28;

	nvme_finish();
	fake_nvme_reset();
	fake_nvme.ns.lbaf[0].ms = 8;
	fake_nvme.ns.dps = NVME_NS_DPS_PI_TYPE1;
	nvme_start(NULL);
	blkioq_write(nvme.q, 5 * 512, nvme_buf, 512, NULL, 0);
	nvme_expect(0, NULL);
	blkioq_read(nvme.q, 6 * 512, nvme_buf, 512, NULL, 0);
	nvme_expect(0, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_uint_eq(nvme.log[i].cmd.cdw12, bits | UINT32_C(1) << 26);
		ck_assert_uint_eq(nvme.log[i].cmd.cdw14, 5 + i);
	}
	nvme_finish();
	fake_nvme.ns.dps = NVME_NS_DPS_PI_TYPE3;
	nvme_start(NULL);
	blkioq_write(nvme.q, 5 * 512, nvme_buf, 512, NULL, 0);
	nvme_expect(0, NULL);
	ck_assert_uint_eq(nvme.log[0].cmd.cdw12, bits);
	ck_assert_uint_eq(nvme.log[0].cmd.cdw14, 0);
}
END_TEST

static Suite *transfer_suite(void)
{
	const TTest *const tests[] = {
		a_read_and_a_write_are_one_command_each,
		block_numbers_have_64_bits,
		what_is_longer_than_a_command_is_several,
		random_buffers_are_covered_exactly,
		buffers_that_fit_into_a_command_are_the_applications_own,
		more_commands_than_the_ring_has_room_for,
		lengths_that_are_no_blocks_are_refused,
		buffers_that_cannot_be_are_refused,
		mapped_memory_is_registered,
		a_kernel_that_refuses_registered_memory_gets_it_plain,
	};

	return SUITE_WITH("transfers", tests, set_up, nvme_finish);
}

static Suite *other_suite(void)
{
	const TTest *const tests[] = {
		a_flush_is_nothing_but_a_flush,
		zeroes_are_written_by_the_device,
		zeroes_are_written_as_data_where_the_device_cannot,
		requests_that_find_out_at_the_same_time_are_all_written_as_data,
		a_discard_is_split_and_followed_by_a_flush_with_fua,
		what_the_controller_cannot_do_is_refused,
		protection_information_is_made_and_checked_by_the_controller,
	};

	return SUITE_WITH("other requests", tests, set_up, nvme_finish);
}

Suite *(*const test_suites[])(void) = {
	transfer_suite,
	other_suite,
	NULL,
};
