// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * blkio-bench: how fast a block device is through libblkio.
 *
 * options.c and plan.c say what is to be done, device.c opens devices, task.c finds a section's
 * place on one, run.c runs the jobs (job.c, and worker.c for the loop that is measured), result.c
 * and report_*.c say what came out.
 */
#include <stdio.h>
#include <unistd.h>

#include "../common/msg.h"
#include "plot.h"
#include "result.h"

static int report(const struct run *run)
{
	int status = STATUS_OK;

	if (run->plan->o.output_format == OUTPUT_JSON)
		report_json(run);
	else
		report_text(run);
	if (run->plan->o.plot)
		status = plot_write(run->plan->o.plot, run);
	return msg_close_stdout() == STATUS_OK ? status : STATUS_FAILED;
}

/* What was measured before something failed is reported too. */
static int bench(const struct plan *plan)
{
	struct run run;
	int status = run_init(&run, plan);
	bool plot_created = false;
	bool json = plan->o.output_format == OUTPUT_JSON;
	int reported = STATUS_OK;
	const struct job *failed;

	if (status == STATUS_OK && plan->o.plot)
		status = plot_check(plan->o.plot, &plot_created);
	if (status == STATUS_OK)
		status = run_go(&run);
	failed = run_failed_job(&run);
	if (run_has_results(&run) || (json && status == STATUS_OK && run_error(&run)))
		reported = report(&run);
	else if (plot_created)
		unlink(plan->o.plot);
	if (run.interrupted && !run_has_results(&run))
		fputs("blkio-bench: interrupted before the measurement began\n", stderr);
	if (failed)
		status = msg_failed("%s, job %d: %s", failed->task->section->name, failed->index,
				    failed->error);
	else if (status == STATUS_OK && run_error(&run))
		status = msg_failed("%s", run_error(&run));
	run_finish(&run);
	return status == STATUS_OK ? reported : status;
}

static int run_plan(const struct plan *plan)
{
	if (!plan->o.help && !plan->o.version)
		return bench(plan);
	if (plan->o.help)
		options_print_help();
	else
		printf("blkio-bench %s\n", blkio_version());
	return msg_close_stdout();
}

int main(int argc, char **argv)
{
	struct plan plan;
	int status = plan_make(&plan, argv);

	(void)argc;
	if (status == STATUS_OK)
		status = run_plan(&plan);
	plan_finish(&plan);
	return status;
}
