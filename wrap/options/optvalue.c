/* SPDX-License-Identifier: MIT */
/*
 * optvalue.c - the words that options take: numbers, and how far a typing mistake is off.
 */
#include <errno.h>
#include <string.h>

#include "wrap/options/options.h"

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
