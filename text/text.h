/* SPDX-License-Identifier: MIT */
/*
 * text.h - bytes that a program chose, made safe for where they go.
 *
 * Theory of operation of text/. What comes in is bytes that somebody else chose; what goes out is one of three
 * things: JSON (json.h writes it as a stream, view.h looks into it where it lies), a line on a terminal, or a
 * word for a number (flags.h, units.h). Each way escapes for itself and at its own edge, so whoever hands over
 * a text never has to know what is in it. Nothing here knows of runs, policies or files; nothing here prints.
 *
 *   text.c   what is strict UTF-8, and what of it a terminal may be shown
 *   json.c   a streaming writer; bytes that are no UTF-8 get a base64 sibling
 *   check.c  one pass that says whether a text is JSON; view.c, view_text.c rely on it
 *   flags.c  numbers of calls as their manual pages spell them;  units.c  times and sizes
 *   embed.h  a file of the tree as a string of the program;  array.h  how arrays grow
 *
 * A name may hold anything but NUL: control characters, half a UTF-8 sequence, marks that make a
 * terminal write from right to left. The two sinks, JSON and terminal, ask here what may pass.
 *
 * Memory: the caller's. Fails: never; what may not pass is spelled out.
 */
#ifndef ZC_TEXT_H
#define ZC_TEXT_H

#include <stdio.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/base.h"

/*
 * Decodes one code point of strict UTF-8 (RFC 3629: no surrogates, no overlong forms). Returns how
 * many bytes it takes, or 0 when the bytes at text are not UTF-8. len > 0.
 */
unsigned zc_text_decode(const char *text, size_t len, uint32_t *ret_point);
bool zc_text_is_utf8(const char *text, size_t len);
/* A control, line separator, invisible mark or direction override: never shown as it is. */
bool zc_text_hidden(uint32_t point);
/*
 * Nothing but visible characters: can be shown and pasted as it is. "##[" is not, because GitHub's runner takes
 * it for a command anywhere in a line of a job's log.
 */
bool zc_text_plain(const char *text, size_t len);

/*
 * How much of a demangled name comes before the parameters it ends with: of "ns::open(char const*) const" the
 * 8 bytes of "ns::open". len where it has none.
 */
size_t zc_text_function_len(const char *name, size_t len);

/*
 * Easy bytes mean themselves wherever they go: visible ASCII but quote and backslash. Returns how many of
 * the len at text are easy, from the first on. Most of every text is, so this looks at 16, then 8 at once.
 */
static inline size_t zc_text_easy(const char *text, size_t len)
{
	const uint64_t ones = 0x0101010101010101ull;
	size_t at = 0;

#ifdef __SSE2__
	for (; len - at >= 16; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + at));
		/* As signed numbers those from 0x80 on are below a blank, too. */
		__m128i hard =
			_mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
						  _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))),
				     _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
						  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
		unsigned marks = (unsigned)_mm_movemask_epi8(hard);

		if (marks)
			return at + (unsigned)__builtin_ctz(marks);
	}
#endif
	/* Whether all eight are easy: a borrow may mark a byte too many, never one too few. */
	for (; len - at >= 8; at += 8) {
		uint64_t word, quotes, slashes, deletes;

		memcpy(&word, text + at, sizeof(word));
		quotes = word ^ '"' * ones;
		slashes = word ^ '\\' * ones;
		deletes = word ^ 0x7f * ones;
		if ((word | ((word - 0x20 * ones) & ~word) | ((quotes - ones) & ~quotes) |
		     ((slashes - ones) & ~slashes) | ((deletes - ones) & ~deletes)) &
		    0x80 * ones)
			break;
	}
	while (at < len && (unsigned char)text[at] >= 0x20 && (unsigned char)text[at] < 0x7f &&
	       text[at] != '"' && text[at] != '\\')
		at++;
	return at;
}

/* Prints for a terminal: what is hidden or not UTF-8 becomes \n, \x1b or \u202e, a backslash \\. */
void zc_text_show(FILE *out, const char *text, size_t len);
/* The same into buffer, always NUL-terminated; "..." marks what did not fit. Returns the length. */
size_t zc_text_show_in(char *buffer, size_t cap, const char *text, size_t len);

#endif
