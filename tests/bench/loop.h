/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the two benchmark loops have in common: options, the order of requests, the count of
 * results and the report.
 *
 * Both programs keep a fixed number of random reads in flight. The pieces that run once per
 * request are inline here, so that both pay the same for them and the difference between the
 * programs is the way to the kernel alone.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum loop_mode {
	LOOP_BLOCKING, /* submit, and sleep in the same call until something is there */
	LOOP_EVENTFD,  /* submit, sleep in read(2) of the eventfd, then reap */
	LOOP_POLLING,  /* submit, and look at the completions until something is there */
};

/* One place in flight: a buffer and what was asked to be read into it. */
struct loop_slot {
	uint8_t *buf;
	uint64_t offset_bytes;
	struct iovec *iov; /* with --segments: the pieces of buf */
};

struct loop {
	/* Options. */
	const char *name; /* of the program, for the report */
	const char *path;
	enum loop_mode mode;
	uint32_t block_bytes;
	unsigned int depth;
	unsigned int max_completions; /* per call; depth unless the command line says less */
	unsigned int min_completions; /* per call that waits; 1 unless the command line says more */
	unsigned int segments;        /* buffers that each read is spread over */
	uint64_t requests;            /* 0: run for so many seconds instead */
	double seconds;
	bool verify;  /* look at the data too, see make_file.c */
	char **props; /* the name=value words after the path, NULL at the end */

	/* State of the run. */
	uint64_t random;
	uint64_t blocks; /* in the file */
	uint64_t queued;
	uint64_t target; /* stop queueing here; grows while the time is not up */
	uint64_t done;
	uint64_t errors;
	struct loop_slot *slots;
	struct loop_slot **free; /* a stack of nfree slots that are not in flight */
	unsigned int nfree;
	uint64_t start_ns;
	uint64_t start_cpu_ns;
};

/* Read the command line; exits with a usage text when it makes no sense. */
void loop_init(struct loop *l, const char *name, int argc, char **argv);
/* How much there is to read from. */
void loop_set_size(struct loop *l, uint64_t bytes);
/* Hand out the pieces of buffer, which is depth * block_bytes long. */
void loop_set_buffer(struct loop *l, void *buffer);
/* Start the clock. */
void loop_start(struct loop *l);
/* The slow half of loop_running(): look at the clock and queue more if there is time. */
void loop_extend(struct loop *l);
/* The slow half of loop_complete(): compare the data with what make_file wrote. */
bool loop_data_is_right(const struct loop *l, const struct loop_slot *slot);
/* Sleep until the eventfd says that something completed, and clear it. */
void loop_wait_event(int fd);
/* Stop the clock and print the line of numbers; the result is the exit status. */
int loop_report(struct loop *l);
/* Free what loop_init() and loop_set_buffer() made. */
void loop_finish(struct loop *l);
/* Say what failed, with the text of errno_value unless it is 0, and exit. */
_Noreturn void loop_fail(const struct loop *l, const char *what, int errno_value);

/* True while there is something to queue or to wait for. */
static inline bool loop_running(struct loop *l)
{
	if (l->queued == l->target)
		loop_extend(l);
	return l->queued < l->target || l->nfree < l->depth;
}

/* True while another request may be queued. */
static inline bool loop_has_next(const struct loop *l)
{
	return l->nfree && l->queued < l->target;
}

/* How many results to wait for: min_completions, or what is in flight if that is less. */
static inline unsigned int loop_min(const struct loop *l)
{
	unsigned int in_flight = l->depth - l->nfree;

	return in_flight < l->min_completions ? in_flight : l->min_completions;
}

/* Take a slot and choose where it reads: the upper half of Knuth's MMIX, scaled to the file. */
static inline struct loop_slot *loop_next(struct loop *l)
{
	struct loop_slot *slot = l->free[--l->nfree];

	l->random = l->random * 6364136223846793005 + 1442695040888963407;
	slot->offset_bytes = ((l->random >> 32) * l->blocks >> 32) * l->block_bytes;
	l->queued++;
	return slot;
}

/* Count a result and give the slot back. */
static inline void loop_complete(struct loop *l, struct loop_slot *slot, bool ok)
{
	if (!ok || (l->verify && !loop_data_is_right(l, slot)))
		l->errors++;
	l->done++;
	l->free[l->nfree++] = slot;
}

#endif /* BENCH_LOOP_H */
