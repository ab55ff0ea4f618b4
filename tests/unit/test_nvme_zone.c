// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Zoned namespaces: commands, long reports, and reports and appends whose answers cannot be right.
 */
#include <endian.h>
#include <stdlib.h>

#include "tests/unit/nvme_fixture.h"

#define ZONE_BLOCKS 8u
#define ZONE_BYTES  (ZONE_BLOCKS * NVME_BLOCK)
#define NR_ZONES    (2097152u / ZONE_BLOCKS)
#define PER_REPORT  ((65536u - 64) / 64)

static struct blkio_zone zones[4096];
static unsigned char buf[65536];
static unsigned int at_once; /* zones in a report, at most */
static uint64_t append_to;   /* the block that an append says it wrote */

/* What a test makes wrong in a report. */
static void (*spoil)(struct nvme_zone_report *report);

static struct nvme_zns_desc describe(uint64_t zone)
{
	return (struct nvme_zns_desc) {
		.zt = BLKIO_ZONE_TYPE_SEQWRITE_REQ,
		.zs = (uint8_t)(BLKIO_ZONE_STATE_IMP_OPEN << 4),
		.zcap = htole64(ZONE_BLOCKS - 1),
		.zslba = htole64(zone * ZONE_BLOCKS),
		.wp = htole64(zone * ZONE_BLOCKS + zone % 7),
	};
}

static int give_report(const struct nvme_uring_cmd *cmd)
{
	struct nvme_zone_report *report = (void *)(uintptr_t)cmd->addr;
	uint64_t first = nvme_lba(cmd) / ZONE_BLOCKS, n = (cmd->data_len - 64) / 64;

	ck_assert_uint_eq(nvme_lba(cmd) % ZONE_BLOCKS, 0);
	ck_assert_uint_eq(cmd->cdw12, cmd->data_len / 4 - 1);
	ck_assert_uint_eq(cmd->cdw13, UINT32_C(1) << 16);
	if (n > NR_ZONES - first)
		n = NR_ZONES - first;
	if (at_once && n > at_once)
		n = at_once;
	memset(report, 0, cmd->data_len);
	report->nr_zones = htole64(n);
	for (uint64_t i = 0; i < n; i++)
		report->entries[i] = describe(first + i);
	if (spoil)
		spoil(report);
	return 0;
}

static int answer(const struct nvme_uring_cmd *cmd)
{
	if (cmd->opcode == nvme_zns_cmd_append)
		fake_kernel.result = append_to;
	return cmd->opcode == nvme_zns_cmd_mgmt_recv ? give_report(cmd) : 0;
}

static void set_up(void)
{
	fake_nvme_reset();
	fake_nvme_make_zoned();
	fake_nvme.zns_ns.lbafe[0].zsze = htole64(ZONE_BLOCKS);
	nvme_start(NULL);
	nvme.answer = answer;
	memset(zones, 0xee, sizeof(zones));
}

/* ---- reports ---- */

static int report_zones(uint64_t start, unsigned int n)
{
	nvme.nr = 0;
	blkioq_report_zones(nvme.q, start, zones, n, NULL, 0);
	return nvme_wait().ret;
}

static void assert_zones(uint64_t first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t start = (first + i) * ZONE_BYTES;

		ck_assert_uint_eq(zones[i].start, start);
		ck_assert_uint_eq(zones[i].len, ZONE_BYTES);
		ck_assert_uint_eq(zones[i].capacity, ZONE_BYTES - NVME_BLOCK);
		ck_assert_uint_eq(zones[i].write_pointer, start + (first + i) % 7 * NVME_BLOCK);
		ck_assert_int_eq(zones[i].zone_state, BLKIO_ZONE_STATE_IMP_OPEN);
		ck_assert_int_eq(zones[i].zone_type, BLKIO_ZONE_TYPE_SEQWRITE_REQ);
	}
}

START_TEST(a_long_report_is_several_commands)
{
	ck_assert_int_eq(report_zones(ZONE_BYTES * 10 + 5 * NVME_BLOCK, 3000), 3000);
	ck_assert_uint_eq(nvme.nr, (3000 + PER_REPORT - 1) / PER_REPORT);
	assert_zones(10, 3000);
	ck_assert_uint_eq(zones[3000].start, UINT64_C(0xeeeeeeeeeeeeeeee));
}
END_TEST

