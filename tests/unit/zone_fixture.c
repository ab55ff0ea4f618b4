// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See zone_fixture.h.
 */
#include "tests/unit/zone_fixture.h"

#include <unistd.h>

const char *const zone_drivers[] = {
#ifdef BLKIO_HAVE_THREADS
	"threads",
#endif
#ifdef BLKIO_HAVE_IO_URING
	"io_uring",
#endif
};
const int zone_nr_drivers = (int)array_len(zone_drivers);

int file;
struct blkio *b;
struct blkioq *q;
struct blkio_zone zones[FAKE_ZONED_MAX];
struct blkio_completion last;

void zone_connect(int driver)
{
	ck_assert_int_eq(blkio_create(zone_drivers[driver], &b), 0);
	ck_assert_int_eq(blkio_set_int(b, "fd", dup(file)), 0);
	ck_assert_int_eq(blkio_connect(b), 0);
}

bool zone_start(int driver)
{
	zone_connect(driver);
	if (blkio_start(b) < 0) {
		test_skip("%s", blkio_get_error_msg());
		return false;
	}
	q = blkio_get_queue(b, 0);
	return true;
}

void zone_set_up(void)
{
	file = temp_file((off_t)(8 * ZONE));
	fake_zoned_reset();
}

void zone_tear_down(void)
{
	fake_zoned_set_hold(false);
	if (b)
		blkio_destroy(&b);
	fake_zoned_finish();
	close(file);
}

int zone_finish(void)
{
	ck_assert_int_eq(blkioq_do_io(q, &last, 1, 1, NULL), 1);
	return last.ret;
}

int zone_report(uint64_t offset, uint32_t n)
{
	memset(zones, 0xee, sizeof(zones));
	blkioq_report_zones(q, offset, zones, n, NULL, 0);
	return zone_finish();
}

void zone_expect(int ret, int code, const char *text)
{
	ck_assert_int_eq(ret, code);
	ck_assert_ptr_nonnull(last.error_msg);
	ck_assert_msg(strstr(last.error_msg, text), "'%s' is not in '%s'", text, last.error_msg);
}
