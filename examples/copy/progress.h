/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The line on stderr that tells a person at a terminal how far a pass is.
 */
#ifndef COPY_PROGRESS_H
#define COPY_PROGRESS_H

#include <pthread.h>

#include "copy.h"

struct progress {
	const struct pass *p;
	bool on;
	uint64_t start_ns;
};

uint64_t clock_ns(void);

void progress_init(struct progress *g, const struct pass *p);
/* Wait for the end of a thread, telling how it goes. */
void progress_join(const struct progress *g, pthread_t thread);
void progress_finish(const struct progress *g);
/* Erase the line, if there is one: something else is to be printed. */
void progress_clear(void);

#endif /* COPY_PROGRESS_H */
