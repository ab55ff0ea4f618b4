// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Submit and wait; setup.c makes the ring. See ring.h.
 */
#include "drivers/uring/ring.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "lib/error.h"
#include "lib/util/deadline.h"

#define KERNEL_SIGSET_BYTES (_NSIG / 8) /* not sizeof(sigset_t), which is libc's */

static bool is_iopoll(const struct uring *r)
{
	return r->setup_flags & IORING_SETUP_IOPOLL;
}

static bool is_sqpoll(const struct uring *r)
{
	return r->setup_flags & IORING_SETUP_SQPOLL;
}

static bool uring_notifies(const struct uring *r)
{
	return !r->cq_kflags || !(load_once(r->cq_kflags) & IORING_CQ_EVENTFD_DISABLED);
}

/* IOPOLL waits for completions whatever the time; before Linux 5.11 there are no timeouts. */
static bool can_wait_in_kernel(const struct uring *r, const struct blkio_wait *wait)
{
	return wait->deadline == DEADLINE_NONE ||
	       (!is_iopoll(r) && r->features & IORING_FEAT_EXT_ARG);
}

static void set_timespec(struct __kernel_timespec *ts, int64_t deadline)
{
	int64_t left = deadline_left_ns(deadline);

	ts->tv_sec = left / NS_PER_S;
	ts->tv_nsec = left % NS_PER_S;
}

/* A number that no other thread has or ever will have; a pthread_t is used again. */
static uint64_t thread_number(void)
{
	static _Atomic uint64_t last;
	static _Thread_local uint64_t number;

	if (!number)
		number = ++last;
	return number;
}

static bool is_owner(const struct uring *r)
{
	return !(r->setup_flags & IORING_SETUP_SINGLE_ISSUER) || r->owner == thread_number();
}

/*
 * Spare the kernel the look-up of the fd on each call. The registration belongs to this thread
 * alone, which is why only an owned ring has it, and why liburing's helper, which would take
 * it back in whatever thread ends the ring, is not used. Without it we simply use the fd.
 */
static cold void register_ring_fd(struct uring *r)
{
	struct io_uring_rsrc_update up = { .offset = -1u, .data = (uint64_t)r->io.ring_fd };

	if (io_uring_register((unsigned int)r->io.ring_fd, IORING_REGISTER_RING_FDS, &up, 1) != 1)
		return;
	r->enter_fd = (int)up.offset;
	r->enter_flags |= IORING_ENTER_REGISTERED_RING;
}

/* In any other thread it stays until the owner ends; the ring's resources are freed then. */
void uring_unregister_ring_fd(struct uring *r)
{
	struct io_uring_rsrc_update up = { .offset = (unsigned int)r->enter_fd };

	if (!(r->enter_flags & IORING_ENTER_REGISTERED_RING) || !is_owner(r))
		return;
	io_uring_register((unsigned int)r->io.ring_fd, IORING_UNREGISTER_RING_FDS, &up, 1);
	r->enter_flags &= ~(unsigned int)IORING_ENTER_REGISTERED_RING;
	r->enter_fd = r->io.ring_fd;
}

/*
 * With single-issuer the ring is made disabled, since the thread that starts an instance need not
 * be the one that does I/O. The thread that first enters is the owner from then on.
 */
static cold int become_owner(struct uring *r)
{
	int ret = 0;

	/* Not io_uring_enable_rings(): the shared liburing 2.3 does not export it. */
	if (r->setup_flags & IORING_SETUP_R_DISABLED)
		ret = io_uring_register((unsigned int)r->io.ring_fd, IORING_REGISTER_ENABLE_RINGS,
					NULL, 0);
	if (ret < 0)
		return err_os(ret, "cannot enable the io_uring");
	r->first_enter = false;
	r->owner = thread_number();
	register_ring_fd(r);
	return 0;
}

static cold int enter_error(const struct uring *r, int err)
{
	if (err == EINTR)
		return err_set(-EINTR, "interrupted by a signal");
	if (err == ETIME)
		return err_set(-ETIME, "the timeout expired");
	if (err == EEXIST && r->setup_flags & IORING_SETUP_SINGLE_ISSUER)
		return err_set(-EEXIST, "single-issuer is true, but another thread uses the queue");
	return err_os(-err, "io_uring_enter");
}

