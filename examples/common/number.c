// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Numbers as people write and read them.
 */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* The digits at the start of text; *rest is what follows. No sign, no space, no hexadecimal. */
static bool parse_digits(const char *text, uint64_t *value, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	*rest = end;
	return errno == 0;
}

bool number_parse(const char *text, uint64_t *value)
{
	const char *rest;

	return parse_digits(text, value, &rest) && *rest == '\0';
}

/* The number times the factor of the unit that the first len letters of name are. */
static bool multiply(uint64_t number, const char *name, size_t len, const struct unit *unit,
		     uint64_t *value)
{
	while (unit->name && (strncasecmp(name, unit->name, len) != 0 || unit->name[len]))
		unit++;
	return unit->name && !__builtin_mul_overflow(number, unit->factor, value);
}

bool number_parse_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "k", 1ULL << 10 },
		{ "m", 1ULL << 20 },
		{ "g", 1ULL << 30 },
		{ "t", 1ULL << 40 },
		{ "p", 1ULL << 50 },
		{ 0 },
	};
	const char *name;
	uint64_t number;
	size_t len;

	if (!parse_digits(text, &number, &name))
		return false;
	len = strlen(name);
	if (len == 3 && strcasecmp(name + 1, "ib") == 0)
		len = 1;
	else if (len > 0 && tolower((unsigned char)name[len - 1]) == 'b')
		len--;
	return multiply(number, name, len, units, bytes);
}

bool number_parse_time(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "", NS_PER_SEC },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", NS_PER_SEC },
		{ "m", 60 * NS_PER_SEC },
		{ "h", 3600 * NS_PER_SEC },
		{ 0 },
	};
	const char *name;
	uint64_t number;

	return parse_digits(text, &number, &name) &&
	       multiply(number, name, strlen(name), units, ns);
}

/* Three significant digits of value / step^n with the n-th unit; whole numbers stay whole. */
static const char *scale(char *text, double value, double step, const char *const *unit)
{
	int digits;

	while (value >= step * 0.9995 && unit[1]) {
		value /= step;
		unit++;
	}
	digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	if (value == (double)(uint64_t)value)
		digits = 0;
	snprintf(text, NUMBER_TEXT_LEN, "%.*f%s%s", digits, value, **unit ? " " : "", *unit);
	return text;
}

const char *number_size(char *text, double bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

	return scale(text, bytes, 1024, unit);
}

const char *number_size_decimal(char *text, double bytes)
{
	static const char *const unit[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", NULL };

	return scale(text, bytes, 1000, unit);
}

const char *number_count(char *text, double count)
{
	static const char *const unit[] = { "", "k", "M", "G", NULL };

	return scale(text, count, 1000, unit);
}

const char *number_time(char *text, double ns)
{
	static const char *const unit[] = { "ns", "us", "ms", "s", NULL };

	return scale(text, ns, 1000, unit);
}

const char *number_clock(char *text, uint64_t seconds)
{
	unsigned int s = (unsigned int)(seconds % 60);
	unsigned int m = (unsigned int)(seconds / 60 % 60);
	uint64_t h = seconds / 3600;

	if (h)
		snprintf(text, NUMBER_TEXT_LEN, "%lluh %02um", (unsigned long long)h, m);
	else if (m)
		snprintf(text, NUMBER_TEXT_LEN, "%um %02us", m, s);
	else
		snprintf(text, NUMBER_TEXT_LEN, "%us", s);
	return text;
}
