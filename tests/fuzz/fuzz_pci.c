// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A virtio block device on PCI: its configuration space with the list of capabilities, and BARs
 * that are memory with anything in it. Connecting ends, and stays within the BARs.
 */
#include <linux/vfio.h>

#include "drivers/vfio_pci/vfio_pci.h"
#include "tests/fakes/fake_pci.h"
#include "tests/fuzz/fuzz.h"

#define REGION_SHIFT 40

static uint8_t bars[6][FAKE_PCI_BAR_BYTES];
static struct vfio_sys sys;
static const char *path;

/* The size of a BAR as the kernel has told it, which is what accesses must keep to. */
static uint8_t *bar_at(uint64_t offset, size_t len)
{
	uint64_t region = offset >> REGION_SHIFT;
	uint64_t at = offset & ((UINT64_C(1) << REGION_SHIFT) - 1);

	fuzz_must(region < 6);
	fuzz_must(len <= fake_pci.bar_bytes[region] && at <= fake_pci.bar_bytes[region] - len);
	return at <= FAKE_PCI_BAR_BYTES - len ? &bars[region][at] : NULL;
}

static ssize_t bar_read(int fd, void *buf, size_t len, uint64_t offset)
{
	const uint8_t *from;

	if (offset >> REGION_SHIFT == VFIO_PCI_CONFIG_REGION_INDEX)
		return fake_pci_sys.pread(fd, buf, len, offset);
	from = bar_at(offset, len);
	memset(buf, 0xff, len);
	if (from)
		memcpy(buf, from, len);
	return (ssize_t)len;
}

static ssize_t bar_write(int fd, const void *buf, size_t len, uint64_t offset)
{
	uint8_t *to;

	if (offset >> REGION_SHIFT == VFIO_PCI_CONFIG_REGION_INDEX)
		return fake_pci_sys.pwrite(fd, buf, len, offset);
	to = bar_at(offset, len);
	if (to)
		memcpy(to, buf, len);
	return (ssize_t)len;
}

static void *no_mmap(int fd, size_t len, uint64_t offset)
{
	(void)fd;
	fuzz_must(bar_at(offset, len) || len > FAKE_PCI_BAR_BYTES);
	return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	sys = fake_pci_sys;
	sys.pread = bar_read;
	sys.pwrite = bar_write;
	sys.mmap = no_mmap;
	path = fake_pci_sysfs("vfio-pci", "7", false);
	atexit(fake_pci_remove_sysfs);
	return 0;
}

/* Bytes for the configuration space, each with its place; then for BAR 4. */
static void take_apart(struct fuzz_input *in)
{
	unsigned int n = fuzz_u8(in);

	for (; n && in->size; n--) {
		uint8_t at = fuzz_u8(in);

		fake_pci.config[at] = fuzz_u8(in);
	}
	for (int i = 0; i < 6; i++)
		fake_pci.bar_bytes[i] &= ~(uint64_t)fuzz_u8(in) << 6;
	memset(bars, 0, sizeof(bars));
	memcpy(bars[FAKE_PCI_BAR] + 0x2000, fake_pci.blk, sizeof(fake_pci.blk));
	fuzz_bytes(in, bars[FAKE_PCI_BAR],
		   in->size < FAKE_PCI_BAR_BYTES ? in->size : FAKE_PCI_BAR_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct blkio *b;

	fake_pci_reset();
	take_apart(&in);
	fuzz_must(blkio_create("virtio-blk-vfio-pci", &b) == 0);
	vfio_pci_use_sys(b, &sys);
	fuzz_must(blkio_set_str(b, "path", path) == 0);
	fuzz_must(blkio_set_int(b, "connect-timeout-ms", 1) == 0);
	if (blkio_connect(b) < 0)
		fuzz_must(*blkio_get_error_msg());
	blkio_destroy(&b);
	fuzz_must(fake_pci.open_fds == 0);
	return 0;
}
