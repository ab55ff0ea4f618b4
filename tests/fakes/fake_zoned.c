// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_zoned.h.
 */
#include "tests/fakes/fake_zoned.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/support/test.h"

struct fake_zoned fake_zoned = { .lock = PTHREAD_MUTEX_INITIALIZER,
				 .changed = PTHREAD_COND_INITIALIZER };

int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

int __wrap_fstat(int fd, struct stat *st)
{
	int ret = __real_fstat(fd, st);

	if (fake_zoned.active) {
		st->st_mode = S_IFBLK | 0600;
		st->st_rdev = makedev(7, 78);
	}
	return ret;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (!fake_zoned.active || strncmp(path, "/sys/dev/block/7:78/", 20) != 0)
		return __real_open(path, flags);
	if (*fake_zoned.sysfs && strcmp(path + 20, "queue") == 0)
		return __real_open(fake_zoned.sysfs, flags);
	errno = ENOENT;
	return -1;
}

/* ---- zone requests ---- */

static void wait_if_held(void)
{
	pthread_mutex_lock(&fake_zoned.lock);
	fake_zoned.held++;
	pthread_cond_broadcast(&fake_zoned.changed);
	while (fake_zoned.hold)
		pthread_cond_wait(&fake_zoned.changed, &fake_zoned.lock);
	fake_zoned.held--;
	pthread_cond_broadcast(&fake_zoned.changed);
	pthread_mutex_unlock(&fake_zoned.lock);
}

static void note(unsigned long request, __u64 sector, __u64 nr)
{
	unsigned int i = atomic_fetch_add(&fake_zoned.nr_calls, 1);

	if (i < FAKE_ZONED_LOG)
		fake_zoned.log[i] = (struct fake_zoned_call) { request, sector, nr };
}

static int report(struct blk_zone_report *r)
{
	__u64 i = r->sector / FAKE_ZONED_SECTORS;
	unsigned int n = 0;

	note(BLKREPORTZONE, r->sector, r->nr_zones);
	for (; n < r->nr_zones && i < fake_zoned.nr_zones; i++)
		r->zones[n++] = fake_zoned.zones[i];
	r->nr_zones = n;
	r->flags = fake_zoned.no_capacity ? 0 : BLK_ZONE_REP_CAPACITY;
	if (fake_zoned.spoil)
		fake_zoned.spoil(r);
	return 0;
}

static bool is_written(const struct blk_zone *z)
{
	return z->cond != BLK_ZONE_COND_EMPTY;
}

static int change_zone(unsigned long request, struct blk_zone *z)
{
	if (z->type == BLK_ZONE_TYPE_CONVENTIONAL)
		return -1;
	switch (request) {
	case BLKOPENZONE:
		z->cond = BLK_ZONE_COND_EXP_OPEN;
		return 0;
	case BLKCLOSEZONE:
		if (!is_written(z) || z->cond == BLK_ZONE_COND_FULL)
			return -1;
		z->cond = BLK_ZONE_COND_CLOSED;
		return 0;
	case BLKFINISHZONE:
		z->cond = BLK_ZONE_COND_FULL;
		z->wp = UINT64_MAX;
		return 0;
	default:
		z->cond = BLK_ZONE_COND_EMPTY;
		z->wp = z->start;
		return 0;
	}
}

/* A reset of all zones passes over conventional ones; nothing else does. */
static int change(unsigned long request, const struct blk_zone_range *range)
{
	bool all = request == BLKRESETZONE && range->nr_sectors == fake_zoned.sectors;
	__u64 end = range->sector + range->nr_sectors;

	note(request, range->sector, range->nr_sectors);
	errno = EINVAL;
	if (range->sector % FAKE_ZONED_SECTORS || end > fake_zoned.sectors ||
	    (end % FAKE_ZONED_SECTORS && end != fake_zoned.sectors))
		return -1;
	errno = EIO;
	for (__u64 at = range->sector; at < end; at += FAKE_ZONED_SECTORS) {
		if (change_zone(request, &fake_zoned.zones[at / FAKE_ZONED_SECTORS]) < 0 && !all)
			return -1;
	}
	return 0;
}

