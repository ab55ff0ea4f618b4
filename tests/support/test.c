// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See test.h. check runs each test in a process of its own, so skips are counted in shared memory.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_int *skipped;

void test_skip(const char *fmt, ...)
{
	va_list ap;

	printf("SKIP %s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	atomic_fetch_add(skipped, 1);
}

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	int run, failed;

	skipped = mmap(NULL, sizeof(*skipped), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (skipped == MAP_FAILED) {
		perror("mmap");
		return EXIT_FAILURE;
	}
	for (int i = 0; test_suites[i]; i++)
		srunner_add_suite(runner, test_suites[i]());
	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%s: %d passed, %d failed, %d skipped\n", program_invocation_short_name,
	       run - failed - *skipped, failed, *skipped);
	return failed || !run ? EXIT_FAILURE : EXIT_SUCCESS;
}
