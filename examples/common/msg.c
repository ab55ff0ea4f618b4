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
static char last[1024];

void msg_set_place(const char *place)
{
	msg_place = place;
}

static __attribute__((format(printf, 1, 0))) void say(const char *fmt, va_list args)
{
	int len = msg_place ? snprintf(last, sizeof(last) / 2, "%.500s: ", msg_place) : 0;
	va_list again;

	va_copy(again, args);
	vsnprintf(last + len, sizeof(last) - (size_t)len, fmt, again);
	va_end(again);
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
	size_t len;
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	len = strlen(last);
	snprintf(last + len, sizeof(last) - len, ": %s", blkio_get_error_msg());
	fprintf(stderr, ": %s\n", blkio_get_error_msg());
	return STATUS_FAILED;
}

const char *msg_last(void)
{
	return last;
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
