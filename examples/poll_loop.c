// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Read a whole file or block device by polling: the thread never sleeps, so no time is lost with
 * waking it up. The price is a processor that is always busy.
 *
 *	poll_loop PATH
 *
 * A regular queue can be polled too. Where the device supports it ("supports-poll-queues"), a poll
 * queue is better: its completions are looked for in the device itself, without interrupts.
 */
#include <blkio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH       16
#define CHUNK_BYTES (16UL * 1024)

struct reader {
	struct blkio *b;
	struct blkioq *q;
	struct blkio_mem_region region; /* DEPTH buffers of CHUNK_BYTES */
	uint64_t end, next;             /* bytes; next is where the next request goes */
	uint64_t requests, polls;
	int in_flight;
};

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "poll_loop: %s: %s\n", what, why);
	return -1;
}

/* Poll queues need direct I/O. Not every file system has it: then connect fails, try without. */
static int connect_device(struct blkio *b, const char *path)
{
	if (blkio_set_str(b, "path", path) < 0 || blkio_set_bool(b, "read-only", true) < 0 ||
	    blkio_set_bool(b, "direct", true) < 0)
		return -1;
	if (blkio_connect(b) == 0)
		return 0;
	return blkio_set_bool(b, "direct", false) < 0 ? -1 : blkio_connect(b);
}

/* After connect the device says what it can do; the queues are chosen before start. */
static int start_with_one_queue(struct reader *r)
{
	bool poll_queue;

	if (blkio_get_bool(r->b, "supports-poll-queues", &poll_queue) < 0 ||
	    blkio_set_int(r->b, "num-queues", poll_queue ? 0 : 1) < 0 ||
	    blkio_set_int(r->b, "num-poll-queues", poll_queue ? 1 : 0) < 0 || blkio_start(r->b) < 0)
		return -1;
	/* The two kinds of queues are numbered separately. */
	r->q = poll_queue ? blkio_get_poll_queue(r->b, 0) : blkio_get_queue(r->b, 0);
	printf("polling a %s queue\n", poll_queue ? "poll" : "regular");
	return 0;
}

/* Direct requests have whole blocks: at the end of a file, what is past it reads as zeroes. */
static int find_end(struct reader *r)
{
	uint64_t capacity;
	int alignment;

	if (blkio_get_uint64(r->b, "capacity", &capacity) < 0 ||
	    blkio_get_int(r->b, "request-alignment", &alignment) < 0)
		return -1;
	r->end = (capacity + (uint64_t)alignment - 1) / (uint64_t)alignment * (uint64_t)alignment;
	return 0;
}

static int open_device(struct reader *r, const char *path)
{
	if (blkio_create("io_uring", &r->b) < 0 || connect_device(r->b, path) < 0 ||
	    start_with_one_queue(r) < 0 || find_end(r) < 0 ||
	    blkio_alloc_mem_region(r->b, &r->region, DEPTH * CHUNK_BYTES) < 0 ||
	    blkio_map_mem_region(r->b, &r->region) < 0)
		return failed(path, blkio_get_error_msg());
	return 0;
}

/* Queue the next chunk, if there is one, into buf. The buffer is the request's user_data. */
static void queue_next(struct reader *r, void *buf)
{
	uint64_t rest = r->end - r->next;
	size_t len = rest < CHUNK_BYTES ? (size_t)rest : CHUNK_BYTES;

	if (len == 0)
		return;
	blkioq_read(r->q, r->next, buf, len, buf, 0);
	r->next += len;
	r->in_flight++;
	r->requests++;
}

static int run(struct reader *r)
{
	struct blkio_completion completion[DEPTH];

	for (size_t i = 0; i < DEPTH; i++)
		queue_next(r, (char *)r->region.addr + i * CHUNK_BYTES);

	while (r->in_flight > 0) {
		/* A minimum of 0 submits what is queued, looks once, and returns at once. */
		int count = blkioq_do_io(r->q, completion, 0, DEPTH, NULL);

		r->polls++;
		if (count < 0)
			return failed("do_io", blkio_get_error_msg());
		for (int i = 0; i < count; i++) {
			const struct blkio_completion *c = &completion[i];

			if (c->ret != 0)
				return failed("read",
					      c->error_msg ? c->error_msg : strerror(-c->ret));
			/* c->user_data is a buffer with data now: this is where to use it. */
			r->in_flight--;
			queue_next(r, c->user_data);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct reader r = { 0 };
	int ret = argc == 2 ? 0 : failed("usage", "poll_loop PATH");

	if (ret == 0)
		ret = open_device(&r, argv[1]);
	if (ret == 0)
		ret = run(&r);
	if (ret == 0)
		printf("read %llu bytes: %llu requests, %llu polls\n", (unsigned long long)r.next,
		       (unsigned long long)r.requests, (unsigned long long)r.polls);
	blkio_destroy(&r.b); /* also frees the memory region */
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
