// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The smallest useful program: read the first bytes of a file or block device and show them.
 *
 *	hello_read PATH
 *
 * It shows the life of an instance: created, connected, started, and one request in the blocking
 * way. event_loop.c and poll_loop.c show the other two ways to wait.
 */
#include <blkio.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every call that fails leaves its reason in a text of this thread. */
static int failed(const char *what)
{
	fprintf(stderr, "hello_read: %s: %s\n", what, blkio_get_error_msg());
	return -1;
}

static int open_device(struct blkio **bp, const char *path)
{
	if (blkio_create("io_uring", bp) < 0)
		return failed("create");
	/* "path" and "read-only" can be set only now, before connect. */
	if (blkio_set_str(*bp, "path", path) < 0)
		return failed("set path");
	if (blkio_set_bool(*bp, "read-only", true) < 0)
		return failed("set read-only");
	/* connect opens the device: from here on its capacity and limits are known ... */
	if (blkio_connect(*bp) < 0)
		return failed(path);
	/* ... and start makes the queues. There is one by default, number 0. */
	if (blkio_start(*bp) < 0)
		return failed("start");
	return 0;
}

/* Queue one read and wait until it is complete. */
static int read_blocking(struct blkioq *q, uint64_t start, void *buf, size_t len)
{
	struct blkio_completion completion;
	int ret;

	/* This only queues. It cannot fail: whatever goes wrong is told by the completion. */
	blkioq_read(q, start, buf, len, NULL, 0);

	/* This submits, and waits for at least 1 completion, at most 1, without a time limit. */
	ret = blkioq_do_io(q, &completion, 1, 1, NULL);
	if (ret < 0)
		return failed("do_io");

	if (completion.ret != 0) {
		fprintf(stderr, "hello_read: read: %s\n",
			completion.error_msg ? completion.error_msg : strerror(-completion.ret));
		return -1;
	}
	return 0;
}

static void show(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i += 16) {
		size_t end = i + 16 < len ? i + 16 : len;

		printf("%06zx ", i);
		for (size_t k = i; k < end; k++)
			printf(" %02x", data[k]);
		printf("%*s", (int)(16 - (end - i)) * 3 + 2, "");
		for (size_t k = i; k < end; k++)
			putchar(isprint(data[k]) ? data[k] : '.');
		putchar('\n');
	}
}

static int read_and_show(struct blkio *b)
{
	struct blkio_mem_region region;
	uint64_t capacity;
	size_t len;

	if (blkio_get_uint64(b, "capacity", &capacity) < 0)
		return failed("get capacity");
	printf("capacity: %llu bytes\n", (unsigned long long)capacity);

	/*
	 * Memory from the library fits every driver: it is aligned, and it can be shared with a
	 * device. A file may also be read into memory of any other kind; see "needs-mem-regions".
	 */
	if (blkio_alloc_mem_region(b, &region, 4096) < 0)
		return failed("allocate memory");
	if (blkio_map_mem_region(b, &region) < 0)
		return failed("map memory");

	len = capacity < region.len ? (size_t)capacity : region.len;
	if (read_blocking(blkio_get_queue(b, 0), 0, region.addr, len) < 0)
		return -1;
	show(region.addr, len < 64 ? len : 64);

	blkio_unmap_mem_region(b, &region);
	blkio_free_mem_region(b, &region);
	return 0;
}

int main(int argc, char **argv)
{
	struct blkio *b = NULL;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: hello_read PATH\n");
		return EXIT_FAILURE;
	}
	ret = open_device(&b, argv[1]);
	if (ret == 0)
		ret = read_and_show(b);
	/* Legal in every state, also when create failed and after any error: it ends all there is.
	 */
	blkio_destroy(&b);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
