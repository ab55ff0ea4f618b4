/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A virtio block device on PCI with a kernel in front of it, in plain memory: what the driver's
 * table of system calls (vfio_sys.h) leads to in tests. Made from the VIRTIO specification (4.1)
 * and linux/vfio.h with none of the library's definitions. There is one; it can lie and fail.
 */
#ifndef TESTS_FAKES_FAKE_PCI_H
#define TESTS_FAKES_FAKE_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/vfio_pci/vfio_sys.h"

enum {
	FAKE_PCI_QUEUES = 4,
	FAKE_PCI_VECTORS = 8,
	FAKE_PCI_MAPS = 16,
	FAKE_PCI_CALLS = 8,
	/* Capabilities of a device that is in order, in the order of their list. */
	FAKE_PCI_CAP_MSIX = 0x40,
	FAKE_PCI_CAP_COMMON = 0x50,
	FAKE_PCI_CAP_NOTIFY = 0x60,
	FAKE_PCI_CAP_ISR = 0x78,
	FAKE_PCI_CAP_DEVICE = 0x88,
	/* BAR 1 has the MSI-X table, BAR 4 what the virtio capabilities tell of. */
	FAKE_PCI_MSIX_BAR = 1,
	FAKE_PCI_BAR = 4,
	FAKE_PCI_BAR_BYTES = 0x4000,
};

struct fake_pci_queue {
	uint16_t size, vector, enabled, notify_off, resetting;
	uint64_t desc, driver, device;
};

struct fake_pci_map {
	uint64_t iova, addr, len;
};

extern struct fake_pci {
	uint8_t config[256];
	uint64_t bar_bytes[6];
	/* the device */
	uint64_t features;        /* offered */
	uint64_t driver_features; /* as accepted */
	uint8_t status;
	uint8_t blk[64]; /* its configuration */
	uint16_t nr_queues;
	uint16_t config_vector;
	struct fake_pci_queue queue[FAKE_PCI_QUEUES];
	uint16_t doorbells[2048]; /* what a mapping of BAR 4 shows from its notify part on */
	uint32_t feature_select, driver_feature_select;
	uint16_t queue_select;
	uint8_t generation;
	/* how it misbehaves */
	bool reset_never_ends, queue_reset_never_ends, refuses_features, always_changes;
	bool takes_no_vector, does_not_start, cannot_mmap, pulled_out;
	/* the kernel */
	bool has_iommufd;
	int viable;                /* the IOMMU group */
	uint64_t iova_first;       /* what the IOMMU can use, */
	uint64_t iova_last;        /* both included */
	uint64_t page_sizes;       /* a bit each */
	uint32_t dma_avail;        /* mappings */
	unsigned int msix_vectors; /* that the kernel has */
	struct fake_pci_map maps[FAKE_PCI_MAPS];
	unsigned int nr_maps;
	int irq_fd[5][FAKE_PCI_VECTORS]; /* by kind of interrupt; -1 */
	unsigned int irq_allocated;      /* of MSI-X */
	unsigned int function_resets;
	unsigned int open_fds;
	unsigned int kicks_by_call;
	unsigned int maps_while_mastering; /* left when the right to write memory was taken */
	bool master;
	/* Calls that fail: ioctl requests, or paths to open, with what they return. */
	struct {
		unsigned long request;
		const char *path;
		int ret;
	} fail[FAKE_PCI_CALLS];
} fake_pci;

extern const struct vfio_sys fake_pci_sys;

/* A device in order: 4 queues of 256, 8 vectors, 16 MiB. */
void fake_pci_reset(void);
void fake_pci_fail(unsigned long request, int ret);
void fake_pci_fail_open(const char *path, int ret);
/* The memory behind a device address, of so many bytes; NULL if it is not mapped. */
void *fake_pci_memory(uint64_t iova, uint64_t len);

/* A directory like that of sysfs, its path for the property; with cdev it has vfio3. */
const char *fake_pci_sysfs(const char *driver, const char *group, bool cdev);
void fake_pci_remove_sysfs(void);

#endif
