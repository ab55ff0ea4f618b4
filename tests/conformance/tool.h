/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the small programs for the guests of tests/vm have in common. Failures end them.
 */
#ifndef CONFORMANCE_TOOL_H
#define CONFORMANCE_TOOL_H

#include <blkio.h>

/* Say what failed, with the library's message, and exit. */
_Noreturn void tool_die(const char *what);

/* Start an instance with properties from words like path=/dev/x; they end with NULL. */
struct blkio *tool_start(const char *driver, char **properties);

#endif
