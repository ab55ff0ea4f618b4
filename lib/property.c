// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The property engine: look-up, type check, state check, in the order of errors that clients of
 * 1.5 know: unknown name, wrong type, text that does not parse, access, value.
 */
#include "lib/property.h"

#include <blkio.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/driver.h"
#include "lib/error.h"
#include "lib/property_common.h"
#include "lib/util/cleanup.h"
#include "lib/util/utf8.h"

static const char *const type_names[] = {
	[BLKIO_PROP_BOOL] = "bool",
	[BLKIO_PROP_INT] = "int",
	[BLKIO_PROP_UINT64] = "uint64",
	[BLKIO_PROP_STR] = "str",
};

/* A driver's row comes before a row of the same name that all drivers have. */
static const struct blkio_prop *find_in(const struct blkio_prop *rows, const char *name)
{
	for (; rows->name; rows++) {
		if (strcmp(rows->name, name) == 0)
			return rows;
	}
	return NULL;
}

static const struct blkio_prop *driver_prop(const struct blkio_driver *driver, const char *name)
{
	const struct blkio_prop *p = find_in(driver->props, name);

	return p ? p : find_in(common_props, name);
}

static int lookup(const struct blkio *b, const char *name, const struct blkio_prop **pp)
{
	if (!name)
		return err_set(-EINVAL, "the property name must not be NULL");
	if (!utf8_valid(name))
		return err_set(-EINVAL, "the property name is not valid UTF-8");
	*pp = driver_prop(b->driver, name);
	if (!*pp)
		return err_set(-ENOENT, "driver %s has no property '%s'", b->driver->name, name);
	return 0;
}

static int lookup_typed(const struct blkio *b, const char *name, int type,
			const struct blkio_prop **pp)
{
	int ret = lookup(b, name, pp);

	if (ret == 0 && (*pp)->type != type)
		return err_set(-ENOTTY, "property %s has type %s, not %s", name,
			       type_names[(*pp)->type], type_names[type]);
	return ret;
}

static void *value_at(struct blkio *b, const struct blkio_prop *p)
{
	return (char *)b + p->offset;
}

static union prop_value load(struct blkio *b, const struct blkio_prop *p)
{
	switch (p->type) {
	case BLKIO_PROP_BOOL:
		return (union prop_value) { .b = *(bool *)value_at(b, p) };
	case BLKIO_PROP_INT:
		return (union prop_value) { .i = *(int *)value_at(b, p) };
	case BLKIO_PROP_UINT64:
		return (union prop_value) { .u64 = *(uint64_t *)value_at(b, p) };
	default:
		return (union prop_value) { .str = *(char **)value_at(b, p) };
	}
}

/* A string is copied. */
static int store(struct blkio *b, const struct blkio_prop *p, const union prop_value *v)
{
	char *copy;

	switch (p->type) {
	case BLKIO_PROP_BOOL:
		*(bool *)value_at(b, p) = v->b;
		return 0;
	case BLKIO_PROP_INT:
		*(int *)value_at(b, p) = v->i;
		return 0;
	case BLKIO_PROP_UINT64:
		*(uint64_t *)value_at(b, p) = v->u64;
		return 0;
	default:
		copy = strdup(v->str);
		if (!copy)
			return err_os(-ENOMEM, "cannot set property %s", p->name);
		free(*(char **)value_at(b, p));
		*(char **)value_at(b, p) = copy;
		return 0;
	}
}

static int get(struct blkio *b, const struct blkio_prop *p, union prop_value *v)
{
	if (b->state < p->get_from)
		return err_set(-ENODEV,
			       "the device must be connected before property %s can be "
			       "read",
			       p->name);
	if (p->get)
		return p->get(b, v);
	*v = p->offset ? load(b, p) : p->def;
	return 0;
}

static int set(struct blkio *b, const struct blkio_prop *p, const union prop_value *v)
{
	int ret = 0;

	if (p->set_until == BLKIO_NEVER)
		return err_set(p->set_errno ? -p->set_errno : -EACCES, "property %s is read-only",
			       p->name);
	if (b->state < p->set_from)
		return err_set(-ENODEV,
			       "the device must be connected before property %s can be "
			       "set",
			       p->name);
	if (b->state > p->set_until)
		return err_set(-EBUSY, "property %s cannot be set once the device is %s", p->name,
			       p->set_until == BLKIO_CREATED ? "connected" : "started");
	if (p->check)
		ret = p->check(p, v);
	return ret < 0 ? ret : store(b, p, v);
}

