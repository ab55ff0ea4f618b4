// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * do_io: submit what is queued, wait, return completions; and the completion fd.
 *
 * One loop for all drivers: the backlog moves up as the driver makes room, ops->enter makes the
 * device see it and waits, ops->reap collects. A call that fails keeps what it had collected for
 * the next one.
 */
#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "lib/queue.h"

static int check_timeout(const struct timespec *timeout)
{
	if (timeout && timeout->tv_sec < 0)
		return err_set(-EINVAL, "timeout: tv_sec must not be negative");
	if (timeout && (timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S))
		return err_set(-EINVAL, "timeout: tv_nsec must be from 0 to 999999999");
	return 0;
}

static int check_counts(const struct blkio_completion *completions, int min, int max)
{
	if (min < 0)
		return err_set(-EINVAL, "min_completions must not be negative");
	if (max < 0)
		return err_set(-EINVAL, "max_completions must not be negative");
	if (min > max)
		return err_set(-EINVAL, "min_completions must not exceed max_completions");
	if (max > 0 && !completions)
		return err_set(-EINVAL,
			       "completions must not be NULL when max_completions is not 0");
	return 0;
}

static uint64_t outstanding(const struct blkioq *q)
{
	return (uint64_t)q->in_flight + q->backlog.count + q->done.count;
}

/* Take what completed without the driver. */
static cold int take_done(struct blkioq *q, struct blkio_completion *completions, int max)
{
	int n = 0;

	for (; n < max && q->done.count; n++) {
		completions[n] = *(struct blkio_completion *)fifo_front(&q->done);
		fifo_pop_front(&q->done);
	}
	return n;
}

/* The call fails: what it has collected is for the next one. prepare() has made room for it. */
static cold void put_back(struct blkioq *q, const struct blkio_completion *completions, int n)
{
	while (n-- > 0) {
		struct blkio_completion *c = fifo_push_front(&q->done);

		if (c)
			*c = completions[n];
		else
			q->lost++; /* refused requests of the backlog took the room, and more */
	}
}

/* Hand the driver as much of the backlog as fits, publishing as often as that makes room. */
static cold int refill(struct blkioq *q)
{
	bool moved = true;

	while (q->backlog.count && moved) {
		int ret = q->ops->enter(q, 0, NULL);

		if (ret < 0)
			return ret;
		for (moved = false; q->backlog.count; moved = true) {
			if (!queue_submit(q, fifo_front(&q->backlog)))
				break;
			fifo_pop_front(&q->backlog);
		}
	}
	return 0;
}

/*
 * How many to wait for in one go. While there is a backlog, room for more of it is worth waking
 * up for: half of what is in flight.
 */
static unsigned int how_many(const struct blkioq *q, int missing)
{
	unsigned int want = missing > 0 ? (unsigned int)missing : 0;
	unsigned int most = q->backlog.count ? (q->in_flight + 1) / 2 : q->in_flight;

	return want < most ? want : most;
}

/* Requests that there was no memory for, not even for their completions. */
static cold int tell_lost(struct blkioq *q)
{
	int ret = err_set(-ENOMEM, "%u requests were dropped for lack of memory", q->lost);

	q->lost = 0;
	return ret;
}

/* Returns how many completions there are now, or -errno with *n telling how many there were. */
static always_inline int run(struct blkioq *q, struct blkio_completion *completions, int min,
			     int max, int *n, struct blkio_wait *wait)
{
	int got;

	do {
		int ret = unlikely(q->backlog.count) ? refill(q) : 0;

		if (unlikely(q->done.count) && *n < max) /* refill may have found bad ones */
			*n += take_done(q, completions + *n, max - *n);
		q->resubmit = false;
		if (ret == 0 && q->in_flight)
			ret = q->ops->enter(q, how_many(q, min - *n), wait);
		if (ret < 0)
			return ret;
		got = *n < max ? q->ops->reap(q, completions + *n, max - *n) : 0;
		q->in_flight -= (uint32_t)got;
		*n += got;
		if (unlikely(*n < min && !outstanding(q)))
			return tell_lost(q);
	} while (*n < min || q->resubmit || (got && q->backlog.count));
	return *n;
}

/* A second event for completions that the application has been told of but has not taken. */
static void notify_of_rest(struct blkioq *q)
{
	if (q->done.count || q->ops->ready(q))
		queue_notify(q);
}

static void set_left(struct timespec *timeout, int64_t deadline)
{
	int64_t left = deadline_left_ns(deadline);

	if (deadline == DEADLINE_NONE)
		return; /* centuries: what is left is as good as what there was */
	timeout->tv_sec = left / NS_PER_S;
	timeout->tv_nsec = left % NS_PER_S;
}

static int prepare(struct blkioq *q, int min)
{
	if (unlikely(q->lost))
		return tell_lost(q);
	if ((uint64_t)min > outstanding(q))
		return err_set(-EINVAL,
			       "min_completions is %d, but only %ju requests are "
			       "outstanding",
			       min, (uintmax_t)outstanding(q));
	if (unlikely((uint32_t)min > q->done.cap) && !fifo_reserve(&q->done, (uint32_t)min))
		return err_os(-ENOMEM, "cannot wait for %d completions", min);
	return 0;
}

static always_inline int do_io(struct blkioq *q, struct blkio_completion *completions, int min,
			       int max, struct timespec *timeout, struct blkio_wait *wait)
{
	int ret = check_timeout(timeout);
	bool failed;
	int n = 0;

	if (ret == 0)
		ret = check_counts(completions, min, max);
	if (ret == 0)
		ret = prepare(q, min);
	if (ret < 0)
		return ret;

	wait->deadline =
		timeout && min ? deadline_after_ns(timespec_to_ns(timeout)) : DEADLINE_NONE;
	if (unlikely(q->done.count))
		n = take_done(q, completions, max);
	ret = run(q, completions, min, max, &n, wait);
	failed = ret < 0;
	if (unlikely(failed)) {
		if (n && n >= min) {
			ret = n; /* enough for this call; the next one will fail */
		} else {
			put_back(q, completions, n);
			n = 0;
		}
	}
	if (q->completion_fd_enabled && max > 0 && (failed || n == max || q->done.count))
		notify_of_rest(q);
	if (timeout && wait->waited)
		set_left(timeout, wait->deadline);
	return ret;
}

BLKIO_PUBLIC int blkioq_do_io(struct blkioq *q, struct blkio_completion *completions,
			      int min_completions, int max_completions, struct timespec *timeout)
{
	struct blkio_wait wait = { 0 };

	return do_io(q, completions, min_completions, max_completions, timeout, &wait);
}

BLKIO_PUBLIC int blkioq_do_io_interruptible(struct blkioq *q, struct blkio_completion *completions,
					    int min_completions, int max_completions,
					    struct timespec *timeout, const sigset_t *sig)
{
	struct blkio_wait wait = { .sig = sig, .interruptible = true };

	if (q->poll && sig)
		return err_set(-ENOTSUP, "a signal mask is not supported on poll queues");
	return do_io(q, completions, min_completions, max_completions, timeout, &wait);
}

BLKIO_PUBLIC int blkioq_get_completion_fd(struct blkioq *q)
{
	return q->completion_fd;
}

BLKIO_PUBLIC void blkioq_set_completion_fd_enabled(struct blkioq *q, bool enable)
{
	if (q->poll || q->completion_fd_enabled == enable)
		return;
	q->completion_fd_enabled = enable;
	q->ops->set_notify(q, enable);
	if (enable)
		notify_of_rest(q);
}
