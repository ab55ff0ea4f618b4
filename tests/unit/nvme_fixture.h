/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A started nvme-io_uring instance whose device is fake_nvme.h, and whose commands are noted and
 * carried out on a disk in memory.
 */
#ifndef TESTS_UNIT_NVME_FIXTURE_H
#define TESTS_UNIT_NVME_FIXTURE_H

#include <limits.h>

#include "drivers/nvme/nvme.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_nvme.h"
#include "tests/unit/unit.h"

#define NVME_BLOCK  512u
#define NVME_BLOCKS 2048u /* of the disk in memory; the namespace is longer */
#define NVME_BYTES  (NVME_BLOCKS * NVME_BLOCK)
#define NVME_LOG    4096

/* "Carry it out", from answer: no status and no errno is this. */
#define NVME_DO_IT INT_MIN

struct nvme_noted {
	struct nvme_uring_cmd cmd;
	uint32_t cmd_op;
	uint32_t uring_flags;
	uint16_t buf_index;
};

struct nvme_fixture {
	struct blkio *b;
	struct nvu *dev;
	struct blkioq *q; /* queue 0 */
	struct nvu_queue *nvme_q;
	/* What becomes of a command; NULL: all are carried out. */
	int (*answer)(const struct nvme_uring_cmd *cmd);
	unsigned char disk[NVME_BYTES];
	unsigned char touched[NVME_BLOCKS]; /* how often each block was transferred */
	struct nvme_noted log[NVME_LOG];
	unsigned int nr;
};

extern struct nvme_fixture nvme;
extern unsigned char nvme_buf[NVME_BYTES]; /* begins with a page */

/* An instance that is not connected yet, with /dev/null for a character device. */
void nvme_create(void);
/*
 * Connect and start it, creating it if that is not done; configure, unless NULL, sets properties
 * once it is connected. Ends the test, counted as skipped, where io_uring is refused.
 */
void nvme_start(void (*configure)(struct blkio *b));
void nvme_finish(void);

/* One request's completion, which must be the only one. */
struct blkio_completion nvme_wait(void);
/* It is one with this result; with a text, the message must contain it. */
void nvme_expect(int ret, const char *text);

void nvme_put_pattern(void *to, size_t n, unsigned int seed);
/* These blocks, and no others, were transferred, each once. */
void nvme_expect_touched(uint64_t lba, uint64_t blocks);
/* The request has succeeded, and nvme_buf has what these blocks of the disk have. */
void nvme_expect_transfer(uint64_t lba, uint64_t blocks);

static inline uint64_t nvme_lba(const struct nvme_uring_cmd *cmd)
{
	return cmd->cdw10 | (uint64_t)cmd->cdw11 << 32;
}

static inline uint32_t nvme_blocks(const struct nvme_uring_cmd *cmd)
{
	return (cmd->cdw12 & 0xffff) + 1;
}

#endif
