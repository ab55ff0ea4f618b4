// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * From the command line and a job file to sections.
 */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/msg.h"
#include "jobfile.h"

enum {
	FILE_MAX_BYTES = 1 << 20,
	SECTIONS_MAX = 1000,
};

/* Where in a job file we are, for messages. */
struct place {
	const char *file;
	char text[512];
};

static void set_place(struct place *place, int line)
{
	snprintf(place->text, sizeof(place->text), "%s:%d", place->file, line);
	msg_set_place(place->text);
}

static struct section *add_section(struct plan *plan, const char *name)
{
	size_t bytes = (size_t)(plan->count + 1) * sizeof(*plan->section);
	struct section *bigger = realloc(plan->section, bytes);
	struct section *section;

	if (!bigger)
		return NULL;
	plan->section = bigger;
	section = &bigger[plan->count++];
	*section = (struct section) { .name = name };
	return section;
}

/* DRIVER PROP=VALUE ... of a job file are words like those of a command line. */
static int split_device(struct section *section)
{
	char *rest, *word;
	int status = STATUS_OK;

	if (!section->o.device || section->o.words.count)
		return STATUS_OK;
	section->device = strdup(section->o.device);
	if (!section->device)
		return msg_failed("out of memory");
	rest = section->device;
	while (status == STATUS_OK && (word = jobfile_word(&rest)))
		status = opts_words_add(&section->o.words, word);
	return status;
}

/* All options are there. */
static int finish_section(struct plan *plan, struct section *section, char **argv)
{
	int status = opts_parse(options_table, &section->o, argv, &section->o.words);
	long index = section - plan->section;

	if (status == STATUS_OK)
		status = split_device(section);
	if (status != STATUS_OK)
		return status;
	options_settle(&section->o);
	if (!section->name)
		section->name = section->o.name ? section->o.name : options_rw_name(&section->o);
	if (!section->o.randseed) /* so that two sections do not use the same blocks */
		section->o.randseed = (uint64_t)index + 1;
	if (index > 0)
		section->group = section[-1].group + section->o.stonewall;
	return options_check(&section->o);
}

static int set_key(struct bench_options *o, const struct jobfile *file)
{
	const struct opt *opt = opts_find(options_table, file->name);

	if (!opt)
		return msg_usage("there is no key '%s'; blkio-bench-job(5) has those there are",
				 file->name);
	if (opt->scope == SCOPE_PROGRAM)
		return msg_usage("'%s' is for the command line, not for a job file", opt->name);
	return opts_set(opt, o, file->value);
}

/* A new section has what [global] had up to here. */
static int begin_section(struct plan *plan, const struct bench_options *global,
			 const struct jobfile *file)
{
	struct section *section;

	if (plan->count == SECTIONS_MAX)
		return msg_usage("more than %d sections", SECTIONS_MAX);
	section = add_section(plan, file->name);
	if (!section)
		return msg_failed("out of memory");
	section->o = *global;
	section->line = file->line;
	return STATUS_OK;
}

/* The lines, up to the first one that is wrong. */
static int read_lines(struct plan *plan, struct place *place, char *text)
{
	struct bench_options global;
	bool in_global = false;
	enum jobfile_item item;
	struct jobfile file;
	int status = STATUS_OK;

	options_init(&global);
	jobfile_init(&file, text);
	while (status == STATUS_OK && (item = jobfile_next(&file)) != JOBFILE_END) {
		set_place(place, file.line);
		if (item == JOBFILE_ERROR)
			status = msg_usage("%s", file.error);
		else if (item == JOBFILE_SECTION && strcmp(file.name, "global") == 0)
			in_global = true;
		else if (item == JOBFILE_SECTION) {
			in_global = false;
			status = begin_section(plan, &global, &file);
		} else if (in_global)
			status = set_key(&global, &file);
		else if (plan->count)
			status = set_key(&plan->section[plan->count - 1].o, &file);
		else
			status = msg_usage("'%s' is in no section; begin with [global] or [NAME]",
					   file.name);
	}
	return status;
}

int plan_add_file(struct plan *plan, const char *name, char *text, char **argv)
{
	struct place place = { .file = name };
	int status = read_lines(plan, &place, text);

	for (int i = 0; i < plan->count && status == STATUS_OK; i++) {
		set_place(&place, plan->section[i].line);
		status = finish_section(plan, &plan->section[i], argv);
	}
	msg_set_place(NULL);
	if (status == STATUS_OK && plan->count == 0)
		return msg_usage("%s has no section but [global]", name);
	return status;
}

/* The whole file, with a '\0' at its end, or NULL and a message. */
static char *read_file(const char *name)
{
	char *text = calloc(1, FILE_MAX_BYTES + 1);
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	bool failed = true;
	size_t bytes = 0;

	if (!text)
		msg_failed("out of memory");
	else if (!f)
		msg_failed("cannot open the job file %s: %s", name, strerror(errno));
	else {
		bytes = fread(text, 1, FILE_MAX_BYTES, f);
		if (ferror(f))
			msg_failed("cannot read the job file %s: %s", name, strerror(errno));
		else if (!feof(f) || strlen(text) != bytes)
			msg_failed("%s is no job file: it is too large, or has a zero in it", name);
		else
			failed = false;
	}
	if (f && f != stdin)
		fclose(f);
	if (!failed)
		return text;
	free(text);
	return NULL;
}

/* The command line is the only section. */
static int add_command_line(struct plan *plan, char **argv)
{
	struct section *section = add_section(plan, NULL);

	if (!section)
		return msg_failed("out of memory");
	options_init(&section->o);
	return finish_section(plan, section, argv);
}

int plan_make(struct plan *plan, char **argv)
{
	int status;

	memset(plan, 0, sizeof(*plan));
	options_init(&plan->o);
	status = opts_parse(options_table, &plan->o, argv, &plan->o.words);
	if (status != STATUS_OK || plan->o.help || plan->o.version)
		return status;
	if (!plan->o.jobfile)
		return add_command_line(plan, argv);
	if (plan->o.name)
		return msg_usage("--name: the sections of a job file have their names");
	plan->text = read_file(plan->o.jobfile);
	return plan->text ? plan_add_file(plan, plan->o.jobfile, plan->text, argv) : STATUS_FAILED;
}

void plan_finish(struct plan *plan)
{
	for (int i = 0; i < plan->count; i++) {
		options_finish(&plan->section[i].o);
		free(plan->section[i].device);
	}
	free(plan->section);
	free(plan->text);
	options_finish(&plan->o);
}

int plan_jobs(const struct plan *plan)
{
	int jobs = 0;

	for (int i = 0; i < plan->count; i++)
		jobs += (int)plan->section[i].o.numjobs;
	return jobs;
}

int plan_groups(const struct plan *plan)
{
	return plan->count ? plan->section[plan->count - 1].group + 1 : 0;
}
