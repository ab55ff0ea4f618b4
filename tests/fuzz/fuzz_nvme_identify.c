// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What an NVMe namespace and its controller say of themselves: bytes of the answers to Identify,
 * each with its place. Connecting ends, with limits that are sound or with a text.
 */
#include "drivers/nvme/nvme.h"
#include "tests/fakes/fake_nvme.h"
#include "tests/fuzz/fuzz.h"

static void take_apart(struct fuzz_input *in)
{
	uint8_t answers = fuzz_u8(in);

	fake_nvme_reset();
	fake_nvme_make_zoned();
	for (unsigned int i = 2; i < FAKE_NVME_NR_DATA; i++)
		fake_nvme.ret[i] = answers >> i & 1 ? NVME_SC_INVALID_FIELD : 0;
	while (in->size) {
		unsigned int which = fuzz_u8(in) % FAKE_NVME_NR_DATA;
		unsigned int at = fuzz_u16(in) % NVU_IDENTIFY_BYTES;

		fake_nvme.data[which][at] = (char)fuzz_u8(in);
	}
}

static void check(const struct nvu_info *info, const struct blkio_limits *l)
{
	uint64_t block = UINT64_C(1) << info->lba_shift;

	fuzz_must(info->lba_shift >= 9 && info->lba_shift <= 16);
	fuzz_must(info->nr_blocks && info->nr_blocks <= INT64_MAX / block);
	fuzz_must(info->max_command >= block && info->max_command <= 65536 * block);
	fuzz_must(info->max_command % block == 0);
	fuzz_must(info->max_write_zeroes <= 65536 && info->max_discard <= UINT32_MAX);
	fuzz_must(!info->zoned || (info->zone_blocks && info->zone_blocks <= info->nr_blocks));
	fuzz_must(l->request_alignment == (int)block && l->max_transfer >= l->request_alignment);
	fuzz_must(l->optimal_io_alignment > 0 && l->optimal_io_size >= 0);
	fuzz_must(l->discard_alignment > 0 && l->max_open_zones >= 0 && l->max_active_zones >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct blkio *b;
	char *text = NULL;

	take_apart(&in);
	fuzz_must(blkio_create("nvme-io_uring", &b) == 0);
	to_nvu(b)->sys = &fake_nvme_sys;
	fuzz_must(blkio_set_str(b, "path", "/dev/null") == 0);
	if (blkio_connect(b) < 0) {
		fuzz_must(*blkio_get_error_msg());
	} else {
		check(&to_nvu(b)->info, &b->limits);
		fuzz_must(blkio_get_str(b, "nvme-model", &text) == 0);
		free(text);
	}
	blkio_destroy(&b);
	return 0;
}
