/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The configuration space of a PCI function: its list of capabilities, its command register, its
 * MSI-X table. The function is not trusted: every walk is bounded, every offset is checked.
 */
#ifndef DRIVERS_VFIO_PCI_PCI_H
#define DRIVERS_VFIO_PCI_PCI_H

#include "drivers/vfio_pci/vfio.h"

/* Offsets in the configuration space, and what is there. */
#define PCI_VENDOR_ID        0x00
#define PCI_DEVICE_ID        0x02
#define PCI_COMMAND          0x04
#define PCI_STATUS           0x06
#define PCI_CAPABILITY_LIST  0x34
#define PCI_CONFIG_BYTES     256 /* the part that has the list */
#define PCI_STATUS_HAS_LIST  0x10
#define PCI_COMMAND_MEMORY   0x0002
#define PCI_COMMAND_MASTER   0x0004
#define PCI_COMMAND_NO_INTX  0x0400
#define PCI_FIRST_CAPABILITY 0x40

#define PCI_CAP_ID_VENDOR 0x09
#define PCI_CAP_ID_MSIX   0x11

#define PCI_MSIX_ENTRY_BYTES 16

#define PCI_NR_BARS 6

#define PCI_MAX_CAPS ((PCI_CONFIG_BYTES - PCI_FIRST_CAPABILITY) / 4)

/* Where the capabilities are, in the order of the list. */
struct pci_caps {
	unsigned int len;
	struct {
		uint8_t id;
		uint8_t offset;
	} cap[PCI_MAX_CAPS];
};

int pci_read16(struct vfio_dev *d, unsigned int offset, uint16_t *value);

/* Walk the list; -EPROTO when it has a cycle or leaves the configuration space. */
int pci_read_caps(struct vfio_dev *d, struct pci_caps *caps);

/* Let the function answer to its BARs and write to memory, or no longer write to memory. */
int pci_set_bus_master(struct vfio_dev *d, bool on);

/* How many vectors the MSI-X table has; 0 if there is none. Table and PBA are in their BARs. */
int pci_read_msix(struct vfio_dev *d, const struct pci_caps *caps, unsigned int *vectors);

#endif
