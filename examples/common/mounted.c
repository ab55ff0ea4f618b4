// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A guard against overwriting a block device that holds a mounted file system.
 *
 * Two questions are asked. The list of mounts can say where the device is mounted. The kernel's
 * exclusive open says whether anything holds the device or one of its partitions, in other mount
 * namespaces too. /proc and /sys may be missing: then only the second one counts.
 */
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "msg.h"

/* "major:minor", or 0 if text is something else. */
static dev_t parse_dev(const char *text)
{
	char *end;
	unsigned long major_nr = strtoul(text, &end, 10);

	if (end == text || *end != ':')
		return 0;
	return makedev((unsigned int)major_nr, (unsigned int)strtoul(end + 1, NULL, 10));
}

/* The device that a file of sysfs names, or 0. */
static dev_t read_dev(const char *file)
{
	FILE *f = fopen(file, "re");
	char text[32] = "";
	dev_t dev;

	if (!f)
		return 0;
	dev = fgets(text, sizeof(text), f) ? parse_dev(text) : 0;
	fclose(f);
	return dev;
}

/* The disk that dev is a partition of, or dev itself. */
static dev_t whole_disk(dev_t dev)
{
	char file[64];
	dev_t disk;

	snprintf(file, sizeof(file), "/sys/dev/block/%u:%u/partition", major(dev), minor(dev));
	if (access(file, F_OK) < 0)
		return dev;
	snprintf(file, sizeof(file), "/sys/dev/block/%u:%u/../dev", major(dev), minor(dev));
	disk = read_dev(file);
	return disk ? disk : dev;
}

static bool overlap(dev_t a, dev_t b)
{
	return a == b || whole_disk(a) == b || a == whole_disk(b);
}

/*
 * The block device of an NVMe namespace's character device: /dev/ng0n1 is the same namespace as
 * /dev/nvme0n1. 0 if the character device is something else.
 */
static dev_t nvme_block_dev(dev_t char_dev)
{
	char file[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t len;

	snprintf(file, sizeof(file), "/sys/dev/char/%u:%u", major(char_dev), minor(char_dev));
	len = readlink(file, target, sizeof(target) - 1);
	if (len < 0)
		return 0;
	target[len] = '\0';
	name = basename(target);
	if (strncmp(name, "ng", 2) != 0)
		return 0;
	snprintf(file, sizeof(file), "/sys/class/block/nvme%.32s/dev", name + 2);
	return read_dev(file);
}

/* The block device behind a file, or 0. */
static dev_t block_dev(const struct stat *st)
{
	if (S_ISBLK(st->st_mode))
		return st->st_rdev;
	return S_ISCHR(st->st_mode) ? nvme_block_dev(st->st_rdev) : 0;
}

/*
 * Whether a line of mountinfo is about the device. Its fields are: id, parent, major:minor, root,
 * mount point, and behind " - " file system type and source. A file system with several devices
 * (btrfs) has a number of its own, so the source is looked at as well.
 */
static bool line_is_about(char *line, dev_t dev, char **mount_point)
{
	char *field[5], *source, *save = NULL;
	char *rest = strstr(line, " - ");
	struct stat st;

	if (!rest)
		return false;
	*rest = '\0';
	for (int i = 0; i < 5; i++)
		field[i] = strtok_r(i ? NULL : line, " ", &save);
	if (!field[4])
		return false;
	*mount_point = field[4];
	if (overlap(parse_dev(field[2]), dev))
		return true;
	strtok_r(rest + 3, " ", &save);
	source = strtok_r(NULL, " ", &save);
	return source && strncmp(source, "/dev/", 5) == 0 && stat(source, &st) == 0 &&
	       S_ISBLK(st.st_mode) && overlap(st.st_rdev, dev);
}

/* Where the device is mounted, to be freed by the caller, or NULL. */
static char *find_mount(dev_t dev)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *found = NULL, *mount_point;
	size_t size = 0;

	if (!f)
		return NULL;
	while (!found && getline(&line, &size, f) > 0)
		if (line_is_about(line, dev, &mount_point))
			found = strdup(mount_point);
	free(line);
	fclose(f);
	return found;
}

/* Whether something has claimed a block device or a part of it: mount, swap, RAID, mapper. */
static bool is_claimed(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

int mounted_refuse(const char *path, int fd)
{
	const char *hint = "(--allow-mounted-write=1 overrides this)";
	const char *name = path[0] ? path : "the device";
	struct stat st;
	char *mount_point;
	dev_t dev;

	/* What cannot be looked at is no device of ours; connect will say what is wrong. */
	if ((path[0] ? stat(path, &st) : fstat(fd, &st)) < 0)
		return STATUS_OK;
	dev = block_dev(&st);
	if (!dev)
		return STATUS_OK;
	mount_point = find_mount(dev);
	if (mount_point) {
		msg_failed("%s or a part of it is mounted at %s %s", name, mount_point, hint);
		free(mount_point);
		return STATUS_FAILED;
	}
	if (path[0] && S_ISBLK(st.st_mode) && is_claimed(path))
		return msg_failed("%s is in use by the system or another program %s", name, hint);
	return STATUS_OK;
}

int mounted_refuse_instance(const struct instance *in)
{
	char *path = NULL;
	int fd = -1;
	int status;

	if (instance_prop(in, "fd"))
		blkio_get_int(in->b, "fd", &fd);
	if (blkio_get_str(in->b, "path", &path) < 0)
		return msg_blkio("%s: cannot read path", in->driver);
	status = mounted_refuse(path, fd);
	free(path);
	return status;
}
