// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Waits that end before the requests do: time limits and signals.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "slow.h"

static struct blkio_completion all[SLOW_REQUESTS];
static struct timespec limit;
static atomic_int signals_seen;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int wait_with_limit(struct device *d)
{
	return blkioq_do_io(d->q, all, SLOW_REQUESTS, SLOW_REQUESTS, &limit);
}

static int wait_one_ms(struct device *d)
{
	limit = (struct timespec) { 0, 1000000 };
	return wait_with_limit(d);
}

static int wait_not_at_all(struct device *d)
{
	limit = (struct timespec) { 0, 0 };
	return wait_with_limit(d);
}

SLEEP_TEST(an_expired_time_limit_is_etime_and_loses_nothing)
{
	struct device *d = device_open_rw(mode);
	int64_t start = now_ns();

	slow_expect(d, wait_one_ms, -ETIME);
	EXPECT(blkio_get_error_msg()[0] != '\0');
	EXPECT(now_ns() - start >= 1000000);
	EXPECT(limit.tv_sec == 0 && limit.tv_nsec == 0);
	slow_finish(d);
	device_close(d);
}

SLEEP_TEST(an_expired_time_limit_keeps_what_is_done_of_a_backlog)
{
	struct device *d;

	skip_if_read_only();
	d = device_open_with(mode, depth_property(), "8");
	slow_expect(d, wait_one_ms, -ETIME);
	slow_finish(d);
	device_close(d);
}

static int wait_with_a_failed_one(struct device *d)
{
	struct blkio_completion c[SLOW_REQUESTS + 1];
	int ret;

	blkioq_read(d->q, 0, d->buf, 0, d, 1u << 3);
	limit = (struct timespec) { 0, 0 };
	ret = blkioq_do_io(d->q, c, SLOW_REQUESTS + 1, SLOW_REQUESTS + 1, &limit);
	return ret == SLOW_REQUESTS + 1 ? SLOW_REQUESTS : ret;
}

SLEEP_TEST(an_expired_time_limit_keeps_a_request_that_failed_at_once)
{
	struct device *d = device_open_rw(mode);

	slow_expect(d, wait_with_a_failed_one, -ETIME);
	EXPECT_INT(finish(d), -EINVAL);
	EXPECT(d->last.user_data == d);
	slow_finish(d);
	device_close(d);
}

SLEEP_TEST(a_time_limit_of_zero_does_not_wait)
{
	struct device *d = device_open_rw(mode);

	slow_expect(d, wait_not_at_all, -ETIME);
	EXPECT(limit.tv_sec == 0 && limit.tv_nsec == 0);
	slow_finish(d);
	device_close(d);
}

SLEEP_TEST(time_limits_can_expire_again_and_again)
{
	struct device *d = device_open_rw(mode);
	int ret = 0;

	slow_queue(d);
	for (int i = 0; i < 10000 && ret != SLOW_REQUESTS; i++) {
		limit = (struct timespec) { 0, 100000 };
		ret = wait_with_limit(d);
		EXPECT(ret == -ETIME || ret == SLOW_REQUESTS);
	}
	EXPECT_INT(ret, SLOW_REQUESTS);
	EXPECT_ERROR(blkioq_do_io(d->q, all, 1, 1, NULL), -EINVAL);
	device_close(d);
}

static int wait_long(struct device *d)
{
	limit = (struct timespec) { 1000, 500 };
	if (wait_with_limit(d) != SLOW_REQUESTS)
		return -1;
	return limit.tv_sec == 1000 && limit.tv_nsec == 500 ? SLOW_REQUESTS : 0;
}

SLEEP_TEST(a_successful_wait_takes_its_time_off_the_limit)
{
	struct device *d = device_open_rw(mode);

	slow_expect(d, wait_long, 0);
	EXPECT(limit.tv_sec <= 1000 && limit.tv_sec > 900);
	EXPECT(limit.tv_nsec >= 0 && limit.tv_nsec < 1000000000);
	device_close(d);
}

static void count_signal(int sig __attribute__((unused)))
{
	atomic_fetch_add(&signals_seen, 1);
}

static void catch_sigusr1(void)
{
	struct sigaction sa = { .sa_handler = count_signal }; /* no SA_RESTART */

	MUST(sigaction(SIGUSR1, &sa, NULL) == 0);
}

