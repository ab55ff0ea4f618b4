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

#include "histogram.h"
#include "offsets.h"
#include "options.h"
#include "pace.h"
#include "stamp.h"

enum {
	CACHE_LINE_BYTES = 64,
	DEPTH_LEVELS = 7, /* 1, 2, 4, 8, 16, 32, 64 or more requests in flight */
};

/* What the main thread tells the jobs; the values only grow. */
enum phase {
	PHASE_RAMP,    /* run, but what is done does not count */
	PHASE_MEASURE, /* it counts */
	PHASE_STOP,    /* queue nothing more, bring what is begun to its end */
	PHASE_ABORT,   /* the same, and do nothing else either */
};

/* What the jobs of a task share. */
struct job_control {
	struct job_sync *sync;
	_Atomic uint64_t run_id; /* --verify: in all blocks; verify_only: 0 until one tells it */
	/* Read once for each batch, so nothing else is in its cache line. */
	alignas(CACHE_LINE_BYTES) atomic_int phase;
	alignas(CACHE_LINE_BYTES) char after[1];
};

/* What all jobs that run together share. */
struct job_sync {
	sem_t ready;    /* posted by each job when its buffers are filled */
	sem_t go;       /* posted once for each job to start it */
	sem_t finished; /* posted by each job at its end */
	atomic_bool failed;
};

/* In place of its time, in a slot that was in flight when the measurement began. */
#define SLOT_OF_RAMP UINT64_MAX

/* A request in flight, or a free place for one. */
struct slot {
	uint64_t start_ns;  /* when it was made, or SLOT_OF_RAMP */
	uint64_t queued_ns; /* when it and its batch were queued */
	uint64_t offset;    /* in bytes */
	void *buf;
	struct iovec *iov; /* --vectored: the parts of buf */
	enum op op;
};

/* Times of count requests that were queued together, and of some that ended together. */
struct queued_times {
	enum op op;
	uint64_t slat_ns, count;
};

struct ended_times {
	enum op op;
	uint64_t lat_ns, clat_ns, count;
};

/* Times of one kind of request. */
struct op_stats {
	struct histogram slat, clat, lat;
	uint64_t failed; /* requests */
};

/* What a job used of the processor. */
struct cpu_use {
	double user_s, system_s;
	long switches, minor_faults, major_faults;
};

struct task;
struct verify;

/* No two jobs share a cache line. */
struct job {
	/* What the loop uses. */
	alignas(CACHE_LINE_BYTES) struct blkioq *q;
	uint64_t bs;
	struct slot **free; /* a stack: free_count slots wait to be used */
	int free_count;
	int in_flight;
	int submit_max, reap_min, reap_max;
	int phase;                            /* the last one that was seen */
	bool measure;                         /* take time stamps */
	uint64_t left;                        /* requests that may still be queued */
	uint64_t now_ns;                      /* a fresh time stamp, or 0 */
	struct blkio_completion *completions; /* reap_max of them */
	struct job_control *control;
	int (*reap)(struct job *job, uint64_t wait_ns);
	void (*issue)(struct job *job, int count);
	struct op_stats *stats[OP_COUNT];
	struct queued_times queued; /* what stats have yet to get */
	struct ended_times ended;
	_Atomic uint64_t done[OP_COUNT]; /* succeeded; others read it */
	uint64_t depth[DEPTH_LEVELS];    /* requests that made in_flight so many */
	struct offsets offsets;
	enum op op;                   /* the kind of all requests, unless they are mixed */
	bool mixed;                   /* reads and writes */
	uint64_t mix_seed, mix_reads; /* 32 random bits below mix_reads are a read */
	struct pace pace;
	struct verify *verify; /* NULL without --verify */

	/* What is for before and after. */
	const struct bench_options *options;
	const struct task *task;
	int index;           /* in the task */
	uint64_t seed;       /* of what is random in it */
	atomic_bool counted; /* the measurement has begun */
	uint64_t limit;      /* requests in the measurement */
	struct slot *slots;
	struct iovec *iovecs;
	pthread_t thread;
	uint64_t start_ns, end_ns; /* of the measurement */
	struct cpu_use cpu;
	int err;         /* errno of the first error; EILSEQ for a block that is wrong */
	char error[256]; /* its text; "" if all is well */
};

/* Prepare job number index of a task. The result is a status. */
int job_init(struct job *job, struct task *task, int index);
void job_finish(struct job *job);
/* Start the thread; it waits for the go. 0 or an errno. */
int job_start(struct job *job);
/* Keep the first error of a job. */
void job_note(struct job *job, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* End the run because of an error. */
void job_stop(struct job *job);
/* Both. */
void job_fail(struct job *job, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Begin the measurement, at the job's start or when the ramp is over. */
void job_begin(struct job *job);
/* Whether it came to the measurement. */
bool job_counted(const struct job *job);
/* Whether nothing more is to be done. */
bool job_aborted(const struct job *job);
/* Requests that were done in the measurement. */
uint64_t job_done(const struct job *job, enum op op);

/* worker.c: the loop. Choose its parts; then run it. */
void worker_choose(struct job *job);
void worker_run(struct job *job);
/* What is to go into the histograms goes there now. */
void worker_account(struct job *job);
/* The kind of the next request. */
enum op worker_next_op(struct job *job);

/*
 * worker_wait.c: submit what is queued, wait at most so long (0: not at all, UINT64_MAX: as long as
 * it takes), and take completions. How many, or a negative errno.
 */
int wait_block(struct job *job, uint64_t wait_ns);
int wait_eventfd(struct job *job, uint64_t wait_ns);
int wait_poll(struct job *job, uint64_t wait_ns);

#endif /* BENCH_JOB_H */
