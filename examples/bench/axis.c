// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An axis of a picture.
 */
#include "axis.h"

#include <math.h>

/* 1, 2 or 5 times a power of 10, so that there are four to ten steps. */
static double round_step(double range)
{
	double power = pow(10, floor(log10(range / 4)));
	double parts = range / 4 / power;

	return power * (parts >= 5 ? 5 : parts >= 2 ? 2 : 1);
}

void axis_linear(struct axis *a, double high, double from, double to)
{
	double step = round_step(high > 0 ? high : 1);

	*a = (struct axis) { .high = ceil((high > 0 ? high : 1) / step - 1e-9) * step,
			     .from = from,
			     .to = to };
}

void axis_log(struct axis *a, double low, double high, double from, double to)
{
	if (high < low * 4) /* a range that has marks in it */
		high = low * 4;
	*a = (struct axis) { .log = true, .low = low, .high = high, .from = from, .to = to };
}

double axis_at(const struct axis *a, double value)
{
	double share;

	if (a->log)
		share = log(value > a->low ? value / a->low : 1) / log(a->high / a->low);
	else
		share = (value - a->low) / (a->high - a->low);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return a->from + share * (a->to - a->from);
}

static int linear_marks(const struct axis *a, double *marks)
{
	double step = round_step(a->high);
	int count = 0;

	for (; count < AXIS_MAX_MARKS && count * step <= a->high * (1 + 1e-9); count++)
		marks[count] = count * step;
	return count;
}

/* 1, 2 and 5 times each power of 10; over more than three decades only the powers. */
static int log_marks(const struct axis *a, double *marks)
{
	static const double parts[] = { 1, 2, 5 };
	int step = a->high > a->low * 1500 ? 3 : 1;
	double decade = floor(log10(a->low));
	int count = 0;

	for (int i = 0; count < AXIS_MAX_MARKS; i += step) {
		int decades = i / 3;
		double value = parts[i % 3] * pow(10, decade + decades);

		if (value > a->high)
			break;
		if (value >= a->low)
			marks[count++] = value;
	}
	return count;
}

int axis_marks(const struct axis *a, double *marks)
{
	return a->log ? log_marks(a, marks) : linear_marks(a, marks);
}
