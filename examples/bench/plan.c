// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * From the command line to sections.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "../common/msg.h"

/* The command line is the only section. */
static int one_section(struct plan *plan, char **argv)
{
	struct section *section = calloc(1, sizeof(*section));
	int status;

	if (!section)
		return msg_failed("out of memory");
	plan->section = section;
	plan->count = 1;
	options_init(&section->o, 0);
	status = opts_parse(options_table, &section->o, argv, &section->o.words);
	if (status != STATUS_OK)
		return status;
	section->name = section->o.name ? section->o.name : options_rw_name(&section->o);
	return options_check(&section->o);
}

int plan_make(struct plan *plan, char **argv)
{
	int status;

	memset(plan, 0, sizeof(*plan));
	options_init(&plan->o, 0);
	status = opts_parse(options_table, &plan->o, argv, &plan->o.words);
	if (status != STATUS_OK || plan->o.help || plan->o.version)
		return status;
	return one_section(plan, argv);
}

void plan_finish(struct plan *plan)
{
	for (int i = 0; i < plan->count; i++)
		options_finish(&plan->section[i].o);
	free(plan->section);
	options_finish(&plan->o);
}

int plan_groups(const struct plan *plan)
{
	return plan->count ? plan->section[plan->count - 1].group + 1 : 0;
}
