/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The lines of a job file: blkio-bench-job(5). What keys mean is not known here.
 */
#ifndef BENCH_JOBFILE_H
#define BENCH_JOBFILE_H

#include <stddef.h>

enum jobfile_item {
	JOBFILE_END,
	JOBFILE_SECTION, /* [name] */
	JOBFILE_KEY,     /* name, name=value */
	JOBFILE_ERROR,   /* its message is in error */
};

struct jobfile {
	char *rest;        /* what is still to be read */
	int line;          /* of the last item, from 1 */
	const char *name;  /* of a section or a key; points into the text */
	const char *value; /* NULL: there was no '=' */
	const char *error;
};

/* The text of a file, which ends with '\0' and will be cut into pieces. */
void jobfile_init(struct jobfile *file, char *text);
enum jobfile_item jobfile_next(struct jobfile *file);

/*
 * The next word of a value, or NULL at the end; *rest begins at the value. White space separates
 * words, and does not between double quotes.
 */
char *jobfile_word(char **rest);

#endif /* BENCH_JOBFILE_H */
