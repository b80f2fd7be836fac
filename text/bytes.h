/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - what the pieces of view.h share: blanks, digits, and runs of bytes that need no look.
 */
#ifndef ZC_TEXT_BYTES_H
#define ZC_TEXT_BYTES_H

#include "text/view.h"
#include "text/text.h"

static inline const char *zc_skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

/* 0 to 15, or -1. */
static inline int zc_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The first byte from at on that is not easy (text.h); end when there is none. */
static inline const char *zc_past_plain(const char *at, const char *end)
{
	return at + zc_text_easy(at, (size_t)(end - at));
}

#endif
