/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages of the tools, kept for tests to look at instead of printed.
 */
#ifndef TESTS_TOOLS_FAKE_MSG_H
#define TESTS_TOOLS_FAKE_MSG_H

#include "examples/common/msg.h"

/* The last message, as the program would print it but for its own name; "" if there is none. */
extern char fake_msg[1024];

#endif /* TESTS_TOOLS_FAKE_MSG_H */
