/* SPDX-License-Identifier: MIT */
/*
 * text.h - bytes that a program chose, made safe for where they go.
 *
 * A name may hold anything but NUL: control characters, half a UTF-8 sequence, marks that make a
 * terminal write from right to left. The two sinks, JSON and terminal, ask here what may pass.
 *
 * Memory: the caller's. Fails: never; what may not pass is spelled out.
 */
#ifndef ZC_EVIDENCE_TEXT_H
#define ZC_EVIDENCE_TEXT_H

#include <stdio.h>

#include "core/base.h"

/*
 * Decodes one code point of strict UTF-8 (RFC 3629: no surrogates, no overlong forms). Returns how
 * many bytes it takes, or 0 when the bytes at text are not UTF-8. len > 0.
 */
unsigned zc_text_decode(const char *text, size_t len, uint32_t *ret_point);
bool zc_text_is_utf8(const char *text, size_t len);
/* A control, line separator, invisible mark or direction override: never shown as it is. */
bool zc_text_hidden(uint32_t point);
/* Nothing but visible characters: can be shown and pasted as it is. */
bool zc_text_plain(const char *text, size_t len);

/* Prints for a terminal: what is hidden or not UTF-8 becomes \n, \x1b or \u202e, a backslash \\. */
void zc_text_show(FILE *out, const char *text, size_t len);
/* The same into buffer, always NUL-terminated; "..." marks what did not fit. Returns the length. */
size_t zc_text_show_in(char *buffer, size_t cap, const char *text, size_t len);

#endif
