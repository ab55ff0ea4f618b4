// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The one list of compiled-in drivers. CMake defines BLKIO_HAVE_* for each that is switched on.
 */
#include <string.h>

#include "lib/driver.h"
#include "lib/util/compiler.h"

#ifdef BLKIO_HAVE_IO_URING
extern const struct blkio_driver io_uring_driver;
#endif
#ifdef BLKIO_HAVE_NVME
extern const struct blkio_driver nvme_driver;
#endif
#ifdef BLKIO_HAVE_THREADS
extern const struct blkio_driver threads_driver;
#endif
#ifdef BLKIO_HAVE_VFIO_PCI
extern const struct blkio_driver vfio_pci_driver;
#endif
#ifdef BLKIO_HAVE_VHOST_USER
extern const struct blkio_driver vhost_user_driver;
#endif
#ifdef BLKIO_HAVE_VHOST_VDPA
extern const struct blkio_driver vhost_vdpa_driver;
#endif

const struct blkio_driver *const blkio_drivers[] = {
#ifdef BLKIO_HAVE_IO_URING
	&io_uring_driver,
#endif
#ifdef BLKIO_HAVE_NVME
	&nvme_driver,
#endif
#ifdef BLKIO_HAVE_THREADS
	&threads_driver,
#endif
#ifdef BLKIO_HAVE_VFIO_PCI
	&vfio_pci_driver,
#endif
#ifdef BLKIO_HAVE_VHOST_USER
	&vhost_user_driver,
#endif
#ifdef BLKIO_HAVE_VHOST_VDPA
	&vhost_vdpa_driver,
#endif
	NULL,
};

static const char *const driver_names[] = {
#ifdef BLKIO_HAVE_IO_URING
	"io_uring",
#endif
#ifdef BLKIO_HAVE_NVME
	"nvme-io_uring",
#endif
#ifdef BLKIO_HAVE_THREADS
	"threads",
#endif
#ifdef BLKIO_HAVE_VFIO_PCI
	"virtio-blk-vfio-pci",
#endif
#ifdef BLKIO_HAVE_VHOST_USER
	"virtio-blk-vhost-user",
#endif
#ifdef BLKIO_HAVE_VHOST_VDPA
	"virtio-blk-vhost-vdpa",
#endif
	NULL,
};

BLKIO_PUBLIC const char *const *blkio_driver_names(void)
{
	return driver_names;
}

const struct blkio_driver *driver_find(const char *name)
{
	for (int i = 0; blkio_drivers[i]; i++) {
		if (strcmp(blkio_drivers[i]->name, name) == 0)
			return blkio_drivers[i];
	}
	return NULL;
}
