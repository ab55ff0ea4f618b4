// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The lines of a job file.
 */
#include "jobfile.h"

#include <ctype.h>
#include <string.h>

void jobfile_init(struct jobfile *file, char *text)
{
	*file = (struct jobfile) { .rest = text };
}

static char *skip_space(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Without white space at both ends. */
static char *trim(char *text)
{
	size_t len;

	text = skip_space(text);
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* The next line without its end, or NULL. */
static char *next_line(struct jobfile *file)
{
	char *line = file->rest, *end;

	if (!*line)
		return NULL;
	end = strchr(line, '\n');
	file->rest = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	file->line++;
	return trim(line);
}

static enum jobfile_item fault(struct jobfile *file, const char *error)
{
	file->error = error;
	return JOBFILE_ERROR;
}

static enum jobfile_item read_section(struct jobfile *file, char *text)
{
	char *end = strchr(text, ']');

	if (!end)
		return fault(file, "the ']' of the section's name is missing");
	if (end[1])
		return fault(file, "there is something behind the ']' of the section's name");
	*end = '\0';
	file->name = trim(text);
	return *file->name ? JOBFILE_SECTION : fault(file, "the section has no name");
}

static enum jobfile_item read_key(struct jobfile *file, char *text)
{
	char *equals = strchr(text, '=');

	file->value = equals ? skip_space(equals + 1) : NULL;
	if (equals)
		*equals = '\0';
	file->name = trim(text);
	return *file->name ? JOBFILE_KEY : fault(file, "there is nothing in front of the '='");
}

enum jobfile_item jobfile_next(struct jobfile *file)
{
	char *line;

	do {
		line = next_line(file);
		if (!line)
			return JOBFILE_END;
	} while (!*line || *line == '#' || *line == ';');
	return *line == '[' ? read_section(file, line + 1) : read_key(file, line);
}

char *jobfile_word(char **rest)
{
	char *word = skip_space(*rest), *to = word;
	char *from = word;
	int quoted = 0;

	if (!*word)
		return NULL;
	for (; *from && (quoted || !isspace((unsigned char)*from)); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*rest = *from ? from + 1 : from;
	*to = '\0';
	return word;
}
