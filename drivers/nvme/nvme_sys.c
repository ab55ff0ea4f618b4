// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See nvme_sys.h.
 */
#include "drivers/nvme/nvme_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <libnvme.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/util/cleanup.h"

static int kernel_get_nsid(int fd, uint32_t *nsid)
{
	return nvme_get_nsid(fd, nsid) < 0 ? -errno : 0;
}

static int kernel_identify(int fd, const struct nvu_identify_cmd *cmd, void *data)
{
	struct nvme_identify_args args = {
		.data = data,
		.args_size = sizeof(args),
		.fd = fd,
		.timeout = NVME_DEFAULT_IOCTL_TIMEOUT,
		.cns = cmd->cns,
		.csi = cmd->csi,
		.nsid = cmd->nsid,
		.cntid = NVME_CNTLID_NONE,
		.cns_specific_id = NVME_CNSSPECID_NONE,
		.uuidx = NVME_UUID_NONE,
	};
	int ret = nvme_identify(&args);

	return ret < 0 ? -errno : ret;
}

/* The block device of ngXnY is nvmeXnY. */
static int kernel_open_queue_dir(int fd)
{
	char path[PATH_MAX];
	autofree char *real = NULL;
	const char *name;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	real = realpath(path, NULL);
	name = real ? strrchr(real, '/') : NULL;
	if (!name || strncmp(name, "/ng", 3) != 0 || strlen(name) > NAME_MAX)
		return -1;
	snprintf(path, sizeof(path), "/sys/class/block/nvme%s/queue", name + 3);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

const struct nvu_sys nvu_sys_kernel = {
	.get_nsid = kernel_get_nsid,
	.identify = kernel_identify,
	.open_queue_dir = kernel_open_queue_dir,
};
