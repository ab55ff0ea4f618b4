// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Submit and wait, on rings of the real kernel.
 */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/iou_fixture.h"
#include "tests/unit/ring_fixture.h"

#define MS   1000000LL
#define LATE (5 * NS_PER_S) /* so long a busy machine may take for what takes no time */

static struct ring_fixture x;
static bool old_kernel; /* has no ring flags */
static bool no_sync_cancel;
static int nr_enters;
static unsigned int take_at_most = UINT_MAX; /* of the SQEs of a call */

int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *p);
int __real_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *p);
int __wrap_io_uring_register_sync_cancel(struct io_uring *ring,
					 struct io_uring_sync_cancel_reg *reg);
int __real_io_uring_register_sync_cancel(struct io_uring *ring,
					 struct io_uring_sync_cancel_reg *reg);
int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);
int __real_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);

int __wrap_io_uring_queue_init_params(unsigned int entries, struct io_uring *ring,
				      struct io_uring_params *p)
{
	return old_kernel && p->flags ? -EINVAL
				      : __real_io_uring_queue_init_params(entries, ring, p);
}

int __wrap_io_uring_register_sync_cancel(struct io_uring *ring,
					 struct io_uring_sync_cancel_reg *reg)
{
	return no_sync_cancel ? -EINVAL : __real_io_uring_register_sync_cancel(ring, reg);
}

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size)
{
	nr_enters++;
	if (to_submit > take_at_most) { /* then it does not wait either */
		to_submit = take_at_most;
		min_complete = 0;
	}
	return __real_io_uring_enter2(fd, to_submit, min_complete, flags, sig, size);
}

/* The kinds of rings for which waiting is tried, by _i. */
enum {
	PLAIN,
	SINGLE_ISSUER,
	BEFORE_5_11,
	NR_KINDS
};

/* False where there is no io_uring: then the test is skipped. */
static bool start(int kind)
{
	ring_open_files(&x);
	x.r.sqes = NULL;
	if (!have_io_uring())
		return false;
	old_kernel = kind == BEFORE_5_11;
	x.config.single_issuer = kind == SINGLE_ISSUER;
	ck_assert_int_eq(uring_init(&x.r, &x.config, x.file, x.event_fd), 0);
	if (old_kernel)
		x.r.features &= ~(unsigned int)IORING_FEAT_EXT_ARG;
	return true;
}

static void tear_down(void)
{
	ring_close(&x);
}

/* Calls uring_enter() to wait at most so long; returns its result and how long it took. */
static int wait_for(unsigned int want, int64_t at_most_ns, bool interruptible, const sigset_t *sig,
		    int64_t *took)
{
	struct blkio_wait wait = { .deadline = deadline_after_ns(at_most_ns),
				   .interruptible = interruptible,
				   .sig = sig };
	int64_t begin = now_ns();
	int ret = uring_enter(&x.r, want, &wait);

	*took = now_ns() - begin;
	return ret;
}

/* ---- waiting ---- */

START_TEST(a_wait_ends_at_the_deadline)
{
	int64_t took;

	if (!start(_i))
		return;
	ring_read(&x, x.pipe[0], 1);
	for (int i = 0; i < 2; i++) { /* with something to submit, and without */
		ck_assert_error(wait_for(1, 60 * MS, false, NULL, &took), -ETIME,
				"timeout expired");
		ck_assert_int_ge(took, 60 * MS);
		ck_assert_int_lt(took, LATE);
	}
}
END_TEST

static void *write_later(void *nothing)
{
	usleep(30000);
	ck_assert_int_eq(write(x.pipe[1], "x", 1), 1);
	return nothing;
}

START_TEST(a_wait_ends_when_the_completion_comes)
{
	pthread_t thread;
	int64_t took;

	if (!start(_i))
		return;
	ring_read(&x, x.pipe[0], 77);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_later, NULL), 0);
	ck_assert_int_eq(wait_for(1, 20 * NS_PER_S, false, NULL, &took), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_lt(took, LATE);
	ck_assert_uint_eq(uring_cq_ready(&x.r), 1);
	ck_assert_uint_eq(x.r.cqes[0].user_data, 77);
	ck_assert_int_eq(x.r.cqes[0].res, 1);
}
END_TEST

START_TEST(some_completions_are_not_enough)
{
	int64_t took;

	if (!start(_i))
		return;
	ring_read(&x, x.pipe[0], 1);
	ring_read(&x, x.file, 2);
	ck_assert_error(wait_for(2, 60 * MS, false, NULL, &took), -ETIME, "timeout expired");
	ck_assert_uint_eq(uring_cq_ready(&x.r), 1);
	nr_enters = 0;
	ck_assert_int_eq(wait_for(1, 60 * MS, false, NULL, &took), 0);
	ck_assert_int_eq(nr_enters, 0);
}
END_TEST

