// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * blkio-copy: from one block device to another, with any two drivers of libblkio.
 *
 * options.c says what is to be done, ends.c opens source and target, copy.c runs the jobs of a
 * pass, and slot.c is one piece on its way.
 */
#include <stdio.h>

#include "../common/msg.h"
#include "../common/number.h"
#include "copy.h"
#include "progress.h"

static void report_copy(const struct pass *p, uint64_t ns)
{
	char size[NUMBER_TEXT_LEN], time[NUMBER_TEXT_LEN], rate[NUMBER_TEXT_LEN];
	uint64_t zeroes = atomic_load(&p->zeroes);

	printf("copied %s in %s, %s/s", number_size(size, (double)p->e->bytes),
	       number_time(time, (double)ns),
	       number_size(rate, (double)p->e->bytes * 1e9 / (double)(ns ? ns : 1)));
	if (zeroes)
		printf("; %s of zeroes %s", number_size(size, (double)zeroes),
		       p->e->blank ? "left out" : "made, not written");
	putchar('\n');
}

static void report_compare(const struct pass *p)
{
	char size[NUMBER_TEXT_LEN];

	printf("compared %s: source and target are the same\n",
	       number_size(size, (double)p->e->bytes));
}

static int copy(const struct copy_options *o)
{
	uint64_t start;
	struct pass p;
	struct ends e;
	int status = ends_init(&e, o);

	if (status == STATUS_OK && !o->verify_only) {
		start = clock_ns();
		status = pass_run(&p, &e, PASS_COPY);
		if (status == STATUS_OK)
			report_copy(&p, clock_ns() - start);
	}
	if (status == STATUS_OK && (o->verify || o->verify_only)) {
		fflush(stdout);
		status = pass_run(&p, &e, PASS_COMPARE);
		if (status == STATUS_OK)
			report_compare(&p);
	}
	ends_finish(&e);
	return status == STATUS_OK ? msg_close_stdout() : status;
}

static int run_options(const struct copy_options *o)
{
	if (!o->help && !o->version)
		return copy(o);
	if (o->help)
		options_print_help();
	else
		printf("blkio-copy %s\n", blkio_version());
	return msg_close_stdout();
}

int main(int argc, char **argv)
{
	struct copy_options o;
	int status = options_parse(&o, argv);

	(void)argc;
	if (status == STATUS_OK)
		status = run_options(&o);
	options_finish(&o);
	return status;
}
