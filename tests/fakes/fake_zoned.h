/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A zoned block device in place of every file, for programs that wrap fstat, ioctl and open: the
 * zones, as the kernel's ioctls have them, are here; data goes to the file.
 */
#ifndef TESTS_FAKES_FAKE_ZONED_H
#define TESTS_FAKES_FAKE_ZONED_H

#include <linux/blkzoned.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define FAKE_ZONED_MAX     1024
#define FAKE_ZONED_LOG     64
#define FAKE_ZONED_SECTORS 64 /* of a zone, of which 48 can be written */

struct fake_zoned_call {
	unsigned long request;
	__u64 sector;
	__u64 nr; /* sectors, or zones to report */
};

struct fake_zoned {
	bool active;
	unsigned int zone_sectors, nr_zones; /* as the device tells */
	__u64 sectors;
	struct blk_zone zones[FAKE_ZONED_MAX];
	bool no_capacity; /* reports are those of a kernel before 5.9 */
	int size_errno;   /* of BLKGETZONESZ */
	atomic_int fails; /* zone requests fail with this errno */
	atomic_int eintr; /* so many calls are interrupted before one works */
	char sysfs[64];   /* the queue directory, "" for none */
	struct fake_zoned_call log[FAKE_ZONED_LOG];
	atomic_uint nr_calls; /* of zone requests, more of them than in the log may be */
	/* Change a report that was made. */
	void (*spoil)(struct blk_zone_report *report);
	/* Calls wait while it is set. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hold;
	unsigned int held;
};

extern struct fake_zoned fake_zoned;

/* 8 zones, the first is conventional, the last is half as long; 3 open, 5 active ones. */
void fake_zoned_reset(void);
/* Another number of zones, all sequential. */
void fake_zoned_set_zones(unsigned int n);
/* What the kernel says in a file of the queue directory. */
void fake_zoned_set_sysfs(const char *name, const char *text);
void fake_zoned_finish(void);

void fake_zoned_set_hold(bool hold);
/* Wait until so many calls are held. */
void fake_zoned_wait_for_held(unsigned int n);
void fake_zoned_wait_for_any(void);

#endif
