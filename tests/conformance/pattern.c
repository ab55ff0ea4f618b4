// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * pattern: write data that can be recognised through one driver, find it again through another.
 * Each 8 bytes hold their own offset and a seed, so that nothing can be in the wrong place.
 *
 *	pattern write|check SEED BYTES DRIVER PROPERTY=VALUE ...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

enum {
	CHUNK = 65536, /* bytes of a request */
	WORDS = CHUNK / 8,
};

static uint64_t word_at(uint64_t offset, uint64_t seed)
{
	return offset * UINT64_C(0x9e3779b97f4a7c15) ^ seed;
}

static void finish(struct blkioq *q, const char *what)
{
	struct blkio_completion c;

	if (blkioq_do_io(q, &c, 1, 1, NULL) != 1)
		tool_die("do_io");
	if (c.ret == 0)
		return;
	fprintf(stderr, "pattern: %s: %s\n", what, c.error_msg ? c.error_msg : strerror(-c.ret));
	exit(EXIT_FAILURE);
}

static void write_all(struct blkioq *q, uint64_t *buf, uint64_t seed, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += CHUNK) {
		for (uint64_t i = 0; i < WORDS; i++)
			buf[i] = word_at(at + i * 8, seed);
		blkioq_write(q, at, buf, CHUNK, NULL, 0);
		finish(q, "write");
	}
	blkioq_flush(q, NULL, 0);
	finish(q, "flush");
}

static void check_all(struct blkioq *q, uint64_t *buf, uint64_t seed, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += CHUNK) {
		memset(buf, 0x55, CHUNK);
		blkioq_read(q, at, buf, CHUNK, NULL, 0);
		finish(q, "read");
		for (uint64_t i = 0; i < WORDS; i++) {
			if (buf[i] == word_at(at + i * 8, seed))
				continue;
			fprintf(stderr, "pattern: other data at %" PRIu64 "\n", at + i * 8);
			exit(EXIT_FAILURE);
		}
	}
}

int main(int argc, char **argv)
{
	struct blkio_mem_region r;
	struct blkio *b;
	bool writing;
	uint64_t seed, bytes;

	if (argc < 5 || (strcmp(argv[1], "write") != 0 && strcmp(argv[1], "check") != 0)) {
		fprintf(stderr,
			"usage: pattern write|check SEED BYTES DRIVER PROPERTY=VALUE ...\n");
		return 2;
	}
	writing = strcmp(argv[1], "write") == 0;
	seed = strtoull(argv[2], NULL, 0);
	bytes = strtoull(argv[3], NULL, 0);
	b = tool_start(argv[4], argv + 5);
	if (blkio_alloc_mem_region(b, &r, CHUNK) < 0 || blkio_map_mem_region(b, &r) < 0)
		tool_die("memory");
	(writing ? write_all : check_all)(blkio_get_queue(b, 0), r.addr, seed, bytes);
	blkio_destroy(&b);
	return EXIT_SUCCESS;
}
