// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the tools say on stderr: one line for each error, with the program's name in front.
 */
#include "msg.h"

#include <blkio.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *msg_place;

void msg_set_place(const char *place)
{
	msg_place = place;
}

static __attribute__((format(printf, 1, 0))) void say(const char *fmt, va_list args)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	if (msg_place)
		fprintf(stderr, "%s: ", msg_place);
	vfprintf(stderr, fmt, args);
}

int msg_failed(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return STATUS_FAILED;
}

int msg_blkio(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", blkio_get_error_msg());
	return STATUS_FAILED;
}

int msg_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	if (msg_place)
		fputc('\n', stderr);
	else
		fprintf(stderr, "\nTry '%s --help'.\n", program_invocation_short_name);
	return STATUS_USAGE;
}

int msg_close_stdout(void)
{
	int failed = ferror(stdout);

	if (fclose(stdout) != 0)
		return msg_failed("cannot write to stdout: %s", strerror(errno));
	return failed ? msg_failed("cannot write to stdout") : STATUS_OK;
}
