/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A driver without a device, for tests of the core: it does what a script says and notes what
 * the core asked of it. A program that has it links with --wrap=driver_find: then
 * blkio_create("fake", &b) makes an instance.
 *
 * Requests complete in the order in which they were submitted, so four counters tell all:
 *
 *	seen[0 .. reaped)		are over
 *	seen[reaped .. done)		wait to be reaped
 *	seen[done .. entered)		are with the device
 *	seen[entered .. nr_seen)	wait for ops->enter
 */
#ifndef TESTS_FAKES_FAKE_DRIVER_H
#define TESTS_FAKES_FAKE_DRIVER_H

#include "lib/driver.h"

#define FAKE_MAX_SEEN   4096
#define FAKE_MAX_STEPS  64
#define FAKE_MAX_ENTERS 1024

/* A request that starts here is refused by the driver with -EDOM and fake_refusal. */
#define FAKE_BAD_START 0xbad000
extern const char fake_refusal[];

struct fake {
	struct blkio b;
	/* values of properties */
	bool a_bool;
	int an_int;
	int a_late_int;
	uint64_t a_uint64;
	char *a_str;
	/* script: what the calls return */
	int connect_ret;
	int start_ret;
	int run_ret;
	int map_ret;
	int capacity_ret;
	int queues_until_failure; /* creation fails when it is 0; -1: never */
	uint32_t supported;       /* of a new queue */
	/* notes */
	int connects;
	int starts;
	int runs;
	int queues_at_run;
	int maps;
	int unmaps;
	struct blkio_mem_region last_region;
};

/* Those that exist, of all instances; it outlives them. */
extern struct fake_count {
	int instances;
	int queues;
	int64_t destroy_left_ns; /* of the time that the last queue to end had */
} fake_count;

/* What one call of ops->enter does. Without a script it completes what is wanted. */
struct fake_step {
	unsigned int completes;
	int ret;
	bool waits;
	int64_t sleep_ns;
};

/* What one call of ops->enter was asked for. */
struct fake_enter {
	unsigned int want;
	unsigned int submitted; /* requests that it made the device see */
	bool has_wait;
	bool interruptible;
	const sigset_t *sig;
	int64_t deadline;
};

struct fake_queue {
	struct blkioq q;
	/* script */
	unsigned int entries; /* so many can be submitted between two calls of enter */
	unsigned int depth;   /* so many can be in flight */
	struct fake_step steps[FAKE_MAX_STEPS];
	unsigned int nr_steps;
	unsigned int next_step;
	/* notes */
	struct blkio_req seen[FAKE_MAX_SEEN];
	int result[FAKE_MAX_SEEN];
	unsigned int steps_left[FAKE_MAX_SEEN]; /* so often reap says that it is not done yet */
	unsigned int nr_seen;
	unsigned int entered;
	unsigned int done;
	unsigned int reaped;
	struct fake_enter enters[FAKE_MAX_ENTERS];
	unsigned int nr_enters;
	int reap_max; /* of the last call; -1 before the first */
	bool notify;
	int notify_calls;
};

extern const struct blkio_driver fake_driver;

/* A fake instance, only created; or started, with its queue 0. They fail the test or succeed. */
struct fake *fake_create(void);
struct fake *fake_start(struct fake_queue **fq);
void fake_destroy(struct fake *f);

struct fake_queue *to_fake_queue(struct blkioq *q);
/* Add to the script of ops->enter. */
void fake_script(struct fake_queue *fq, struct fake_step step);

#endif
