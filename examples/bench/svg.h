/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The few shapes of SVG that a plot needs. Sizes and places are in pixels from the upper left.
 */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stdio.h>

/* How a text looks. */
struct svg_font {
	int size;
	const char *anchor; /* start, middle or end: which part of it is at the place */
	const char *color;
	int bold;
	int turned; /* to be read from below */
};

void svg_begin(FILE *f, int width, int height);
void svg_end(FILE *f);
void svg_rect(FILE *f, double x, double y, double width, double height, const char *color);
void svg_line(FILE *f, double x1, double y1, double x2, double y2, const char *style);
/* Any characters; what means something in XML is escaped. */
void svg_text(FILE *f, double x, double y, const struct svg_font *font, const char *text);

#endif /* BENCH_SVG_H */
