// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * consumer with|without: a user's program, in what C and C++ have in common.
 *
 * It checks that the library that it was linked to is whole: the version is that of the header, and
 * the io_uring driver is there, or is not there if it was switched off.
 */
#include <blkio.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)
#define HEADER_VERSION \
	TEXT(BLKIO_VERSION_MAJOR) "." TEXT(BLKIO_VERSION_MINOR) "." TEXT(BLKIO_VERSION_MICRO)

static bool listed(const char *driver)
{
	const char *const *name = blkio_driver_names();

	while (*name && strcmp(*name, driver))
		name++;
	return *name != NULL;
}

static int complain(const char *what)
{
	fprintf(stderr, "consumer: %s (%s)\n", what, blkio_get_error_msg());
	return 1;
}

int main(int argc, char **argv)
{
	bool wanted = argc == 2 && !strcmp(argv[1], "with");
	struct blkio *b = NULL;
	int ret;

	if (strcmp(blkio_version(), HEADER_VERSION))
		return complain("the library is not of the header's version");
	if (listed("io_uring") != wanted)
		return complain("the list of drivers is not what was built");
	ret = blkio_create("io_uring", &b);
	if (ret != (wanted ? 0 : -ENOENT))
		return complain("create does not agree with the list of drivers");
	if (!wanted && !strstr(blkio_get_error_msg(), "io_uring"))
		return complain("the text does not name the driver");
	blkio_destroy(&b);
	printf("%s %s io_uring\n", blkio_version(), argc == 2 ? argv[1] : "");
	return 0;
}
