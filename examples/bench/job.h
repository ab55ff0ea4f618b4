/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A job: one thread that keeps one queue busy. All its memory is made before the run.
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <blkio.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "device.h"
#include "histogram.h"
#include "offsets.h"
#include "options.h"

enum {
	CACHE_LINE_BYTES = 64
};

/* A request in flight; it goes round and round. */
struct slot {
	uint64_t start_ns;
	uint64_t offset; /* in bytes, for the message if it fails */
	void *buf;
};

/* What a job used of the processor. */
struct cpu_use {
	double user_s, system_s;
	long switches;
};

/* What all jobs share. */
struct job_group {
	sem_t ready; /* posted by each job when its buffers are filled */
	sem_t go;    /* posted once for each job to start it */
	/* Set to end the run. Read once for each batch, so nothing else is in its cache line. */
	alignas(CACHE_LINE_BYTES) atomic_bool stop;
	alignas(CACHE_LINE_BYTES) char after[1];
};

/* No two jobs share a cache line. */
struct job {
	/* What the loop uses. */
	alignas(CACHE_LINE_BYTES) struct blkioq *q;
	uint64_t bs;
	struct slot *slots;
	struct blkio_completion *completions; /* depth of them */
	int depth;
	int batch;
	int in_flight;
	bool measure;          /* take time stamps */
	uint64_t left;         /* requests that may still be queued */
	_Atomic uint64_t done; /* requests that succeeded; the live line reads it */
	struct job_group *group;
	int (*reap)(struct job *job);
	void (*requeue)(struct job *job, int count, uint64_t now_ns);
	struct offsets offsets;
	struct histogram lat;

	/* What is for before and after. */
	const struct bench_options *options;
	sem_t *finished; /* posted last */
	pthread_t thread;
	uint64_t start_ns, end_ns;
	struct cpu_use cpu;
	uint64_t failed; /* requests */
	char error[256]; /* the first error; "" if all is well */
};

/* Prepare job number index of the options' numjobs. The result is a status. */
int job_init(struct job *job, struct job_group *group, const struct bench_options *o,
	     const struct device *dev, int index);
void job_finish(struct job *job);
/* Start the thread; it waits for the group's go. 0 or an errno. */
int job_start(struct job *job);
/* Keep the first error of a job and end the run. */
void job_fail(struct job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* worker.c: the loop. Choose its parts; then run it. */
void worker_choose(struct job *job);
void worker_run(struct job *job);

uint64_t clock_ns(void);

#endif /* BENCH_JOB_H */
