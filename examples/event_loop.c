// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * event_loop PATH: read a whole file or block device, several requests at a time.
 *
 * What to learn here is on_completions(): events are suppressed while they are not needed, and
 * after they are turned on, do_io must look once more before the program may sleep.
 */
#include <blkio.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define DEPTH       8
#define CHUNK_BYTES (64UL * 1024)

struct reader {
	struct blkio *b;
	struct blkioq *q;
	struct blkio_mem_region region; /* DEPTH buffers of CHUNK_BYTES */
	uint64_t capacity, next;        /* bytes; next is where the next request goes */
	int in_flight, epoll_fd, completion_fd;
};

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "event_loop: %s: %s\n", what, why);
	return -1;
}

static int open_device(struct reader *r, const char *path)
{
	if (blkio_create("io_uring", &r->b) < 0 || blkio_set_str(r->b, "path", path) < 0 ||
	    blkio_set_bool(r->b, "read-only", true) < 0 || blkio_connect(r->b) < 0 ||
	    blkio_start(r->b) < 0 || blkio_get_uint64(r->b, "capacity", &r->capacity) < 0 ||
	    blkio_alloc_mem_region(r->b, &r->region, DEPTH * CHUNK_BYTES) < 0 ||
	    blkio_map_mem_region(r->b, &r->region) < 0)
		return failed(path, blkio_get_error_msg());
	r->q = blkio_get_queue(r->b, 0);
	r->completion_fd = blkioq_get_completion_fd(r->q);
	return 0;
}

/* A real program has more file descriptors in its loop; each says by data.fd who it is. */
static int open_loop(struct reader *r)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = r->completion_fd };

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, r->completion_fd, &event) < 0)
		return failed("epoll", strerror(errno));
	return 0;
}

/* Queue the next chunk, if there is one, into buf. The buffer is the request's user_data. */
static void queue_next(struct reader *r, void *buf)
{
	uint64_t rest = r->capacity - r->next;
	size_t len = rest < CHUNK_BYTES ? (size_t)rest : CHUNK_BYTES;

	if (len == 0)
		return;
	blkioq_read(r->q, r->next, buf, len, buf, 0);
	r->next += len;
	r->in_flight++;
}

/* Submit what is queued and take what is complete. The result is how many those were, or -1. */
static int reap(struct reader *r)
{
	struct blkio_completion completion[DEPTH];
	int count = blkioq_do_io(r->q, completion, 0, DEPTH, NULL);

	if (count < 0)
		return failed("do_io", blkio_get_error_msg());
	for (int i = 0; i < count; i++) {
		const struct blkio_completion *c = &completion[i];

		if (c->ret != 0)
			return failed("read", c->error_msg ? c->error_msg : strerror(-c->ret));
		/* c->user_data is a buffer with data now: this is where to use it. */
		r->in_flight--;
		queue_next(r, c->user_data);
	}
	return count;
}

static int on_completions(struct reader *r)
{
	uint64_t events;
	int count;

	do {
		/* We are awake: no events, please. Each one would cost a system call or more. */
		blkioq_set_completion_fd_enabled(r->q, false);
		if (read(r->completion_fd, &events, sizeof(events)) < 0)
			events = 0; /* there was none: all is well, the fd does not block */
		while ((count = reap(r)) > 0)
			continue;
		if (count < 0)
			return count;
		/*
		 * What completed since the last reap() has given no event, so sleeping now could be
		 * for ever. Look once more, and if there was something, go round.
		 */
		blkioq_set_completion_fd_enabled(r->q, true);
		count = reap(r);
	} while (count > 0);
	return count;
}

static int run_loop(struct reader *r)
{
	struct epoll_event event;
	int ret;

	for (size_t i = 0; i < DEPTH; i++)
		queue_next(r, (char *)r->region.addr + i * CHUNK_BYTES);
	ret = on_completions(r); /* also submits them */
	while (ret == 0 && r->in_flight > 0) {
		int ready = epoll_wait(r->epoll_fd, &event, 1, -1);

		if (ready == 1 && event.data.fd == r->completion_fd)
			ret = on_completions(r);
		else if (ready < 0 && errno != EINTR)
			ret = failed("epoll_wait", strerror(errno));
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct reader r = { .epoll_fd = -1 };
	int ret = argc == 2 ? open_device(&r, argv[1]) : failed("usage", "event_loop PATH");

	if (ret == 0)
		ret = open_loop(&r);
	if (ret == 0)
		ret = run_loop(&r);
	if (ret == 0)
		printf("read %llu bytes\n", (unsigned long long)r.next);
	blkio_destroy(&r.b); /* also frees the memory region */
	if (r.epoll_fd >= 0)
		close(r.epoll_fd);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
