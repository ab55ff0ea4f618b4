/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What an NVMe namespace and its controller say of themselves, and the kernel of its block device,
 * as a test wants it: a struct nvu_sys.
 */
#ifndef TESTS_FAKES_FAKE_NVME_H
#define TESTS_FAKES_FAKE_NVME_H

#include <libnvme.h>

#include "drivers/nvme/nvme_identify.h"

/* The data of Identify, by which question it answers. */
enum fake_nvme_data {
	FAKE_NVME_NS,
	FAKE_NVME_CTRL,
	FAKE_NVME_NVM_NS,
	FAKE_NVME_NVM_CTRL,
	FAKE_NVME_ZNS_NS,
	FAKE_NVME_ZNS_CTRL,
	FAKE_NVME_NR_DATA,
};

struct fake_nvme {
	int nsid_ret;
	int ret[FAKE_NVME_NR_DATA]; /* of Identify: 0, a status, or a negative errno */
	unsigned int asked;         /* a bit for each */
	union {
		char data[FAKE_NVME_NR_DATA][NVU_IDENTIFY_BYTES];
		struct {
			struct nvme_id_ns ns;
			struct nvme_id_ctrl ctrl;
			struct nvme_nvm_id_ns nvm_ns;
			struct nvme_id_ctrl_nvm nvm_ctrl;
			struct nvme_zns_id_ns zns_ns;
			struct nvme_zns_id_ctrl zns_ctrl;
		};
	};
	char sysfs[64]; /* a directory; "" is none */
};

extern struct fake_nvme fake_nvme;
extern const struct nvu_sys fake_nvme_sys;

/* A sound one: 1 GiB in blocks of 512 bytes, 128 KiB in a command, no zones, nothing in sysfs. */
void fake_nvme_reset(void);
/* It has 16 zones of 64 MiB of which 60 can be written; appends of up to 64 KiB. */
void fake_nvme_make_zoned(void);
/* What the kernel says in a file; the directory is made with the first one. */
void fake_nvme_set_sysfs(const char *name, const char *text);
/* Remove the directory. */
void fake_nvme_finish(void);

#endif
