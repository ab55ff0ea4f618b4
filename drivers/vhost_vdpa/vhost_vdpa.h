/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For tests: let a new instance use other system calls than the kernel's.
 */
#ifndef DRIVERS_VHOST_VDPA_VHOST_VDPA_H
#define DRIVERS_VHOST_VDPA_VHOST_VDPA_H

#include "drivers/vhost_vdpa/vdpa_sys.h"
#include "lib/core.h"

void vhost_vdpa_use_sys(struct blkio *b, const struct vdpa_sys *sys);

#endif