START_TEST(a_device_may_report_less_at_once)
{
	at_once = 100;
	ck_assert_int_eq(report_zones(0, 950), 950);
	ck_assert_uint_eq(nvme.nr, 10);
	assert_zones(0, 950);
}
END_TEST

START_TEST(a_report_ends_with_the_device)
{
	ck_assert_int_eq(report_zones((NR_ZONES - UINT64_C(3)) * ZONE_BYTES, 10), 3);
	ck_assert_uint_eq(nvme.nr, 1);
	assert_zones(NR_ZONES - 3, 3);
	ck_assert_int_eq(report_zones(NR_ZONES * (uint64_t)ZONE_BYTES, 10), -EINVAL);
	ck_assert_int_eq(report_zones(0, 0), 0);
	ck_assert_uint_eq(nvme.nr, 0);
}
END_TEST

START_TEST(several_reports_take_turns)
{
	struct blkio_completion c[4];

	for (unsigned int i = 0; i < 4; i++)
		blkioq_report_zones(nvme.q, (uint64_t)i * 1000 * ZONE_BYTES, zones + i * 1000, 1000,
				    NULL, 0);
	ck_assert_int_eq(blkioq_do_io(nvme.q, c, 4, 4, NULL), 4);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_int_eq(c[i].ret, 1000);
	assert_zones(0, 4000);
}
END_TEST

static void no_zones(struct nvme_zone_report *r)
{
	r->nr_zones = 0;
}

/* A device that never gets on: it does not keep us for ever. */
START_TEST(a_report_of_no_zones_is_the_end)
{
	spoil = no_zones;
	ck_assert_int_eq(report_zones(0, 10), 0);
	ck_assert_uint_eq(nvme.nr, 1);
}
END_TEST

static void too_many(struct nvme_zone_report *r)
{
	r->nr_zones = htole64(PER_REPORT + 1);
}

static void far_too_many(struct nvme_zone_report *r)
{
	r->nr_zones = htole64(UINT64_MAX);
}

static void same_zone_again(struct nvme_zone_report *r)
{
	r->entries[1] = r->entries[0];
}

static void start_that_overflows(struct nvme_zone_report *r)
{
	r->entries[0].zslba = htole64(UINT64_C(1) << 55);
}

static void capacity_above_length(struct nvme_zone_report *r)
{
	r->entries[0].zcap = htole64(ZONE_BLOCKS + 1);
}

static void capacity_that_overflows(struct nvme_zone_report *r)
{
	r->entries[0].zcap = htole64(UINT64_C(1) << 55);
}

static void pointer_before(struct nvme_zone_report *r)
{
	r->entries[1].wp = htole64(ZONE_BLOCKS - 1);
}

static void pointer_behind(struct nvme_zone_report *r)
{
	r->entries[0].wp = htole64(ZONE_BLOCKS + 1);
}

static void no_such_type(struct nvme_zone_report *r)
{
	r->entries[0].zt = 0;
}

static void no_such_state(struct nvme_zone_report *r)
{
	r->entries[0].zs = 7 << 4;
}

static void (*const spoilers[])(struct nvme_zone_report *) = {
	too_many,
	far_too_many,
	same_zone_again,
	start_that_overflows,
	capacity_above_length,
	capacity_that_overflows,
	pointer_before,
	pointer_behind,
	no_such_type,
	no_such_state,
};

START_TEST(a_report_that_cannot_be_right_is_an_error)
{
	spoil = spoilers[_i];
	ck_assert_int_eq(report_zones(0, 10), -EPROTO);
	spoil = NULL;
	ck_assert_int_eq(report_zones(0, 10), 10);
	assert_zones(0, 10);
}
END_TEST

static void full_with_any_pointer(struct nvme_zone_report *r)
{
	r->entries[0].zs = BLKIO_ZONE_STATE_FULL << 4;
	r->entries[0].wp = htole64(UINT64_MAX);
}

START_TEST(a_full_zone_has_its_end_for_a_write_pointer)
{
	spoil = full_with_any_pointer;
	ck_assert_int_eq(report_zones(0, 1), 1);
	ck_assert_uint_eq(zones[0].write_pointer, ZONE_BYTES);
}
END_TEST

