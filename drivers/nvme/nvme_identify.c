// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See nvme_identify.h. The structs of the data are libnvme's, what is believed is decided here.
 */
#include "drivers/nvme/nvme_identify.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <libnvme.h>
#include <string.h>

#include "drivers/nvme/nvme_status.h"
#include "lib/error.h"
#include "lib/util/cleanup.h"
#include "lib/util/compiler.h"
#include "lib/util/sysfs.h"

/* The smallest page of a controller, in which it tells its limits. One that has greater pages
 * allows more than we make of it. */
#define PAGE_SHIFT 12

#define PI_BYTES 8 /* protection information of the format that every controller has */

_Static_assert(sizeof(struct nvme_id_ns) == NVU_IDENTIFY_BYTES, "as Identify fills it in");
_Static_assert(sizeof(struct nvme_id_ctrl) == NVU_IDENTIFY_BYTES, "as Identify fills it in");
_Static_assert(sizeof(struct nvme_zns_id_ns) == NVU_IDENTIFY_BYTES, "as Identify fills it in");
_Static_assert(sizeof(struct nvme_zns_id_ctrl) == NVU_IDENTIFY_BYTES, "as Identify fills it in");
_Static_assert(sizeof(struct nvme_id_ctrl_nvm) == NVU_IDENTIFY_BYTES, "as Identify fills it in");
_Static_assert(sizeof(struct nvme_nvm_id_ns) == NVU_IDENTIFY_BYTES, "as Identify fills it in");

/* A connect that is going on. */
struct look {
	const struct nvu_sys *sys;
	int fd;
	int queue_dir; /* in sysfs; -1 if there is none */
	unsigned int format;
	struct nvu_info *info;
};

/* ---- asking ---- */

static int identify_error(int ret, const char *what)
{
	if (ret == -EACCES || ret == -EPERM)
		return err_set(ret, "the kernel refuses NVMe commands on this device: they need "
				    "CAP_SYS_ADMIN before Linux 6.2, and a device file that may be "
				    "opened from then on");
	if (ret < 0)
		return err_os(ret, "cannot identify the %s", what);
	return err_set(nvu_status_errno(ret), "cannot identify the %s: the device says '%s'", what,
		       nvu_status_text(ret));
}

static int identify(const struct look *l, unsigned int cns, unsigned int csi, void *data)
{
	bool of_ctrl = cns == NVME_IDENTIFY_CNS_CTRL || cns == NVME_IDENTIFY_CNS_CSI_CTRL;
	const struct nvu_identify_cmd cmd = {
		.cns = (uint8_t)cns,
		.csi = (uint8_t)csi,
		.nsid = of_ctrl ? 0 : l->info->nsid,
	};

	memset(data, 0, NVU_IDENTIFY_BYTES);
	return l->sys->identify(l->fd, &cmd, data);
}

/* ---- values ---- */

