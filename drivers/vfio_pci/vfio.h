/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A PCI function through VFIO: opening it, its regions and interrupts, and what it sees of our
 * memory. There are two ways in with the same result: iommufd with the device's own character
 * device, and IOMMU group with container. Failing calls have set their message.
 */
#ifndef DRIVERS_VFIO_PCI_VFIO_H
#define DRIVERS_VFIO_PCI_VFIO_H

#include <linux/vfio.h>
#include <stdbool.h>

#include "drivers/vfio_pci/vfio_sys.h"
#include "drivers/virtio/iova.h"

#define VFIO_NAME_BYTES 32 /* of a PCI address or a node's number */

struct vfio_region {
	uint64_t offset; /* in the device's file */
	uint64_t size;   /* 0: the device does not have it */
	bool can_mmap;
};

struct vfio_dev {
	const struct vfio_sys *sys;
	char name[VFIO_NAME_BYTES]; /* 0000:00:01.0 */
	int iommu_fd;               /* a container or an iommufd; -1 when closed, like the others */
	int group_fd;               /* -1 with iommufd */
	int fd;
	bool iommufd;
	bool can_reset;
	uint32_t ioas_id;
	uint64_t page_bytes; /* addresses and lengths for the IOMMU are multiples of this */
	uint64_t max_maps;
	struct iova_space iovas;
	struct vfio_region regions[VFIO_PCI_NUM_REGIONS];
	uint32_t nr_irqs[VFIO_PCI_NUM_IRQS];
};

void vfio_init(struct vfio_dev *d, const struct vfio_sys *sys);
/* `path` is the function's directory in sysfs. Also after a failure, vfio_close() ends it. */
int vfio_open(struct vfio_dev *d, const char *path);
void vfio_close(struct vfio_dev *d);

/* Let the device read and write memory, at an address that is chosen here. */
int vfio_map(struct vfio_dev *d, void *addr, size_t len, iova_t *iova);
void vfio_unmap(struct vfio_dev *d, iova_t iova, size_t len);

/* All of it or an error; within the region. */
int vfio_read(struct vfio_dev *d, unsigned int region, uint64_t offset, void *buf, size_t len);
int vfio_write(struct vfio_dev *d, unsigned int region, uint64_t offset, const void *buf,
	       size_t len);

/* Reset the function (FLR or what the kernel has); 0, or -errno without a message. */
int vfio_reset(struct vfio_dev *d);

/* Allocate n vectors of an interrupt, with no eventfd yet; 0 gives all of them back. */
int vfio_alloc_irqs(struct vfio_dev *d, unsigned int index, unsigned int n);
/* Which eventfd a vector signals. */
int vfio_set_irq(struct vfio_dev *d, unsigned int index, unsigned int vector, int eventfd);

/* vfio_sysfs.c: what sysfs says of the function, with texts that say what to do. */
struct vfio_place {
	char name[VFIO_NAME_BYTES];  /* PCI address */
	char group[VFIO_NAME_BYTES]; /* number of the IOMMU group */
	char cdev[VFIO_NAME_BYTES];  /* vfioN, or "" */
};

int vfio_find(const char *path, struct vfio_place *place);

/* vfio_dma.c */
int vfio_type1_read_info(struct vfio_dev *d);
int vfio_iommufd_read_info(struct vfio_dev *d);

#endif
