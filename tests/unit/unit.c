// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See unit.h.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TEST_SECONDS 30

Suite *suite_of_loops(const char *name, const TTest *const *tests, size_t n, int loops,
		      void (*set_up)(void), void (*tear_down)(void))
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, TEST_SECONDS);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tc, tests[i], 0, loops);
	suite_add_tcase(s, tc);
	return s;
}

Suite *suite_of(const char *name, const TTest *const *tests, size_t n, void (*set_up)(void),
		void (*tear_down)(void))
{
	return suite_of_loops(name, tests, n, 1, set_up, tear_down);
}

int temp_file(off_t size)
{
	const char *dir = getenv("TMPDIR");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/blkio-unit-XXXXXX", dir ? dir : P_tmpdir);
	fd = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	return fd;
}

int count_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

uint64_t count_events(int event_fd)
{
	eventfd_t events = 0;

	if (eventfd_read(event_fd, &events) < 0)
		ck_assert_int_eq(errno, EAGAIN);
	return events;
}
