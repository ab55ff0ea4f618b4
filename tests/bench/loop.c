// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The part of the benchmark loops that does not run once per request: options, clock, report.
 */
#include "loop.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How many requests pass between two looks at the clock when the run is limited by time. */
enum {
	REQUESTS_PER_LOOK = 4096
};

static const char *const mode_names[] = {
	[LOOP_BLOCKING] = "blocking",
	[LOOP_EVENTFD] = "eventfd",
	[LOOP_POLLING] = "polling",
};

static const struct option long_options[] = {
	{ "mode", required_argument, NULL, 'm' },
	{ "bs", required_argument, NULL, 'b' },
	{ "depth", required_argument, NULL, 'd' },
	{ "requests", required_argument, NULL, 'n' },
	{ "seconds", required_argument, NULL, 's' },
	{ "max-completions", required_argument, NULL, 'c' },
	{ "min-completions", required_argument, NULL, 'w' },
	{ "segments", required_argument, NULL, 'g' },
	{ "verify", no_argument, NULL, 'v' },
	{ 0 },
};

static _Noreturn void usage(const char *name)
{
	fprintf(stderr,
		"usage: loop_%s [OPTION...] FILE [NAME=VALUE...]\n"
		"  --mode=blocking|eventfd|polling  how to wait (blocking)\n"
		"  --bs=BYTES                       of each read (4096)\n"
		"  --depth=N                        reads in flight (32)\n"
		"  --requests=N | --seconds=S       how long to run (1 second)\n"
		"  --max-completions=N              to take at once (the depth)\n"
		"  --min-completions=N              blocking: to wait for (1)\n"
		"  --segments=N                     buffers of each read (1)\n"
		"  --verify                         FILE is from make_file: check the data\n",
		name);
	exit(2);
}

void loop_fail(const struct loop *l, const char *what, int errno_value)
{
	fprintf(stderr, "loop_%s: %s%s%s\n", l->name, what, errno_value ? ": " : "",
		errno_value ? strerror(errno_value) : "");
	exit(1);
}

static uint64_t parse_number(const struct loop *l, const char *text, uint64_t max)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !number || number > max)
		usage(l->name);
	return number;
}

static double parse_seconds(const struct loop *l, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0 && seconds < 1e6))
		usage(l->name);
	return seconds;
}

static enum loop_mode parse_mode(const struct loop *l, const char *text)
{
	for (unsigned int i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
		if (!strcmp(text, mode_names[i]))
			return (enum loop_mode)i;
	}
	usage(l->name);
}

static void parse_option(struct loop *l, int option)
{
	switch (option) {
	case 'm':
		l->mode = parse_mode(l, optarg);
		break;
	case 'b':
		l->block_bytes = (uint32_t)parse_number(l, optarg, 1 << 24);
		break;
	case 'd':
		l->depth = (unsigned int)parse_number(l, optarg, 4096);
		break;
	case 'n':
		l->requests = parse_number(l, optarg, UINT64_MAX);
		break;
	case 's':
		l->seconds = parse_seconds(l, optarg);
		break;
	case 'c':
		l->max_completions = (unsigned int)parse_number(l, optarg, 4096);
		break;
	case 'w':
		l->min_completions = (unsigned int)parse_number(l, optarg, 4096);
		break;
	case 'g':
		l->segments = (unsigned int)parse_number(l, optarg, 64);
		break;
	case 'v':
		l->verify = true;
		break;
	default:
		usage(l->name);
	}
}

void loop_set_size(struct loop *l, uint64_t bytes)
{
	l->blocks = bytes / l->block_bytes;
	if (!l->blocks || l->blocks > UINT32_MAX)
		loop_fail(l, "there must be 1 to 2^32 - 1 blocks", 0);
}

void loop_init(struct loop *l, const char *name, int argc, char **argv)
{
	int option;

	*l = (struct loop) {
		.name = name,
		.block_bytes = 4096,
		.depth = 32,
		.seconds = 1,
		.min_completions = 1,
		.segments = 1,
		.random = 0x9e3779b97f4a7c15,
	};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(l, option);
	if (optind == argc)
		usage(name);
	l->path = argv[optind];
	l->props = &argv[optind + 1];
	if (!l->max_completions || l->max_completions > l->depth)
		l->max_completions = l->depth;
	if (l->min_completions > l->max_completions || l->block_bytes % (l->segments * 512))
		usage(name);
	l->target = l->requests;
}

void loop_set_buffer(struct loop *l, void *buffer)
{
	l->slots = calloc(l->depth, sizeof(*l->slots));
	l->free = calloc(l->depth, sizeof(struct loop_slot *));
	if (!l->slots || !l->free)
		loop_fail(l, "slots", ENOMEM);
	for (unsigned int i = 0; i < l->depth; i++) {
		l->slots[i].buf = (uint8_t *)buffer + (size_t)i * l->block_bytes;
		l->free[i] = &l->slots[i];
	}
	l->nfree = l->depth;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void loop_start(struct loop *l)
{
	l->start_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	l->start_ns = clock_ns(CLOCK_MONOTONIC);
}

void loop_extend(struct loop *l)
{
	if (l->requests)
		return;
	if ((double)(clock_ns(CLOCK_MONOTONIC) - l->start_ns) < l->seconds * 1e9)
		l->target += REQUESTS_PER_LOOK;
}

bool loop_data_is_right(const struct loop *l, const struct loop_slot *slot)
{
	for (uint32_t at = 0; at + 512 <= l->block_bytes; at += 512) {
		uint64_t mark;

		memcpy(&mark, slot->buf + at, sizeof(mark));
		if (mark != slot->offset_bytes + at)
			return false;
	}
	/* Not to be taken for the next answer, should that never be written. */
	memset(slot->buf, 0xff, l->block_bytes);
	return true;
}

void loop_wait_event(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t events;

	while (read(fd, &events, sizeof(events)) < 0) {
		if (errno == EAGAIN)
			poll(&pollfd, 1, -1);
		else if (errno != EINTR)
			abort(); /* not an eventfd: a bug of the loop */
	}
}

int loop_report(struct loop *l)
{
	double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - l->start_ns) / 1e9;
	double cpu = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - l->start_cpu_ns) / 1e9;
	bool ok = !l->errors && l->done == l->queued && l->done && l->done >= l->requests;

	printf("loop=%s mode=%s bs=%" PRIu32 " depth=%u requests=%" PRIu64 " errors=%" PRIu64
	       " seconds=%.6f cpu_seconds=%.6f iops=%.0f\n",
	       l->name, mode_names[l->mode], l->block_bytes, l->depth, l->done, l->errors, seconds,
	       cpu, (double)l->done / seconds);
	if (!ok)
		fprintf(stderr, "loop_%s: not every read was right\n", l->name);
	return ok ? 0 : 1;
}

void loop_finish(struct loop *l)
{
	free(l->free);
	free(l->slots);
}
