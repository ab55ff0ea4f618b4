// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * SIGBUS as a return value.
 */
#include "fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static _Thread_local sigjmp_buf way_out;
static _Thread_local volatile sig_atomic_t guarded;

static void on_sigbus(int sig)
{
	if (guarded)
		siglongjmp(way_out, 1);
	signal(sig, SIG_DFL); /* not ours: the instruction is tried again and ends the program */
}

void fault_init(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	sigaction(SIGBUS, &action, NULL);
}

bool fault_try(void (*fn)(void *arg), void *arg)
{
	if (sigsetjmp(way_out, 1)) {
		guarded = 0;
		return false;
	}
	guarded = 1;
	fn(arg);
	guarded = 0;
	return true;
}