static void noise(struct nvme_zone_report *r)
{
	unsigned char *bytes = (void *)r;

	for (int i = rand() % 30; i; i--)
		bytes[(size_t)rand() % (rand() % 2 ? 1000 : 65536)] = (unsigned char)(rand() >> 8);
}

START_TEST(whatever_is_reported_the_zones_are_sound)
{
	unsigned int good = 0;

	spoil = noise;
	for (unsigned int round = 0; round < 3000; round++) {
		int ret;

		srand(round);
		ret = report_zones((uint64_t)(rand() % 1000) * ZONE_BYTES, 1 + round % 2000);
		if (ret < 0)
			ck_assert_int_eq(ret, -EPROTO);
		else
			good++;
		ck_assert_int_le(ret, 1 + (int)(round % 2000));
		for (int i = 0; i < ret; i++) {
			ck_assert_uint_ge(zones[i].write_pointer, zones[i].start);
			ck_assert_uint_le(zones[i].write_pointer, zones[i].start + zones[i].len);
			ck_assert_uint_le(zones[i].capacity, zones[i].len);
		}
	}
	ck_assert_uint_gt(good, 10);
}
END_TEST

/* ---- commands ---- */

typedef void zone_request(struct blkioq *q, uint64_t start, void *user_data, uint32_t flags);
typedef void all_request(struct blkioq *q, void *user_data, uint32_t flags);

START_TEST(each_request_is_a_command)
{
	static zone_request *const one[] = { blkioq_close_zone, blkioq_finish_zone,
					     blkioq_open_zone, blkioq_reset_zone };
	static all_request *const all[] = { blkioq_close_all_zones, blkioq_finish_all_zones,
					    blkioq_open_all_zones, blkioq_reset_all_zones };

	for (uint32_t i = 0; i < array_len(one); i++) {
		one[i](nvme.q, 5 * ZONE_BYTES + 1024, NULL, 0);
		nvme_expect(0, NULL);
		all[i](nvme.q, NULL, 0);
		nvme_expect(0, NULL);
		for (uint32_t j = 0; j < 2; j++) {
			const struct nvme_uring_cmd *cmd = &nvme.log[2 * i + j].cmd;

			ck_assert_uint_eq(cmd->opcode, nvme_zns_cmd_mgmt_send);
			ck_assert_uint_eq(cmd->cdw13, (i + 1) | (j ? 1 << 8 : 0));
			ck_assert_uint_eq(cmd->addr | cmd->data_len | cmd->cdw12, 0);
			if (!j)
				ck_assert_uint_eq(nvme_lba(cmd), 5 * ZONE_BLOCKS);
		}
	}
}
END_TEST

START_TEST(a_zone_behind_the_device_is_refused)
{
	blkioq_reset_zone(nvme.q, NR_ZONES * (uint64_t)ZONE_BYTES, NULL, 0);
	nvme_expect(-EINVAL, "behind the last zone");
	blkioq_append_zone(nvme.q, NR_ZONES * (uint64_t)ZONE_BYTES, buf, 512, NULL, 0);
	nvme_expect(-EINVAL, "behind the last zone");
	ck_assert_uint_eq(nvme.nr, 0);
}
END_TEST

/* ---- appends ---- */

static struct blkio_completion append(uint64_t start, size_t len)
{
	blkioq_append_zone(nvme.q, start, buf, len, NULL, 0);
	return nvme_wait();
}

START_TEST(an_append_tells_where_it_was_written)
{
	const struct nvme_uring_cmd *cmd = &nvme.log[0].cmd;
	struct blkio_completion c;

	append_to = 3 * ZONE_BLOCKS + 2;
	c = append(3 * ZONE_BYTES, 1024);
	ck_assert_int_eq(c.ret, 0);
	ck_assert_uint_eq(c.append_offset, 3 * ZONE_BYTES + 1024);
	ck_assert_uint_eq(cmd->opcode, nvme_zns_cmd_append);
	ck_assert_uint_eq(nvme_lba(cmd), 3 * ZONE_BLOCKS);
	ck_assert_uint_eq(cmd->cdw12, 1);
	ck_assert_uint_eq(cmd->addr, (uintptr_t)buf);
	ck_assert_uint_eq(cmd->data_len, 1024);
}
END_TEST

