/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A blkio instance made from a command line: DRIVER [PROP=VALUE ...].
 *
 * What can be set before connect is set then, the rest after it. Which is which comes from
 * blkio_get_prop_info(): the tools have no list of properties of their own. The driver "auto" is
 * io_uring where that is possible, else threads.
 */
#ifndef TOOLS_INSTANCE_H
#define TOOLS_INSTANCE_H

#include <blkio.h>
#include <stdbool.h>

struct instance {
	const char *driver;
	const char *const *args; /* "PROP=VALUE" words, owned by the caller */
	int arg_count;
	struct blkio *b;
	struct blkio_prop_info *props; /* all that the driver has */
	int prop_count;
};

/* The functions return a status, see msg.h. instance_finish() fits after any of them. */

/* Only look up the driver and its properties. */
int instance_load_props(struct instance *in, const char *driver);
/* Make the instance and set what must be set before connect. */
int instance_create(struct instance *in, const char *driver, const char *const *args, int count);
/* Connect and set the rest. */
int instance_connect(struct instance *in);
int instance_start(struct instance *in);
void instance_finish(struct instance *in);

int instance_set(struct instance *in, const char *name, const char *value);
/* The property with this name, or NULL if the driver has none. */
const struct blkio_prop_info *instance_prop(const struct instance *in, const char *name);
/* Whether the command line sets this property. */
bool instance_has_arg(const struct instance *in, const char *name);
/* The first PROP=VALUE word of a property that can be set only after connect, or NULL. */
const char *instance_late_arg(const struct instance *in);

#endif /* TOOLS_INSTANCE_H */
