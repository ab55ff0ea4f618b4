// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The test harness: the list of tests, what becomes of them, the expectations.
 *
 * What a test has to say (why it failed or skipped) comes back in a page of shared memory.
 */
#include "harness.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <blkio.h>

#include "device.h"
#include "worker.h"

enum {
	STATUS_FAIL = 1,
	STATUS_SKIP = 77
};

struct options options = { .timeout_s = 30, .count = 300 };

const char *const mode_names[NUM_MODES] = { "blocking", "event-driven", "polling", "poll queue" };

static struct test *first_test, **last_test = &first_test;
static char *message; /* shared with the tests' process */
static const size_t message_size = 4096;
static char last_skip[256]; /* of the same test in another mode */
static int num_passed, num_failed, num_skipped;

void test_register(struct test *t)
{
	*last_test = t;
	last_test = &t->next;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	va_list ap;
	int n;

	n = snprintf(message, message_size, "%s:%d: ", base ? base + 1 : file, line);
	va_start(ap, fmt);
	vsnprintf(message + n, message_size - n, fmt, ap);
	va_end(ap);
	_exit(STATUS_FAIL);
}

void test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, message_size, fmt, ap);
	va_end(ap);
	device_close_all();
	worker_leave_test(STATUS_SKIP);
}

void expect_int(const char *file, int line, const char *what, long long got, long long want)
{
	if (got != want)
		test_fail(file, line, "%s: got %lld, wanted %lld (last error text: \"%s\")", what,
			  got, want, blkio_get_error_msg());
}

void expect_u64(const char *file, int line, const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		test_fail(file, line, "%s: got %llu, wanted %llu", what, (unsigned long long)got,
			  (unsigned long long)want);
}

void expect_str(const char *file, int line, const char *what, const char *got, const char *want)
{
	if (!got != !want || (got && strcmp(got, want) != 0))
		test_fail(file, line, "%s: got \"%s\", wanted \"%s\"", what, got ? got : "(NULL)",
			  want ? want : "(NULL)");
}

void expect_error(const char *file, int line, const char *what, int got, int want)
{
	expect_int(file, line, what, got, want);
	if (blkio_get_error_msg()[0] == '\0')
		test_fail(file, line, "%s: returned %d and left no error text", what, got);
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2; /* "." and ".." */
}

int count_open_fds(void)
{
	return count_entries("/proc/self/fd");
}

int count_threads(void)
{
	return count_entries("/proc/self/task");
}

static void report(const char *name, const char *outcome, const char *why)
{
	printf("%s %s%s%s\n", outcome, name, why ? ": " : "", why ? why : "");
}

/* A test that is skipped for the same reason in every mode is one skipped test. */
static void report_skip(const char *name)
{
	if (strcmp(message, last_skip) == 0)
		return;
	snprintf(last_skip, sizeof(last_skip), "%s", message);
	num_skipped++;
	report(name, "SKIP", message);
}

static void report_failure(const char *name, int status)
{
	char why[64];

	num_failed++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_FAIL && message[0]) {
		report(name, "FAIL", message);
		return;
	}
	if (status == WORKER_HUNG)
		snprintf(why, sizeof(why), "not done after %d s", options.timeout_s);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "died of signal %d", WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "exit status %d", WEXITSTATUS(status));
	report(name, "FAIL", why);
}

static bool run_in_worker(const char *name, void (*fn)(enum io_mode mode), enum io_mode mode)
{
	int status;

	message[0] = '\0';
	fflush(stdout);
	status = worker_run(fn, mode);
	if (status == 0) {
		num_passed++;
		if (options.verbose)
			report(name, "PASS", NULL);
		return true;
	}
	if (status != WORKER_HUNG && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP) {
		report_skip(name);
		return true;
	}
	report_failure(name, status);
	return false;
}

/* Here a leak checker has its say about all tests that the process has run. */
static bool end_worker(void)
{
	int status;

	message[0] = '\0';
	status = worker_end();
	if (status != 0)
		report_failure("the end of the tests' process", status);
	return status == 0;
}

bool run_alone(const char *name, void (*fn)(enum io_mode mode), enum io_mode mode)
{
	bool before = end_worker(), it = run_in_worker(name, fn, mode), after = end_worker();

	return before && it && after;
}

/* "requests/reads_what_was_written [polling]" */
static void full_name(char *buf, size_t size, const struct test *t, enum io_mode mode)
{
	const char *group = strstr(t->file, "test_");
	int len;

	group = group ? group + strlen("test_") : t->file;
	len = (int)strcspn(group, ".");
	snprintf(buf, size, "%.*s/%s%s%s%s", len, group, t->name, t->modes ? " [" : "",
		 t->modes ? mode_names[mode] : "", t->modes ? "]" : "");
}

static bool run_one(const struct test *t, enum io_mode mode)
{
	char name[160];

	full_name(name, sizeof(name), t, mode);
	if (options.only && !strstr(name, options.only))
		return false;
	if (options.mode && t->modes && options.mode != mode_names[mode])
		return false;
	if (options.list)
		printf("%s\n", name);
	else if (t->alone)
		run_alone(name, t->run, mode);
	else
		run_in_worker(name, t->run, mode);
	return !options.list;
}

/* A test for no mode in particular runs in the first one. */
static bool runs_in(const struct test *t, enum io_mode mode)
{
	return (t->modes ? t->modes : 1) & 1u << mode;
}

static void report_missing_modes(bool (*has_mode)(enum io_mode mode))
{
	for (enum io_mode mode = 0; mode < NUM_MODES && !options.list; mode++) {
		if (has_mode(mode))
			continue;
		num_skipped++;
		printf("SKIP all tests [%s]: the device does not have it\n", mode_names[mode]);
	}
}

static void print_summary(void)
{
	printf("conformance %s", options.driver);
	for (int i = 0; i < options.num_props; i++)
		printf(" %s", options.props[i]);
	printf(": %d passed, %d failed, %d skipped\n", num_passed, num_failed, num_skipped);
}

bool run_tests(bool (*has_mode)(enum io_mode mode), void (*after_each)(void))
{
	report_missing_modes(has_mode);
	num_passed = 0; /* what ran before were preparations */
	for (const struct test *t = first_test; t; t = t->next) {
		last_skip[0] = '\0';
		for (enum io_mode mode = 0; mode < NUM_MODES; mode++) {
			if (runs_in(t, mode) && has_mode(mode) && run_one(t, mode))
				after_each();
		}
	}
	end_worker();
	if (!options.list)
		print_summary();
	return num_failed == 0;
}

__attribute__((constructor)) static void make_message_page(void)
{
	message =
		mmap(NULL, message_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (message == MAP_FAILED)
		abort();
}
