// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Users without privileges may lock little memory (RLIMIT_MEMLOCK), and the kernel counts rings
 * and registered buffers. Whatever a library does with regions, they must not run out of it.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device.h"

enum {
	LIMIT = 2 << 20
};

/*
 * A user of this test's own: the kernel counts by user, and gives back late what dead processes
 * had. From here on the device cannot be opened: it must be connected, or be given as an fd.
 */
static void drop_privileges(void)
{
	struct rlimit limit = { LIMIT, LIMIT };
	uid_t uid = 100000 + (uid_t)getpid();

	if (traits->kind != KIND_URING)
		SKIP("for drivers of files and block devices");
	MUST(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	if (setresuid(uid, uid, uid) < 0)
		SKIP("cannot become another user: %s", strerror(errno));
}

static void use_region(struct blkio *b, struct blkioq *q, size_t len)
{
	struct blkio_mem_region r;
	struct blkio_completion c;

	EXPECT_INT(blkio_alloc_mem_region(b, &r, len), 0);
	EXPECT_INT(blkio_map_mem_region(b, &r), 0);
	blkioq_read(q, 0, (uint8_t *)r.addr + len - traits->block, (size_t)traits->block, NULL, 0);
	reap_from(q, MODE_BLOCKING, &c, 1);
	EXPECT_INT(c.ret, 0);
}

ALONE_TEST(regions_beyond_the_limit_work)
{
	struct blkio *b = instance_connected();

	drop_privileges();
	EXPECT_INT(blkio_start(b), 0);
	use_region(b, blkio_get_queue(b, 0), 2 * LIMIT);
	use_region(b, blkio_get_queue(b, 0), LIMIT / 2);
	blkio_destroy(&b);
}

/* Large regions, then small ones, so that a library that locks what it can leaves nothing. */
static void use_many_regions(struct blkio *b)
{
	for (int i = 0; i < 60; i++)
		use_region(b, blkio_get_queue(b, 0), i < 30 ? LIMIT / 32 : LIMIT / 512);
}

ALONE_TEST(queues_can_be_added_while_regions_fill_the_limit)
{
	struct blkio *b = instance_connected();

	drop_privileges();
	EXPECT_INT(blkio_start(b), 0);
	use_many_regions(b);
	EXPECT_INT(blkio_add_queue(b), 1);
	use_region(b, blkio_get_queue(b, 1), 65536);
	blkio_destroy(&b);
}

ALONE_TEST(the_limit_is_free_again_after_destroy)
{
	enum {
		ROUNDS = 25
	}; /* for so many rings there is room even if none is given back */
	int fd = kernel_open(O_RDONLY);
	struct blkio *b;

	drop_privileges();
	for (int i = 0; i < ROUNDS; i++) {
		EXPECT_INT(blkio_create(options.driver, &b), 0);
		EXPECT_INT(blkio_set_int(b, "fd", fcntl(fd, F_DUPFD_CLOEXEC, 3)), 0);
		EXPECT_INT(blkio_connect(b), 0);
		EXPECT_INT(blkio_start(b), 0);
		use_many_regions(b);
		blkio_destroy(&b);
	}
	close(fd);
}
