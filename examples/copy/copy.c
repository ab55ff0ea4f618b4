// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A pass: threads that each wait for the completions of two queues.
 */
#include "copy.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/msg.h"
#include "progress.h"
#include "slot.h"

#define AT_ONCE 64 /* completions of a queue */

/* A piece of 64 KiB of zeroes is worth a request of its own. */
#define ZERO_GRAIN (UINT64_C(64) << 10)

void pass_fail(struct pass *p, const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (atomic_exchange(&p->failed, true))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	progress_clear();
	(void)msg_failed("%s", text);
}

/* ---- a job ---- */

/* Submit, and take what is complete. How much that was. */
static int turn(struct job *j, struct blkioq *q)
{
	struct blkio_completion c[AT_ONCE];
	int n = blkioq_do_io(q, c, 0, AT_ONCE, NULL);

	if (n < 0)
		pass_fail(j->p, "cannot do I/O: %s", blkio_get_error_msg());
	for (int i = 0; i < n; i++)
		slot_completed(j, c[i].user_data, q == j->source, &c[i]);
	return n;
}

static void refill(struct job *j)
{
	for (uint64_t i = 0; i < j->p->e->o->iodepth; i++) {
		if (!j->slots[i].bytes)
			slot_begin(j, &j->slots[i]);
	}
}

/* A second at most: another job may have failed. */
static void sleep_until_done(const struct job *j)
{
	struct blkioq *const q[] = { j->source, j->target };
	struct pollfd pfd[2];

	for (int i = 0; i < 2; i++)
		pfd[i] = (struct pollfd) { blkioq_get_completion_fd(q[i]), POLLIN, 0 };
	(void)poll(pfd, 2, 1000);
	for (int i = 0; i < 2; i++) {
		uint64_t events;

		if (pfd[i].revents)
			(void)!read(pfd[i].fd, &events, sizeof(events));
	}
}

static void *run_job(void *arg)
{
	struct job *j = arg;

	refill(j);
	while (j->active && !atomic_load(&j->p->failed)) {
		int n = turn(j, j->source);

		if (n >= 0)
			n += turn(j, j->target);
		refill(j);
		if (n == 0)
			sleep_until_done(j);
	}
	return NULL;
}

static int init_job(struct job *j, struct pass *p, uint64_t index)
{
	const struct ends *e = p->e;

	*j = (struct job) { .p = p };
	j->source = blkio_get_queue(e->source.in.b, (int)index);
	j->target = blkio_get_queue(e->target.in.b, (int)index);
	if (!j->source || !j->target)
		return msg_blkio("there are not enough queues for --numjobs");
	blkioq_set_completion_fd_enabled(j->source, true);
	blkioq_set_completion_fd_enabled(j->target, true);
	j->slots = calloc(e->o->iodepth, sizeof(*j->slots));
	if (!j->slots)
		return msg_failed("out of memory");
	for (uint64_t i = 0; i < e->o->iodepth; i++) {
		j->slots[i].buf = ends_buffer(e, index, i, 0);
		j->slots[i].other = ends_buffer(e, index, i, 1);
	}
	return STATUS_OK;
}

/* ---- the pass ---- */

static int run_jobs(struct pass *p, struct job *jobs, pthread_t *threads)
{
	uint64_t n = p->e->o->numjobs, running = 0;
	struct progress progress;

	progress_init(&progress, p);
	for (; running < n; running++) {
		int ret = pthread_create(&threads[running], NULL, run_job, &jobs[running]);

		if (ret) {
			pass_fail(p, "cannot start a thread: %s", strerror(ret));
			break;
		}
	}
	for (uint64_t i = 0; i < running; i++)
		progress_join(&progress, threads[i]);
	progress_finish(&progress);
	return atomic_load(&p->failed) ? STATUS_FAILED : STATUS_OK;
}

static int flush(const struct ends *e)
{
	struct blkioq *q = blkio_get_queue(e->target.in.b, 0);
	struct blkio_completion c;

	blkioq_flush(q, NULL, 0);
	if (blkioq_do_io(q, &c, 1, 1, NULL) != 1)
		return msg_blkio("cannot flush the target");
	if (c.ret < 0)
		return msg_failed("cannot flush the target: %s",
				  c.error_msg ? c.error_msg : strerror(-c.ret));
	return STATUS_OK;
}

static uint64_t grain_of(const struct ends *e)
{
	return e->target.alignment > ZERO_GRAIN ? e->target.alignment : ZERO_GRAIN;
}

int pass_run(struct pass *p, const struct ends *e, enum pass_kind kind)
{
	uint64_t n = e->o->numjobs;
	struct job *jobs = calloc(n, sizeof(*jobs));
	pthread_t *threads = calloc(n, sizeof(*threads));
	int status = jobs && threads ? STATUS_OK : msg_failed("out of memory");

	*p = (struct pass) { .e = e, .kind = kind, .grain = grain_of(e) };
	for (uint64_t i = 0; i < n && status == STATUS_OK; i++)
		status = init_job(&jobs[i], p, i);
	if (status == STATUS_OK)
		status = run_jobs(p, jobs, threads);
	if (status == STATUS_OK && kind == PASS_COPY)
		status = flush(e);
	for (uint64_t i = 0; jobs && i < n; i++)
		free(jobs[i].slots);
	free(jobs);
	free(threads);
	return status;
}
