// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reports of zones by an NVMe namespace: bytes in a sound report, each with its place. The request
 * ends, with zones that are sound or with an error.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/nvme_fixture.h"

#define ZONE_BLOCKS 8u

static struct blkio_zone zones[64];
static struct fuzz_input input;

static void describe(struct nvme_zns_desc *desc, uint64_t lba)
{
	desc->zt = BLKIO_ZONE_TYPE_SEQWRITE_REQ;
	desc->zs = BLKIO_ZONE_STATE_CLOSED << 4;
	desc->zcap = ZONE_BLOCKS - 1;
	desc->zslba = lba;
	desc->wp = lba + 1;
}

static int answer(const struct nvme_uring_cmd *cmd)
{
	struct nvme_zone_report *report = (void *)(uintptr_t)cmd->addr;
	char *bytes = (char *)report;

	fuzz_must(cmd->opcode == nvme_zns_cmd_mgmt_recv);
	report->nr_zones = fuzz_u8(&input) % 40;
	for (uint64_t i = 0; i < 64; i++)
		describe(&report->entries[i], nvme_lba(cmd) + i * ZONE_BLOCKS);
	for (unsigned int n = fuzz_u8(&input); n; n--) {
		unsigned int at = fuzz_u16(&input) % 4096;

		bytes[at] = (char)fuzz_u8(&input);
	}
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fake_nvme_reset();
	fake_nvme_make_zoned();
	fake_nvme.zns_ns.lbafe[0].zsze = ZONE_BLOCKS;
	nvme_start(NULL);
	nvme.answer = answer;
	atexit(nvme_finish);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blkio_completion c;

	input = (struct fuzz_input) { data, size };
	nvme.nr = 0;
	fake_kernel.nr = 0;
	blkioq_report_zones(nvme.q, (uint64_t)fuzz_u16(&input) * 512, zones, array_len(zones), NULL,
			    0);
	c = nvme_wait();
	fuzz_must(c.ret == -EPROTO || (c.ret >= 0 && c.ret <= (int)array_len(zones)));
	for (int i = 0; i < c.ret; i++) {
		const struct blkio_zone *z = &zones[i];

		fuzz_must(z->len && z->capacity <= z->len && z->start % (ZONE_BLOCKS * 512) == 0);
		fuzz_must(z->write_pointer >= z->start && z->write_pointer - z->start <= z->len);
	}
	return 0;
}
