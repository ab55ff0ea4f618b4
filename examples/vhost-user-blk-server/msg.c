// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The messages of ../common/msg.h for a program that does not use the library. Several threads
 * speak here, so each line goes out in one piece.
 */
#include "../common/msg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __attribute__((format(printf, 2, 0))) void say(const char *end, const char *fmt,
						      va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	fprintf(stderr, "%s: %s%s\n", program_invocation_short_name, text, end);
}

int msg_failed(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
	return STATUS_FAILED;
}

int msg_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("\nTry --help.", fmt, args);
	va_end(args);
	return STATUS_USAGE;
}

int msg_close_stdout(void)
{
	int failed = ferror(stdout);

	if (fclose(stdout) != 0)
		return msg_failed("cannot write to stdout: %s", strerror(errno));
	return failed ? msg_failed("cannot write to stdout") : STATUS_OK;
}
