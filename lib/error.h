/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The message of the last failure, one for each thread.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include "lib/util/compiler.h"

printf_like(1, 2) void err_format(const char *fmt, ...);
printf_like(2, 3) void err_format_os(int err, const char *fmt, ...);

/*
 * Note why a call fails; the value is ret, so that it ends the failing function. Macros, for the
 * compiler to see which value that is.
 */
#define err_set(ret, ...) (err_format(__VA_ARGS__), (ret))

/* The same for a failure of the system: ret is -errno, and its text is appended. */
#define err_os(ret, ...)                               \
	({                                             \
		int err_ret_ = (ret);                  \
		err_format_os(-err_ret_, __VA_ARGS__); \
		err_ret_;                              \
	})

#define ERR_TEXT_BYTES 256

/* For cleaning up after a failure: what fails on the way must not hide why it is done. */
struct err_text {
	char text[ERR_TEXT_BYTES];
};

void err_save(struct err_text *t);
void err_restore(const struct err_text *t);

#endif
