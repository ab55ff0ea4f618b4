/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Texts of which nobody knows whether they are UTF-8, for formats that must be.
 */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>

/* Bytes of the character at text, which is not at its end; 0 if there is none that is valid. */
size_t text_char_len(const char *text);
/* Put '?' in place of each byte that is in no character. The result is text. */
char *text_clean(char *text);
/* Cut what is longer than max bytes, between two characters. The result is the length. */
size_t text_cut(char *text, size_t max);

#endif /* BENCH_TEXT_H */
