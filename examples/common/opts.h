/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Options of the tools as a table: one row gives the name, the kind of value, where it goes, and
 * the line of --help. The command line is one source of "name, value" pairs; others can use
 * opts_set() with the same table.
 */
#ifndef TOOLS_OPTS_H
#define TOOLS_OPTS_H

#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_HEADING, /* only a line of --help */
	OPT_FLAG,    /* int: 1 when given; takes no value */
	OPT_BOOL,    /* int: 0 or 1; alone it means 1 */
	OPT_NUMBER,  /* uint64_t */
	OPT_SIZE,    /* uint64_t in bytes: 4k, 1g */
	OPT_TIME,    /* uint64_t in ns: 10, 500ms, 2m */
	OPT_CHOICE,  /* int: index of one of the words in choices */
	OPT_WORDS,   /* struct opt_words: each use appends */
	OPT_STRING,  /* const char *: the text itself */
	OPT_HINT,    /* not an option here: arg tells what to do instead */
};

/* Words and strings point into argv, or whatever text they came from. */
struct opt_words {
	const char **word;
	int count;
};

struct opt {
	const char *name; /* '-' and '_' are the same; without a help it is not shown */
	enum opt_kind kind;
	size_t at; /* offset of the value in the caller's struct */
	const char *help;
	const char *arg;            /* how --help shows the value */
	const char *const *choices; /* OPT_CHOICE: ends with NULL */
	uint64_t min, max;          /* numbers, sizes, times; max 0 means no limit */
	int scope;                  /* for the program; not looked at here */
};

/* Parse argv into *values and *positional. The result is a status, see msg.h. */
int opts_parse(const struct opt *table, void *values, char **argv, struct opt_words *positional);
/* The row of an option, or NULL. */
const struct opt *opts_find(const struct opt *table, const char *name);
/* Set an option from its text; NULL is for one that stands alone. The result is a status. */
int opts_set(const struct opt *opt, void *values, const char *value);
/* Print the rows of the table for --help. */
void opts_help(const struct opt *table);
/* The word that a choice stands for. */
const char *opts_choice(const struct opt *table, const char *name, int choice);
/* Append a word. The result is a status. */
int opts_words_add(struct opt_words *words, const char *word);
void opts_words_finish(struct opt_words *words);

#endif /* TOOLS_OPTS_H */
