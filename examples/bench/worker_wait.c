// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The ways to wait for completions.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "../common/number.h"
#include "job.h"

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec) { .tv_sec = (time_t)(ns / NS_PER_SEC),
				   .tv_nsec = (long)(ns % NS_PER_SEC) };
}

int wait_poll(struct job *job, uint64_t wait_ns)
{
	(void)wait_ns;
	return blkioq_do_io(job->q, job->completions, 0, job->reap_max, NULL);
}

int wait_block(struct job *job, uint64_t wait_ns)
{
	int min = job->reap_min < job->in_flight ? job->reap_min : job->in_flight;
	struct timespec timeout;
	int n;

	if (wait_ns == UINT64_MAX)
		return blkioq_do_io(job->q, job->completions, min, job->reap_max, NULL);
	if (wait_ns == 0)
		return wait_poll(job, 0);
	timeout = to_timespec(wait_ns);
	n = blkioq_do_io(job->q, job->completions, 1, job->reap_max, &timeout);
	return n == -ETIME ? 0 : n;
}

/*
 * Events are on only while this thread sleeps or is about to. What completed before they were
 * turned on gives no event, so do_io must look once more in between.
 */
int wait_eventfd(struct job *job, uint64_t wait_ns)
{
	struct timespec timeout = to_timespec(wait_ns);
	struct pollfd event = { .events = POLLIN };
	uint64_t events;
	int n = wait_poll(job, 0);

	if (n != 0 || wait_ns == 0)
		return n;
	blkioq_set_completion_fd_enabled(job->q, true);
	n = wait_poll(job, 0);
	if (n == 0) {
		worker_account(job);
		event.fd = blkioq_get_completion_fd(job->q);
		if (ppoll(&event, 1, wait_ns == UINT64_MAX ? NULL : &timeout, NULL) == 1 &&
		    read(event.fd, &events, sizeof(events)) < 0)
			n = 0; /* no event after all: the next round looks again */
	}
	blkioq_set_completion_fd_enabled(job->q, false);
	return n;
}
