// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The text form of blkio-info: aligned tables, as wide as the terminal.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "show.h"

/* Columns of stdout; 0 if it is no terminal and lines may be as long as they like. */
static int terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* Print text from column on, broken between words at width; all lines begin at column. */
static void print_wrapped(const char *text, int column, int width)
{
	int room = width - column - 1;

	while (room >= 20 && strlen(text) > (size_t)room) {
		int len = room;

		while (len > 0 && text[len] != ' ')
			len--;
		if (len == 0)
			break;
		printf("%.*s\n%*s", len, text, column, "");
		text += len + 1;
	}
	puts(text);
}

static void text_drivers(const char *const *names)
{
	for (; *names; names++)
		puts(*names);
}

static int longest_name(const struct instance *in)
{
	int longest = (int)strlen("PROPERTY");

	for (int i = 0; i < in->prop_count; i++)
		if ((int)strlen(in->props[i].name) > longest)
			longest = (int)strlen(in->props[i].name);
	return longest;
}

/* "rw r- r-": what can be done when created, connected, started. */
static void access_text(const struct blkio_prop_info *prop, char text[9])
{
	for (int i = 0; i < 3; i++) {
		*text++ = prop->readable & (1U << i) ? 'r' : '-';
		*text++ = prop->writable & (1U << i) ? 'w' : '-';
		*text++ = i < 2 ? ' ' : '\0';
	}
}

static void text_props(const struct instance *in)
{
	int width = terminal_width();
	int name_width = longest_name(in);
	int column = name_width + 2 + 6 + 2 + 8 + 2;
	char access[9];

	printf("%-*s  %-6s  %-8s  %s\n", name_width, "PROPERTY", "TYPE", "ACCESS", "MEANING");
	for (int i = 0; i < in->prop_count; i++) {
		const struct blkio_prop_info *prop = &in->props[i];

		access_text(prop, access);
		printf("%-*s  %-6s  %-8s  ", name_width, prop->name, type_name(prop->type), access);
		print_wrapped(prop->summary, column, width);
	}
	puts("\nACCESS: read (r) and write (w) when created, when connected, when started.");
}

static void text_values(const struct instance *in, const char *state, const struct value *values,
			int count)
{
	int name_width = longest_name(in);

	printf("%-*s  VALUE (%s)\n", name_width, "PROPERTY", state);
	for (int i = 0; i < count; i++)
		if (values[i].text)
			printf("%-*s  %s\n", name_width, values[i].name,
			       values[i].text[0] ? values[i].text : "\"\"");
}

/* Only the values, for scripts: what was asked is known to who asked. */
static void text_asked(const struct instance *in, const char *state, const struct value *values,
		       int count)
{
	(void)in;
	(void)state;
	for (int i = 0; i < count; i++)
		if (values[i].text)
			puts(values[i].text);
}

const struct show show_text = {
	.drivers = text_drivers,
	.props = text_props,
	.values = text_values,
	.asked = text_asked,
};
