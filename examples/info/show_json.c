// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The JSON form of blkio-info. Every answer is one object; numbers and booleans are such in JSON
 * too, and a property that could not be read is null.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

/* Print the object and free it. */
static void print_object(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void add_string(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static void json_drivers(const char *const *names)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();

	for (; *names; names++)
		json_object_array_add(array, json_object_new_string(*names));
	add_string(object, "version", blkio_version());
	json_object_object_add(object, "drivers", array);
	print_object(object);
}

static struct json_object *states(uint32_t bits)
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; state_names[i]; i++)
		if (bits & (1U << i))
			json_object_array_add(array, json_object_new_string(state_names[i]));
	return array;
}

static void json_props(const struct instance *in)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < in->prop_count; i++) {
		struct json_object *prop = json_object_new_object();

		add_string(prop, "name", in->props[i].name);
		add_string(prop, "type", type_name(in->props[i].type));
		json_object_object_add(prop, "readable", states(in->props[i].readable));
		json_object_object_add(prop, "writable", states(in->props[i].writable));
		add_string(prop, "summary", in->props[i].summary);
		json_object_array_add(array, prop);
	}
	add_string(object, "driver", in->driver);
	json_object_object_add(object, "properties", array);
	print_object(object);
}

static struct json_object *typed_value(const struct value *value)
{
	if (!value->text)
		return NULL;
	switch (value->type) {
	case BLKIO_PROP_BOOL:
		return json_object_new_boolean(strcmp(value->text, "true") == 0);
	case BLKIO_PROP_INT:
		return json_object_new_int64(strtoll(value->text, NULL, 10));
	case BLKIO_PROP_UINT64:
		return json_object_new_uint64(strtoull(value->text, NULL, 10));
	default:
		return json_object_new_string(value->text);
	}
}

static void json_values(const struct instance *in, const char *state, const struct value *values,
			int count)
{
	struct json_object *object = json_object_new_object();
	struct json_object *props = json_object_new_object();

	for (int i = 0; i < count; i++)
		json_object_object_add(props, values[i].name, typed_value(&values[i]));
	add_string(object, "driver", in->driver);
	add_string(object, "state", state);
	json_object_object_add(object, "properties", props);
	print_object(object);
}

const struct show show_json = {
	.drivers = json_drivers,
	.props = json_props,
	.values = json_values,
	.asked = json_values,
};
