/* SPDX-License-Identifier: MIT */
/*
 * mem.h - the four byte loops that core needs, without libc.
 *
 * The shim must not call the program's memcpy (it may be interposed, or not relocated yet), so core
 * uses these. They are simple enough for the compiler to turn into good code.
 *
 * Context: anywhere. Fails: never.
 */
#ifndef ZC_CORE_MEM_H
#define ZC_CORE_MEM_H

#include "core/base.h"

static inline void zc_copy(void *to, const void *from, size_t len)
{
#ifdef ZC_SHIM
	char *d = to;
	const char *s = from;

	/* The string instruction takes tens of cycles to start: names are shorter than that. */
	while (len >= 8 && len < 64) {
		uint64_t word;

		__builtin_memcpy(&word, s, 8);
		__builtin_memcpy(d, &word, 8);
		d += 8, s += 8, len -= 8;
	}
	if (len < 8) {
		while (len--)
			*d++ = *s++;
		return;
	}
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(len) : : "memory");
#else
	__builtin_memcpy(to, from, len);
#endif
}

static inline void zc_fill(void *to, int byte, size_t len)
{
#ifdef ZC_SHIM
	void *d = to;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(len) : "a"(byte) : "memory");
#else
	__builtin_memset(to, byte, len);
#endif
}

static inline bool zc_equal(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	while (len >= 8) {
		uint64_t p, q;

		__builtin_memcpy(&p, x, 8);
		__builtin_memcpy(&q, y, 8);
		if (p != q)
			return false;
		x += 8, y += 8, len -= 8;
	}
	while (len--)
		if (*x++ != *y++)
			return false;
	return true;
}

static inline size_t zc_len(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

#endif