/* In another thread the number of our registered fd may be that of another ring. */
static int check_owner(struct uring *r)
{
	if (r->first_enter)
		return become_owner(r);
	return is_owner(r) ? 0 : enter_error(r, EEXIST);
}

/* Out of the way of calls without a deadline: what has its address taken makes them slower. */
static out_of_line int call_kernel_until(const struct uring *r, unsigned int to_submit,
					 unsigned int want, unsigned int flags,
					 const struct blkio_wait *wait)
{
	struct __kernel_timespec ts;
	struct io_uring_getevents_arg arg = {
		.sigmask = (uint64_t)(uintptr_t)wait->sig,
		.sigmask_sz = KERNEL_SIGSET_BYTES,
		.ts = (uint64_t)(uintptr_t)&ts,
	};

	set_timespec(&ts, wait->deadline);
	return io_uring_enter2((unsigned int)r->enter_fd, to_submit, want,
			       flags | IORING_ENTER_EXT_ARG, (sigset_t *)&arg, sizeof(arg));
}

/*
 * One system call. Returns how many SQEs the kernel took, or -errno without a message. When the
 * kernel has no timeouts (before 5.11), or does not look at them (IOPOLL), it is not asked to
 * wait: the caller does.
 */
static int call_kernel(const struct uring *r, unsigned int to_submit, unsigned int want,
		       unsigned int flags, const struct blkio_wait *wait)
{
	sigset_t *sig = want ? (sigset_t *)wait->sig : NULL;

	flags |= r->enter_flags;
	if (want && wait->deadline != DEADLINE_NONE) {
		if (can_wait_in_kernel(r, wait))
			return call_kernel_until(r, to_submit, want, flags, wait);
		want = 0;
		sig = NULL;
	}
	return io_uring_enter2((unsigned int)r->enter_fd, to_submit, want, flags, sig,
			       KERNEL_SIGSET_BYTES);
}

/* Linux before 5.11 has no timeout in io_uring_enter: sleep on the eventfd. 0 or -errno. */
static cold int wait_for_event(struct uring *r, unsigned int want, const struct blkio_wait *wait)
{
	bool enabled = uring_notifies(r);
	struct pollfd pfd = { .fd = r->event_fd, .events = POLLIN };
	int ret = 0;

	uring_set_notify(r, true);
	while (ret == 0 && uring_cq_ready(r) < want) {
		struct __kernel_timespec left;
		eventfd_t events;

		set_timespec(&left, wait->deadline);
		ret = ppoll(&pfd, 1, &(struct timespec) { left.tv_sec, left.tv_nsec }, wait->sig);
		ret = ret > 0 ? 0 : ret == 0 ? -ETIME : -errno;
		(void)!eventfd_read(r->event_fd, &events);
	}
	uring_set_notify(r, enabled);
	return ret;
}

/*
 * What the kernel must be told beyond the SQEs it shall take. 0 with nothing to submit and
 * nothing to wait for means that no call is needed.
 */
