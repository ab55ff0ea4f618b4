// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * created -> connected -> started: which call works in which state, and how a device is opened.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"

TEST(create_without_a_place_for_the_result_is_einval)
{
	EXPECT_ERROR(blkio_create(options.driver, NULL), -EINVAL);
}

static void expect_no_driver(const char *name, int want)
{
	struct blkio *b = (struct blkio *)&b; /* anything but NULL */

	EXPECT_ERROR(blkio_create(name, &b), want);
	EXPECT(b == NULL);
}

TEST(create_with_an_unknown_name_is_enoent_and_yields_null)
{
	expect_no_driver("no-such-driver", -ENOENT);
	expect_no_driver("", -ENOENT);
}

TEST(driver_names_are_case_sensitive)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", options.driver);
	name[0] -= 'a' - 'A';
	expect_no_driver(name, -ENOENT);
}

TEST(create_with_a_name_that_is_not_utf8_is_einval)
{
	expect_no_driver("io_uring\xff", -EINVAL);
}

TEST(destroy_of_null_does_nothing_and_destroy_clears_the_pointer)
{
	struct blkio *b;

	blkio_destroy(NULL);
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	blkio_destroy(&b);
	EXPECT(b == NULL);
}

TEST(destroy_works_in_every_state)
{
	struct blkio *b = instance_created();

	instance_discard(&b);
	b = instance_connected();
	blkio_destroy(&b);
	b = instance_started();
	blkio_destroy(&b);
	EXPECT(b == NULL);
}

TEST(start_before_connect_is_enodev)
{
	struct blkio *b = instance_created();

	EXPECT_ERROR(blkio_start(b), -ENODEV);
	EXPECT_INT(blkio_connect(b), 0); /* it harmed nothing */
	blkio_destroy(&b);
}

TEST(connecting_twice_is_fine)
{
	struct blkio *b = instance_connected();

	EXPECT_INT(blkio_connect(b), 0);
	blkio_destroy(&b);
}

TEST(connect_after_start_is_ebusy)
{
	struct blkio *b = instance_started();

	EXPECT_ERROR(blkio_connect(b), -EBUSY);
	blkio_destroy(&b);
}

TEST(starting_twice_is_fine)
{
	struct blkio *b = instance_started();

	EXPECT_INT(blkio_start(b), 0);
	EXPECT(blkio_get_queue(b, 0) != NULL);
	blkio_destroy(&b);
}

static void expect_connect_error(const char *path, int want)
{
	struct blkio *b;

	EXPECT_INT(blkio_create(options.driver, &b), 0);
	if (path)
		EXPECT_INT(blkio_set_str(b, "path", path), 0);
	EXPECT_ERROR(blkio_connect(b), want);
	EXPECT_ERROR(blkio_start(b), -ENODEV); /* still only created */
	blkio_destroy(&b);
}

TEST(connect_without_path_and_fd_is_einval)
{
	expect_connect_error(NULL, -EINVAL);
	expect_connect_error("", -EINVAL);
}

TEST(connect_to_a_path_that_is_missing_is_enoent)
{
	if (traits->kind == KIND_VIRTIO && !traits->is_socket)
		SKIP("what a missing path is depends on the transport");
	expect_connect_error("/nonexistent/device", -ENOENT);
}

TEST(a_path_that_is_no_socket_is_refused)
{
	char path[512];

	if (!traits->is_socket)
		SKIP("for drivers that connect to a socket");
	expect_connect_error("/dev/null", -ECONNREFUSED);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	expect_connect_error(path, -EIO);
}

static void skip_unless_uring(void)
{
	if (traits->kind != KIND_URING)
		SKIP("for drivers of files and block devices");
}

TEST(connect_to_a_directory_is_eisdir)
{
	skip_unless_uring();
	expect_connect_error("/proc", -EISDIR);
}

TEST(connect_to_something_that_is_no_disk_is_einval)
{
	int ends[2];
	char path[64];

	skip_unless_uring();
	expect_connect_error("/dev/null", -EINVAL);
	MUST(pipe2(ends, O_CLOEXEC) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
	expect_connect_error(path, -EINVAL);
	close(ends[0]);
	close(ends[1]);
}

/* Find a value of a property with which start must fail. */
static void break_start(struct blkio *b)
{
	if (traits->kind == KIND_VIRTIO)
		must_set(b, "num-queues", "2147483647");
	else
		must_set(b, "num-entries", "1000000");
}

TEST(a_failed_start_leaves_the_instance_connected_and_can_be_retried)
{
	struct blkio *b = instance_connected();

	break_start(b);
	EXPECT_ERROR(blkio_start(b), -EINVAL);
	EXPECT(blkio_get_queue(b, 0) == NULL);
	EXPECT_INT(blkio_connect(b), 0);
	EXPECT_INT(blkio_set_int(b, "num-queues", 1), 0);
	must_set(b, depth_property(), "128");
	EXPECT_INT(blkio_start(b), 0);
	EXPECT(blkio_get_queue(b, 0) != NULL);
	blkio_destroy(&b);
}

TEST(a_failed_connect_can_be_retried)
{
	struct blkio *b = instance_created();
	char *path;

	EXPECT_INT(blkio_get_str(b, "path", &path), 0);
	if (!path[0])
		SKIP("the device is not opened by path");
	EXPECT_INT(blkio_set_str(b, "path", "/nonexistent/device"), 0);
	EXPECT(blkio_connect(b) < 0);
	EXPECT_INT(blkio_set_str(b, "path", ""), 0);
	EXPECT_ERROR(blkio_connect(b), -EINVAL);
	EXPECT_INT(blkio_set_str(b, "path", path), 0);
	EXPECT_INT(blkio_connect(b), 0);
	EXPECT_INT(blkio_start(b), 0);
	free(path);
	blkio_destroy(&b);
}