START_TEST(waiting_leaves_the_events_as_they_were)
{
	int64_t took;

	if (!start(_i))
		return;
	ring_read(&x, x.pipe[0], 1);
	ck_assert_int_eq(wait_for(1, 20 * MS, false, NULL, &took), -ETIME);
	ck_assert(load_once(x.r.cq_kflags) & IORING_CQ_EVENTFD_DISABLED);
	uring_set_notify(&x.r, true);
	ck_assert_int_eq(wait_for(1, 20 * MS, false, NULL, &took), -ETIME);
	ck_assert(!(load_once(x.r.cq_kflags) & IORING_CQ_EVENTFD_DISABLED));
}
END_TEST

/* ---- signals ---- */

static void do_nothing(int sig)
{
	(void)sig;
}

/* SIGALRM every 20 ms, starting in 20 ms. */
static void start_alarms(void)
{
	struct sigaction action = { .sa_handler = do_nothing };
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };

	sigemptyset(&action.sa_mask);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void stop_alarms(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval) { 0 }, NULL);
}

START_TEST(a_signal_ends_an_interruptible_wait)
{
	int64_t took;

	if (!start(_i))
		return;
	start_alarms();
	ring_read(&x, x.pipe[0], 1);
	for (int i = 0; i < 2; i++) { /* with something to submit, and without */
		ck_assert_error(wait_for(1, 20 * NS_PER_S, true, NULL, &took), -EINTR,
				"by a signal");
		ck_assert_int_lt(took, LATE);
	}
	stop_alarms();
}
END_TEST

START_TEST(a_signal_does_not_end_any_other_wait)
{
	int64_t took;

	if (!start(_i))
		return;
	start_alarms();
	ring_read(&x, x.pipe[0], 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(wait_for(1, 120 * MS, false, NULL, &took), -ETIME);
		ck_assert_int_ge(took, 120 * MS);
	}
	stop_alarms();
}
END_TEST

START_TEST(a_signal_that_the_mask_blocks_does_not_end_a_wait)
{
	int64_t took;
	sigset_t mask;

	if (!start(_i))
		return;
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	start_alarms();
	ring_read(&x, x.pipe[0], 1);
	ck_assert_int_eq(wait_for(1, 120 * MS, true, &mask, &took), -ETIME);
	ck_assert_int_eq(wait_for(1, 120 * MS, true, &mask, &took), -ETIME);
	stop_alarms();
}
END_TEST

START_TEST(a_signal_that_only_the_mask_lets_through_ends_a_wait)
{
	int64_t took;
	sigset_t mask, blocked;

	if (!start(_i))
		return;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &blocked, &mask), 0);
	start_alarms();
	ring_read(&x, x.pipe[0], 1);
	ck_assert_int_eq(wait_for(1, 20 * NS_PER_S, true, &mask, &took), -EINTR);
	stop_alarms();
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	ck_assert(sigismember(&mask, SIGALRM));
}
END_TEST

/* ---- system calls ---- */

START_TEST(a_wait_that_really_happened_is_noted)
{
	struct blkio_wait wait = { .deadline = DEADLINE_NONE };

	if (!start(PLAIN))
		return;
	ring_read(&x, x.file, 1);
	ck_assert_int_eq(uring_enter(&x.r, 1, &wait), 0);
	ck_assert(wait.waited);
	wait.waited = false;
	ck_assert_int_eq(uring_enter(&x.r, 1, &wait), 0);
	ck_assert(!wait.waited);
}
END_TEST

START_TEST(no_system_call_is_made_for_nothing)
{
	struct blkio_wait wait = { .deadline = DEADLINE_NONE };

	if (!start(PLAIN))
		return;
	nr_enters = 0;
	ck_assert_int_eq(uring_enter(&x.r, 0, NULL), 0);
	ck_assert_int_eq(nr_enters, 0);
	ring_read(&x, x.file, 1);
	ring_read(&x, x.file, 2);
	ck_assert_int_eq(uring_enter(&x.r, 2, &wait), 0);
	ck_assert_int_eq(nr_enters, 1);
	ck_assert_int_eq(uring_enter(&x.r, 2, &wait), 0);
	ck_assert_int_eq(nr_enters, 1);
}
END_TEST