static unsigned int needed_flags(struct uring *r, unsigned int to_submit, unsigned int want)
{
	unsigned int flags = want || uring_kernel_has_work(r) ? IORING_ENTER_GETEVENTS : 0;

	if (is_iopoll(r) && !uring_cq_ready(r))
		flags |= IORING_ENTER_GETEVENTS;
	if (unlikely(is_sqpoll(r)) && to_submit) {
		/* Either we see that the kernel's thread went to sleep, or it sees the new tail. */
		full_barrier();
		if (load_once(r->sq_kflags) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	return flags;
}

/* SQEs that the kernel has yet to take. Those of an SQPOLL ring it takes without being called. */
static unsigned int not_entered(struct uring *r)
{
	if (unlikely(is_sqpoll(r)))
		r->sq_entered = load_acquire(r->sq_khead);
	return r->sq_tail - r->sq_entered;
}

/*
 * After a system call that took `taken` of `to_submit` SQEs: 0 when there is no more to do, 1 to
 * call again, or -errno with its message.
 */
static int go_on(struct uring *r, unsigned int to_submit, unsigned int taken, unsigned int want,
		 const struct blkio_wait *wait)
{
	bool all_taken = taken == to_submit;

	if (uring_cq_ready(r) >= want && (all_taken || is_sqpoll(r)))
		return 0;
	if (!all_taken)
		return taken ? 1 : enter_error(r, EAGAIN);
	if (!want)
		return 0;
	/* The kernel has waited. It does not say why it stopped if it had taken SQEs before. */
	if (wait->deadline != DEADLINE_NONE && !deadline_left_ns(wait->deadline))
		return enter_error(r, ETIME);
	if (!can_wait_in_kernel(r, wait) || is_iopoll(r) || !wait->interruptible)
		return 1;
	return enter_error(r, EINTR);
}

/* One system call and what must be done around it. Returns as go_on() does. */
static int enter_once(struct uring *r, unsigned int want, struct blkio_wait *wait)
{
	unsigned int to_submit = not_entered(r);
	unsigned int flags = needed_flags(r, to_submit, want);
	int ret = 0;

	if (!flags && (!to_submit || is_sqpoll(r)))
		return 0;
	if (unlikely(r->setup_flags & IORING_SETUP_SINGLE_ISSUER))
		ret = check_owner(r);
	if (ret < 0)
		return ret;
	if (want)
		wait->waited = true;
	ret = call_kernel(r, to_submit, want, flags, wait);
	if (likely(ret >= 0) && !is_sqpoll(r))
		r->sq_entered += (unsigned int)ret;
	if (unlikely(want && ret == (int)to_submit && !can_wait_in_kernel(r, wait) &&
		     !is_iopoll(r))) {
		int err = wait_for_event(r, want, wait);

		ret = err < 0 ? err : ret;
	}
	if (unlikely(ret < 0))
		return ret == -EINTR && !(wait && wait->interruptible) ? 1 : enter_error(r, -ret);
	return go_on(r, to_submit, (unsigned int)ret, want, wait);
}

int uring_enter(struct uring *r, unsigned int want, struct blkio_wait *wait)
{
	int ret;

	/* Release: the SQEs are written before the kernel sees that they are there. */
	store_release(r->sq_ktail, r->sq_tail);
	/* An IOPOLL ring polls no more while there is something to reap: one is all it can do. */
	if (want && is_iopoll(r))
		want = 1;
	if (want && uring_cq_ready(r) >= want)
		want = 0;
	do
		ret = enter_once(r, want, wait);
	while (ret > 0);
	uring_update_limit(r);
	return ret;
}

void uring_set_notify(struct uring *r, bool enable)
{
	unsigned int flags;

	if (!r->cq_kflags)
		return;
	flags = load_once(r->cq_kflags) & ~(unsigned int)IORING_CQ_EVENTFD_DISABLED;
	store_once(r->cq_kflags, enable ? flags : flags | IORING_CQ_EVENTFD_DISABLED);
	/* After enabling, the caller looks for CQEs that came while it was off. */
	full_barrier();
}

/* After an error that may pass. Not before the next tick: there is nothing to wait for. */
static bool worth_another_try(const struct uring *r, int64_t deadline)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	if (!is_owner(r) || !deadline_left_ns(deadline))
		return false;
	nanosleep(&pause, NULL);
	return true;
}

bool uring_drain(struct uring *r, unsigned int in_flight, int64_t deadline)
{
	struct io_uring_sync_cancel_reg cancel = { .fd = -1, .flags = IORING_ASYNC_CANCEL_ANY };
	struct blkio_wait wait = { .deadline = deadline };
	/* Filled, but never submitted: gone. */
	unsigned int never = r->sq_tail - (is_sqpoll(r) ? *r->sq_ktail : r->sq_entered);

	r->sq_tail -= never;
	in_flight -= never;
	if (uring_cq_ready(r) < in_flight && !is_iopoll(r)) {
		set_timespec(&cancel.timeout, deadline);
		io_uring_register_sync_cancel(&r->io, &cancel); /* Linux 6.0; else we just wait */
	}
	while (in_flight) {
		unsigned int ready = uring_cq_ready(r);

		if (ready > in_flight)
			ready = in_flight;
		in_flight -= ready;
		store_release(r->cq_khead, *r->cq_khead + ready);
		if (in_flight && uring_enter(r, 1, &wait) < 0 && !worth_another_try(r, deadline))
			return false;
	}
	return true;
}
