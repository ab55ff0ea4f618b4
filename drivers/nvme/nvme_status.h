/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the status of an NVMe command means: an errno, and whether to try again.
 */
#ifndef DRIVERS_NVME_NVME_STATUS_H
#define DRIVERS_NVME_NVME_STATUS_H

#include <stdbool.h>

/* The errno, negative, of a status that is not 0. */
int nvu_status_errno(int status);
/* Its name, as the specification has it; static. */
const char *nvu_status_text(int status);
/* The device says that it may work another time. */
bool nvu_status_may_pass(int status);

#endif
