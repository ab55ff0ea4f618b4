// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The messages of the tools, kept instead of printed.
 */
#include "tests/tools/fake_msg.h"

#include <stdarg.h>
#include <stdio.h>

char fake_msg[1024];
static const char *place;

void msg_set_place(const char *text)
{
	place = text;
}

static __attribute__((format(printf, 1, 0))) void keep(const char *fmt, va_list args)
{
	int len =
		snprintf(fake_msg, sizeof(fake_msg), "%s%s", place ? place : "", place ? ": " : "");

	vsnprintf(fake_msg + len, sizeof(fake_msg) - (size_t)len, fmt, args);
}

#define FAKE(function, status)             \
	int function(const char *fmt, ...) \
	{                                  \
		va_list args;              \
                                           \
		va_start(args, fmt);       \
		keep(fmt, args);           \
		va_end(args);              \
		return status;             \
	}

FAKE(msg_failed, STATUS_FAILED)
FAKE(msg_blkio, STATUS_FAILED)
FAKE(msg_usage, STATUS_USAGE)
