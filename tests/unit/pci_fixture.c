// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See pci_fixture.h.
 */
#include "tests/unit/pci_fixture.h"

#include "drivers/vfio_pci/vfio_pci.h"
#include "tests/fakes/must.h"

struct blkio *b;

void pci_set_path(const char *path)
{
	must_eq(blkio_set_str(b, "path", path), 0);
}

void pci_set_up(void)
{
	fake_pci_reset();
	must_eq(blkio_create("virtio-blk-vfio-pci", &b), 0);
	vfio_pci_use_sys(b, &fake_pci_sys);
	pci_set_path(fake_pci_sysfs("vfio-pci", "7", false));
	must_eq(blkio_set_int(b, "connect-timeout-ms", 30), 0);
}

void pci_tear_down(void)
{
	blkio_destroy(&b);
	ck_assert_uint_eq(fake_pci.open_fds, 0);
	fake_pci_remove_sysfs();
}

static void assert_failed(int got, int ret, const char *text)
{
	ck_assert_int_eq(got, ret);
	ck_assert_msg(strstr(blkio_get_error_msg(), text), "'%s' is not in '%s'", text,
		      blkio_get_error_msg());
}

void assert_connect_fails(int ret, const char *text)
{
	assert_failed(blkio_connect(b), ret, text);
	ck_assert_uint_eq(fake_pci.open_fds, 0);
}

void assert_start_fails(int ret, const char *text)
{
	assert_failed(blkio_start(b), ret, text);
}

void pci_connect(void)
{
	ck_assert_msg(blkio_connect(b) == 0, "%s", blkio_get_error_msg());
}

void pci_start(int num_queues, int num_poll_queues)
{
	pci_connect();
	must_eq(blkio_set_int(b, "num-queues", num_queues), 0);
	must_eq(blkio_set_int(b, "num-poll-queues", num_poll_queues), 0);
	ck_assert_msg(blkio_start(b) == 0, "%s", blkio_get_error_msg());
}
