// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The same random reads as loop_uring.c through the public blkio API.
 *
 * It uses nothing that libblkio 1.5 does not have, so that LD_LIBRARY_PATH can put any
 * libblkio.so.1 under it. NAME=VALUE words after the path set properties; driver=NAME chooses
 * another driver than io_uring.
 */
#include "loop.h"

#include <blkio.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct blkio_loop {
	struct loop l;
	struct blkio *b;
	struct blkioq *q;
	struct blkio_mem_region region;
	struct blkio_completion *completions;
	struct iovec *iovs; /* with --segments, as many for each slot */
};

static void check(const struct blkio_loop *bl, const char *what, int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "loop_blkio: %s: %s\n", what, blkio_get_error_msg());
	loop_fail(&bl->l, what, -ret);
}

static const char *driver_name(const struct loop *l)
{
	const char *driver = "io_uring";

	for (char **prop = l->props; *prop; prop++) {
		if (!strncmp(*prop, "driver=", 7))
			driver = *prop + 7;
	}
	return driver;
}

/* Set the properties that belong into this state. A later state is told by -ENODEV. */
static void set_props(const struct blkio_loop *bl, bool connected)
{
	for (char **prop = bl->l.props; *prop; prop++) {
		char name[64];
		char *value = strchr(*prop, '=');
		int ret;

		if (!value || (size_t)(value - *prop) >= sizeof(name))
			loop_fail(&bl->l, "a property must be NAME=VALUE", 0);
		memcpy(name, *prop, (size_t)(value - *prop));
		name[value - *prop] = '\0';
		if (!strcmp(name, "driver"))
			continue;
		ret = blkio_set_str(bl->b, name, value + 1);
		if (ret == -ENODEV && !connected)
			continue;
		/* The second round meets the properties that the first one has set. */
		if (ret != -EBUSY || !connected)
			check(bl, *prop, ret);
	}
}

static void size_device(struct blkio_loop *bl)
{
	uint64_t capacity;

	check(bl, "capacity", blkio_get_uint64(bl->b, "capacity", &capacity));
	/* Some devices seem to have any size; more than this makes no difference to a loop. */
	loop_set_size(&bl->l, capacity < 1ull << 40 ? capacity : 1ull << 40);
}

/* Cut the buffer of each slot into segments. */
static void make_iovs(struct blkio_loop *bl)
{
	unsigned int n = bl->l.segments;
	size_t len = bl->l.block_bytes / n;

	bl->iovs = calloc((size_t)bl->l.depth * n, sizeof(*bl->iovs));
	if (!bl->iovs)
		loop_fail(&bl->l, "iovecs", ENOMEM);
	for (unsigned int i = 0; i < bl->l.depth; i++)
		bl->l.slots[i].iov = &bl->iovs[i * n];
	for (unsigned int i = 0; i < bl->l.depth * n; i++)
		bl->iovs[i] = (struct iovec) { bl->l.slots[i / n].buf + i % n * len, len };
}

static void setup(struct blkio_loop *bl)
{
	check(bl, "create", blkio_create(driver_name(&bl->l), &bl->b));
	check(bl, "path", blkio_set_str(bl->b, "path", bl->l.path));
	check(bl, "read-only", blkio_set_bool(bl->b, "read-only", true));
	set_props(bl, false);
	check(bl, "connect", blkio_connect(bl->b));
	set_props(bl, true);
	size_device(bl);
	check(bl, "start", blkio_start(bl->b));
	check(bl, "alloc",
	      blkio_alloc_mem_region(bl->b, &bl->region, (size_t)bl->l.depth * bl->l.block_bytes));
	check(bl, "map", blkio_map_mem_region(bl->b, &bl->region));
	loop_set_buffer(&bl->l, bl->region.addr);
	make_iovs(bl);
	memset(bl->region.addr, 0, bl->region.len); /* page faults now, not in the run */
	bl->q = blkio_get_queue(bl->b, 0);
	bl->completions = calloc(bl->l.depth, sizeof(*bl->completions));
	if (!bl->q || !bl->completions)
		loop_fail(&bl->l, "no queue or no memory", 0);
	blkioq_set_completion_fd_enabled(bl->q, bl->l.mode == LOOP_EVENTFD);
}

static void teardown(struct blkio_loop *bl)
{
	blkio_unmap_mem_region(bl->b, &bl->region);
	blkio_free_mem_region(bl->b, &bl->region);
	blkio_destroy(&bl->b);
	free(bl->completions);
	free(bl->iovs);
}

static void queue_reads(struct blkio_loop *bl)
{
	while (loop_has_next(&bl->l)) {
		struct loop_slot *slot = loop_next(&bl->l);

		blkioq_read(bl->q, slot->offset_bytes, slot->buf, bl->l.block_bytes, slot, 0);
	}
}

static void queue_readvs(struct blkio_loop *bl)
{
	int n = (int)bl->l.segments;

	while (loop_has_next(&bl->l)) {
		struct loop_slot *slot = loop_next(&bl->l);

		blkioq_readv(bl->q, slot->offset_bytes, slot->iov, n, slot, 0);
	}
}

static void queue(struct blkio_loop *bl)
{
	if (bl->l.segments > 1)
		queue_readvs(bl);
	else
		queue_reads(bl);
}

/* Submit, wait for min results, take as many as there are; the result is how many. */
static unsigned int do_io(struct blkio_loop *bl, int min)
{
	int n = blkioq_do_io(bl->q, bl->completions, min, (int)bl->l.max_completions, NULL);

	check(bl, "do_io", n);
	for (int i = 0; i < n; i++)
		loop_complete(&bl->l, bl->completions[i].user_data, bl->completions[i].ret == 0);
	return (unsigned int)n;
}

static void run_blocking(struct blkio_loop *bl)
{
	while (loop_running(&bl->l)) {
		queue(bl);
		do_io(bl, (int)loop_min(&bl->l));
	}
}

static void run_eventfd(struct blkio_loop *bl)
{
	int fd = blkioq_get_completion_fd(bl->q);

	while (loop_running(&bl->l)) {
		queue(bl);
		check(bl, "submit", blkioq_do_io(bl->q, NULL, 0, 0, NULL));
		loop_wait_event(fd);
		while (do_io(bl, 0) == bl->l.max_completions && bl->l.nfree < bl->l.depth)
			;
	}
}

static void run_polling(struct blkio_loop *bl)
{
	while (loop_running(&bl->l)) {
		queue(bl);
		while (!do_io(bl, 0))
			;
	}
}

int main(int argc, char **argv)
{
	static void (*const run[])(struct blkio_loop *) = {
		[LOOP_BLOCKING] = run_blocking,
		[LOOP_EVENTFD] = run_eventfd,
		[LOOP_POLLING] = run_polling,
	};
	struct blkio_loop bl = { 0 };
	int status;

	loop_init(&bl.l, "blkio", argc, argv);
	setup(&bl);
	loop_start(&bl.l);
	run[bl.l.mode](&bl);
	status = loop_report(&bl.l);
	teardown(&bl);
	loop_finish(&bl.l);
	return status;
}
