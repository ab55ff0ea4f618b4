// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See pci.h.
 */
#include "drivers/vfio_pci/pci.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/error.h"

int pci_read16(struct vfio_dev *d, unsigned int offset, uint16_t *value)
{
	uint16_t le = 0;
	int ret = vfio_read(d, VFIO_PCI_CONFIG_REGION_INDEX, offset, &le, sizeof(le));

	*value = le16toh(le);
	return ret;
}

static int bad_list(const struct vfio_dev *d, unsigned int offset, const char *what)
{
	return err_set(-EPROTO, "the capability list of %s %s at 0x%02x", d->name, what, offset);
}

int pci_read_caps(struct vfio_dev *d, struct pci_caps *caps)
{
	uint8_t config[PCI_CONFIG_BYTES];
	uint64_t seen = 0; /* a bit for each place that a capability can begin at */
	uint8_t at;
	int ret = vfio_read(d, VFIO_PCI_CONFIG_REGION_INDEX, 0, config, sizeof(config));

	caps->len = 0;
	if (ret < 0 || !(config[PCI_STATUS] & PCI_STATUS_HAS_LIST))
		return ret;
	/* The lowest two bits of a link mean nothing. Each place is visited once at most. */
	for (at = config[PCI_CAPABILITY_LIST] & 0xfc; at; at = config[at + 1] & 0xfc) {
		uint64_t bit = UINT64_C(1) << (at / 4);

		if (at < PCI_FIRST_CAPABILITY)
			return bad_list(d, at, "leaves its part of the configuration space");
		if (seen & bit)
			return bad_list(d, at, "has a cycle");
		seen |= bit;
		caps->cap[caps->len].id = config[at];
		caps->cap[caps->len++].offset = at;
	}
	return 0;
}

int pci_set_bus_master(struct vfio_dev *d, bool on)
{
	uint16_t command, le;
	int ret = pci_read16(d, PCI_COMMAND, &command);

	if (ret < 0)
		return ret;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_NO_INTX | PCI_COMMAND_MASTER;
	if (!on)
		command &= (uint16_t)~PCI_COMMAND_MASTER;
	le = htole16(command);
	return vfio_write(d, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &le, sizeof(le));
}

/* A place of MSI-X: the BAR's number in the low bits, an offset that is a multiple of 8. */
static int check_msix_place(const struct vfio_dev *d, const char *what, uint32_t place,
			    uint64_t bytes)
{
	unsigned int bar = place & 7;
	uint64_t offset = place & ~7u;

	if (bar < PCI_NR_BARS && offset <= d->regions[bar].size &&
	    bytes <= d->regions[bar].size - offset)
		return 0;
	return err_set(-EPROTO,
		       "the MSI-X %s of %s is invalid: %" PRIu64 " bytes at 0x%" PRIx64
		       " of BAR %u",
		       what, d->name, bytes, offset, bar);
}

static int read_msix_at(struct vfio_dev *d, uint8_t at, unsigned int *vectors)
{
	struct {
		uint8_t id, next;
		uint16_t control;
		uint32_t table, pba;
	} cap;
	int ret = vfio_read(d, VFIO_PCI_CONFIG_REGION_INDEX, at, &cap, sizeof(cap));
	unsigned int n;

	if (ret < 0)
		return ret;
	n = (le16toh(cap.control) & 0x7ff) + 1u;
	ret = check_msix_place(d, "table", le32toh(cap.table), (uint64_t)n * PCI_MSIX_ENTRY_BYTES);
	if (ret == 0)
		ret = check_msix_place(d, "PBA", le32toh(cap.pba), (uint64_t)((n + 63) / 64) * 8);
	if (ret == 0)
		*vectors = n;
	return ret;
}

int pci_read_msix(struct vfio_dev *d, const struct pci_caps *caps, unsigned int *vectors)
{
	unsigned int kernel = d->nr_irqs[VFIO_PCI_MSIX_IRQ_INDEX];

	*vectors = 0;
	for (unsigned int i = 0; i < caps->len; i++) {
		int ret;

		if (caps->cap[i].id != PCI_CAP_ID_MSIX)
			continue;
		ret = read_msix_at(d, caps->cap[i].offset, vectors);
		if (ret == 0 && *vectors > kernel)
			*vectors = kernel; /* what the kernel lets us use */
		return ret;
	}
	return 0;
}
