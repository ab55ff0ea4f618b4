// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The nvme-io_uring driver: what it can be connected to, and what its properties then say.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/nvme_fixture.h"

static char buf[512];

static void set_up(void)
{
	fake_nvme_reset();
	nvme_create();
}

START_TEST(a_file_is_refused)
{
	int file = temp_file(4096);

	ck_assert_int_eq(blkio_set_str(nvme.b, "path", ""), 0);
	ck_assert_int_eq(blkio_set_int(nvme.b, "fd", file), 0);
	ck_assert_error(blkio_connect(nvme.b), -EINVAL, "no character device");
	ck_assert_int_ge(fcntl(file, F_GETFD), 0);
	close(file);
}
END_TEST

START_TEST(a_block_device_is_told_from_its_character_device)
{
	struct stat st;

	if (stat("/dev/loop0", &st) < 0 || !S_ISBLK(st.st_mode))
		SKIP("there is no block device /dev/loop0");
	ck_assert_int_eq(blkio_set_str(nvme.b, "path", "/dev/loop0"), 0);
	if (blkio_connect(nvme.b) == -ENXIO)
		SKIP("%s", blkio_get_error_msg());
	ck_assert_error(blkio_connect(nvme.b), -EINVAL, "/dev/ng0n1");
}
END_TEST

START_TEST(a_path_that_is_not_there)
{
	ck_assert_int_eq(blkio_set_str(nvme.b, "path", "/nowhere"), 0);
	ck_assert_error(blkio_connect(nvme.b), -ENOENT, "'/nowhere'");
	ck_assert_int_eq(blkio_set_int(nvme.b, "fd", 0), 0);
	ck_assert_error(blkio_connect(nvme.b), -EINVAL, "both");
}
END_TEST

START_TEST(a_failed_connect_leaves_all_as_it_was)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), value;

	fake_nvme.ret[FAKE_NVME_CTRL] = NVME_SC_INTERNAL;
	ck_assert_int_eq(blkio_set_str(nvme.b, "path", ""), 0);
	ck_assert_int_eq(blkio_set_int(nvme.b, "fd", fd), 0);
	ck_assert_error(blkio_connect(nvme.b), -EIO, "controller");
	ck_assert_int_eq(blkio_get_int(nvme.b, "fd", &value), 0);
	ck_assert_int_eq(value, fd);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	ck_assert_int_eq(blkio_get_int(nvme.b, "request-alignment", &value), -ENODEV);
	fake_nvme.ret[FAKE_NVME_CTRL] = 0;
	ck_assert_int_eq(blkio_connect(nvme.b), 0);
}
END_TEST

START_TEST(the_mode_of_the_file_decides_about_read_only)
{
	bool value;

	ck_assert_int_eq(blkio_set_str(nvme.b, "path", ""), 0);
	ck_assert_int_eq(blkio_set_int(nvme.b, "fd", open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
	nvme_start(NULL);
	ck_assert_int_eq(blkio_get_bool(nvme.b, "read-only", &value), 0);
	ck_assert(value);
	blkioq_write(nvme.q, 0, buf, 512, NULL, 0);
	nvme_expect(-EBADF, "read-only");
	blkioq_read(nvme.q, 0, buf, 512, NULL, 0);
	nvme_expect(0, NULL);
}
END_TEST

static void assert_prop(const char *name, const char *want)
{
	char *text;

	ck_assert_int_eq(blkio_get_str(nvme.b, name, &text), 0);
	ck_assert_msg(strcmp(text, want) == 0, "%s is %s, not %s", name, text, want);
	free(text);
}

START_TEST(properties_say_what_the_device_says)
{
	char *text;

	ck_assert_int_eq(blkio_get_str(nvme.b, "serial", &text), -ENODEV);
	ck_assert_int_eq(blkio_get_str(nvme.b, "atomic-write-unit", &text), -ENODEV);
	fake_nvme.ns.nsfeat = NVME_NS_FEAT_IO_OPT | NVME_NS_FEAT_NATOMIC;
	fake_nvme.ns.nawupf = 7;
	fake_nvme.ns.npwg = 7;
	fake_nvme.ns.nows = 15;
	fake_nvme.ns.npdg = 31;
	fake_nvme_make_zoned();
	ck_assert_int_eq(blkio_connect(nvme.b), 0);
	assert_prop("capacity", "1073741824");
	assert_prop("request-alignment", "512");
	assert_prop("buf-alignment", "1");
	assert_prop("max-transfer", "33554432");
	assert_prop("max-segments", "1024");
	assert_prop("optimal-io-alignment", "4096");
	assert_prop("optimal-io-size", "8192");
	assert_prop("discard-alignment", "16384");
	assert_prop("atomic-write-unit", "4096");
	assert_prop("serial", "S123");
	assert_prop("nvme-model", "A model");
	assert_prop("nvme-firmware", "1.0");
	assert_prop("flush-needed", "true");
	assert_prop("supports-fua-natively", "true");
	assert_prop("supports-poll-queues", "false");
	assert_prop("can-add-queues", "true");
	assert_prop("zoned", "2");
	assert_prop("zone-size", "67108864");
	assert_prop("nr-zones", "16");
	assert_prop("max-open-zones", "4");
	assert_prop("max-active-zones", "6");
	assert_prop("append-support", "true");
	assert_prop("zone-append-max-bytes", "65536");
	fake_nvme.ns.nsze = 4194304;
	assert_prop("capacity", "2147483648");
}
END_TEST

START_TEST(numbers_that_are_greater_than_an_int_become_the_greatest)
{
	fake_nvme.ns.lbaf[0].ds = 16;
	fake_nvme.ns.nsfeat = NVME_NS_FEAT_IO_OPT;
	fake_nvme.ns.npdg = fake_nvme.ns.npwg = fake_nvme.ns.nows = 0xffff;
	ck_assert_int_eq(blkio_connect(nvme.b), 0);
	assert_prop("max-transfer", "2147418112");
	assert_prop("optimal-io-size", "2147483647");
	assert_prop("discard-alignment", "2147483647");
}
END_TEST

START_TEST(there_are_no_poll_queues_where_the_kernel_has_none)
{
	ck_assert_int_eq(blkio_connect(nvme.b), 0);
	ck_assert_int_eq(blkio_set_int(nvme.b, "num-poll-queues", 1), 0);
	ck_assert_int_eq(blkio_start(nvme.b), -EINVAL);
}
END_TEST

static Suite *connect_suite(void)
{
	const TTest *const tests[] = {
		a_file_is_refused,
		a_block_device_is_told_from_its_character_device,
		a_path_that_is_not_there,
		a_failed_connect_leaves_all_as_it_was,
		the_mode_of_the_file_decides_about_read_only,
		properties_say_what_the_device_says,
		numbers_that_are_greater_than_an_int_become_the_greatest,
		there_are_no_poll_queues_where_the_kernel_has_none,
	};

	return SUITE_WITH("connect", tests, set_up, nvme_finish);
}

Suite *(*const test_suites[])(void) = { connect_suite, NULL };
