// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A blkio instance made from a command line.
 */
#include "instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "msg.h"

/* Whether this process may have an io_uring: what start says of a file that is surely in order. */
static int try_io_uring(void)
{
	int fd = memfd_create("auto", MFD_CLOEXEC);
	struct blkio *b = NULL;
	int ret = blkio_create("io_uring", &b);

	if (ret == 0)
		ret = blkio_set_int(b, "fd", fd);
	if (ret == 0)
		ret = blkio_connect(b);
	if (ret < 0 && fd >= 0)
		close(fd);
	if (ret == 0)
		ret = blkio_start(b);
	if (b)
		blkio_destroy(&b);
	return ret;
}

/*
 * The driver that "auto" stands for: io_uring, or threads where that is not in the library, not in
 * the kernel, or forbidden. A lack of memory or of file descriptors is for the user to see.
 */
static const char *resolve(const char *driver)
{
	int ret;

	if (strcmp(driver, "auto") != 0)
		return driver;
	ret = try_io_uring();
	return ret == -ENOENT || ret == -ENOSYS || ret == -EPERM ? "threads" : "io_uring";
}

int instance_load_props(struct instance *in, const char *driver)
{
	struct blkio_prop_info *bigger, info;
	int ret;

	in->driver = driver = resolve(driver);
	while ((ret = blkio_get_prop_info(driver, in->prop_count, &info)) == 0) {
		bigger = realloc(in->props, (size_t)(in->prop_count + 1) * sizeof(*in->props));
		if (!bigger)
			return msg_failed("out of memory");
		bigger[in->prop_count++] = info;
		in->props = bigger;
	}
	/* -ENOENT ends the list, but for an unknown driver it comes at once. */
	if (ret != -ENOENT || in->prop_count == 0)
		return msg_failed("%s; 'blkio-info' lists the drivers", blkio_get_error_msg());
	return STATUS_OK;
}

const struct blkio_prop_info *instance_prop(const struct instance *in, const char *name)
{
	for (int i = 0; i < in->prop_count; i++)
		if (strcmp(in->props[i].name, name) == 0)
			return &in->props[i];
	return NULL;
}

static bool is_arg_of(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '=';
}

bool instance_has_arg(const struct instance *in, const char *name)
{
	for (int i = 0; i < in->arg_count; i++)
		if (is_arg_of(in->args[i], name))
			return true;
	return false;
}

static bool is_late(const struct instance *in, const char *arg)
{
	for (int i = 0; i < in->prop_count; i++)
		if (is_arg_of(arg, in->props[i].name))
			return !(in->props[i].writable & BLKIO_STATE_CREATED) &&
			       (in->props[i].writable & BLKIO_STATE_CONNECTED);
	return false;
}

const char *instance_late_arg(const struct instance *in)
{
	for (int i = 0; i < in->arg_count; i++)
		if (is_late(in, in->args[i]))
			return in->args[i];
	return NULL;
}

int instance_set(struct instance *in, const char *name, const char *value)
{
	if (blkio_set_str(in->b, name, value) < 0)
		return msg_blkio("%s: cannot set %s=%s", in->driver, name, value);
	return STATUS_OK;
}

static int set_arg(struct instance *in, const char *arg)
{
	const char *equals = strchr(arg, '=');
	char *name = strndup(arg, (size_t)(equals - arg));
	int status;

	if (!name)
		return msg_failed("out of memory");
	status = instance_set(in, name, equals + 1);
	free(name);
	return status;
}

static int set_args(struct instance *in, bool late)
{
	int status = STATUS_OK;

	for (int i = 0; i < in->arg_count && status == STATUS_OK; i++)
		if (is_late(in, in->args[i]) == late)
			status = set_arg(in, in->args[i]);
	return status;
}

int instance_create(struct instance *in, const char *driver, const char *const *args, int count)
{
	int status = instance_load_props(in, driver);

	if (status != STATUS_OK)
		return status;
	for (int i = 0; i < count; i++)
		if (!strchr(args[i], '=') || args[i][0] == '=')
			return msg_usage("'%s' is not of the form PROP=VALUE", args[i]);
	in->args = args;
	in->arg_count = count;
	if (blkio_create(in->driver, &in->b) < 0)
		return msg_blkio("cannot create an instance of %s", in->driver);
	return set_args(in, false);
}

int instance_connect(struct instance *in)
{
	char *path = NULL;
	int status;

	if (blkio_connect(in->b) == 0)
		return set_args(in, true);
	if (instance_has_arg(in, "path") && blkio_get_str(in->b, "path", &path) == 0)
		status = msg_blkio("%s: cannot connect to %s", in->driver, path);
	else
		status = msg_blkio("%s: cannot connect", in->driver);
	free(path);
	return status;
}

int instance_start(struct instance *in)
{
	if (blkio_start(in->b) < 0)
		return msg_blkio("%s: cannot start", in->driver);
	return STATUS_OK;
}

void instance_finish(struct instance *in)
{
	if (in->b)
		blkio_destroy(&in->b);
	free(in->props);
	memset(in, 0, sizeof(*in));
}
