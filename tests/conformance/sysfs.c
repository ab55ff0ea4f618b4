// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reading block device attributes from sysfs.
 */
#include "sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

dev_t sysfs_device(const struct stat *st)
{
	return S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev;
}

static bool read_attr(dev_t dev, const char *attr, char *buf, size_t size)
{
	char path[256];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), attr);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(buf, (int)size, f) != NULL;
	fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

bool sysfs_queue_text(dev_t dev, const char *attr, char *buf, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "queue/%s", attr);
	if (read_attr(dev, path, buf, size))
		return true;
	snprintf(path, sizeof(path), "../queue/%s", attr); /* a partition has no own queue */
	return read_attr(dev, path, buf, size);
}

long long sysfs_queue_number(dev_t dev, const char *attr, long long fallback)
{
	char text[64];

	return sysfs_queue_text(dev, attr, text, sizeof(text)) ? atoll(text) : fallback;
}

long long sysfs_device_number(dev_t dev, const char *attr, long long fallback)
{
	char text[64];

	return read_attr(dev, attr, text, sizeof(text)) ? atoll(text) : fallback;
}

bool sysfs_is_vduse(const struct stat *st)
{
	char path[64], target[256] = "";

	if (!S_ISCHR(st->st_mode))
		return false;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (readlink(path, target, sizeof(target) - 1) < 0)
		return false;
	return strstr(target, "/vduse/") != NULL;
}
