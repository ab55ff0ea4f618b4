/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The commands of the data path, as the kernel takes them in a big SQE. Opcodes and the struct of
 * the command are libnvme's; these are the fields within its dwords.
 */
#ifndef DRIVERS_NVME_NVME_CMD_H
#define DRIVERS_NVME_NVME_CMD_H

#include <libnvme.h>
#include <liburing.h>
#include <stdint.h>

/* dword 12 of read, write, write zeroes and append; the lower 16 bits are the blocks - 1 */
#define NVU_FUA      (UINT32_C(1) << 30)
#define NVU_PRACT    (UINT32_C(1) << 29)
#define NVU_CHECK    (UINT32_C(1) << 28) /* the guard of protection information */
#define NVU_CHECK_BY (UINT32_C(1) << 26) /* its reference tag */
#define NVU_DEAC     (UINT32_C(1) << 25) /* write zeroes: deallocate if that makes zeroes too */
/* dword 11 of dataset management */
#define NVU_DEALLOCATE (UINT32_C(1) << 2)
/* dword 13 of zone management send, and of receive */
#define NVU_SELECT_ALL (UINT32_C(1) << 8)
#define NVU_PARTIAL    (UINT32_C(1) << 16)

_Static_assert(offsetof(struct io_uring_sqe, cmd) + sizeof(struct nvme_uring_cmd) <=
		       2 * sizeof(struct io_uring_sqe),
	       "the command fits in a big SQE");

static inline struct nvme_uring_cmd *nvu_cmd(struct io_uring_sqe *sqe)
{
	return (struct nvme_uring_cmd *)sqe->cmd;
}

#endif