BLKIO_PUBLIC int blkio_get_bool(struct blkio *b, const char *name, bool *value)
{
	const struct blkio_prop *p;
	union prop_value v;
	int ret;

	*value = false;
	ret = lookup_typed(b, name, BLKIO_PROP_BOOL, &p);
	if (ret == 0)
		ret = get(b, p, &v);
	if (ret == 0)
		*value = v.b;
	return ret;
}

BLKIO_PUBLIC int blkio_get_int(struct blkio *b, const char *name, int *value)
{
	const struct blkio_prop *p;
	union prop_value v;
	int ret;

	*value = 0;
	ret = lookup_typed(b, name, BLKIO_PROP_INT, &p);
	if (ret == 0)
		ret = get(b, p, &v);
	if (ret == 0)
		*value = v.i;
	return ret;
}

BLKIO_PUBLIC int blkio_get_uint64(struct blkio *b, const char *name, uint64_t *value)
{
	const struct blkio_prop *p;
	union prop_value v;
	int ret;

	*value = 0;
	ret = lookup_typed(b, name, BLKIO_PROP_UINT64, &p);
	if (ret == 0)
		ret = get(b, p, &v);
	if (ret == 0)
		*value = v.u64;
	return ret;
}

static char *to_text(const struct blkio_prop *p, const union prop_value *v)
{
	char *text = NULL;

	switch (p->type) {
	case BLKIO_PROP_BOOL:
		return strdup(v->b ? "true" : "false");
	case BLKIO_PROP_INT:
		return asprintf(&text, "%d", v->i) < 0 ? NULL : text;
	case BLKIO_PROP_UINT64:
		return asprintf(&text, "%" PRIu64, v->u64) < 0 ? NULL : text;
	default:
		return strdup(v->str ? v->str : "");
	}
}

BLKIO_PUBLIC int blkio_get_str(struct blkio *b, const char *name, char **value)
{
	const struct blkio_prop *p;
	union prop_value v;
	int ret;

	*value = NULL;
	ret = lookup(b, name, &p);
	if (ret == 0)
		ret = get(b, p, &v);
	if (ret < 0)
		return ret;
	*value = to_text(p, &v);
	return *value ? 0 : err_os(-ENOMEM, "cannot get property %s", name);
}

static int set_typed(struct blkio *b, const char *name, int type, const union prop_value *v)
{
	const struct blkio_prop *p;
	int ret = lookup_typed(b, name, type, &p);

	return ret < 0 ? ret : set(b, p, v);
}

BLKIO_PUBLIC int blkio_set_bool(struct blkio *b, const char *name, bool value)
{
	return set_typed(b, name, BLKIO_PROP_BOOL, &(union prop_value) { .b = value });
}

BLKIO_PUBLIC int blkio_set_int(struct blkio *b, const char *name, int value)
{
	return set_typed(b, name, BLKIO_PROP_INT, &(union prop_value) { .i = value });
}

BLKIO_PUBLIC int blkio_set_uint64(struct blkio *b, const char *name, uint64_t value)
{
	return set_typed(b, name, BLKIO_PROP_UINT64, &(union prop_value) { .u64 = value });
}

/* Decimal digits only, no white space: strtoull() takes more than that. */
static bool parse_u64(const char *s, uint64_t *value)
{
	uint64_t n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(n, UINT64_C(10), &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			return false;
	}
	*value = n;
	return true;
}

static bool parse_int(const char *s, int *value)
{
	bool negative = *s == '-';
	uint64_t n;

	if (*s == '-' || *s == '+')
		s++;
	if (!parse_u64(s, &n) || n > (uint64_t)INT_MAX + negative)
		return false;
	*value = negative ? (int)-(int64_t)n : (int)n;
	return true;
}

