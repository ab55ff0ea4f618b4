// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Options of the tools as a table. Both "--name value" and "--name=value" work, options and other
 * words mix freely, and "--" ends the options.
 */
#include "opts.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "number.h"

int opts_words_add(struct opt_words *words, const char *word)
{
	size_t size = (size_t)(words->count + 1) * sizeof(*words->word);
	const char **bigger = realloc(words->word, size);

	if (!bigger)
		return msg_failed("out of memory");
	bigger[words->count++] = word;
	words->word = bigger;
	return STATUS_OK;
}

void opts_words_finish(struct opt_words *words)
{
	free(words->word);
	words->word = NULL;
	words->count = 0;
}

static char plain(char c)
{
	return c == '_' ? '-' : c;
}

static bool same_name(const char *a, const char *b, size_t b_len)
{
	for (size_t i = 0; i < b_len; i++)
		if (!a[i] || plain(a[i]) != plain(b[i]))
			return false;
	return a[b_len] == '\0';
}

static const struct opt *find(const struct opt *table, const char *name, size_t len)
{
	for (; table->name || table->help; table++)
		if (table->name && same_name(table->name, name, len))
			return table;
	return NULL;
}

static bool parse(const struct opt *opt, const char *value, uint64_t *number)
{
	if (opt->kind == OPT_TIME)
		return number_parse_time(value, number);
	if (opt->kind == OPT_SIZE)
		return number_parse_size(value, number);
	return number_parse(value, number);
}

/* Whether the text is well-formed but has too many digits: with a single one it would be right. */
static bool overflows(const struct opt *opt, const char *value)
{
	const char *unit = value + strspn(value, "0123456789");
	char text[NUMBER_TEXT_LEN];
	uint64_t number;

	if (unit == value || parse(opt, value, &number))
		return false;
	snprintf(text, sizeof(text), "1%s", unit);
	return parse(opt, text, &number);
}

/* A bound for a message. */
static const char *show(const struct opt *opt, char *text, uint64_t number)
{
	if (opt->kind == OPT_SIZE)
		return number_size(text, (double)number);
	if (opt->kind == OPT_TIME && number % (3600 * NS_PER_SEC) == 0)
		snprintf(text, NUMBER_TEXT_LEN, "%lluh", number / (3600 * NS_PER_SEC));
	else if (opt->kind == OPT_TIME)
		return number_time(text, (double)number);
	else
		snprintf(text, NUMBER_TEXT_LEN, "%" PRIu64, number);
	return text;
}

static int set_number(const struct opt *opt, uint64_t *to, const char *value)
{
	static const char *const what[] = {
		[OPT_NUMBER] = "a number",
		[OPT_SIZE] = "a size such as 4k or 1g",
		[OPT_TIME] = "a time such as 10 (seconds), 500ms or 2m",
	};
	char bound[NUMBER_TEXT_LEN];
	uint64_t number;

	if (overflows(opt, value))
		number = UINT64_MAX;
	else if (!parse(opt, value, &number))
		return msg_usage("--%s: '%s' is not %s", opt->name, value, what[opt->kind]);
	if (number < opt->min)
		return msg_usage("--%s: %s is too small (at least %s)", opt->name, value,
				 show(opt, bound, opt->min));
	if (number == UINT64_MAX || (opt->max && number > opt->max))
		return msg_usage("--%s: %s is too large (at most %s)", opt->name, value,
				 show(opt, bound, opt->max ? opt->max : UINT64_MAX - 1));
	*to = number;
	return STATUS_OK;
}

static int set_choice(const struct opt *opt, int *to, const char *value)
{
	for (int i = 0; opt->choices[i]; i++)
		if (strcmp(opt->choices[i], value) == 0) {
			*to = i;
			return STATUS_OK;
		}
	return msg_usage("--%s: '%s' is none of %s", opt->name, value, opt->arg);
}

static int set_bool(const struct opt *opt, int *to, const char *value)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return msg_usage("--%s: '%s' is neither 0 nor 1", opt->name, value);
	*to = value[0] == '1';
	return STATUS_OK;
}

