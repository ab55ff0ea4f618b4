// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vdpa_fixture.h.
 */
#include "tests/unit/vdpa_fixture.h"

#include <unistd.h>

#include "drivers/vhost_vdpa/vhost_vdpa.h"

struct blkio *b;

void vdpa_set_up(void)
{
	fake_vdpa_reset();
	ck_assert_int_eq(blkio_create("virtio-blk-vhost-vdpa", &b), 0);
	vhost_vdpa_use_sys(b, &fake_vdpa_sys);
	ck_assert_int_eq(blkio_set_str(b, "path", "/dev/vhost-vdpa-0"), 0);
}

void vdpa_give_up(void)
{
	const uint64_t one = 1;

	if (b && fake_vdpa.queue[0].err >= 0)
		ck_assert_int_eq(write(fake_vdpa.queue[0].err, &one, sizeof(one)), sizeof(one));
}

void vdpa_tear_down(void)
{
	vdpa_give_up();
	blkio_destroy(&b);
	ck_assert_uint_eq(fake_vdpa.open_fds, 0);
	/* A device that runs still is one that writes to memory that we have given up. */
	ck_assert_uint_eq(fake_vdpa.status, 0);
}

void vdpa_connect_fails(int ret, const char *text)
{
	ck_assert_error(blkio_connect(b), ret, text);
}

void vdpa_start_fails(int ret, const char *text)
{
	ck_assert_error(blkio_start(b), ret, text);
}

void vdpa_connect(void)
{
	int ret = blkio_connect(b);

	ck_assert_msg(ret == 0, "%s", blkio_get_error_msg());
}

void vdpa_start(int num_queues, int num_poll_queues)
{
	int ret;

	vdpa_connect();
	ck_assert_int_eq(blkio_set_int(b, "num-queues", num_queues), 0);
	ck_assert_int_eq(blkio_set_int(b, "num-poll-queues", num_poll_queues), 0);
	ret = blkio_start(b);
	ck_assert_msg(ret == 0, "%s", blkio_get_error_msg());
}
