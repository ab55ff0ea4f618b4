// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See error.h. The buffer has a fixed size: to report an error must not itself fail.
 */
#include "lib/error.h"

#include <blkio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char last_error[ERR_TEXT_BYTES];

BLKIO_PUBLIC const char *blkio_get_error_msg(void)
{
	return last_error;
}

void err_format(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_error, sizeof(last_error), fmt, ap);
	va_end(ap);
}

void err_format_os(int err, const char *fmt, ...)
{
	char what[192];
	char text[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_format("%s: %s (os error %d)", what, strerror_r(err, text, sizeof(text)), err);
}

void err_save(struct err_text *t)
{
	memcpy(t->text, last_error, sizeof(t->text));
}

void err_restore(const struct err_text *t)
{
	memcpy(last_error, t->text, sizeof(t->text));
}