static int set_value(const struct opt *opt, void *values, const char *value)
{
	void *to = (char *)values + opt->at;

	switch (opt->kind) {
	case OPT_HEADING:
		break;
	case OPT_FLAG:
		*(int *)to = 1;
		break;
	case OPT_BOOL:
		return set_bool(opt, to, value);
	case OPT_CHOICE:
		return set_choice(opt, to, value);
	case OPT_WORDS:
		return opts_words_add(to, value);
	case OPT_STRING:
		*(const char **)to = value;
		break;
	case OPT_HINT:
		return msg_usage("--%s is not an option here: %s", opt->name, opt->arg);
	case OPT_NUMBER:
	case OPT_SIZE:
	case OPT_TIME:
		return set_number(opt, to, value);
	}
	return STATUS_OK;
}

const struct opt *opts_find(const struct opt *table, const char *name)
{
	return find(table, name, strlen(name));
}

/* Whether the option can do without a value. */
static bool stands_alone(const struct opt *opt)
{
	return opt->kind == OPT_FLAG || opt->kind == OPT_BOOL || opt->kind == OPT_HINT;
}

int opts_set(const struct opt *opt, void *values, const char *value)
{
	if (!value && !stands_alone(opt))
		return msg_usage("--%s needs a value", opt->name);
	if (value && opt->kind == OPT_FLAG)
		return msg_usage("--%s takes no value", opt->name);
	return set_value(opt, values, value ? value : "1");
}

static bool is_bool_word(const char *word)
{
	return word && (strcmp(word, "0") == 0 || strcmp(word, "1") == 0);
}

/* One option at argv[0]; *used is how many words it took. */
static int parse_long(const struct opt *table, void *values, char **argv, int *used)
{
	const char *name = argv[0] + 2;
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct opt *opt = find(table, name, len);

	*used = 1;
	if (!opt)
		return msg_usage("unknown option '--%.*s'", (int)len, name);
	if (value)
		return opts_set(opt, values, value + 1);
	if (stands_alone(opt) && !(opt->kind == OPT_BOOL && is_bool_word(argv[1])))
		return opts_set(opt, values, NULL);
	if (argv[1])
		*used = 2;
	return opts_set(opt, values, argv[1]);
}

/* The two short options that everyone tries first. */
static int parse_short(const struct opt *table, void *values, const char *word)
{
	if (strcmp(word, "-h") == 0)
		return opts_set(opts_find(table, "help"), values, NULL);
	if (strcmp(word, "-V") == 0)
		return opts_set(opts_find(table, "version"), values, NULL);
	return msg_usage("unknown option '%s'", word);
}

int opts_parse(const struct opt *table, void *values, char **argv, struct opt_words *positional)
{
	bool only_words = false;
	int status = STATUS_OK;
	int used;

	for (argv++; *argv && status == STATUS_OK; argv += used) {
		used = 1;
		if (only_words || argv[0][0] != '-' || argv[0][1] == '\0')
			status = opts_words_add(positional, argv[0]);
		else if (strcmp(argv[0], "--") == 0)
			only_words = true;
		else if (argv[0][1] == '-')
			status = parse_long(table, values, argv, &used);
		else
			status = parse_short(table, values, argv[0]);
	}
	return status;
}

void opts_help(const struct opt *table)
{
	char left[64];

	for (; table->name || table->help; table++) {
		if (table->kind == OPT_HEADING) {
			printf("\n%s\n", table->help);
			continue;
		}
		if (!table->help)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", table->name, table->arg ? "=" : "",
			 table->arg ? table->arg : "");
		if (strlen(left) > 26)
			printf("  %s\n  %-26s  %s\n", left, "", table->help);
		else
			printf("  %-26s  %s\n", left, table->help);
	}
}

const char *opts_choice(const struct opt *table, const char *name, int choice)
{
	return find(table, name, strlen(name))->choices[choice];
}
