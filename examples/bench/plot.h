/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The picture of --plot: IOPS over time and the distribution of latencies, as SVG.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "run.h"

/* Whether the file can be written, and is new; before the run. The result is a status. */
int plot_check(const char *path, bool *created);
/* Draw a run that has ended. The result is a status. */
int plot_write(const char *path, const struct run *run);

#endif /* BENCH_PLOT_H */
