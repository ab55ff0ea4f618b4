/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What blkio-info prints: the same three things as text (show_text.c) and as JSON (show_json.c).
 */
#ifndef INFO_SHOW_H
#define INFO_SHOW_H

#include <blkio.h>

#include "../common/instance.h"

/* A property as it was read. */
struct value {
	const char *name;
	int type;   /* BLKIO_PROP_* */
	char *text; /* NULL if it could not be read; a message has been printed */
};

struct show {
	void (*drivers)(const char *const *names);
	void (*props)(const struct instance *in);
	void (*values)(const struct instance *in, const char *state, const struct value *values,
		       int count);
	void (*asked)(const struct instance *in, const char *state, const struct value *values,
		      int count);
};

extern const struct show show_text;
extern const struct show show_json;

/* "created", "connected", "started", for one BLKIO_STATE_* bit each, then NULL. */
extern const char *const state_names[];
/* "bool", "int", "uint64" or "str". */
const char *type_name(int type);

#endif /* INFO_SHOW_H */
