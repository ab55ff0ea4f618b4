/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For tests of the driver: a device without a kernel.
 */
#ifndef DRIVERS_VFIO_PCI_VFIO_PCI_H
#define DRIVERS_VFIO_PCI_VFIO_PCI_H

#include "drivers/vfio_pci/vfio_sys.h"
#include "lib/core.h"

/* An instance of the driver, before connect, gets other system calls. */
void vfio_pci_use_sys(struct blkio *b, const struct vfio_sys *sys);

#endif
