// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See tool.h.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tool_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, blkio_get_error_msg());
	exit(EXIT_FAILURE);
}

static void set_property(struct blkio *b, char *word)
{
	char *value = strchr(word, '=');

	if (!value) {
		fprintf(stderr, "%s: '%s' is not PROPERTY=VALUE\n", program_invocation_short_name,
			word);
		exit(2);
	}
	*value++ = '\0';
	if (blkio_set_str(b, word, value) < 0)
		tool_die(word);
}

struct blkio *tool_start(const char *driver, char **properties)
{
	struct blkio *b;

	if (blkio_create(driver, &b) < 0)
		tool_die(driver);
	for (; *properties; properties++)
		set_property(b, *properties);
	if (blkio_connect(b) < 0)
		tool_die("connect");
	if (blkio_start(b) < 0)
		tool_die("start");
	return b;
}
