// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The blocks of --verify.
 */
#include "block.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crc32c.h"

enum {
	SECTOR_BYTES = 512
};

#define BLOCK_MAGIC 0x4b4c424f494b4c42ULL /* "BLKIOBLK" */

/* As it is in the block. */
struct header {
	uint64_t magic, offset, sequence, seed, run;
	uint32_t bytes, crc;
};

_Static_assert(sizeof(struct header) <= BLOCK_MIN_BYTES, "a block has room for its header");

static uint32_t block_crc(const void *block, size_t bytes)
{
	const size_t at = offsetof(struct header, crc);
	const uint32_t none = 0;
	uint32_t crc = crc32c(0, block, at);

	crc = crc32c(crc, &none, sizeof(none));
	return crc32c(crc, (const char *)block + sizeof(struct header),
		      bytes - sizeof(struct header));
}

void block_stamp(void *block, size_t bytes, const struct block_tag *tag)
{
	struct header header = {
		.magic = htole64(BLOCK_MAGIC),
		.offset = htole64(tag->offset),
		.sequence = htole64(tag->sequence),
		.seed = htole64(tag->seed),
		.run = htole64(tag->run),
		.bytes = htole32((uint32_t)bytes),
	};
	uint64_t from = tag->sequence * 0x9e3779b97f4a7c15 ^ tag->run * 0xbf58476d1ce4e5b9;

	for (size_t at = SECTOR_BYTES; at + sizeof(uint64_t) <= bytes; at += SECTOR_BYTES) {
		uint64_t mark = htole64((tag->offset + at) ^ from);

		memcpy((char *)block + at, &mark, sizeof(mark));
	}
	memcpy(block, &header, sizeof(header));
	header.crc = htole32(block_crc(block, bytes));
	memcpy(block, &header, sizeof(header));
}

static bool all_zeroes(const char *block, size_t bytes)
{
	return block[0] == 0 && memcmp(block, block + 1, bytes - 1) == 0;
}

static bool check_integrity(const void *block, size_t bytes, const struct header *h, char *text,
			    size_t text_bytes)
{
	uint32_t crc;

	if (all_zeroes(block, bytes)) {
		snprintf(text, text_bytes, "found only zeroes");
		return false;
	}
	if (le64toh(h->magic) != BLOCK_MAGIC) {
		snprintf(text, text_bytes, "found no header of --verify (magic 0x%016" PRIx64 ")",
			 le64toh(h->magic));
		return false;
	}
	if (le32toh(h->bytes) != bytes) {
		snprintf(text, text_bytes, "found a block of %" PRIu32 " bytes, expected %zu",
			 le32toh(h->bytes), bytes);
		return false;
	}
	crc = block_crc(block, bytes);
	if (crc != le32toh(h->crc)) {
		snprintf(text, text_bytes,
			 "the CRC of the data is 0x%08" PRIx32 ", expected 0x%08" PRIx32
			 " as its header says (sequence %" PRIu64 ")",
			 crc, le32toh(h->crc), le64toh(h->sequence));
		return false;
	}
	return true;
}

bool block_check(const void *block, size_t bytes, const struct block_tag *expected, char *text,
		 size_t text_bytes)
{
	struct header h;

	memcpy(&h, block, sizeof(h));
	if (!check_integrity(block, bytes, &h, text, text_bytes))
		return false;
	if (le64toh(h.offset) != expected->offset) {
		snprintf(text, text_bytes, "found the block of offset %" PRIu64, le64toh(h.offset));
		return false;
	}
	if (expected->sequence == 0)
		return true;
	if (expected->run && le64toh(h.run) != expected->run) {
		snprintf(text, text_bytes,
			 "found a write of another run (0x%016" PRIx64 ", sequence %" PRIu64
			 "), expected 0x%016" PRIx64 ", sequence %" PRIu64,
			 le64toh(h.run), le64toh(h.sequence), expected->run, expected->sequence);
		return false;
	}
	if (le64toh(h.seed) != expected->seed) {
		snprintf(text, text_bytes,
			 "found the block of another job, or of a run with another randseed "
			 "(sequence %" PRIu64 ", expected %" PRIu64 ")",
			 le64toh(h.sequence), expected->sequence);
		return false;
	}
	if (le64toh(h.sequence) != expected->sequence) {
		snprintf(text, text_bytes, "found sequence %" PRIu64 ", expected %" PRIu64,
			 le64toh(h.sequence), expected->sequence);
		return false;
	}
	return true;
}

uint64_t block_run(const void *block)
{
	struct header h;

	memcpy(&h, block, sizeof(h));
	return le64toh(h.run);
}
