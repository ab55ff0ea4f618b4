// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The picture of --plot: a heading, IOPS over time, latencies, and a legend with the figures. Each
 * kind of request of each section is a curve.
 */
#include "plot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../common/msg.h"
#include "../common/number.h"
#include "axis.h"
#include "result.h"
#include "svg.h"
#include "text.h"

enum {
	WIDTH = 960,
	LEFT = 86,
	RIGHT = WIDTH - 28,
	RATE_TOP = 112,
	RATE_BOTTOM = 352,
	TIME_TOP = 440,
	TIME_BOTTOM = 700,
	LEGEND_TOP = 772,
	LEGEND_STEP = 24,
	CURVES_MAX = 8,
	POINTS_MAX = 160,     /* of a curve over time */
	BINS_PER_DECADE = 40, /* of a distribution */
	BINS_MAX = BINS_PER_DECADE * 20,
};

#define DARK  "#1b2733"
#define GREY  "#55606b"
#define GRID  "stroke=\"#dde3e8\" stroke-width=\"1\""
#define FRAME "stroke=\"#8a949e\" stroke-width=\"1\""

/* Can be told apart with any kind of colour vision, and on paper. */
static const char *const colors[CURVES_MAX] = { "#0067a5", "#d1490c", "#008856", "#875692",
						"#b8860b", "#2aa5c8", "#8b1a3d", "#4a4a4a" };

struct curve {
	const struct task *task;
	enum op op;
	struct timeline_part part;
	const char *color;
	double iops, bytes_per_s;
	uint64_t start_ns, end_ns;
	uint64_t requests, p50, p99, p999, high; /* latencies; high is what is drawn at most */
	uint64_t min;
	double bin[BINS_MAX]; /* per cent of the requests; bin i begins at 10^(i/40) ns */
};

struct plot {
	const struct run *run;
	FILE *f;
	struct curve *curve;
	int count, left_out;
};

static const struct svg_font label = { 12, "middle", GREY, 0, 0 };
static const struct svg_font label_right = { 12, "end", GREY, 0, 0 };
static const struct svg_font label_turned = { 13, "middle", DARK, 0, 1 };
static const struct svg_font heading = { 14, "start", DARK, 1, 0 };
static const struct svg_font axis_name = { 13, "middle", DARK, 0, 0 };

/* Buckets are much finer than bins. */
static void fill_bins(struct curve *c, const struct histogram *h)
{
	uint64_t count = histogram_count(h);

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t value = histogram_value(i);
		int bin = value ? (int)(log10((double)value) * BINS_PER_DECADE) : 0;

		if (h->bucket[i])
			c->bin[bin < BINS_MAX ? bin : BINS_MAX - 1] +=
				100 * (double)h->bucket[i] / (double)count;
	}
}

static void fill_curve(struct curve *c, const struct result *r)
{
	const struct op_result *o = &r->op[c->op];

	c->iops = o->iops;
	c->bytes_per_s = o->bytes_per_s;
	c->start_ns = r->start_ns;
	c->end_ns = r->end_ns;
	c->requests = histogram_count(&o->clat);
	if (!c->requests)
		return;
	c->min = o->clat.min ? o->clat.min : 1;
	c->p50 = histogram_percentile(&o->clat, 5000);
	c->p99 = histogram_percentile(&o->clat, 9900);
	c->p999 = histogram_percentile(&o->clat, 9990);
	c->high = histogram_percentile(&o->clat, 9999);
	fill_bins(c, &o->clat);
}

static void add_task(struct plot *p, int index)
{
	static struct result r;

	result_init(&r);
	result_add_task(&r, &p->run->tasks[index]);
	result_finish(&r);
	for (int op = 0; op < OP_COUNT; op++) {
		struct curve *c = &p->curve[p->count];

		if (!r.op[op].used || !r.op[op].requests)
			continue;
		if (p->count == CURVES_MAX) {
			p->left_out++;
			continue;
		}
		c->task = &p->run->tasks[index];
		c->op = op;
		c->part = task_part(c->task, op);
		c->color = colors[p->count++];
		fill_curve(c, &r);
	}
}

/* A text that may be too long for the picture. */
static void put_line(struct plot *p, double y, const struct svg_font *font, char *text, size_t max)
{
	if (strlen(text) > max)
		strcpy(text + text_cut(text, max - 3), "...");
	svg_text(p->f, LEFT, y, font, text);
}

