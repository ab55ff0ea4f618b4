// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The nvme-io_uring driver: statuses of the device and refusals of the kernel.
 */
#include <stdlib.h>

#include "drivers/nvme/nvme_status.h"
#include "tests/unit/nvme_fixture.h"

static void set_up(void)
{
	fake_nvme_reset();
	nvme_start(NULL);
	nvme_put_pattern(nvme.disk, NVME_BYTES, 1);
}

static int status;
static unsigned int times;

static int answer_status(const struct nvme_uring_cmd *cmd)
{
	(void)cmd;
	return times && times-- ? status : NVME_DO_IT;
}

static void answer_with(int value, unsigned int how_often)
{
	nvme.answer = answer_status;
	status = value;
	times = how_often;
	nvme.nr = 0;
	memset(nvme.touched, 0, sizeof(nvme.touched));
	blkioq_read(nvme.q, 0, nvme_buf, 512, NULL, 0);
}

START_TEST(a_status_is_an_errno_and_has_a_name)
{
	static const struct {
		int status, err;
		const char *name;
	} rows[] = {
		{ NVME_SC_INVALID_OPCODE, -EOPNOTSUPP, "Invalid Command Opcode" },
		{ NVME_SC_INVALID_FIELD, -EOPNOTSUPP, "Invalid Field" },
		{ NVME_SC_LBA_RANGE, -EINVAL, "LBA Out of Range" },
		{ NVME_SC_CAP_EXCEEDED, -ENOSPC, "Capacity Exceeded" },
		{ NVME_SC_NS_WRITE_PROTECTED, -EROFS, "Write Protected" },
		{ NVME_SC_RESERVATION_CONFLICT, -EBUSY, "Reservation Conflict" },
		{ NVME_SC_INTERNAL, -EIO, "Internal Error" },
		{ 0x100 | NVME_SC_ZNS_FULL, -EINVAL, "Zone Is Full" },
		{ 0x100 | NVME_SC_ZNS_TOO_MANY_OPENS, -ETOOMANYREFS, "Too Many Open" },
		{ 0x100 | NVME_SC_ZNS_TOO_MANY_ACTIVE, -EOVERFLOW, "Too Many Active" },
		{ 0x200 | NVME_SC_READ_ERROR, -EIO, "Unrecovered Read Error" },
		{ 0x7ff, -EIO, "" },
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		answer_with(rows[i].status, 1);
		nvme_expect(rows[i].err, rows[i].name);
		answer_with(rows[i].status | NVME_SC_DNR | 0x2000, 1);
		nvme_expect(rows[i].err, rows[i].name);
		ck_assert_uint_eq(nvme.nr, 1);
	}
}
END_TEST

START_TEST(every_status_is_an_errno_and_has_a_text)
{
	for (int value = 1; value <= 0x7fff; value++) {
		ck_assert_int_lt(nvu_status_errno(value), 0);
		ck_assert_ptr_nonnull(nvu_status_text(value));
	}
}
END_TEST

START_TEST(what_may_pass_is_tried_again)
{
	static const int rows[] = { NVME_SC_NS_NOT_READY, NVME_SC_CMD_INTERRUPTED,
				    0x300 | NVME_SC_ANA_TRANSITION };

	for (size_t i = 0; i < array_len(rows); i++) {
		answer_with(rows[i], 3);
		nvme_expect(0, NULL);
		ck_assert_uint_eq(nvme.nr, 4);
		answer_with(rows[i], 1000);
		nvme_expect(-EAGAIN, "");
		ck_assert_uint_eq(nvme.nr, 17);
		answer_with(rows[i] | NVME_SC_DNR, 1000);
		nvme_expect(-EAGAIN, "");
		ck_assert_uint_eq(nvme.nr, 1);
	}
}
END_TEST

START_TEST(what_the_kernel_did_not_pass_on_is_tried_again)
{
	static const int rows[] = { -EAGAIN, -EINTR, -ECANCELED };

	for (size_t i = 0; i < array_len(rows); i++) {
		answer_with(rows[i], 3);
		nvme_expect(0, NULL);
		answer_with(rows[i], 1000);
		nvme_expect(rows[i], NULL);
		ck_assert_uint_eq(nvme.nr, 17);
	}
}
END_TEST

START_TEST(a_refusal_of_the_kernel_says_what_it_takes)
{
	answer_with(-EACCES, 1);
	nvme_expect(-EACCES, "CAP_SYS_ADMIN before Linux 6.2");
	answer_with(-EINVAL, 1000);
	nvme_expect(-EINVAL, NULL);
	ck_assert_uint_eq(nvme.nr, 2);
	answer_with(-ENODEV, 1);
	nvme_expect(-ENODEV, NULL);
}
END_TEST

/* The array of a request's part is free again, and so is the request. */
START_TEST(an_error_in_the_middle_ends_a_request)
{
	struct iovec iov[2] = { { nvme_buf, 300 * 512 }, { nvme_buf + 300 * 512, 700 * 512 } };

	for (unsigned int i = 0; i < 1000; i++) {
		nvme.answer = answer_status;
		status = NVME_SC_INTERNAL;
		times = 1;
		blkioq_readv(nvme.q, 0, iov, 2, NULL, 0);
		nvme_expect(-EIO, "Internal Error");
	}
	memset(nvme.touched, 0, sizeof(nvme.touched));
	blkioq_readv(nvme.q, 0, iov, 2, NULL, 0);
	nvme_expect_transfer(0, 1000);
}
END_TEST

static Suite *error_suite(void)
{
	const TTest *const tests[] = {
		a_status_is_an_errno_and_has_a_name,
		every_status_is_an_errno_and_has_a_text,
		what_may_pass_is_tried_again,
		what_the_kernel_did_not_pass_on_is_tried_again,
		a_refusal_of_the_kernel_says_what_it_takes,
		an_error_in_the_middle_ends_a_request,
	};

	return SUITE_WITH("errors", tests, set_up, nvme_finish);
}

Suite *(*const test_suites[])(void) = { error_suite, NULL };
