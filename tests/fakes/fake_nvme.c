// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_nvme.h.
 */
#include "tests/fakes/fake_nvme.h"

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test.h"

#define NSID 7

struct fake_nvme fake_nvme;

static int get_nsid(int fd, uint32_t *nsid)
{
	(void)fd;
	*nsid = NSID;
	return fake_nvme.nsid_ret;
}

static enum fake_nvme_data which(const struct nvu_identify_cmd *cmd)
{
	bool zns = cmd->csi == NVME_CSI_ZNS;

	switch (cmd->cns) {
	case NVME_IDENTIFY_CNS_NS:
		return FAKE_NVME_NS;
	case NVME_IDENTIFY_CNS_CTRL:
		return FAKE_NVME_CTRL;
	case NVME_IDENTIFY_CNS_CSI_NS:
		return zns ? FAKE_NVME_ZNS_NS : FAKE_NVME_NVM_NS;
	case NVME_IDENTIFY_CNS_CSI_CTRL:
		return zns ? FAKE_NVME_ZNS_CTRL : FAKE_NVME_NVM_CTRL;
	default:
		ck_abort_msg("Identify of an unknown kind: %u", cmd->cns);
	}
}

static bool is_of_controller(enum fake_nvme_data data)
{
	return data == FAKE_NVME_CTRL || data == FAKE_NVME_NVM_CTRL || data == FAKE_NVME_ZNS_CTRL;
}

static int identify(int fd, const struct nvu_identify_cmd *cmd, void *data)
{
	enum fake_nvme_data i = which(cmd);

	(void)fd;
	ck_assert_uint_eq(cmd->nsid, is_of_controller(i) ? 0 : NSID);
	fake_nvme.asked |= 1u << i;
	if (fake_nvme.ret[i] == 0)
		memcpy(data, fake_nvme.data[i], NVU_IDENTIFY_BYTES);
	return fake_nvme.ret[i];
}

static int open_queue_dir(int fd)
{
	(void)fd;
	return *fake_nvme.sysfs ? open(fake_nvme.sysfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

const struct nvu_sys fake_nvme_sys = {
	.get_nsid = get_nsid,
	.identify = identify,
	.open_queue_dir = open_queue_dir,
};

/* Text is padded with spaces, with no end. */
static void set_text(char *to, size_t n, const char *text)
{
	memset(to, ' ', n);
	memcpy(to, text, strlen(text));
}

void fake_nvme_reset(void)
{
	memset(&fake_nvme, 0, sizeof(fake_nvme));
	fake_nvme.ns.nsze = htole64(2097152);
	fake_nvme.ns.ncap = fake_nvme.ns.nsze;
	fake_nvme.ns.lbaf[0].ds = 9;
	fake_nvme.ctrl.mdts = 5;
	fake_nvme.ctrl.oncs = htole16(NVME_CTRL_ONCS_WRITE_ZEROES | NVME_CTRL_ONCS_DSM);
	fake_nvme.ctrl.vwc = NVME_CTRL_VWC_PRESENT;
	set_text(fake_nvme.ctrl.sn, sizeof(fake_nvme.ctrl.sn), "S123");
	set_text(fake_nvme.ctrl.mn, sizeof(fake_nvme.ctrl.mn), "A model");
	set_text(fake_nvme.ctrl.fr, sizeof(fake_nvme.ctrl.fr), "1.0");
	/* Neither what came with NVMe 2.0 nor zones. */
	fake_nvme.ret[FAKE_NVME_NVM_NS] = NVME_SC_INVALID_FIELD;
	fake_nvme.ret[FAKE_NVME_NVM_CTRL] = NVME_SC_INVALID_FIELD;
	fake_nvme.ret[FAKE_NVME_ZNS_NS] = NVME_SC_INVALID_FIELD;
	fake_nvme.ret[FAKE_NVME_ZNS_CTRL] = NVME_SC_INVALID_FIELD;
}

void fake_nvme_make_zoned(void)
{
	fake_nvme.ret[FAKE_NVME_ZNS_NS] = 0;
	fake_nvme.ret[FAKE_NVME_ZNS_CTRL] = 0;
	fake_nvme.zns_ns.lbafe[0].zsze = htole64(131072);
	fake_nvme.zns_ns.mor = htole32(3);
	fake_nvme.zns_ns.mar = htole32(5);
	fake_nvme.zns_ctrl.zasl = 4;
}

void fake_nvme_set_sysfs(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	if (!*fake_nvme.sysfs) {
		strcpy(fake_nvme.sysfs, "/tmp/blkio-fake-nvme-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(fake_nvme.sysfs));
	}
	snprintf(path, sizeof(path), "%s/%s", fake_nvme.sysfs, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fprintf(f, "%s\n", text), 0);
	ck_assert_int_eq(fclose(f), 0);
}

void fake_nvme_finish(void)
{
	DIR *dir = *fake_nvme.sysfs ? opendir(fake_nvme.sysfs) : NULL;
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	ck_assert_int_eq(rmdir(fake_nvme.sysfs), 0);
	*fake_nvme.sysfs = '\0';
}
