/* SPDX-License-Identifier: MIT */
/*
 * mem.c - the four functions that gcc calls on its own, hidden, so that they are never the program's.
 */
#include "preload/shim.h"

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

__attribute__((visibility("hidden"))) void *memcpy(void *restrict to, const void *restrict from,
						   size_t len)
{
	zc_copy(to, from, len);
	return to;
}

__attribute__((visibility("hidden"))) void *memmove(void *to, const void *from, size_t len)
{
	char *d = to;
	const char *s = from;

	if (d <= s || d >= s + len) {
		zc_copy(to, from, len);
		return to;
	}
	while (len--)
		d[len] = s[len];
	return to;
}

__attribute__((visibility("hidden"))) void *memset(void *to, int byte, size_t len)
{
	zc_fill(to, byte, len);
	return to;
}

__attribute__((visibility("hidden"))) int memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
