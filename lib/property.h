/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Properties are rows of a table: what a property is, where its value lives, when it may be read
 * or set. One engine does look-up, type check, state check and text conversion for all of them.
 */
#ifndef LIB_PROPERTY_H
#define LIB_PROPERTY_H

#include "lib/core.h"

union prop_value {
	bool b;
	int i;
	uint64_t u64;
	const char *str; /* in the instance: malloc'd, or NULL for "" */
};

struct blkio_prop {
	const char *name;
	int type;                   /* BLKIO_PROP_* */
	size_t offset;              /* of the value in the instance; 0: get, or always def */
	union prop_value def;       /* the value at first; not for strings */
	enum blkio_state get_from;  /* BLKIO_NEVER: can always be read */
	enum blkio_state set_from;  /* BLKIO_NEVER: from the beginning on */
	enum blkio_state set_until; /* the last state to set it in; BLKIO_NEVER: read-only */
	int set_errno;              /* of a read-only property: what setting it says; 0 is EACCES */
	int (*check)(const struct blkio_prop *p, const union prop_value *v);
	int (*get)(struct blkio *b, union prop_value *v); /* computes the value */
	const char *summary;
};

/* Give every property its default. */
void prop_init(struct blkio *b);
/* Free the strings. */
void prop_finish(struct blkio *b);

/* Values for .check */
int prop_check_positive(const struct blkio_prop *p, const union prop_value *v);
int prop_check_not_negative(const struct blkio_prop *p, const union prop_value *v);

#endif
