// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * UTF-8, as RFC 3629 has it.
 */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Surrogates, and what XML forbids, are no characters. */
static bool is_character(uint32_t code, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return code >= least[len] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
	       code != 0xfffe && code != 0xffff;
}

size_t text_char_len(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t len = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	uint32_t code;

	if (len == 1)
		return 1;
	if (continues(byte[0]) || byte[0] > 0xf4)
		return 0;
	code = byte[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (!continues(byte[i])) /* also the end of the text */
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	return is_character(code, len) ? len : 0;
}

char *text_clean(char *text)
{
	for (char *at = text; *at;) {
		size_t len = text_char_len(at);

		if (!len)
			*at = '?';
		at += len ? len : 1;
	}
	return text;
}

size_t text_cut(char *text, size_t max)
{
	size_t len = strlen(text);

	if (len <= max)
		return len;
	len = max;
	while (len && continues((unsigned char)text[len]))
		len--;
	text[len] = '\0';
	return len;
}
