/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Functions that libblkio 1.5 does not have are weak here, so that one binary runs with either
 * library. A test looks whether the function is there, and skips aloud if not.
 */
#ifndef CONFORMANCE_ADDITIONS_H
#define CONFORMANCE_ADDITIONS_H

#include <blkio.h>

#pragma weak blkio_version
#pragma weak blkio_driver_names
#pragma weak blkio_get_prop_info
#pragma weak blkio_get_event_fd
#pragma weak blkio_next_event
#pragma weak blkioq_secure_erase
#pragma weak blkioq_append_zone
#pragma weak blkioq_appendv_zone

#define NEEDS_FUNCTION(fn)                                     \
	do {                                                   \
		if (!(fn))                                     \
			SKIP("this library has no %s()", #fn); \
	} while (0)

#endif /* CONFORMANCE_ADDITIONS_H */