/* Text of fixed length, filled up with spaces. What cannot be printed is shown as '?'. */
static void copy_text(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	for (size_t i = 0; i < n; i++) {
		if (!to[i])
			to[i] = ' ';
		else if (to[i] < ' ' || to[i] > '~')
			to[i] = '?';
	}
	while (n && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

/* A power of two in units of pages, as controllers tell limits; 0 is none. */
static uint64_t pages_to_bytes(uint8_t exponent)
{
	return exponent && exponent < 64 - PAGE_SHIFT ? UINT64_C(1) << (exponent + PAGE_SHIFT)
						      : NVU_NO_LIMIT;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- the namespace ---- */

/* The size, such that all bytes have an offset below 2^63. */
static int check_size(const struct nvu_info *info, uint64_t nr_blocks)
{
	if (!nr_blocks || nr_blocks > (uint64_t)INT64_MAX >> info->lba_shift)
		return err_set(-EINVAL,
			       "the namespace tells an impossible size: %" PRIu64 " blocks of "
			       "2^%" PRIu32 " bytes",
			       nr_blocks, info->lba_shift);
	return 0;
}

static int take_format(struct look *l, const struct nvme_id_ns *ns)
{
	unsigned int index = ns->flbas & NVME_NS_FLBAS_LOWER_MASK;
	unsigned int last = ns->nlbaf;

	/* Since 2.0 there can be more than 16, with the upper bits of the index elsewhere. */
	if (last >= 16)
		index |= (unsigned int)(ns->flbas & NVME_NS_FLBAS_HIGHER_MASK) >> 1;
	if (last + ns->nulbaf < array_len(ns->lbaf))
		last += ns->nulbaf;
	if (index > last || index >= array_len(ns->lbaf))
		return err_set(-EINVAL, "the namespace has an impossible format: number %u of %u",
			       index, last + 1);
	l->format = index;
	l->info->lba_shift = ns->lbaf[index].ds;
	if (l->info->lba_shift < NVU_MIN_LBA_SHIFT || l->info->lba_shift > NVU_MAX_LBA_SHIFT)
		return err_set(-EINVAL,
			       "the namespace has blocks of 2^%u bytes: 512 to 65536 bytes can be "
			       "used",
			       l->info->lba_shift);
	return 0;
}

/* The format of protection information with a guard of 16 bits and no storage tag. */
static int has_plain_protection(const struct look *l, bool *plain)
{
	struct nvme_nvm_id_ns nvm;
	int ret = identify(l, NVME_IDENTIFY_CNS_CSI_NS, NVME_CSI_NVM, &nvm);

	if (ret < 0)
		return identify_error(ret, "format of the namespace");
	/* A controller older than NVMe 2.0 does not know the question, nor other formats. */
	*plain = ret > 0 || !le32toh(nvm.elbaf[l->format]);
	return 0;
}

/*
 * There is no room for metadata in the requests of this library. Where it is protection information
 * and nothing else, the controller can make and check it by itself (PRACT), as if there were none.
 */
static int take_metadata(struct look *l, const struct nvme_id_ns *ns)
{
	unsigned int bytes = le16toh(ns->lbaf[l->format].ms);
	unsigned int type = ns->dps & NVME_NS_DPS_PI_MASK;
	bool plain = false;
	int ret = 0;

	if (!bytes)
		return 0;
	if (type >= NVME_NS_DPS_PI_TYPE1 && type <= NVME_NS_DPS_PI_TYPE3 && bytes == PI_BYTES)
		ret = has_plain_protection(l, &plain);
	if (ret < 0)
		return ret;
	if (!plain)
		return err_set(
			-ENOTSUP,
			"the namespace is formatted with %u bytes of metadata per block, %s: "
			"that is not supported; format it without metadata, or with "
			"protection information of 8 bytes only",
			bytes,
			ns->flbas & NVME_NS_FLBAS_META_EXT ? "at the end of each block"
							   : "in buffers of their own");
	l->info->protected = true;
	l->info->protected_by_lba = type != NVME_NS_DPS_PI_TYPE3;
	return 0;
}

static void take_hints(struct nvu_info *info, const struct nvme_id_ns *ns)
{
	info->write_granularity = 1;
	info->discard_granularity = 1;
	if (ns->nsfeat & NVME_NS_FEAT_IO_OPT) {
		info->write_granularity = le16toh(ns->npwg) + UINT64_C(1);
		info->discard_granularity = le16toh(ns->npdg) + UINT64_C(1);
		/* A single block says no more than nothing. */
		if (ns->nows)
			info->optimal_write = le16toh(ns->nows) + UINT64_C(1);
	}
	if (ns->nsfeat & NVME_NS_FEAT_NATOMIC)
		info->atomic_write = le16toh(ns->nawupf) + UINT64_C(1);
}

static int take_namespace(struct look *l)
{
	struct nvme_id_ns ns;
	int ret = identify(l, NVME_IDENTIFY_CNS_NS, 0, &ns);

	if (ret)
		return identify_error(ret, "namespace");
	ret = take_format(l, &ns);
	if (ret == 0)
		ret = check_size(l->info, le64toh(ns.nsze));
	if (ret == 0)
		ret = take_metadata(l, &ns);
	if (ret < 0)
		return ret;
	l->info->nr_blocks = le64toh(ns.nsze);
	take_hints(l->info, &ns);
	return 0;
}

int nvu_identify_size(const struct nvu_sys *sys, int fd, const struct nvu_info *info,
		      uint64_t *nr_blocks)
{
	struct nvu_info now = { .nsid = info->nsid };
	struct look l = { .sys = sys, .fd = fd, .info = &now };
	struct nvme_id_ns ns;
	int ret = identify(&l, NVME_IDENTIFY_CNS_NS, 0, &ns);

	if (ret)
		return identify_error(ret, "namespace");
	ret = take_format(&l, &ns);
	if (ret < 0)
		return ret;
	if (now.lba_shift != info->lba_shift)
		return err_set(-EIO, "the namespace has been formatted since it was connected");
	ret = check_size(info, le64toh(ns.nsze));
	*nr_blocks = le64toh(ns.nsze);
	return ret;
}

/* ---- the controller ---- */

static int take_controller(struct look *l)
{
	struct nvu_info *info = l->info;
	struct nvme_id_ctrl ctrl;
	int ret = identify(l, NVME_IDENTIFY_CNS_CTRL, 0, &ctrl);

	if (ret)
		return identify_error(ret, "controller");
	copy_text(info->serial, ctrl.sn, NVU_SERIAL_CHARS);
	copy_text(info->model, ctrl.mn, NVU_MODEL_CHARS);
	copy_text(info->firmware, ctrl.fr, NVU_FIRMWARE_CHARS);
	info->max_command = pages_to_bytes(ctrl.mdts);
	info->volatile_cache = ctrl.vwc & NVME_CTRL_VWC_PRESENT;
	if (le16toh(ctrl.oncs) & NVME_CTRL_ONCS_WRITE_ZEROES)
		info->max_write_zeroes = NVU_MAX_BLOCKS;
	if (le16toh(ctrl.oncs) & NVME_CTRL_ONCS_DSM)
		info->max_discard = UINT32_MAX;
	if (!info->atomic_write)
		info->atomic_write = le16toh(ctrl.awupf) + UINT64_C(1);
	return 0;
}

/* Limits that came with NVMe 2.0: a controller that does not know the question has none. */
static int take_nvm_limits(struct look *l)
{
	struct nvu_info *info = l->info;
	struct nvme_id_ctrl_nvm nvm;
	int ret = identify(l, NVME_IDENTIFY_CNS_CSI_CTRL, NVME_CSI_NVM, &nvm);
	uint64_t bytes;

	if (ret < 0)
		return identify_error(ret, "limits of the controller");
	if (ret > 0)
		return 0;
	bytes = pages_to_bytes(nvm.wzsl);
	if (bytes != NVU_NO_LIMIT)
		info->max_write_zeroes = min_u64(info->max_write_zeroes, bytes >> info->lba_shift);
	if (nvm.dmrsl)
		info->max_discard = min_u64(info->max_discard, le32toh(nvm.dmrsl));
	return 0;
}

/* The kernel passes no more in one command than its driver would send. */
static void take_kernel_limits(struct look *l)
{
	const uint64_t page = UINT64_C(1) << PAGE_SHIFT;
	uint64_t kib = sysfs_read_u64(l->queue_dir, "max_hw_sectors_kb", 128);
	uint64_t segments = sysfs_read_u64(l->queue_dir, "max_segments", 0);
	uint64_t block = UINT64_C(1) << l->info->lba_shift;
	uint64_t max =
		min_u64(l->info->max_command, (uint64_t)NVU_MAX_BLOCKS << l->info->lba_shift);

	if (kib && kib < UINT32_MAX)
		max = min_u64(max, kib << 10);
	/* A buffer that does not begin with a page touches one more. */
	if (segments > 1 && segments < UINT32_MAX)
		max = min_u64(max, (segments - 1) * page);
	l->info->can_poll = sysfs_read_u64(l->queue_dir, "io_poll", 0) == 1;
	max -= max % block;
	l->info->max_command = max ? max : block;
}

/* ---- zones ---- */

/* What the kernel knows of the namespace; it may know nothing. */
static bool kernel_says_zoned(const struct look *l)
{
	char text[32];

	return sysfs_read(l->queue_dir, "zoned", text, sizeof(text)) &&
	       strcmp(text, "host-managed") == 0;
}

static int take_append_limit(struct look *l)
{
	struct nvme_zns_id_ctrl ctrl;
	int ret = identify(l, NVME_IDENTIFY_CNS_CSI_CTRL, NVME_CSI_ZNS, &ctrl);

	if (ret)
		return identify_error(ret, "zone limits of the controller");
	l->info->max_append = min_u64(pages_to_bytes(ctrl.zasl), l->info->max_command);
	/* The block number of an append is not known to what makes the protection information. */
	if (l->info->protected)
		l->info->max_append = 0;
	return 0;
}

/* Resources are told as one less than there are; all ones is no limit. */
static uint32_t resources(uint32_t told)
{
	return le32toh(told) + 1;
}

static int take_zones(struct look *l)
{
	struct nvu_info *info = l->info;
	struct nvme_zns_id_ns zns;
	int ret = identify(l, NVME_IDENTIFY_CNS_CSI_NS, NVME_CSI_ZNS, &zns);

	/* Only a zoned namespace answers. */
	if (ret > 0 && !kernel_says_zoned(l))
		return 0;
	if (ret)
		return identify_error(ret, "zones of the namespace");
	info->zone_blocks = le64toh(zns.lbafe[l->format].zsze);
	if (!info->zone_blocks || info->zone_blocks > info->nr_blocks)
		return err_set(-EINVAL,
			       "the namespace tells an impossible zone size: %" PRIu64 " blocks of "
			       "%" PRIu64,
			       info->zone_blocks, info->nr_blocks);
	info->zoned = true;
	info->nr_zones = (info->nr_blocks - 1) / info->zone_blocks + 1;
	info->max_open_zones = resources(zns.mor);
	info->max_active_zones = resources(zns.mar);
	return take_append_limit(l);
}

int nvu_identify(const struct nvu_sys *sys, int fd, struct nvu_info *info)
{
	autoclose int queue_dir = sys->open_queue_dir(fd);
	struct look l = { .sys = sys, .fd = fd, .queue_dir = queue_dir, .info = info };
	int ret;

	*info = (struct nvu_info) { 0 };
	ret = sys->get_nsid(fd, &info->nsid);
	if (ret == -ENOTTY)
		return err_set(-EINVAL, "the device is no NVMe namespace, such as /dev/ng0n1");
	if (ret < 0)
		return err_os(ret, "cannot read the number of the namespace");
	ret = take_namespace(&l);
	if (ret == 0)
		ret = take_controller(&l);
	if (ret == 0)
		ret = take_nvm_limits(&l);
	if (ret < 0)
		return ret;
	take_kernel_limits(&l);
	return take_zones(&l);
}
