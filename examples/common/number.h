/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Numbers as people write and read them: 4k, 1.5 GiB, 500ms, 77.3 us.
 */
#ifndef TOOLS_NUMBER_H
#define TOOLS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NUMBER_TEXT_LEN = 32
}; /* room for any number that the functions below write */

#define NS_PER_SEC 1000000000ULL

/* A decimal number, nothing behind it. False if the text is anything else or does not fit. */
bool number_parse(const char *text, uint64_t *value);
/* Bytes: a number, then k, m, g, t or p (powers of 1024; "4kb" and "4KiB" are 4k too). */
bool number_parse_size(const char *text, uint64_t *bytes);
/* A time: a number, then us, ms, s, m or h; seconds if there is no unit. */
bool number_parse_time(const char *text, uint64_t *ns);

/* The functions below write into text, which has NUMBER_TEXT_LEN bytes, and return it. */

/* "4 KiB", "1.61 GiB": three digits and a binary unit. */
const char *number_size(char *text, double bytes);
/* "1.73 GB": the same in powers of 1000. */
const char *number_size_decimal(char *text, double bytes);
/* "412 k", "1.05 M": three digits and a power of 1000. */
const char *number_count(char *text, double count);
/* "812 ns", "77.3 us", "1.20 ms", "2.05 s". */
const char *number_time(char *text, double ns);
/* "1m 05s", "12s": whole seconds for a clock. */
const char *number_clock(char *text, uint64_t seconds);

#endif /* TOOLS_NUMBER_H */
