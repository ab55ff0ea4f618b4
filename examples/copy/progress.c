// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The line on stderr that tells a person at a terminal how far a pass is.
 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/number.h"

#define UPDATE_NS 200000000
#define PAUSE_NS  10000000
#define BAR_CHARS 24

static atomic_bool line_is_there;

uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

void progress_init(struct progress *g, const struct pass *p)
{
	int when = p->e->o->progress;

	*g = (struct progress) { .p = p, .start_ns = clock_ns() };
	g->on = when == PROGRESS_ALWAYS || (when == PROGRESS_AUTO && isatty(STDERR_FILENO));
}

void progress_clear(void)
{
	if (atomic_exchange(&line_is_there, false))
		fputs("\r\033[K", stderr);
}

static void show(const struct progress *g)
{
	char rate[NUMBER_TEXT_LEN], eta[NUMBER_TEXT_LEN] = "?", bar[BAR_CHARS + 1];
	double done = (double)atomic_load(&g->p->done), all = (double)g->p->e->bytes;
	double seconds = (double)(clock_ns() - g->start_ns) / 1e9;
	double share = done / all;
	size_t filled = (size_t)(share * BAR_CHARS);

	memset(bar, '-', BAR_CHARS);
	memset(bar, '#', filled < BAR_CHARS ? filled : BAR_CHARS);
	bar[BAR_CHARS] = '\0';
	if (done > 0)
		number_clock(eta, (uint64_t)(seconds * (1 - share) / share + 0.5));
	fprintf(stderr, "\r%s [%s] %3.0f %%, %s/s, %s to go\033[K",
		g->p->kind == PASS_COPY ? "copy" : "compare", bar, share * 100,
		number_size(rate, seconds > 0 ? done / seconds : 0), eta);
	fflush(stderr);
	atomic_store(&line_is_there, true);
}

void progress_join(const struct progress *g, pthread_t thread)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t shown = clock_ns();

	if (!g->on) {
		pthread_join(thread, NULL);
		return;
	}
	while (pthread_tryjoin_np(thread, NULL)) {
		nanosleep(&pause, NULL);
		if (clock_ns() - shown < UPDATE_NS || atomic_load(&g->p->failed))
			continue;
		show(g);
		shown = clock_ns();
	}
}

void progress_finish(const struct progress *g)
{
	if (g->on && !atomic_load(&g->p->failed))
		show(g);
	progress_clear();
}
