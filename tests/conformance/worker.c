// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The process that runs tests, and the socket between it and the harness: a job goes in, its exit
 * status comes back when it is done. The end of the process is the end of the socket.
 */
#include "worker.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
	void (*fn)(enum io_mode mode);
	enum io_mode mode;
};

static pid_t worker = -1;
static int job_fd = -1; /* the harness's end, or in the worker its own */

/* In the worker, of the test that runs: */
static int fds_before; /* open when it began */
static jmp_buf test_left;

/* The exit status that the test would have as a program. */
static int run_test(const struct job *job)
{
	int status = setjmp(test_left);

	if (status == 0) {
		fds_before = count_open_fds();
		job->fn(job->mode);
		EXPECT_INT(count_open_fds(), fds_before);
	}
	return status;
}

static void work(void)
{
	struct job job;
	unsigned char status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(job_fd, &job, sizeof(job), 0) == sizeof(job)) {
		status = (unsigned char)run_test(&job);
		if (send(job_fd, &status, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	exit(EXIT_SUCCESS); /* not _exit: a leak checker reports from here */
}

void worker_leave_test(int status)
{
	if (count_open_fds() == fds_before && count_threads() == 1)
		longjmp(test_left, status);
	_exit(status);
}

static bool worker_start(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	worker = fork();
	if (worker < 0)
		return false;
	if (worker == 0) {
		close(ends[0]);
		job_fd = ends[1];
		work();
	}
	close(ends[1]);
	job_fd = ends[0];
	return true;
}

/* In time: there is an answer, or the worker's end. */
static bool wait_for_worker(void)
{
	struct pollfd p = { .fd = job_fd, .events = POLLIN };

	return poll(&p, 1, options.timeout_s * 1000) > 0;
}

static int collect(bool in_time)
{
	int status;

	if (!in_time)
		kill(worker, SIGKILL);
	waitpid(worker, &status, 0);
	close(job_fd);
	worker = -1;
	job_fd = -1;
	return in_time ? status : WORKER_HUNG;
}

int worker_run(void (*fn)(enum io_mode mode), enum io_mode mode)
{
	struct job job = { fn, mode };
	bool in_time;
	unsigned char done;

	if (worker < 0 && !worker_start()) {
		perror("conformance: no process can be started for the tests");
		exit(EXIT_FAILURE);
	}
	send(job_fd, &job, sizeof(job), MSG_NOSIGNAL);
	in_time = wait_for_worker();
	if (in_time && recv(job_fd, &done, sizeof(done), 0) == sizeof(done))
		return W_EXITCODE(done, 0);
	return collect(in_time);
}

int worker_end(void)
{
	if (worker < 0)
		return 0;
	shutdown(job_fd, SHUT_WR);
	return collect(wait_for_worker());
}
