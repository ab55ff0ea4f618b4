// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Job files of blkio-bench: any text. Either it is a plan that makes sense, or there is a message.
 */
#include "examples/bench/plan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tools/fake_msg.h"

static void check_section(const struct plan *plan, int index)
{
	const struct section *section = &plan->section[index];
	const struct bench_options *o = &section->o;

	fuzz_must(section->name && *section->name);
	fuzz_must(o->words.count > 0);
	fuzz_must(o->bs > 0 && o->iodepth > 0 && o->numjobs > 0 && o->randseed > 0);
	fuzz_must(o->batch_min >= 1 && o->batch_min <= o->iodepth);
	fuzz_must(o->size == 0 || (o->size >= o->bs && o->offset + o->size >= o->offset));
	fuzz_must(section->group == (index ? section[-1].group + o->stonewall : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[] = { "blkio-bench", NULL };
	struct plan plan = { 0 };
	int status;

	plan.text = calloc(1, size + 1);
	fuzz_must(plan.text);
	if (size)
		memcpy(plan.text, data, size);
	fake_msg[0] = '\0';
	status = plan_add_file(&plan, "file", plan.text, argv);
	if (status == STATUS_OK) {
		fuzz_must(plan.count > 0 && !fake_msg[0]);
		for (int i = 0; i < plan.count; i++)
			check_section(&plan, i);
		fuzz_must(plan_groups(&plan) <= plan.count);
	} else
		fuzz_must(fake_msg[0]);
	plan_finish(&plan);
	return 0;
}
