/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio over PCI, as VIRTIO 1.2 has it (section 4.1): where a function keeps its structures, its
 * status, features, configuration and queues. Modern only. What runs here are control calls: each
 * access is a system call, which also works where a BAR cannot be mapped. Only the doorbells are
 * mapped.
 */
#ifndef DRIVERS_VFIO_PCI_VIRTIO_PCI_H
#define DRIVERS_VFIO_PCI_VIRTIO_PCI_H

#include "drivers/vfio_pci/pci.h"

#define VIRTIO_F_RING_RESET 40

#define VIRTIO_PCI_NO_VECTOR 0xffff

/* The common configuration is as long as this if it has what RING_RESET needs. */
#define VIRTIO_PCI_COMMON_RESET_BYTES 0x3c

/* One of the structures that a vendor capability tells the place of. */
struct virtio_pci_part {
	uint32_t offset;
	uint32_t len; /* 0: there is none */
	uint8_t bar;
};

struct virtio_pci {
	struct vfio_dev *d;
	struct virtio_pci_part common, notify, isr, config;
	uint32_t notify_multiplier;
	int64_t timeout_ns; /* of a reset */
	char *doorbells;    /* the notify structure, mapped; NULL if that is not possible */
	void *doorbell_map;
	size_t doorbell_map_bytes;
};

struct virtio_pci_queue {
	uint16_t index;
	uint16_t size;
	uint16_t vector;
	iova_t desc, driver, device;
	/* out */
	volatile void *doorbell;  /* 16 bits for the queue's index; NULL: not mapped, */
	uint32_t doorbell_offset; /* but here in the BAR */
};

/* Find the structures, check them, map the doorbells. The function is a virtio block device. */
int virtio_pci_open(struct virtio_pci *v, struct vfio_dev *d, int64_t timeout_ns);
void virtio_pci_close(struct virtio_pci *v);

int virtio_pci_status(struct virtio_pci *v, uint8_t *status);
int virtio_pci_add_status(struct virtio_pci *v, uint8_t bits);
/* Reset the device; -ETIMEDOUT when it does not finish in time. */
int virtio_pci_reset(struct virtio_pci *v);

int virtio_pci_get_features(struct virtio_pci *v, uint64_t *features);
/* From reset to FEATURES_OK. */
int virtio_pci_negotiate(struct virtio_pci *v, uint64_t features);

/* The first len bytes of the device's configuration; what it does not have is 0. */
int virtio_pci_read_config(struct virtio_pci *v, void *buf, size_t len);

int virtio_pci_nr_queues(struct virtio_pci *v, uint16_t *n);
/* The most descriptors that a queue can have: a power of two, 0 if the queue does not exist. */
int virtio_pci_queue_size(struct virtio_pci *v, uint16_t index, uint16_t *size);
int virtio_pci_setup_queue(struct virtio_pci *v, struct virtio_pci_queue *q);
/* With RING_RESET: the device lets go of one queue. */
int virtio_pci_reset_queue(struct virtio_pci *v, uint16_t index);
int virtio_pci_set_config_vector(struct virtio_pci *v, uint16_t vector);

#endif