/* Sends SIGUSR1 to a thread, over and over. */
struct sender {
	pthread_t thread, target;
	atomic_bool stop;
};

static void *send_signals(void *arg)
{
	struct sender *s = arg;

	while (!s->stop) {
		usleep(200);
		pthread_kill(s->target, SIGUSR1);
	}
	return NULL;
}

static void sender_begin(struct sender *s)
{
	catch_sigusr1();
	s->target = pthread_self();
	s->stop = false;
	MUST(pthread_create(&s->thread, NULL, send_signals, s) == 0);
}

static void sender_end(struct sender *s)
{
	s->stop = true;
	pthread_join(s->thread, NULL);
}

SLEEP_TEST(do_io_goes_on_after_signals)
{
	struct device *d = device_open_rw(mode);
	struct sender s;

	device_need_large_buffer(d); /* before the signals begin */
	sender_begin(&s);
	for (int i = 0; i < SLOW_ATTEMPTS && !signals_seen; i++) {
		slow_queue(d);
		EXPECT_INT(blkioq_do_io(d->q, all, SLOW_REQUESTS, SLOW_REQUESTS, NULL),
			   SLOW_REQUESTS);
	}
	sender_end(&s);
	device_close(d);
}

static int wait_with_mask(struct device *d, const sigset_t *mask)
{
	return blkioq_do_io_interruptible(d->q, all, SLOW_REQUESTS, SLOW_REQUESTS, NULL, mask);
}

static int wait_interruptible(struct device *d)
{
	return wait_with_mask(d, NULL);
}

SLEEP_TEST(do_io_interruptible_ends_with_eintr_and_loses_nothing)
{
	struct device *d = device_open_rw(mode);
	struct sender s;

	device_need_large_buffer(d); /* before the signals begin */
	sender_begin(&s);
	slow_expect(d, wait_interruptible, -EINTR);
	sender_end(&s);
	EXPECT(blkio_get_error_msg()[0] != '\0');
	EXPECT(signals_seen > 0);
	slow_finish(d);
	device_close(d);
}

SLEEP_TEST(do_io_interruptible_without_signals_is_do_io)
{
	struct device *d = device_open_rw(mode);
	struct timespec t = { -1, 0 };

	EXPECT_ERROR(blkioq_do_io_interruptible(d->q, all, 0, 1, &t, NULL), -EINVAL);
	EXPECT_ERROR(blkioq_do_io_interruptible(d->q, all, 1, 1, NULL, NULL), -EINVAL);
	slow_queue(d);
	EXPECT_INT(wait_interruptible(d), SLOW_REQUESTS);
	device_close(d);
}

static void skip_masks(void)
{
	if (traits->kind != KIND_VIRTIO)
		DIFFERS_FROM_REFERENCE("it returns -EINVAL when it must wait with a mask");
}

static int wait_with_empty_mask(struct device *d)
{
	sigset_t none;

	sigemptyset(&none);
	return wait_with_mask(d, &none);
}

static int wait_with_full_mask(struct device *d)
{
	sigset_t every;

	sigfillset(&every);
	return wait_with_mask(d, &every);
}

static bool is_blocked(int sig)
{
	sigset_t now;

	MUST(pthread_sigmask(SIG_BLOCK, NULL, &now) == 0);
	return sigismember(&now, sig);
}

static void block_sigusr1(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	MUST(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
}

ALONE_TEST(a_mask_lets_a_blocked_signal_end_the_wait)
{
	struct device *d;

	skip_masks();
	d = device_open_rw(MODE_BLOCKING);
	catch_sigusr1();
	block_sigusr1();
	raise(SIGUSR1); /* pending: a wait that admits it ends at once */
	EXPECT_INT(signals_seen, 0);
	slow_expect(d, wait_with_empty_mask, -EINTR);
	EXPECT_INT(signals_seen, 1);
	EXPECT(is_blocked(SIGUSR1));
	slow_finish(d);
	device_close(d);
}

TEST(a_mask_keeps_signals_out_of_the_wait)
{
	struct device *d;
	struct sender s;

	skip_masks();
	d = device_open_rw(MODE_BLOCKING);
	device_need_large_buffer(d); /* before the signals begin */
	sender_begin(&s);
	slow_queue(d);
	EXPECT_INT(wait_with_full_mask(d), SLOW_REQUESTS);
	sender_end(&s);
	EXPECT(!is_blocked(SIGUSR1));
	device_close(d);
}
