/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What every unit test program shares: a main() that runs suites, and skips that are counted.
 *
 * A test program defines test_suites[] and nothing else; the runner prints what failed and, as
 * its last line, "<name>: N passed, N failed, N skipped".
 */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <check.h>

/*
 * As in check.h, but for what it does when all is well: there it writes a message with the place to
 * the runner, with malloc() and write(2), which makes loops of assertions twenty times slower.
 */
#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                                                        \
	((expr) ? (void)0                                                               \
		: _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expr "' failed", \
				    ##__VA_ARGS__))

/* Functions that each make a suite; ends with NULL. */
extern Suite *(*const test_suites[])(void);

/* Note that this test cannot run here, and why. The test then returns. */
__attribute__((format(printf, 1, 2))) void test_skip(const char *fmt, ...);

#define SKIP(...)                       \
	do {                            \
		test_skip(__VA_ARGS__); \
		return;                 \
	} while (0)

/* A failure test checks the code and the message: the text must contain `part`. */
#define ck_assert_error(ret, code, part)                                                        \
	do {                                                                                    \
		ck_assert_int_eq((ret), (code));                                                \
		ck_assert_msg(strstr(blkio_get_error_msg(), (part)),                            \
			      "'%s' is not in the message: %s", (part), blkio_get_error_msg()); \
	} while (0)

#endif
