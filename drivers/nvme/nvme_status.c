// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See nvme_status.h. A status is the code, the type in the bits above, and flags.
 */
#include "drivers/nvme/nvme_status.h"

#include <errno.h>
#include <libnvme.h>

#include "lib/util/compiler.h"

#define TYPE_AND_CODE 0x7ff

#define GENERIC(code) (NVME_SCT_GENERIC << NVME_SCT_SHIFT | (code))
#define COMMAND(code) (NVME_SCT_CMD_SPECIFIC << NVME_SCT_SHIFT | (code))
#define PATH(code)    (NVME_SCT_PATH << NVME_SCT_SHIFT | (code))

/* All others are -EIO. */
static const struct {
	int status;
	int err;
	bool may_pass; /* unless the device forbids it (Do Not Retry) */
} meanings[] = {
	{ GENERIC(NVME_SC_INVALID_OPCODE), -EOPNOTSUPP, false },
	{ GENERIC(NVME_SC_INVALID_FIELD), -EOPNOTSUPP, false },
	{ GENERIC(NVME_SC_LBA_RANGE), -EINVAL, false },
	{ GENERIC(NVME_SC_CAP_EXCEEDED), -ENOSPC, false },
	{ GENERIC(NVME_SC_NS_WRITE_PROTECTED), -EROFS, false },
	{ GENERIC(NVME_SC_OP_DENIED), -EPERM, false },
	{ GENERIC(NVME_SC_INVALID_NS), -ENODEV, false },
	{ GENERIC(NVME_SC_ABORT_REQ), -EAGAIN, true },
	{ GENERIC(NVME_SC_ABORT_QUEUE), -EAGAIN, true },
	{ GENERIC(NVME_SC_CMD_INTERRUPTED), -EAGAIN, true },
	{ GENERIC(NVME_SC_TRAN_TPORT_ERROR), -EAGAIN, true },
	{ GENERIC(NVME_SC_NS_NOT_READY), -EAGAIN, true },
	{ GENERIC(NVME_SC_FORMAT_IN_PROGRESS), -EBUSY, false },
	{ GENERIC(NVME_SC_SANITIZE_IN_PROGRESS), -EBUSY, false },
	{ GENERIC(NVME_SC_RESERVATION_CONFLICT), -EBUSY, false },
	{ COMMAND(NVME_SC_BAD_ATTRIBUTES), -EINVAL, false },
	{ COMMAND(NVME_SC_READ_ONLY), -EROFS, false },
	{ COMMAND(NVME_SC_CMD_SIZE_LIMIT_EXCEEDED), -EINVAL, false },
	{ COMMAND(NVME_SC_ZNS_INVALID_OP_REQUEST), -EINVAL, false },
	{ COMMAND(NVME_SC_ZNS_BOUNDARY_ERROR), -EINVAL, false },
	{ COMMAND(NVME_SC_ZNS_FULL), -EINVAL, false },
	{ COMMAND(NVME_SC_ZNS_READ_ONLY), -EROFS, false },
	{ COMMAND(NVME_SC_ZNS_OFFLINE), -EINVAL, false },
	{ COMMAND(NVME_SC_ZNS_INVALID_WRITE), -EINVAL, false },
	{ COMMAND(NVME_SC_ZNS_TOO_MANY_ACTIVE), -EOVERFLOW, false },
	{ COMMAND(NVME_SC_ZNS_TOO_MANY_OPENS), -ETOOMANYREFS, false },
	{ COMMAND(NVME_SC_ZNS_INVAL_TRANSITION), -EINVAL, false },
	{ PATH(NVME_SC_ANA_TRANSITION), -EAGAIN, true },
	{ PATH(NVME_SC_CTRL_PATH_ERROR), -EAGAIN, true },
	{ PATH(NVME_SC_HOST_PATH_ERROR), -EAGAIN, true },
	{ PATH(NVME_SC_CMD_ABORTED_BY_HOST), -EAGAIN, true },
};

/* The row, or -1. */
static int find(int status)
{
	for (int i = 0; i < (int)array_len(meanings); i++) {
		if (meanings[i].status == (status & TYPE_AND_CODE))
			return i;
	}
	return -1;
}

int nvu_status_errno(int status)
{
	int i = find(status);

	return i < 0 ? -EIO : meanings[i].err;
}

const char *nvu_status_text(int status)
{
	return nvme_status_to_string(status & TYPE_AND_CODE, false);
}

bool nvu_status_may_pass(int status)
{
	int i = find(status);

	return i >= 0 && meanings[i].may_pass && !(status & NVME_SC_DNR);
}
