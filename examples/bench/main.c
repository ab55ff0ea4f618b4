// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * blkio-bench: how fast a block device is through libblkio.
 *
 * options.c says what is to be done, device.c opens the device, run.c runs the jobs (job.c, and
 * worker.c for the loop that is measured), result.c and report_*.c say what came out.
 */
#include <stdio.h>
#include <string.h>

#include "../common/msg.h"
#include "result.h"

static int report(const struct run *run, const struct device *dev)
{
	const char *error = result_error(run);
	int status;

	if (run->o->output_format == OUTPUT_JSON)
		report_json(run, dev);
	else
		report_text(run, dev);
	status = msg_close_stdout();
	return error ? msg_failed("%s", error) : status;
}

static int bench(const struct bench_options *o)
{
	struct run run = { 0 };
	struct device dev;
	int status = device_init(&dev, o);

	if (status == STATUS_OK)
		status = run_init(&run, o, &dev);
	if (status == STATUS_OK)
		status = run_go(&run);
	if (status == STATUS_OK)
		status = report(&run, &dev);
	device_finish(&dev);
	run_finish(&run);
	return status;
}

static int run_options(const struct bench_options *o)
{
	if (!o->help && !o->version)
		return bench(o);
	if (o->help)
		options_print_help();
	else
		printf("blkio-bench %s\n", blkio_version());
	return msg_close_stdout();
}

int main(int argc, char **argv)
{
	struct bench_options o;
	int status = options_parse(&o, argv);

	(void)argc;
	if (status == STATUS_OK)
		status = run_options(&o);
	options_finish(&o);
	return status;
}
