/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The end of a thread of ours, with a deadline.
 */
#ifndef LIB_UTIL_THREAD_H
#define LIB_UTIL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/util/deadline.h"

/*
 * Join it; or, if it is not over by then, leave it to itself. By looking now and then: the calls
 * that wait go by the wall clock, or are none that ThreadSanitizer knows.
 */
static inline void thread_join_or_detach(pthread_t thread, int64_t deadline)
{
	const int64_t longest = 2000000;
	int64_t pause = 20000;

	while (pthread_tryjoin_np(thread, NULL)) {
		struct timespec ts = { .tv_nsec = pause };

		if (!deadline_left_ns(deadline)) {
			pthread_detach(thread);
			return;
		}
		nanosleep(&ts, NULL);
		pause = pause < longest ? 2 * pause : pause;
	}
}

#endif
