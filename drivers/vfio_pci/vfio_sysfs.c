// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Where a PCI function is: its driver, its IOMMU group, its node, all from sysfs. Nothing is bound
 * here; what is missing gets a text that says what to do.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/vfio_pci/vfio.h"
#include "lib/error.h"
#include "lib/util/cleanup.h"

/* The last part of what the symbolic link dir/name points to; -errno. */
static int read_link(const char *dir, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) >= size)
		return -ENAMETOOLONG;
	memcpy(buf, base, strlen(base) + 1);
	return 0;
}

/* Domain, bus, device, function, in hexadecimal. */
static bool is_pci_address(const char *name)
{
	return strspn(name, "0123456789abcdef:.") == strlen(name) && strchr(name, ':') &&
	       strchr(name, '.');
}

/* The PCI address is the directory's name, wherever `path` comes from. */
static int find_name(const char *path, struct vfio_place *place)
{
	autofree char *real = realpath(path, NULL);
	struct stat st;
	const char *base;

	if (!real)
		return err_os(-errno, "cannot find the PCI function '%s'", path);
	if (stat(real, &st) < 0)
		return err_os(-errno, "cannot look at '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(-EINVAL,
			       "'%s' is no directory of a PCI function, like "
			       "/sys/bus/pci/devices/0000:00:01.0",
			       path);
	base = strrchr(real, '/') + 1;
	if (strlen(base) >= sizeof(place->name) || !is_pci_address(base))
		return err_set(-EINVAL, "'%s' is not named like a PCI function (0000:00:01.0)",
			       path);
	memcpy(place->name, base, strlen(base) + 1);
	return 0;
}

/* driverctl(8) would do the same, but not every system has it. */
static int wrong_driver(const char *name, const char *driver)
{
	if (!*driver)
		return err_set(-ENXIO,
			       "%s has no driver. As root: modprobe vfio-pci; cd "
			       "/sys/bus/pci/devices/%s; echo vfio-pci >driver_override; echo %s "
			       ">/sys/bus/pci/drivers_probe",
			       name, name, name);
	return err_set(-EBUSY,
		       "%s has driver %s. As root: modprobe vfio-pci; cd "
		       "/sys/bus/pci/devices/%s; echo vfio-pci >driver_override; echo %s "
		       ">driver/unbind; echo %s >/sys/bus/pci/drivers_probe",
		       name, driver, name, name, name);
}

static int check_driver(const char *path, const char *name)
{
	char driver[64] = "";
	int ret = read_link(path, "driver", driver, sizeof(driver));

	if (ret < 0 && ret != -ENOENT)
		return err_os(ret, "cannot see which driver %s is bound to", name);
	/* Variants for devices with more to them are vfio-pci, too: mlx5_vfio_pci, ... */
	if (strcmp(driver, "vfio-pci") != 0 && !strstr(driver, "_vfio_pci") &&
	    !strstr(driver, "-vfio-pci"))
		return wrong_driver(name, driver);
	return 0;
}

/* The name of the device's node, of a kernel that has such nodes. */
static void find_cdev(const char *path, struct vfio_place *place)
{
	char dir[PATH_MAX];
	const struct dirent *e;
	DIR *d;

	place->cdev[0] = '\0';
	if (snprintf(dir, sizeof(dir), "%s/vfio-dev", path) >= (int)sizeof(dir))
		return;
	d = opendir(dir);
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, "vfio", 4) == 0 && strlen(e->d_name) < sizeof(place->cdev))
			memcpy(place->cdev, e->d_name, strlen(e->d_name) + 1);
	}
	closedir(d);
}

int vfio_find(const char *path, struct vfio_place *place)
{
	int ret = find_name(path, place);

	if (ret == 0)
		ret = check_driver(path, place->name);
	if (ret < 0)
		return ret;
	ret = read_link(path, "iommu_group", place->group, sizeof(place->group));
	if (ret == -ENOENT)
		return err_set(-ENODEV,
			       "%s is in no IOMMU group: switch the IOMMU on in the firmware and "
			       "on the kernel's command line (intel_iommu=on; AMD has it on)",
			       place->name);
	if (ret < 0)
		return err_os(ret, "cannot see the IOMMU group of %s", place->name);
	find_cdev(path, place);
	return 0;
}
