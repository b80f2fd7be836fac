/* SPDX-License-Identifier: MIT */
/*
 * optvalue.c - the words that options take: durations, numbers, and how far a typing mistake is off.
 */
#include <errno.h>
#include <string.h>

#include "wrap/options.h"

int zc_option_number(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9)
			return -EINVAL;
		if (digit > max || value > (max - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

static int64_t unit_ms(const char *unit)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "", 1000 },   { "ms", 1 },      { "s", 1000 },
		      { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

	for (size_t i = 0; i < ZC_LEN(units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ms;
	return 0;
}

static int64_t unit_bytes(const char *unit)
{
	static const char units[] = "KMGT";
	const char *at = *unit ? strchr(units, *unit & ~0x20) : NULL;

	if (!*unit || !strcmp(unit, "B"))
		return 1;
	if (!at || (unit[1] && strcmp(unit + 1, "B") != 0 && strcmp(unit + 1, "iB") != 0))
		return 0;
	return (int64_t)1024 << 10 * (at - units);
}

/* Digits, maybe a point and up to three digits more, maybe a unit. Kept in thousandths. */
static int measure(const char *text, int64_t (*unit_of)(const char *unit), int64_t *ret)
{
	int64_t thousandths = 0, unit;
	int point = -1;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && point < 0); text++) {
		if (*text == '.') {
			point = 0;
			continue;
		}
		if (point >= 3)
			return -EINVAL;
		if (thousandths > 1000000000000000ll)
			return -ERANGE;
		thousandths = thousandths * 10 + (*text - '0');
		point += point >= 0;
	}
	if (point == 0)
		return -EINVAL;
	for (int i = point < 0 ? 0 : point; i < 3; i++)
		thousandths *= 10;
	unit = unit_of(text);
	if (!unit)
		return -EINVAL;
	if (thousandths > INT64_MAX / 4 / unit)
		return -ERANGE;
	*ret = thousandths * unit / 1000;
	return 0;
}

int zc_option_duration(const char *text, int64_t *ret_ms)
{
	return measure(text, unit_ms, ret_ms);
}

int zc_option_size(const char *text, int64_t *ret_bytes)
{
	return measure(text, unit_bytes, ret_bytes);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned zc_option_distance(const char *a, const char *b)
{
	enum { MOST = 48 };
	unsigned row[3][MOST + 1];
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned *older = row[0], *old = row[1], *now = row[2];

	if (a_len > MOST || b_len > MOST)
		return MOST;
	for (size_t j = 0; j <= b_len; j++)
		old[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare = older;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(old[j - 1] + (a[i - 1] != b[j - 1]),
				       least(old[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], older[j - 2] + 1);
		}
		older = old;
		old = now;
		now = spare;
	}
	return old[b_len];
}
