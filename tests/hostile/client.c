// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See client.h.
 */
#include "tests/hostile/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test.h"

int64_t client_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Who waits for an answer that does not come in time, does not wait long. */
static int timeout_for(const struct fake_script *script)
{
	switch (script->spoil) {
	case SPOIL_SILENCE:
	case SPOIL_HALF_SILENCE:
	case SPOIL_SLOW_DRIP:
		return TIMEOUT_MS;
	default:
		return PATIENCE_MS;
	}
}

void client_init(struct client *c, const struct fake_script *script, enum client_mode mode)
{
	*c = (struct client) { .mode = mode };
	fake_backend_start(&c->backend, script);
	ck_assert_int_eq(blkio_create("virtio-blk-vhost-user", &c->b), 0);
	ck_assert_int_eq(blkio_set_str(c->b, "path", c->backend.path), 0);
	ck_assert_int_eq(blkio_set_int(c->b, "connect-timeout-ms", timeout_for(script)), 0);
}

void client_finish(struct client *c)
{
	int64_t start = client_now_ms();

	blkio_destroy(&c->b);
	ck_assert_int_lt(client_now_ms() - start, GOES_WITHIN_MS);
	fake_backend_stop(&c->backend);
}

int client_start(struct client *c)
{
	bool poll = c->mode == MODE_POLL_QUEUE;
	int ret;

	ck_assert_int_eq(blkio_set_int(c->b, "num-queues", !poll), 0);
	ck_assert_int_eq(blkio_set_int(c->b, "num-poll-queues", poll), 0);
	ret = blkio_start(c->b);
	if (ret < 0)
		return ret;
	c->q = poll ? blkio_get_poll_queue(c->b, 0) : blkio_get_queue(c->b, 0);
	ck_assert_ptr_nonnull(c->q);
	blkioq_set_completion_fd_enabled(c->q, c->mode == MODE_EVENTFD);
	return 0;
}

int client_map(struct client *c)
{
	int ret = blkio_alloc_mem_region(c->b, &c->region, (size_t)MAX_DEPTH * BUF_BYTES);

	return ret < 0 ? ret : blkio_map_mem_region(c->b, &c->region);
}

void client_run(struct client *c)
{
	ck_assert_msg(blkio_connect(c->b) == 0, "connect: %s", blkio_get_error_msg());
	ck_assert_msg(client_start(c) == 0, "start: %s", blkio_get_error_msg());
	ck_assert_msg(client_map(c) == 0, "map: %s", blkio_get_error_msg());
}

char *client_buf(struct client *c, unsigned int i)
{
	return (char *)c->region.addr + (size_t)i * BUF_BYTES;
}

void client_submit(struct client *c, unsigned int n)
{
	memset(c->done, 0, sizeof(c->done));
	for (unsigned int i = 0; i < n; i++)
		blkioq_read(c->q, (uint64_t)i * BUF_BYTES, client_buf(c, i), BUF_BYTES, &c->done[i],
			    0);
	ck_assert_int_eq(blkioq_do_io(c->q, NULL, 0, 0, NULL), 0);
}

/* One call of do_io, after what the mode does before it. */
static int collect(struct client *c, struct blkio_completion *completions, unsigned int left)
{
	struct timespec timeout = { .tv_sec = 5 };
	struct pollfd pfd;

	if (c->mode == MODE_BLOCKING)
		return blkioq_do_io(c->q, completions, (int)left, MAX_DEPTH, &timeout);
	if (c->mode == MODE_EVENTFD) {
		uint64_t events;

		pfd = (struct pollfd) { blkioq_get_completion_fd(c->q), POLLIN, 0 };
		ck_assert_msg(poll(&pfd, 1, 5000) == 1, "the completion fd stays silent");
		(void)!read(pfd.fd, &events, sizeof(events));
	}
	return blkioq_do_io(c->q, completions, 0, MAX_DEPTH, NULL);
}

static void check_once(struct client *c, const struct blkio_completion *completion)
{
	unsigned char *done = completion->user_data;

	ck_assert(done >= c->done && done < c->done + MAX_DEPTH);
	ck_assert_uint_eq(++*done, 1);
}

static void check_failure(const struct blkio_completion *completion, int code, const char *text)
{
	if (code)
		ck_assert_int_eq(completion->ret, code);
	ck_assert_int_lt(completion->ret, 0);
	ck_assert_ptr_nonnull(completion->error_msg);
	ck_assert_msg(strstr(completion->error_msg, text), "'%s' is not in the message: %s", text,
		      completion->error_msg);
}

static void check_success(const struct blkio_completion *completion)
{
	ck_assert_msg(completion->ret == 0, "ret %d: %s", completion->ret,
		      completion->error_msg ? completion->error_msg : "-");
}

/* text is NULL: success is expected. */
static void expect(struct client *c, unsigned int n, int code, const char *text)
{
	int64_t end = client_now_ms() + 10000;

	for (unsigned int done = 0; done < n;) {
		struct blkio_completion completions[MAX_DEPTH];
		int got = collect(c, completions, n - done);

		ck_assert_msg(got >= 0, "do_io: %s", blkio_get_error_msg());
		for (int i = 0; i < got; i++) {
			check_once(c, &completions[i]);
			if (text)
				check_failure(&completions[i], code, text);
			else
				check_success(&completions[i]);
		}
		done += (unsigned int)got;
		ck_assert_int_lt(client_now_ms(), end);
	}
	for (unsigned int i = 0; i < n; i++)
		ck_assert_uint_eq(c->done[i], 1);
}

void client_expect_failures(struct client *c, unsigned int n, int code, const char *text)
{
	expect(c, n, code, text);
}

void client_expect_success(struct client *c, unsigned int n)
{
	expect(c, n, 0, NULL);
}

/* ---- events ---- */

static bool event_fd_is_readable(struct client *c, int timeout_ms)
{
	struct pollfd pfd = { .fd = blkio_get_event_fd(c->b), .events = POLLIN };

	ck_assert_msg(pfd.fd >= 0, "%s", blkio_get_error_msg());
	return poll(&pfd, 1, timeout_ms) == 1;
}

/* Readable, and yet no event: that is allowed, but it must not go on like that. */
struct blkio_event client_expect_event(struct client *c, int type)
{
	struct blkio_event event;
	int64_t end = client_now_ms() + 5000;
	int ret = 0;

	while (ret == 0) {
		ck_assert_msg(event_fd_is_readable(c, 5000), "the event fd stays silent");
		ret = blkio_next_event(c->b, &event);
		ck_assert_msg(ret >= 0, "%s", blkio_get_error_msg());
		ck_assert_int_lt(client_now_ms(), end);
	}
	ck_assert_int_eq(ret, 1);
	ck_assert_int_eq(event.type, type);
	return event;
}

void client_expect_no_event(struct client *c)
{
	struct blkio_event event;
	int64_t end = client_now_ms() + 1000;

	while (event_fd_is_readable(c, 50)) {
		ck_assert_int_eq(blkio_next_event(c->b, &event), 0);
		ck_assert_msg(client_now_ms() < end, "the event fd stays readable");
	}
	ck_assert_int_eq(blkio_next_event(c->b, &event), 0);
}
