// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * make_file FILE MIB: a file in which each 512 bytes begin with their own offset, so that a
 * reader can tell whether it got the bytes that it asked for. No holes: reading has to copy.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_file(FILE *file, uint64_t bytes)
{
	uint8_t sector[512];

	memset(sector, 0xa5, sizeof(sector));
	for (uint64_t offset = 0; offset < bytes; offset += sizeof(sector)) {
		memcpy(sector, &offset, sizeof(offset));
		if (fwrite(sector, sizeof(sector), 1, file) != 1)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t mib = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	FILE *file;
	int ret;

	if (!mib || mib > 1024) {
		fprintf(stderr, "usage: make_file FILE MIB (1 to 1024)\n");
		return 2;
	}
	file = fopen(argv[1], "we");
	if (!file) {
		perror(argv[1]);
		return 1;
	}
	ret = write_file(file, mib << 20);
	if (fclose(file) || ret) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
