// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * CRC-32C.
 */
#include "crc32c.h"

#include <pthread.h>
#include <string.h>

static uint32_t table[256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

/* What each byte makes of the remainder; the polynomial is reflected. */
static void make_table(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t rest = byte;

		for (int bit = 0; bit < 8; bit++)
			rest = rest >> 1 ^ (rest & 1 ? 0x82f63b78 : 0);
		table[byte] = rest;
	}
}

uint32_t crc32c_table(uint32_t crc, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	pthread_once(&table_once, make_table);
	crc = ~crc;
	for (; bytes; bytes--)
		crc = crc >> 8 ^ table[(crc ^ *at++) & 0xff];
	return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse(uint32_t crc, const void *data,
							     size_t bytes)
{
	const unsigned char *at = data;
	uint64_t rest = ~crc, word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		rest = __builtin_ia32_crc32di(rest, word);
	}
	for (; bytes; bytes--)
		rest = __builtin_ia32_crc32qi((uint32_t)rest, *at++);
	return ~(uint32_t)rest;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t bytes)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse(crc, data, bytes);
#endif
	return crc32c_table(crc, data, bytes);
}