static void describe_section(const struct task *task, char *text, size_t bytes)
{
	const struct bench_options *o = task->o;
	const char *name = task->section->name, *rw = options_rw_name(o);
	bool named = strcmp(name, rw) != 0;
	char size[NUMBER_TEXT_LEN];
	int at;

	at = snprintf(text, bytes, "%s%s%s, %s requests, depth %" PRIu64 ", %" PRIu64 " job%s",
		      named ? name : "", named ? ": " : "", rw, number_size(size, (double)o->bs),
		      o->iodepth, o->numjobs, o->numjobs == 1 ? "" : "s");
	if (at < (int)bytes)
		snprintf(text + at, bytes - (size_t)at, ", wait=%s%s", options_wait_name(o),
			 o->direct == 1 ? ", direct=1" : "");
}

static void draw_heading(struct plot *p)
{
	static const struct svg_font title = { 20, "start", DARK, 1, 0 };
	static const struct svg_font below = { 13, "start", GREY, 0, 0 };
	const struct task *first = &p->run->tasks[0];
	char text[600];
	int at;

	if (p->run->task_count == 1)
		describe_section(first, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%d sections of %s", p->run->task_count,
			 p->run->plan->o.jobfile);
	put_line(p, 38, &title, text, 74);
	at = snprintf(text, sizeof(text), "blkio-bench %s: %s", blkio_version(), first->driver);
	for (int i = 1; i < first->o->words.count && at < (int)sizeof(text); i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, " %s",
			       first->o->words.word[i]);
	put_line(p, 62, &below, text, 118);
}

/* Grid, marks and frame of a panel, whose height is that of the axis y. */
static void draw_panel(struct plot *p, const struct axis *x, const struct axis *y,
		       const char *(*x_text)(char *, double), const char *(*y_text)(char *, double))
{
	double marks[AXIS_MAX_MARKS];
	char text[NUMBER_TEXT_LEN];
	int count = axis_marks(y, marks);

	for (int i = 0; i < count; i++) {
		double at = axis_at(y, marks[i]);

		svg_line(p->f, x->from, at, x->to, at, GRID);
		svg_text(p->f, x->from - 8, at + 4, &label_right, y_text(text, marks[i]));
	}
	count = axis_marks(x, marks);
	for (int i = 0; i < count; i++) {
		double at = axis_at(x, marks[i]);

		svg_line(p->f, at, y->to, at, y->from, GRID);
		svg_text(p->f, at, y->from + 19, &label, x_text(text, marks[i]));
	}
	svg_line(p->f, x->from, y->from, x->to, y->from, FRAME);
	svg_line(p->f, x->from, y->to, x->from, y->from, FRAME);
}

static const char *plain_text(char *text, double value)
{
	snprintf(text, NUMBER_TEXT_LEN, "%g", value);
	return text;
}

static const char *percent_text(char *text, double value)
{
	snprintf(text, NUMBER_TEXT_LEN, "%g %%", value);
	return text;
}

/* The samples of a curve between its start and its end, *from to *to. False if they are too few. */
static bool samples_of(const struct plot *p, const struct curve *c, int *from, int *to)
{
	return timeline_between(&p->run->timeline, c->start_ns, c->end_ns, from, to);
}

/* How many samples make a point, for a curve of not too many points. */
static int samples_per_point(int from, int to)
{
	return (to - from) / POINTS_MAX + 1;
}

static double highest_rate(const struct plot *p)
{
	double high = 0;
	int from, to;

	for (int i = 0; i < p->count; i++) {
		const struct curve *c = &p->curve[i];

		high = c->iops > high ? c->iops : high;
		if (!samples_of(p, c, &from, &to))
			continue;
		for (int step = samples_per_point(from, to); from + step <= to; from += step) {
			double rate = timeline_rate(&p->run->timeline, &c->part, from, from + step);

			high = rate > high ? rate : high;
		}
	}
	return high;
}

static double seconds_of(const struct plot *p, uint64_t ns)
{
	uint64_t start_ns = p->run->timeline.time_ns[0];

	return ns > start_ns ? (double)(ns - start_ns) / 1e9 : 0;
}

/* The mean as a level line, where the run is too short for a curve. */
static void draw_mean(struct plot *p, const struct curve *c, const struct axis *x,
		      const struct axis *y)
{
	char style[80];

	snprintf(style, sizeof(style), "stroke=\"%s\" stroke-width=\"2\"", c->color);
	svg_line(p->f, axis_at(x, seconds_of(p, c->start_ns)), axis_at(y, c->iops),
		 axis_at(x, seconds_of(p, c->end_ns)), axis_at(y, c->iops), style);
}

