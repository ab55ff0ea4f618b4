// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * witness: be there when something happens to a device, and say what was seen of it.
 *
 *	witness capacity SECONDS BYTES DRIVER PROPERTY=VALUE ...
 *		until an event tells of a capacity of so many bytes; prints it
 *	witness end SECONDS BYTES DRIVER PROPERTY=VALUE ...
 *		write in the first BYTES, many requests at a time, until no request has ended for a
 *		second or one has failed; prints which. Then destroy the instance: all that in
 *		SECONDS
 *
 * "ready" is printed when the device runs; "done" or "failed" when it is over, before the process
 * ends. It fails if what it waits for is not seen in time, and says so.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

enum {
	DEPTH = 32,
	BLOCK = 4096,
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int wait_for_capacity(struct blkio *b, double until, uint64_t bytes)
{
	struct pollfd pfd = { .fd = blkio_get_event_fd(b), .events = POLLIN };
	struct blkio_event event;

	if (pfd.fd < 0)
		tool_die("event fd");
	for (double left; (left = until - now()) > 0;) {
		(void)poll(&pfd, 1, (int)(left * 1000) + 1);
		if (blkio_next_event(b, &event) < 0)
			tool_die("event");
		if (event.type != BLKIO_EVENT_CAPACITY_CHANGED)
			continue;
		printf("capacity %" PRIu64 "\n", event.capacity);
		if (event.capacity == bytes)
			return EXIT_SUCCESS;
	}
	fprintf(stderr, "witness: no event told of a capacity of %" PRIu64 " bytes\n", bytes);
	return EXIT_FAILURE;
}

static void write_somewhere(struct blkioq *q, char *buf, uint64_t bytes)
{
	uint64_t block = (uint64_t)random() % (bytes / BLOCK);

	blkioq_write(q, block * BLOCK, buf, BLOCK, NULL, 0);
}

/* What has ended is done again. */
static int load_until_the_end(struct blkio *b, double until, uint64_t bytes)
{
	struct blkioq *q = blkio_get_queue(b, 0);
	struct blkio_completion c[DEPTH];
	struct blkio_mem_region r;
	uint64_t done = 0;
	int n = DEPTH;

	if (blkio_alloc_mem_region(b, &r, BLOCK) < 0 || blkio_map_mem_region(b, &r) < 0)
		tool_die("memory");
	memset(r.addr, 'w', BLOCK);
	while (now() < until) {
		struct timespec second = { .tv_sec = 1 };

		for (int i = 0; i < n; i++)
			write_somewhere(q, r.addr, bytes);
		n = blkioq_do_io(q, c, 1, DEPTH, &second);
		if (n < 0) {
			printf("after %" PRIu64 " requests: %s\n", done, blkio_get_error_msg());
			return EXIT_SUCCESS;
		}
		for (int i = 0; i < n; i++) {
			if (c[i].ret == 0)
				continue;
			printf("after %" PRIu64 " requests: %s\n", done,
			       c[i].error_msg ? c[i].error_msg : strerror(-c[i].ret));
			return EXIT_SUCCESS;
		}
		done += (uint64_t)n;
	}
	fprintf(stderr, "witness: %" PRIu64 " requests, and no end of the device\n", done);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct blkio *b;
	bool is_end;
	double until;
	uint64_t bytes;
	int status;

	if (argc < 5 || (strcmp(argv[1], "capacity") != 0 && strcmp(argv[1], "end") != 0)) {
		fprintf(stderr, "usage: witness capacity|end SECONDS BYTES DRIVER "
				"PROPERTY=VALUE ...\n");
		return 2;
	}
	is_end = strcmp(argv[1], "end") == 0;
	until = now() + atof(argv[2]);
	bytes = strtoull(argv[3], NULL, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	b = tool_start(argv[4], argv + 5);
	puts("ready");
	status = (is_end ? load_until_the_end : wait_for_capacity)(b, until, bytes);
	blkio_destroy(&b);
	if (now() < until) {
		puts(status == EXIT_SUCCESS ? "done" : "failed");
		return status;
	}
	fprintf(stderr, "witness: it took longer than %s s\n", argv[2]);
	return EXIT_FAILURE;
}
