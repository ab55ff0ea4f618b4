// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * conformance: the same tests for every driver and device, through the public API only.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "additions.h"
#include "harness.h"
#include "traits.h"

_Static_assert(sizeof(struct blkio_mem_region) == 40, "as applications were built with it");
_Static_assert(sizeof(struct blkio_completion) == 32, "as applications were built with it");
_Static_assert(sizeof(struct blkio_zone) == 64, "as applications were built with it");

static const char usage[] =
	"Usage: conformance [options] DRIVER [PROPERTY=VALUE ...]\n"
	"\n"
	"Tests how a libblkio driver behaves on a device.\n"
	"THE DEVICE OR FILE IS OVERWRITTEN (unless read-only=true is among the properties).\n"
	"It needs 4 MiB at least. With fd=N the inherited file descriptor N is used.\n"
	"\n"
	"  --only=TEXT      run only the tests that have TEXT in their name\n"
	"  --mode=NAME      run tests that have modes only in this one: blocking, event-driven,\n"
	"                   polling, poll queue\n"
	"  --list           print the names of the tests, run none\n"
	"  --backing=PATH   the file or block device behind the device, to compare data with\n"
	"  --reference      skip, aloud, what differs from libblkio 1.5.0 on purpose\n"
	"  --seed=N         seed of the random tests (default: the time)\n"
	"  --count=N        operations of the random tests (default 300)\n"
	"  --range-unit=N   write zeroes and discards of the random tests in multiples of N bytes\n"
	"  --timeout=N      seconds until a test counts as hanging (default 30)\n"
	"  --verbose        print the tests that pass, too\n"
	"  --help           print this\n";

static const struct option long_options[] = {
	{ "only", required_argument, NULL, 'o' },
	{ "mode", required_argument, NULL, 'm' },
	{ "list", no_argument, NULL, 'l' },
	{ "backing", required_argument, NULL, 'b' },
	{ "reference", no_argument, NULL, 'r' },
	{ "seed", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'c' },
	{ "timeout", required_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "range-unit", required_argument, NULL, 'u' },
	{ NULL, 0, NULL, 0 },
};

static void usage_error(const char *problem, const char *value)
{
	fprintf(stderr, "conformance: %s %s\n%s", problem, value, usage);
	exit(2);
}

static uint64_t parse_number(const char *text, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || n > max)
		usage_error("not a number in range:", text);
	return n;
}

static const char *parse_mode(const char *name)
{
	for (int i = 0; i < NUM_MODES; i++) {
		if (strcmp(name, mode_names[i]) == 0)
			return mode_names[i];
	}
	usage_error("no mode:", name);
	return NULL;
}

static void parse_option(int c)
{
	switch (c) {
	case 'o':
		options.only = optarg;
		break;
	case 'm':
		options.mode = parse_mode(optarg);
		break;
	case 'l':
		options.list = true;
		break;
	case 'b':
		options.backing = optarg;
		break;
	case 'r':
		options.reference = true;
		break;
	case 's':
		options.seed = parse_number(optarg, UINT64_MAX);
		break;
	case 'c':
		options.count = (int)parse_number(optarg, 100000000);
		break;
	case 't':
		options.timeout_s = (int)parse_number(optarg, 100000);
		break;
	case 'u':
		options.range_unit = (size_t)parse_number(optarg, 1 << 18);
		break;
	case 'v':
		options.verbose = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		exit(2);
	}
}

static void parse_arguments(int argc, char **argv)
{
	int c;

	options.seed = (uint64_t)time(NULL);
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(c);
	if (optind == argc)
		usage_error("no driver", "given");
	options.driver = argv[optind];
	options.props = argv + optind + 1;
	options.num_props = argc - optind - 1;
	for (int i = 0; i < options.num_props; i++) {
		if (!strchr(options.props[i], '='))
			usage_error("not a PROPERTY=VALUE:", options.props[i]);
	}
}

int main(int argc, char **argv)
{
	parse_arguments(argc, argv);
	if (!traits_discover())
		return 1;
	if (!options.list)
		printf("seed %llu\n", (unsigned long long)options.seed);
	return run_tests(traits_has_mode, traits_restore_size) ? 0 : 1;
}