START_TEST(sqes_that_the_kernel_left_are_submitted_in_another_call)
{
	if (!start(PLAIN))
		return;
	take_at_most = 2;
	nr_enters = 0;
	for (uint64_t i = 0; i < 5; i++)
		ring_read(&x, x.file, i);
	ck_assert_int_eq(uring_enter(&x.r, 0, NULL), 0);
	ck_assert_int_eq(nr_enters, 3);
	ck_assert_uint_eq(x.r.sq_entered, x.r.sq_tail);
	ring_reap(&x, 5, 1);
	for (uint64_t i = 0; i < 5; i++)
		ring_read(&x, x.file, i);
	ring_reap(&x, 5, 1);
	take_at_most = UINT_MAX;
}
END_TEST

START_TEST(a_kernel_that_takes_nothing_is_eagain_and_nothing_is_lost)
{
	struct blkio_wait wait = { .deadline = DEADLINE_NONE };

	if (!start(PLAIN))
		return;
	take_at_most = 0;
	ring_read(&x, x.file, 1);
	ck_assert_error(uring_enter(&x.r, 1, &wait), -EAGAIN, "io_uring_enter");
	ck_assert_error(uring_enter(&x.r, 0, NULL), -EAGAIN, "io_uring_enter");
	take_at_most = UINT_MAX;
	ring_reap(&x, 1, 1);
}
END_TEST

START_TEST(a_ring_has_room_again_once_the_kernel_has_taken_its_sqes)
{
	if (!start(PLAIN))
		return;
	for (int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < x.r.sq_entries; i++)
			ring_read(&x, x.file, i);
		ck_assert(uring_is_full(&x.r));
		ring_reap(&x, x.r.sq_entries, 1);
		ck_assert(!uring_is_full(&x.r));
	}
}
END_TEST

START_TEST(a_kernel_thread_that_fell_asleep_is_woken)
{
	int64_t deadline = deadline_after_ns(LATE);

	ring_open_files(&x);
	if (!have_io_uring())
		return;
	x.config.sqpoll = true;
	x.config.sqpoll_idle_ms = 1;
	ck_assert_int_eq(uring_init(&x.r, &x.config, x.file, x.event_fd), 0);
	ring_works(&x);
	while (!(load_once(x.r.sq_kflags) & IORING_SQ_NEED_WAKEUP)) {
		ck_assert_int_gt(deadline_left_ns(deadline), 0);
		usleep(1000);
	}
	ring_works(&x);
}
END_TEST

/* ---- events ---- */

START_TEST(events_are_off_until_they_are_turned_on_and_can_be_turned_off)
{
	if (!start(_i))
		return;
	ring_works(&x);
	ck_assert_uint_eq(count_events(x.event_fd), 0);
	uring_set_notify(&x.r, true);
	ring_works(&x);
	ck_assert_uint_gt(count_events(x.event_fd), 0);
	uring_set_notify(&x.r, false);
	ring_works(&x);
	ck_assert_uint_eq(count_events(x.event_fd), 0);
}
END_TEST

/* ---- the owner of a ring ---- */

static void single_issuer(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_bool(b, "single-issuer", true), 0);
}

static void *read_a_byte(void *fixture)
{
	static char byte;

	blkioq_read(((struct iou_fixture *)fixture)->q, 0, &byte, 1, NULL, 0);
	ck_assert_int_eq(iou_wait(fixture).ret, 0);
	return NULL;
}

START_TEST(the_first_thread_that_calls_do_io_owns_the_queue_of_a_single_issuer)
{
	struct iou_fixture iou;
	struct blkio_completion c;
	pthread_t thread;
	char byte;

	ring_open_files(&x);
	if (!iou_start(&iou, 4096, single_issuer))
		return;
	if (!(iou.iou_q->u.ring.setup_flags & IORING_SETUP_SINGLE_ISSUER)) {
		iou_finish(&iou);
		SKIP("this kernel has no single issuer");
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, read_a_byte, &iou), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	blkioq_read(iou.q, 0, &byte, 1, NULL, 0);
	ck_assert_error(blkioq_do_io(iou.q, &c, 1, 1, NULL), -EEXIST,
			"single-issuer is true, but another thread uses the queue");
	iou_finish(&iou);
}
END_TEST

START_TEST(without_a_promise_any_thread_may_call_do_io)
{
	struct iou_fixture iou;
	pthread_t thread;

	ring_open_files(&x);
	if (!iou_start(&iou, 4096, NULL))
		return;
	read_a_byte(&iou);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_a_byte, &iou), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	read_a_byte(&iou);
	iou_finish(&iou);
}
END_TEST

