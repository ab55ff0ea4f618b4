/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small test harness: named tests, each with a deadline, in a process of their own (worker.h).
 *
 * A test that crashes or hangs is one failed test. The first expectation that is not met ends
 * the test. A test must leave as many open file descriptors as it found.
 *
 * TEST(name) runs once, and so does ALONE_TEST(name), in a process that runs no other test: it
 * changes the process for good. MODE_TEST(name) runs once for each way that the device has to wait
 * for completions, SLEEP_TEST(name) once for each in which do_io sleeps; the body sees which one in
 * `mode`.
 */
#ifndef CONFORMANCE_HARNESS_H
#define CONFORMANCE_HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum io_mode {
	MODE_BLOCKING,   /* do_io sleeps until enough requests are done */
	MODE_EVENT,      /* poll(2) on the completion fd */
	MODE_POLLING,    /* do_io with min_completions 0 in a loop */
	MODE_POLL_QUEUE, /* do_io on a poll queue */
	NUM_MODES,
};

struct test {
	const char *name;
	const char *file;
	void (*run)(enum io_mode mode);
	unsigned int modes; /* bits of enum io_mode; 0: once, in none in particular */
	bool alone;
	struct test *next;
};

/* What the command line says; the same for every test. */
struct options {
	const char *driver;
	char **props; /* "name=value" */
	int num_props;
	const char *only;
	const char *mode; /* of mode_names, or all of them */
	const char *backing;
	bool list;
	bool verbose;
	bool reference;
	int timeout_s;
	uint64_t seed;
	int count;
	size_t range_unit; /* bytes; 0: the device's */
};

extern struct options options;
extern const char *const mode_names[NUM_MODES];

void test_register(struct test *t);
/* Run fn in a child process; false, and a line on stdout, unless it ends well. */
bool run_alone(const char *name, void (*fn)(enum io_mode mode), enum io_mode mode);
/* Run all chosen tests in the modes that has_mode allows; true if none failed. */
bool run_tests(bool (*has_mode)(enum io_mode mode), void (*after_each)(void));

int count_open_fds(void);
int count_threads(void);

void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void test_skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

void expect_int(const char *file, int line, const char *what, long long got, long long want);
void expect_u64(const char *file, int line, const char *what, uint64_t got, uint64_t want);
void expect_str(const char *file, int line, const char *what, const char *got, const char *want);
void expect_error(const char *file, int line, const char *what, int got, int want);

#define TEST_DEFINE(fn, modes, alone)                                                \
	static void fn(enum io_mode mode);                                           \
	static struct test test_of_##fn = { #fn, __FILE__, fn, modes, alone, NULL }; \
	__attribute__((constructor)) static void register_##fn(void)                 \
	{                                                                            \
		test_register(&test_of_##fn);                                        \
	}                                                                            \
	static void fn(enum io_mode mode __attribute__((unused)))

#define TEST(fn)       TEST_DEFINE(fn, 0, false)
#define ALONE_TEST(fn) TEST_DEFINE(fn, 0, true)
#define MODE_TEST(fn)  TEST_DEFINE(fn, (1 << NUM_MODES) - 1, false)
#define SLEEP_TEST(fn) TEST_DEFINE(fn, 1 << MODE_BLOCKING | 1 << MODE_POLL_QUEUE, false)

#define EXPECT(cond)                                                          \
	do {                                                                  \
		if (!(cond))                                                  \
			test_fail(__FILE__, __LINE__, "%s is not so", #cond); \
	} while (0)
#define EXPECT_INT(got, want) expect_int(__FILE__, __LINE__, #got, (got), (want))
#define EXPECT_U64(got, want) expect_u64(__FILE__, __LINE__, #got, (got), (want))
#define EXPECT_STR(got, want) expect_str(__FILE__, __LINE__, #got, (got), (want))
/* The call returns this negative errno, and there is a text that says why. */
#define EXPECT_ERROR(call, want) expect_error(__FILE__, __LINE__, #call, (call), (want))
#define SKIP(...)                test_skip(__VA_ARGS__)

/* A system call of the test itself, without which it cannot go on. */
#define MUST(cond)                                                                    \
	do {                                                                          \
		if (!(cond))                                                          \
			test_fail(__FILE__, __LINE__, "the test needs %s: %s", #cond, \
				  strerror(errno));                                   \
	} while (0)

/* For behaviour in which we differ from libblkio 1.5.0 on purpose. */
#define DIFFERS_FROM_REFERENCE(what)                                     \
	do {                                                             \
		if (options.reference)                                   \
			SKIP("differs from 1.5.0 on purpose: %s", what); \
	} while (0)

#endif /* CONFORMANCE_HARNESS_H */