START_TEST(an_append_to_a_place_that_cannot_be_is_an_error)
{
	static const uint64_t places[] = {
		0,          3 * ZONE_BLOCKS - 1, 3 * ZONE_BLOCKS + 7, 4 * ZONE_BLOCKS,
		UINT64_MAX, UINT64_C(1) << 55
	};

	for (size_t i = 0; i < array_len(places); i++) {
		append_to = places[i];
		ck_assert_int_eq(append(3 * ZONE_BYTES, 1024).ret, -EPROTO);
	}
	/* Longer than a zone: it cannot have been written into one. */
	append_to = 3 * ZONE_BLOCKS;
	ck_assert_int_eq(append(3 * ZONE_BYTES, 2 * ZONE_BYTES).ret, -EPROTO);
}
END_TEST

START_TEST(an_append_that_is_too_long_is_refused)
{
	append_to = 0;
	blkioq_append_zone(nvme.q, 0, buf, 65536 + 512, NULL, 0);
	nvme_expect(-EINVAL, "zone-append-max-bytes");
	blkioq_append_zone(nvme.q, 0, buf, 0, NULL, 0);
	nvme_expect(-EINVAL, "must not be 0");
	ck_assert_uint_eq(nvme.nr, 0);
}
END_TEST

static int interrupted(const struct nvme_uring_cmd *cmd)
{
	(void)cmd;
	return -EINTR;
}

static int aborted(const struct nvme_uring_cmd *cmd)
{
	(void)cmd;
	return 0x300 | NVME_SC_HOST_PATH_ERROR;
}

/* It may have been carried out; once more would write it twice. */
START_TEST(an_append_that_was_interrupted_is_not_repeated)
{
	nvme.answer = interrupted;
	ck_assert_int_eq(append(0, 512).ret, -EINTR);
	ck_assert_uint_eq(nvme.nr, 1);
	nvme.answer = aborted;
	ck_assert_int_eq(append(0, 512).ret, -EAGAIN);
	ck_assert_uint_eq(nvme.nr, 2);
}
END_TEST

START_TEST(several_buffers_are_appended_as_one)
{
	struct iovec iov[2] = { { buf, 500 }, { buf + 1000, 524 } };

	append_to = ZONE_BLOCKS;
	blkioq_appendv_zone(nvme.q, ZONE_BYTES, iov, 2, NULL, 0);
	ck_assert_uint_eq(nvme_wait().append_offset, ZONE_BYTES);
	ck_assert_uint_eq(nvme.log[0].cmd_op, NVME_URING_CMD_IO_VEC);
	ck_assert_uint_eq(nvme.log[0].cmd.data_len, 2);
}
END_TEST

static Suite *report_suite(void)
{
	const TTest *const tests[] = {
		a_long_report_is_several_commands,
		a_device_may_report_less_at_once,
		a_report_ends_with_the_device,
		several_reports_take_turns,
		a_report_of_no_zones_is_the_end,
		a_full_zone_has_its_end_for_a_write_pointer,
		whatever_is_reported_the_zones_are_sound,
	};

	return SUITE_WITH("reports", tests, set_up, nvme_finish);
}

static Suite *bad_report_suite(void)
{
	const TTest *const tests[] = { a_report_that_cannot_be_right_is_an_error };

	return suite_of_loops("bad reports", tests, 1, (int)array_len(spoilers), set_up,
			      nvme_finish);
}

static Suite *command_suite(void)
{
	const TTest *const tests[] = {
		each_request_is_a_command,
		a_zone_behind_the_device_is_refused,
		an_append_tells_where_it_was_written,
		an_append_to_a_place_that_cannot_be_is_an_error,
		an_append_that_is_too_long_is_refused,
		an_append_that_was_interrupted_is_not_repeated,
		several_buffers_are_appended_as_one,
	};

	return SUITE_WITH("commands", tests, set_up, nvme_finish);
}

Suite *(*const test_suites[])(void) = { report_suite, bad_report_suite, command_suite, NULL };
