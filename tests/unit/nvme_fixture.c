// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See nvme_fixture.h.
 */
#include "tests/unit/nvme_fixture.h"

#include <endian.h>
#include <stdlib.h>

struct nvme_fixture nvme;
_Alignas(4096) unsigned char nvme_buf[NVME_BYTES];

static void touch(uint64_t lba, uint64_t blocks)
{
	ck_assert_uint_le(blocks, NVME_BLOCKS);
	ck_assert_uint_le(lba, NVME_BLOCKS - blocks);
	for (uint64_t i = 0; i < blocks; i++)
		nvme.touched[lba + i]++;
}

/* Between the disk and the buffers of a command, which have as many bytes. */
static int transfer(const struct nvme_noted *n, bool read)
{
	struct iovec one = { (void *)(uintptr_t)n->cmd.addr, n->cmd.data_len };
	bool vectored = n->cmd_op == NVME_URING_CMD_IO_VEC;
	const struct iovec *iov = vectored ? one.iov_base : &one;
	uint64_t at = nvme_lba(&n->cmd) * NVME_BLOCK, end = at;

	touch(nvme_lba(&n->cmd), nvme_blocks(&n->cmd));
	end += (uint64_t)nvme_blocks(&n->cmd) * NVME_BLOCK;
	for (size_t i = 0; i < (vectored ? n->cmd.data_len : 1); i++) {
		ck_assert_uint_le(iov[i].iov_len, end - at);
		if (read && iov[i].iov_len)
			memcpy(iov[i].iov_base, nvme.disk + at, iov[i].iov_len);
		else if (iov[i].iov_len)
			memcpy(nvme.disk + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	ck_assert_uint_eq(at, end);
	return 0;
}

static int make_zeroes(uint64_t lba, uint64_t blocks)
{
	touch(lba, blocks);
	memset(nvme.disk + lba * NVME_BLOCK, 0, blocks * NVME_BLOCK);
	return 0;
}

static int deallocate(const struct nvme_uring_cmd *cmd)
{
	struct nvme_dsm_range range;

	ck_assert_uint_eq(cmd->cdw10, 0);
	ck_assert_uint_eq(cmd->cdw11, 1 << 2);
	ck_assert_uint_eq(cmd->data_len, sizeof(range));
	memcpy(&range, (const void *)(uintptr_t)cmd->addr, sizeof(range));
	return make_zeroes(le64toh(range.slba), le32toh(range.nlb));
}

static int carry_out(const struct nvme_noted *n)
{
	switch (n->cmd.opcode) {
	case nvme_cmd_read:
		return transfer(n, true);
	case nvme_cmd_write:
		return transfer(n, false);
	case nvme_cmd_write_zeroes:
		return make_zeroes(nvme_lba(&n->cmd), nvme_blocks(&n->cmd));
	case nvme_cmd_dsm:
		return deallocate(&n->cmd);
	default:
		return 0;
	}
}

static int take(const struct io_uring_sqe *sqe)
{
	struct nvme_noted *n = &nvme.log[nvme.nr++];
	int res;

	ck_assert_uint_le(nvme.nr, NVME_LOG);
	ck_assert_int_eq(sqe->opcode, IORING_OP_URING_CMD);
	ck_assert_int_eq(sqe->fd, nvme.nvme_q->u.ring.fixed_file ? 0 : nvme.dev->fd);
	*n = (struct nvme_noted) {
		.cmd_op = sqe->cmd_op,
		.uring_flags = sqe->uring_cmd_flags,
		.buf_index = sqe->buf_index,
	};
	memcpy(&n->cmd, sqe->cmd, sizeof(n->cmd));
	ck_assert_uint_eq(n->cmd.nsid, 7);
	ck_assert_uint_eq(n->cmd.flags | n->cmd.rsvd1 | n->cmd.metadata_len | n->cmd.timeout_ms, 0);
	ck_assert_uint_eq(n->cmd.metadata | n->cmd.rsvd2, 0);
	res = nvme.answer ? nvme.answer(&n->cmd) : NVME_DO_IT;
	return res == NVME_DO_IT ? carry_out(n) : res;
}

void nvme_create(void)
{
	memset(&nvme, 0, sizeof(nvme));
	ck_assert_int_eq(blkio_create("nvme-io_uring", &nvme.b), 0);
	ck_assert_int_eq(blkio_set_str(nvme.b, "path", "/dev/null"), 0);
	nvme.dev = to_nvu(nvme.b);
	nvme.dev->sys = &fake_nvme_sys;
}

void nvme_start(void (*configure)(struct blkio *b))
{
	int ret;

	if (!nvme.b)
		nvme_create();
	ret = blkio_connect(nvme.b);
	ck_assert_msg(ret == 0, "%s", blkio_get_error_msg());
	if (configure)
		configure(nvme.b);
	if (blkio_start(nvme.b) < 0) {
		test_skip("%s", blkio_get_error_msg());
		nvme_finish();
		exit(EXIT_SUCCESS);
	}
	nvme.q = blkio_get_queue(nvme.b, 0);
	nvme.nvme_q = to_nvu_queue(nvme.q);
	fake_kernel_attach(&nvme.nvme_q->u.ring, take);
}

void nvme_finish(void)
{
	fake_kernel.ring = NULL;
	if (nvme.b)
		blkio_destroy(&nvme.b);
	nvme.b = NULL;
	fake_nvme_finish();
}

struct blkio_completion nvme_wait(void)
{
	struct blkio_completion c[2];

	ck_assert_int_eq(blkioq_do_io(nvme.q, c, 1, 2, NULL), 1);
	ck_assert_uint_eq(nvme.q->in_flight, 0);
	return c[0];
}

void nvme_expect(int ret, const char *text)
{
	struct blkio_completion c = nvme_wait();

	ck_assert_int_eq(c.ret, ret);
	if (!text)
		return;
	ck_assert_ptr_nonnull(c.error_msg);
	ck_assert_msg(strstr(c.error_msg, text), "'%s' is not in '%s'", text, c.error_msg);
}

void nvme_put_pattern(void *to, size_t n, unsigned int seed)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(i * 31 + (i >> 9) * 7 + seed);
}

void nvme_expect_touched(uint64_t lba, uint64_t blocks)
{
	for (uint64_t i = 0; i < NVME_BLOCKS; i++)
		ck_assert_msg(nvme.touched[i] == (i >= lba && i < lba + blocks),
			      "block %ju: %d times", (uintmax_t)i, nvme.touched[i]);
	memset(nvme.touched, 0, sizeof(nvme.touched));
}

void nvme_expect_transfer(uint64_t lba, uint64_t blocks)
{
	nvme_expect(0, NULL);
	ck_assert_mem_eq(nvme_buf, nvme.disk + lba * NVME_BLOCK, blocks * NVME_BLOCK);
	nvme_expect_touched(lba, blocks);
}
