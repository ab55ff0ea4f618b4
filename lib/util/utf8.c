// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See utf8.h.
 */
#include "lib/util/utf8.h"

#include <stdint.h>

/* How many continuation bytes follow this first byte; -1 if it cannot be one. */
static int utf8_tail_len(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first >= 0xc2 && first <= 0xdf)
		return 1;
	if (first >= 0xe0 && first <= 0xef)
		return 2;
	if (first >= 0xf0 && first <= 0xf4)
		return 3;
	return -1;
}

/* Only the second byte has narrower ranges: no overlong form, no surrogate, none over U+10FFFF. */
static bool utf8_second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

bool utf8_valid(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		int tail = utf8_tail_len(*p);

		if (tail < 0 || (tail > 0 && !utf8_second_ok(p[0], p[1])))
			return false;
		for (p++; tail > 0; tail--, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}
