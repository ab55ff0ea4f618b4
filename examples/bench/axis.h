/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An axis of a picture: from values to places, and where its marks are.
 */
#ifndef BENCH_AXIS_H
#define BENCH_AXIS_H

#include <stdbool.h>

enum {
	AXIS_MAX_MARKS = 32
};

struct axis {
	bool log;
	double low, high; /* values */
	double from, to;  /* places */
};

/* An axis from 0 to a round number that is at least high. */
void axis_linear(struct axis *a, double high, double from, double to);
/* A logarithmic one; low is more than 0. */
void axis_log(struct axis *a, double low, double high, double from, double to);
/* The place of a value; at an end if it is beyond it. */
double axis_at(const struct axis *a, double value);
/* The values to be marked; how many. */
int axis_marks(const struct axis *a, double *marks);

#endif /* BENCH_AXIS_H */