static bool from_text(const struct blkio_prop *p, const char *s, union prop_value *v)
{
	switch (p->type) {
	case BLKIO_PROP_BOOL:
		v->b = strcmp(s, "true") == 0;
		return v->b || strcmp(s, "false") == 0;
	case BLKIO_PROP_INT:
		return parse_int(s, &v->i);
	case BLKIO_PROP_UINT64:
		return parse_u64(*s == '+' ? s + 1 : s, &v->u64);
	default:
		v->str = s;
		return true;
	}
}

BLKIO_PUBLIC int blkio_set_str(struct blkio *b, const char *name, const char *value)
{
	const struct blkio_prop *p;
	union prop_value v;
	int ret = lookup(b, name, &p);

	if (ret < 0)
		return ret;
	if (!value)
		return err_set(-EINVAL, "property %s: the value must not be NULL", name);
	if (!utf8_valid(value))
		return err_set(-EINVAL, "property %s: the value is not valid UTF-8", name);
	if (!from_text(p, value, &v))
		return err_set(-EINVAL, "property %s: '%.64s' is not a valid %s", name, value,
			       type_names[p->type]);
	return set(b, p, &v);
}

/* Row number index of those a driver has: its own first, then the common ones it left alone. */
static const struct blkio_prop *prop_at(const struct blkio_driver *driver, int index)
{
	const struct blkio_prop *p;

	for (p = driver->props; p->name; p++) {
		if (index-- == 0)
			return p;
	}
	for (p = common_props; p->name; p++) {
		if (!find_in(driver->props, p->name) && index-- == 0)
			return p;
	}
	return NULL;
}

/* The BLKIO_STATE_* bits from one state to another, both included. */
static uint32_t state_bits(enum blkio_state from, enum blkio_state until)
{
	uint32_t bits = 0;

	for (int s = from == BLKIO_NEVER ? BLKIO_CREATED : (int)from; s <= (int)until; s++)
		bits |= 1u << (s - BLKIO_CREATED);
	return bits;
}

BLKIO_PUBLIC int blkio_get_prop_info(const char *name, int index, struct blkio_prop_info *info)
{
	const struct blkio_driver *driver;
	const struct blkio_prop *p;

	if (!name || index < 0 || !info)
		return err_set(-EINVAL, "driver and info must not be NULL, index not negative");
	driver = driver_find(name);
	if (!driver)
		return err_set(-ENOENT, "no driver is called '%s'", name);
	p = prop_at(driver, index);
	if (!p)
		return err_set(-ENOENT, "driver %s has no property number %d", name, index);
	*info = (struct blkio_prop_info) {
		.name = p->name,
		.summary = p->summary,
		.type = p->type,
		.readable = state_bits(p->get_from, BLKIO_STARTED),
		.writable = state_bits(p->set_from, p->set_until),
	};
	return 0;
}

/* Names are compared for the few rows that there is something to do for: each instance pays. */
static void init_rows(struct blkio *b, const struct blkio_prop *rows, const struct blkio_prop *but)
{
	for (const struct blkio_prop *p = rows; p->name; p++) {
		if (p->offset && p->set_until != BLKIO_NEVER && p->type != BLKIO_PROP_STR &&
		    !(but && find_in(but, p->name)))
			store(b, p, &p->def);
	}
}

static void free_rows(struct blkio *b, const struct blkio_prop *rows, const struct blkio_prop *but)
{
	for (const struct blkio_prop *p = rows; p->name; p++) {
		if (p->offset && p->type == BLKIO_PROP_STR && !(but && find_in(but, p->name)))
			free(*(char **)value_at(b, p));
	}
}

void prop_init(struct blkio *b)
{
	init_rows(b, b->driver->props, NULL);
	init_rows(b, common_props, b->driver->props);
}

void prop_finish(struct blkio *b)
{
	free_rows(b, b->driver->props, NULL);
	free_rows(b, common_props, b->driver->props);
}

int prop_check_positive(const struct blkio_prop *p, const union prop_value *v)
{
	if (v->i > 0)
		return 0;
	return err_set(-EINVAL, "property %s must be greater than 0, not %d", p->name, v->i);
}

int prop_check_not_negative(const struct blkio_prop *p, const union prop_value *v)
{
	if (v->i >= 0)
		return 0;
	return err_set(-EINVAL, "property %s must not be negative, not %d", p->name, v->i);
}