static int zone_request(unsigned long request, void *arg)
{
	wait_if_held();
	if (fake_zoned.fails || fake_zoned.eintr > 0) {
		errno = fake_zoned.eintr-- > 0 ? EINTR : fake_zoned.fails;
		if (errno)
			return -1;
	}
	return request == BLKREPORTZONE ? report(arg) : change(request, arg);
}

/* ---- the device ---- */

static int say(void *arg, unsigned int value)
{
	*(unsigned int *)arg = value;
	return 0;
}

static int answer(unsigned long request, void *arg)
{
	switch (request) {
	case BLKSSZGET:
	case BLKPBSZGET:
		return say(arg, 512);
	case BLKIOOPT:
		return say(arg, 0);
	case BLKGETZONESZ:
		errno = fake_zoned.size_errno;
		return errno ? -1 : say(arg, fake_zoned.zone_sectors);
	case BLKGETNRZONES:
		return say(arg, fake_zoned.nr_zones);
	case BLKGETSIZE64:
		*(__u64 *)arg = fake_zoned.sectors << 9;
		return 0;
	case BLKREPORTZONE:
	case BLKOPENZONE:
	case BLKCLOSEZONE:
	case BLKFINISHZONE:
	case BLKRESETZONE:
		return zone_request(request, arg);
	default:
		errno = ENOTTY;
		return -1;
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	return fake_zoned.active ? answer(request, arg) : __real_ioctl(fd, request, arg);
}

/* ---- the test's side ---- */

void fake_zoned_set_zones(unsigned int n)
{
	fake_zoned.nr_zones = n;
	fake_zoned.sectors = (__u64)n * FAKE_ZONED_SECTORS;
	for (unsigned int i = 0; i < n; i++)
		fake_zoned.zones[i] = (struct blk_zone) {
			.start = (__u64)i * FAKE_ZONED_SECTORS,
			.len = FAKE_ZONED_SECTORS,
			.wp = (__u64)i * FAKE_ZONED_SECTORS,
			.type = BLK_ZONE_TYPE_SEQWRITE_REQ,
			.cond = BLK_ZONE_COND_EMPTY,
			.capacity = 48,
		};
}

void fake_zoned_reset(void)
{
	struct blk_zone *first = &fake_zoned.zones[0], *last = &fake_zoned.zones[7];

	fake_zoned.active = true;
	fake_zoned.zone_sectors = FAKE_ZONED_SECTORS;
	fake_zoned_set_zones(8);
	first->type = BLK_ZONE_TYPE_CONVENTIONAL;
	first->cond = BLK_ZONE_COND_NOT_WP;
	first->wp = UINT64_MAX;
	first->capacity = first->len;
	fake_zoned.sectors -= FAKE_ZONED_SECTORS / 2;
	last->len = last->capacity = FAKE_ZONED_SECTORS / 2;
	strcpy(fake_zoned.sysfs, "/tmp/blkio-fake-zoned-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake_zoned.sysfs));
	fake_zoned_set_sysfs("zoned", "host-managed");
	fake_zoned_set_sysfs("max_open_zones", "3");
	fake_zoned_set_sysfs("max_active_zones", "5");
}

void fake_zoned_set_sysfs(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fake_zoned.sysfs, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fprintf(f, "%s\n", text), 0);
	ck_assert_int_eq(fclose(f), 0);
}

void fake_zoned_finish(void)
{
	char command[128];

	fake_zoned.active = false;
	snprintf(command, sizeof(command), "rm -rf '%s'", fake_zoned.sysfs);
	ck_assert_int_eq(system(command), 0);
}

void fake_zoned_set_hold(bool hold)
{
	pthread_mutex_lock(&fake_zoned.lock);
	fake_zoned.hold = hold;
	pthread_cond_broadcast(&fake_zoned.changed);
	pthread_mutex_unlock(&fake_zoned.lock);
}

void fake_zoned_wait_for_held(unsigned int n)
{
	pthread_mutex_lock(&fake_zoned.lock);
	while (fake_zoned.held != n)
		pthread_cond_wait(&fake_zoned.changed, &fake_zoned.lock);
	pthread_mutex_unlock(&fake_zoned.lock);
}

void fake_zoned_wait_for_any(void)
{
	pthread_mutex_lock(&fake_zoned.lock);
	while (!fake_zoned.held)
		pthread_cond_wait(&fake_zoned.changed, &fake_zoned.lock);
	pthread_mutex_unlock(&fake_zoned.lock);
}
