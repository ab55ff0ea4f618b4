// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * line_trip CPU CPU: how long a cache line takes from one CPU to the other and back, in
 * nanoseconds: the median of some hundred short series. Virtual CPUs move around their host, and
 * with them this time, by a factor of ten: runs of two programs that share memory can be compared
 * only if it was the same.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	SERIES = 301,
	TRIPS = 200, /* in each */
	STOP = -1,
};

static _Alignas(64) atomic_int line;

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Answers each odd number with the next even one. */
static void *answer(void *arg)
{
	int seen;

	if (pin(*(int *)arg) < 0)
		exit(1);
	while ((seen = atomic_load_explicit(&line, memory_order_acquire)) != STOP) {
		if (seen & 1)
			atomic_store_explicit(&line, seen + 1, memory_order_release);
	}
	return NULL;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double series_ns(void)
{
	double start = now_ns();

	for (int i = 0; i < TRIPS; i++) {
		int next = atomic_load_explicit(&line, memory_order_relaxed) + 1;

		atomic_store_explicit(&line, next, memory_order_release);
		while (atomic_load_explicit(&line, memory_order_acquire) == next)
			;
	}
	return (now_ns() - start) / TRIPS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int there = argc == 3 ? atoi(argv[2]) : -1;
	double ns[SERIES];
	pthread_t thread;

	if (argc != 3 || pin(atoi(argv[1])) < 0) {
		fprintf(stderr, "usage: line_trip CPU CPU\n");
		return 2;
	}
	if (pthread_create(&thread, NULL, answer, &there) != 0)
		return 1;
	for (int i = 0; i < SERIES; i++)
		ns[i] = series_ns();
	atomic_store(&line, STOP);
	pthread_join(thread, NULL);
	qsort(ns, SERIES, sizeof(ns[0]), compare);
	printf("%.0f\n", ns[SERIES / 2]);
	return 0;
}
