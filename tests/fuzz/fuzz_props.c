// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Property strings: any text for the name and for the value, for each driver. What was set is what
 * is read, and nothing is without an error text.
 */
#include <blkio.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

/* Up to a line's end, and past it. */
static const char *next_line(struct fuzz_input *in, char *line, size_t size)
{
	size_t n = 0;

	while (in->size) {
		char c = (char)fuzz_u8(in);

		if (c == '\n' || !c)
			break;
		if (n + 1 < size)
			line[n++] = c;
	}
	line[n] = '\0';
	return line;
}

static void set_and_get(struct blkio *b, const char *name, const char *value)
{
	int ret = blkio_set_str(b, name, value);
	char *text = NULL;

	if (ret < 0)
		fuzz_must(*blkio_get_error_msg());
	if (blkio_get_str(b, name, &text) < 0)
		fuzz_must(ret < 0 && !text && *blkio_get_error_msg());
	/* The same text again is the same value again. */
	else if (ret == 0)
		fuzz_must(blkio_set_str(b, name, text) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const char *const *drivers = blkio_driver_names();
	char name[64], value[256];
	unsigned int nr = 0;
	struct blkio *b;

	while (drivers[nr])
		nr++;
	fuzz_must(blkio_create(drivers[fuzz_u8(&in) % nr], &b) == 0);
	while (in.size) {
		next_line(&in, name, sizeof(name));
		next_line(&in, value, sizeof(value));
		set_and_get(b, name, value);
	}
	blkio_destroy(&b);
	return 0;
}
