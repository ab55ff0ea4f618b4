/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A front-end can make the file behind its memory shorter. Touching what is gone raises SIGBUS,
 * which would be the end of the server; here it is the end of that front-end's connection.
 */
#ifndef SERVER_FAULT_H
#define SERVER_FAULT_H

#include <stdbool.h>

/* Once, before the threads start. */
void fault_init(void);
/* Run fn(arg). False if it touched memory that is gone; it was left right there. fn holds no lock
 * and owns nothing while it touches shared memory. */
bool fault_try(void (*fn)(void *arg), void *arg);

#endif /* SERVER_FAULT_H */
