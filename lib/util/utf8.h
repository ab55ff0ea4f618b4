/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whether a string is well-formed UTF-8 (RFC 3629).
 */
#ifndef LIB_UTIL_UTF8_H
#define LIB_UTIL_UTF8_H

#include <stdbool.h>

bool utf8_valid(const char *s);

#endif