START_TEST(the_registered_ring_fd_goes_with_the_ring)
{
	if (!start(SINGLE_ISSUER))
		return;
	for (int i = 0; i < 100; i++) { /* a thread can have 16 */
		ring_works(&x);
		ck_assert(x.r.enter_flags & IORING_ENTER_REGISTERED_RING);
		uring_finish(&x.r);
		x.r = (struct uring) { 0 };
		ck_assert_int_eq(uring_init(&x.r, &x.config, x.file, x.event_fd), 0);
	}
}
END_TEST

/* ---- the end ---- */

/* Drains three reads that nothing will ever end by itself, until the deadline. */
static int64_t drain(int64_t at_most_ns)
{
	int64_t begin;

	for (uint64_t i = 0; i < 3; i++)
		ring_read(&x, x.pipe[0], i);
	ck_assert_int_eq(uring_enter(&x.r, 0, NULL), 0);
	begin = now_ns();
	uring_drain(&x.r, 3, deadline_after_ns(at_most_ns));
	return now_ns() - begin;
}

START_TEST(what_is_in_flight_is_cancelled)
{
	struct io_uring_sync_cancel_reg nothing = { .fd = -1, .flags = IORING_ASYNC_CANCEL_ANY };

	if (!start(_i))
		return;
	if (io_uring_register_sync_cancel(&x.r.io, &nothing) == -EINVAL)
		SKIP("this kernel cannot cancel all requests of a ring");
	ck_assert_int_lt(drain(25 * NS_PER_S), 20 * NS_PER_S);
	ck_assert_uint_eq(uring_cq_ready(&x.r), 0);
}
END_TEST

START_TEST(what_cannot_be_cancelled_is_waited_for_until_the_deadline)
{
	int64_t took;

	if (!start(_i))
		return;
	no_sync_cancel = true;
	took = drain(100 * MS);
	ck_assert_int_ge(took, 100 * MS);
	ck_assert_int_lt(took, LATE);
	no_sync_cancel = false;
}
END_TEST

START_TEST(what_was_never_submitted_is_dropped)
{
	static char data[] = "must not be written";
	char byte;

	if (!start(_i))
		return;
	no_sync_cancel = true;
	ring_read(&x, x.pipe[0], 1);
	ck_assert_int_eq(uring_enter(&x.r, 0, NULL), 0);
	*uring_get_sqe(&x.r) = (struct io_uring_sqe) {
		.opcode = IORING_OP_WRITE, .fd = x.file, .addr = (uintptr_t)data, .len = 1
	};
	uring_drain(&x.r, 2, deadline_after_ns(50 * MS));
	no_sync_cancel = false;
	ck_assert_int_eq(pread(x.file, &byte, 1, 0), 1);
	ck_assert_int_eq(byte, 0);
}
END_TEST

static Suite *wait_suite(void)
{
	const TTest *const tests[] = {
		a_wait_ends_at_the_deadline,
		a_wait_ends_when_the_completion_comes,
		some_completions_are_not_enough,
		waiting_leaves_the_events_as_they_were,
		a_signal_ends_an_interruptible_wait,
		a_signal_does_not_end_any_other_wait,
		a_signal_that_the_mask_blocks_does_not_end_a_wait,
		a_signal_that_only_the_mask_lets_through_ends_a_wait,
		events_are_off_until_they_are_turned_on_and_can_be_turned_off,
		what_is_in_flight_is_cancelled,
		what_cannot_be_cancelled_is_waited_for_until_the_deadline,
		what_was_never_submitted_is_dropped,
	};

	return suite_of_loops("each kind of ring", tests, array_len(tests), NR_KINDS, NULL,
			      tear_down);
}

static Suite *ring_suite(void)
{
	const TTest *const tests[] = {
		a_wait_that_really_happened_is_noted,
		no_system_call_is_made_for_nothing,
		sqes_that_the_kernel_left_are_submitted_in_another_call,
		a_kernel_that_takes_nothing_is_eagain_and_nothing_is_lost,
		a_ring_has_room_again_once_the_kernel_has_taken_its_sqes,
		a_kernel_thread_that_fell_asleep_is_woken,
		the_first_thread_that_calls_do_io_owns_the_queue_of_a_single_issuer,
		without_a_promise_any_thread_may_call_do_io,
		the_registered_ring_fd_goes_with_the_ring,
	};

	return SUITE_WITH("ring", tests, NULL, tear_down);
}

Suite *(*const test_suites[])(void) = { wait_suite, ring_suite, NULL };