static void draw_rate(struct plot *p, const struct curve *c, const struct axis *x,
		      const struct axis *y)
{
	const struct timeline *t = &p->run->timeline;
	int from, to, step;

	if (!samples_of(p, c, &from, &to) || to - from < 3) {
		draw_mean(p, c, x, y);
		return;
	}
	step = samples_per_point(from, to);
	fprintf(p->f,
		"<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
		"stroke-linejoin=\"round\" points=\"",
		c->color);
	for (; from + step <= to; from += step)
		fprintf(p->f, "%.1f,%.1f ",
			axis_at(x, (seconds_of(p, t->time_ns[from]) +
				    seconds_of(p, t->time_ns[from + step])) /
					   2),
			axis_at(y, timeline_rate(t, &c->part, from, from + step)));
	fputs("\"/>\n", p->f);
}

/* Logarithmic if some curve would be a line at the bottom otherwise. */
static void rate_axis(const struct plot *p, struct axis *y)
{
	double high = highest_rate(p) * 1.05, low = high;

	for (int i = 0; i < p->count; i++)
		low = fmin(low, p->curve[i].iops);
	if (low > 0 && high > low * 30)
		axis_log(y, low / 2, high, RATE_BOTTOM, RATE_TOP);
	else
		axis_linear(y, high, RATE_BOTTOM, RATE_TOP);
}

static void draw_rates(struct plot *p)
{
	struct axis x, y;
	double seconds = 0;

	for (int i = 0; i < p->count; i++)
		seconds = fmax(seconds, seconds_of(p, p->curve[i].end_ns));
	axis_linear(&x, seconds, LEFT, RIGHT);
	x.high = fmax(seconds, 1e-3); /* a run needs not end at a mark */
	rate_axis(p, &y);
	svg_text(p->f, LEFT, RATE_TOP - 14, &heading, "Requests per second over time");
	draw_panel(p, &x, &y, plain_text, number_count);
	svg_text(p->f, (LEFT + RIGHT) / 2.0, RATE_BOTTOM + 40, &axis_name, "time in seconds");
	svg_text(p->f, 22, (RATE_TOP + RATE_BOTTOM) / 2.0, &label_turned,
		 y.log ? "IOPS, logarithmic" : "IOPS");
	for (int i = 0; i < p->count; i++)
		draw_rate(p, &p->curve[i], &x, &y);
}

static double bin_value(int bin)
{
	return pow(10, (double)bin / BINS_PER_DECADE);
}

