/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The properties that every driver has.
 */
#ifndef LIB_PROPERTY_COMMON_H
#define LIB_PROPERTY_COMMON_H

#include "lib/property.h"

extern const struct blkio_prop common_props[]; /* ends with a row without a name */

#endif
