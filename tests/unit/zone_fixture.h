/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An instance on the fake zoned device, with each driver that has zones by way of the kernel: for
 * tests that are run for each of zone_drivers, by _i.
 */
#ifndef TESTS_UNIT_ZONE_FIXTURE_H
#define TESTS_UNIT_ZONE_FIXTURE_H

#include "tests/fakes/fake_zoned.h"
#include "tests/unit/unit.h"

#define ZONE UINT64_C(32768) /* bytes */

extern const char *const zone_drivers[];
extern const int zone_nr_drivers;

extern int file;
extern struct blkio *b;
extern struct blkioq *q;
extern struct blkio_zone zones[FAKE_ZONED_MAX];
extern struct blkio_completion last; /* the one that zone_finish() took */

void zone_set_up(void);
void zone_tear_down(void);
void zone_connect(int driver);
/* False where the driver is forbidden: then the test is skipped. */
bool zone_start(int driver);

/* Take the completion of the only request; its ret. */
int zone_finish(void);
/* A report of n zones into zones[], of which the others are 0xee. */
int zone_report(uint64_t offset, uint32_t n);
/* `ret` is that of the last completion, which has a text with this in it. */
void zone_expect(int ret, int code, const char *text);

#endif