/* A dashed line; with a name, unless that is NULL. */
static void draw_percentile(struct plot *p, const struct curve *c, uint64_t ns,
			    const struct axis *x, const char *name)
{
	struct svg_font font = { 11, "middle", c->color, 1, 0 };
	double at = axis_at(x, (double)ns);
	char style[120];

	snprintf(style, sizeof(style),
		 "stroke=\"%s\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"", c->color);
	svg_line(p->f, at, TIME_TOP, at, TIME_BOTTOM, style);
	if (name)
		svg_text(p->f, at, TIME_TOP - 4, &font, name);
}

/* Names of lines that are close together would be on top of each other. */
static bool room_between(const struct axis *x, uint64_t a, uint64_t b)
{
	return axis_at(x, (double)b) - axis_at(x, (double)a) > 36;
}

static void draw_percentiles(struct plot *p, const struct curve *c, const struct axis *x)
{
	bool alone = p->count == 1;

	draw_percentile(p, c, c->p50, x, alone ? "p50" : NULL);
	draw_percentile(p, c, c->p99, x, alone && room_between(x, c->p50, c->p99) ? "p99" : NULL);
	if (alone)
		draw_percentile(p, c, c->p999, x,
				room_between(x, c->p99, c->p999) ? "p99.9" : NULL);
}

static void draw_latency(struct plot *p, const struct curve *c, const struct axis *x,
			 const struct axis *y)
{
	fprintf(p->f,
		"<path fill=\"%s\" fill-opacity=\"0.18\" stroke=\"%s\" stroke-width=\"2\" "
		"stroke-linejoin=\"round\" d=\"M%.1f,%.1f ",
		c->color, c->color, axis_at(x, x->low), y->from);
	for (int i = 0; i < BINS_MAX && bin_value(i) <= x->high; i++)
		if (bin_value(i + 1) >= x->low)
			fprintf(p->f, "L%.1f,%.1f ",
				axis_at(x, (bin_value(i) + bin_value(i + 1)) / 2),
				axis_at(y, c->bin[i]));
	fprintf(p->f, "L%.1f,%.1f Z\"/>\n", axis_at(x, x->high), y->from);
	draw_percentiles(p, c, x);
}

static void draw_latencies(struct plot *p)
{
	double low = INFINITY, high = 0, most = 0;
	struct axis x, y;

	for (int i = 0; i < p->count; i++) {
		const struct curve *c = &p->curve[i];

		if (!c->requests)
			continue;
		low = fmin(low, (double)c->min);
		high = fmax(high, (double)c->high);
		for (int bin = 0; bin < BINS_MAX; bin++)
			most = fmax(most, c->bin[bin]);
	}
	svg_text(p->f, LEFT, TIME_TOP - 22, &heading,
		 p->count == 1 ? "Latency of completion (clat)"
			       : "Latency of completion (clat); dashed: p50 and p99");
	if (!high) {
		svg_text(p->f, (LEFT + RIGHT) / 2.0, (TIME_TOP + TIME_BOTTOM) / 2.0, &axis_name,
			 p->count ? "not measured (disable_lat)" : "there were no requests");
		return;
	}
	axis_log(&x, low / 1.15, high * 1.25, LEFT, RIGHT);
	axis_linear(&y, most * 1.02, TIME_BOTTOM, TIME_TOP);
	draw_panel(p, &x, &y, number_time, percent_text);
	svg_text(p->f, (LEFT + RIGHT) / 2.0, TIME_BOTTOM + 40, &axis_name,
		 "latency, on a logarithmic scale");
	svg_text(p->f, 22, (TIME_TOP + TIME_BOTTOM) / 2.0, &label_turned, "share of requests");
	for (int i = 0; i < p->count; i++)
		if (p->curve[i].requests)
			draw_latency(p, &p->curve[i], &x, &y);
}

static void draw_legend_row(struct plot *p, const struct curve *c, double y)
{
	static const struct svg_font font = { 13, "start", DARK, 0, 0 };
	char iops[NUMBER_TEXT_LEN], rate[NUMBER_TEXT_LEN], p50[NUMBER_TEXT_LEN];
	char p99[NUMBER_TEXT_LEN], p999[NUMBER_TEXT_LEN], text[400], name[32];
	int at;

	snprintf(name, sizeof(name), "%s", c->task->section->name);
	text_cut(name, 24);
	svg_rect(p->f, LEFT, y - 10, 24, 11, c->color);
	at = snprintf(text, sizeof(text), "%s, %s:  %s IOPS,  %s/s", name, options_op_name(c->op),
		      number_count(iops, c->iops), number_size(rate, c->bytes_per_s));
	if (c->requests)
		snprintf(text + at, sizeof(text) - (size_t)at, ";  p50 %s,  p99 %s,  p99.9 %s",
			 number_time(p50, (double)c->p50), number_time(p99, (double)c->p99),
			 number_time(p999, (double)c->p999));
	svg_text(p->f, LEFT + 34, y, &font, text);
}

static void draw_legend(struct plot *p)
{
	int y = LEGEND_TOP;
	char text[80];

	for (int i = 0; i < p->count; i++, y += LEGEND_STEP)
		draw_legend_row(p, &p->curve[i], y);
	if (!p->left_out)
		return;
	snprintf(text, sizeof(text), "%d more are left out here.", p->left_out);
	svg_text(p->f, LEFT + 34, y, &(struct svg_font) { 13, "start", GREY, 0, 0 }, text);
}

static int draw(struct plot *p)
{
	p->curve = calloc(CURVES_MAX + 1, sizeof(*p->curve));
	if (!p->curve)
		return msg_failed("out of memory");
	for (int i = 0; i < p->run->task_count; i++)
		add_task(p, i);
	svg_begin(p->f, WIDTH, LEGEND_TOP + LEGEND_STEP * (p->count + !!p->left_out));
	draw_heading(p);
	draw_rates(p);
	draw_latencies(p);
	draw_legend(p);
	svg_end(p->f);
	free(p->curve);
	return STATUS_OK;
}

static int failed(const char *path)
{
	return msg_failed("--plot: cannot write %s: %s", path, strerror(errno));
}

int plot_check(const char *path, bool *created)
{
	FILE *f = fopen(path, "axe");

	*created = f;
	if (!f && errno == EEXIST)
		f = fopen(path, "ae");
	return f && fclose(f) == 0 ? STATUS_OK : failed(path);
}

int plot_write(const char *path, const struct run *run)
{
	struct plot p = { .run = run, .f = fopen(path, "we") };
	int status;

	if (!p.f)
		return failed(path);
	status = draw(&p);
	if (ferror(p.f)) {
		fclose(p.f);
		return failed(path);
	}
	return fclose(p.f) == 0 ? status : failed(path);
}
