// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A program of an earlier day: linked to a library that has the 43 functions of libblkio 1.5 and
 * no symbol versions, run on ours.
 *
 * It is linked with -z now to a library made for this test whose functions do nothing; so it
 * starts only if the dynamic linker finds all 43 in ours, and it works only if they are ours.
 */
#include <blkio.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols-1.5.h"

enum {
	BYTES = 8192
};

static unsigned int passed;
static unsigned int failed;
static unsigned int skipped;

static void expect(bool ok, const char *what)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s (%s)\n", what, blkio_get_error_msg());
}

/* Without a use of each function, the linker would not have to find it. */
static void check_functions(void)
{
	for (size_t i = 0; i < sizeof(functions_1_5) / sizeof(functions_1_5[0]); i++)
		expect(functions_1_5[i].address != NULL, functions_1_5[i].name);
}

/* One request through the queue; the result is that of its completion. */
static int complete_one(struct blkioq *q, void *user_data)
{
	struct blkio_completion completion;

	if (blkioq_do_io(q, &completion, 1, 1, NULL) != 1 || completion.user_data != user_data)
		return -EPROTO;
	return completion.ret;
}

static void check_io(struct blkio *b)
{
	struct blkio_mem_region region;
	struct blkioq *q = blkio_get_queue(b, 0);
	uint64_t capacity = 0;

	expect(q != NULL, "get_queue");
	expect(!blkio_get_uint64(b, "capacity", &capacity) && capacity == BYTES, "capacity");
	expect(!blkio_alloc_mem_region(b, &region, BYTES), "alloc_mem_region");
	expect(!blkio_map_mem_region(b, &region), "map_mem_region");
	memset(region.addr, 0x5a, BYTES / 2);
	blkioq_write(q, 0, region.addr, BYTES / 2, &region, BLKIO_REQ_FUA);
	expect(!complete_one(q, &region), "write");
	blkioq_read(q, 0, (char *)region.addr + BYTES / 2, BYTES / 2, b, 0);
	expect(!complete_one(q, b), "read");
	expect(!memcmp(region.addr, (char *)region.addr + BYTES / 2, BYTES / 2), "data");
	blkio_unmap_mem_region(b, &region);
	blkio_free_mem_region(b, &region);
}

/* Sandboxes refuse io_uring; that says nothing about the library. */
static bool refused(int ret)
{
	return ret == -ENOSYS || ret == -EPERM;
}

static void check_instance(const char *path)
{
	struct blkio *b = NULL;
	int ret = blkio_create("io_uring", &b);

	if (ret == -ENOENT) {
		printf("SKIP requests: the io_uring driver is not compiled in\n");
		skipped++;
		return;
	}
	expect(!ret && !blkio_set_str(b, "path", path), "create");
	ret = blkio_connect(b);
	if (!ret)
		ret = blkio_start(b);
	if (refused(ret)) {
		printf("SKIP requests: no io_uring here: %s\n", blkio_get_error_msg());
		skipped++;
	} else {
		expect(!ret, "connect and start");
	}
	if (!ret)
		check_io(b);
	blkio_destroy(&b);
	expect(!b, "destroy");
}

int main(void)
{
	char path[] = "dropin-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, BYTES) < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	check_functions();
	check_instance(path);
	unlink(path);
	printf("abi-dropin: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}
