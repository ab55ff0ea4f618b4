// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * blkio-info: which drivers there are, which properties a driver has, and what they say about a
 * device. All of it comes from the library: a new driver or property needs no change here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../common/msg.h"
#include "../common/opts.h"
#include "show.h"

struct info_options {
	int help, version, json, start;
	int state; /* index into state_names; -1 if not given */
	struct opt_words get;
	struct opt_words words; /* DRIVER PROP=VALUE ... */
};

#define AT(field) offsetof(struct info_options, field)

const char *const state_names[] = { "created", "connected", "started", NULL };

enum {
	CREATED,
	CONNECTED,
	STARTED
}; /* the same as indices */

static const struct opt option_table[] = {
	{ "state", OPT_CHOICE, AT(state), .help = "go to this state first (default: connected)",
	  .arg = "created|connected|started", .choices = state_names },
	{ "start", OPT_FLAG, AT(start), .help = "the same as --state=started" },
	{ "get", OPT_WORDS, AT(get), .help = "print only this value; may be repeated",
	  .arg = "NAME" },
	{ "json", OPT_FLAG, AT(json), .help = "print JSON" },
	{ "help", OPT_FLAG, AT(help), .help = "print this text (-h)" },
	{ "version", OPT_FLAG, AT(version), .help = "print the version (-V)" },
	{ 0 },
};

static int print_help(void)
{
	puts("Usage: blkio-info [OPTIONS] [DRIVER [PROP=VALUE ...]]\n"
	     "\n"
	     "  blkio-info                         list the drivers\n"
	     "  blkio-info DRIVER                  list the properties that a driver has\n"
	     "  blkio-info DRIVER PROP=VALUE ...   connect to a device, show its properties\n"
	     "\n"
	     "The driver 'auto' is io_uring where that is possible, else threads.\n"
	     "\n"
	     "Options:");
	opts_help(option_table);
	puts("\n"
	     "Example: blkio-info io_uring path=/tmp/disk.img read-only=true\n"
	     "Exit status: 0 all is well, 1 the library or the device failed, 2 wrong usage.");
	return msg_close_stdout();
}

const char *type_name(int type)
{
	static const char *const names[] = {
		[BLKIO_PROP_BOOL] = "bool",
		[BLKIO_PROP_INT] = "int",
		[BLKIO_PROP_UINT64] = "uint64",
		[BLKIO_PROP_STR] = "str",
	};
	size_t count = sizeof(names) / sizeof(names[0]);

	/* A newer library may have a type that is not known here. */
	return type > 0 && (size_t)type < count ? names[type] : "?";
}

static int read_value(const struct instance *in, const char *name, struct value *value)
{
	const struct blkio_prop_info *prop = instance_prop(in, name);

	value->name = name;
	value->type = prop ? prop->type : BLKIO_PROP_STR;
	if (blkio_get_str(in->b, name, &value->text) == 0)
		return STATUS_OK;
	value->text = NULL;
	return msg_blkio("%s: cannot read %s", in->driver, name);
}

static void free_values(struct value *values, int count)
{
	for (int i = 0; i < count; i++)
		free(values[i].text);
	free(values);
}

/* Read and show what is readable now. A value that fails does not hide the others. */
static int show_readable(const struct instance *in, const struct show *show, int state)
{
	struct value *values = calloc((size_t)in->prop_count, sizeof(*values));
	int status = STATUS_OK;
	int count = 0;

	if (!values)
		return msg_failed("out of memory");
	for (int i = 0; i < in->prop_count; i++)
		if (in->props[i].readable & (1U << state))
			status |= read_value(in, in->props[i].name, &values[count++]);
	show->values(in, state_names[state], values, count);
	free_values(values, count);
	return status;
}

static int show_asked(const struct instance *in, const struct show *show, int state,
		      const struct opt_words *names)
{
	struct value *values = calloc((size_t)names->count, sizeof(*values));
	int status = STATUS_OK;

	if (!values)
		return msg_failed("out of memory");
	for (int i = 0; i < names->count; i++)
		status |= read_value(in, names->word[i], &values[i]);
	show->asked(in, state_names[state], values, names->count);
	free_values(values, names->count);
	return status;
}

static int open_instance(struct instance *in, const struct info_options *o, int state)
{
	int status = instance_create(in, o->words.word[0], o->words.word + 1, o->words.count - 1);
	const char *late = instance_late_arg(in);

	if (status == STATUS_OK && state == CREATED && late)
		return msg_usage("'%s' can be set only after connect, see --state", late);
	if (status == STATUS_OK && state >= CONNECTED)
		status = instance_connect(in);
	if (status == STATUS_OK && state >= STARTED)
		status = instance_start(in);
	return status;
}

static int run_with_instance(const struct info_options *o, const struct show *show)
{
	int state = o->start ? STARTED : o->state >= 0 ? o->state : CONNECTED;
	struct instance in = { 0 };
	int status = open_instance(&in, o, state);

	if (status == STATUS_OK && o->get.count)
		status = show_asked(&in, show, state, &o->get);
	else if (status == STATUS_OK)
		status = show_readable(&in, show, state);
	instance_finish(&in);
	return status;
}

static int list_props(const char *driver, const struct show *show)
{
	struct instance in = { 0 };
	int status = instance_load_props(&in, driver);

	if (status == STATUS_OK)
		show->props(&in);
	instance_finish(&in);
	return status;
}

static int run(const struct info_options *o)
{
	const struct show *show = o->json ? &show_json : &show_text;
	bool wants_instance = o->start || o->state >= 0 || o->get.count || o->words.count > 1;
	int status = STATUS_OK;

	if (o->help)
		return print_help();
	if (o->version)
		printf("blkio-info %s\n", blkio_version());
	else if (wants_instance && o->words.count == 0)
		return msg_usage("DRIVER is missing");
	else if (wants_instance)
		status = run_with_instance(o, show);
	else if (o->words.count)
		status = list_props(o->words.word[0], show);
	else
		show->drivers(blkio_driver_names());
	return status == STATUS_OK ? msg_close_stdout() : status;
}

int main(int argc, char **argv)
{
	struct info_options o = { .state = -1 };
	int status = opts_parse(option_table, &o, argv, &o.words);

	(void)argc;
	if (status == STATUS_OK)
		status = run(&o);
	opts_words_finish(&o.get);
	opts_words_finish(&o.words);
	return status;
}
