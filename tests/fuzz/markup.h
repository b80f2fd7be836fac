/* SPDX-License-Identifier: MIT */
/*
 * markup.h - small strict readers of XML, of our page, and of Markdown tables: what is wrong, or NULL.
 *
 * They know what our own reports may contain and take nothing else, so that a name that got through
 * unescaped shows as markup where there should be none.
 */
#ifndef ZC_TESTS_FUZZ_MARKUP_H
#define ZC_TESTS_FUZZ_MARKUP_H

#include "core/base.h"

#include <stdio.h>
#include <string.h>

struct zc_markup {
	const char *at, *end;
	bool html;
	char open[64][24];
	unsigned depth;
	unsigned scripts;
};

static inline bool zc_is_entity(const char *at, const char *end)
{
	static const char *const known[] = { "&amp;", "&lt;",    "&gt;",   "&quot;",
					     "&#39;", "&times;", "&ensp;", "&rarr;", "&middot;" };

	for (size_t i = 0; i < ZC_LEN(known); i++)
		if ((size_t)(end - at) >= strlen(known[i]) &&
		    !memcmp(at, known[i], strlen(known[i])))
			return true;
	return false;
}

/* Text, or an attribute's value, up to the byte stop. */
static inline const char *zc_markup_text(struct zc_markup *m, char stop)
{
	for (; m->at < m->end && *m->at != stop; m->at++) {
		if (*m->at == '&' && !zc_is_entity(m->at, m->end))
			return "an ampersand that is no entity";
		if (*m->at == '<' || (*m->at == '>' && stop == '<'))
			return "an angle bracket";
		if ((size_t)(m->end - m->at) >= 3 && !memcmp(m->at, "\xef\xbf", 2) &&
		    (unsigned char)m->at[2] >= 0xbe)
			return "U+FFFE or U+FFFF";
	}
	return NULL;
}

static inline size_t zc_markup_name(struct zc_markup *m, char ret[24])
{
	size_t len = 0;

	while (m->at < m->end && len < 23 &&
	       ((*m->at >= 'a' && *m->at <= 'z') || (*m->at >= 'A' && *m->at <= 'Z') ||
		(*m->at >= '0' && *m->at <= '9') || *m->at == '-'))
		ret[len++] = *m->at++;
	ret[len] = '\0';
	return len;
}

static inline const char *zc_markup_attributes(struct zc_markup *m, bool *ret_closed)
{
	static const char *const dangerous[] = { "on", "src", "href", "style", "srcdoc" };
	char name[24];
	const char *wrong;

	*ret_closed = false;
	for (;;) {
		while (m->at < m->end && (*m->at == ' ' || *m->at == '\n'))
			m->at++;
		if (m->at < m->end && *m->at == '/') {
			*ret_closed = true;
			m->at++;
		}
		if (m->at < m->end && *m->at == '>') {
			m->at++;
			return NULL;
		}
		if (!zc_markup_name(m, name))
			return "an attribute without a name";
		for (size_t i = 0; m->html && i < ZC_LEN(dangerous); i++)
			if (!strncmp(name, dangerous[i], i ? 24 : 2))
				return "an attribute that does something";
		if (m->at < m->end && *m->at == '=') {
			if (m->end - m->at < 2 || m->at[1] != '"')
				return "a value without quotes";
			m->at += 2;
			wrong = zc_markup_text(m, '"');
			if (wrong || m->at == m->end)
				return wrong ? wrong : "a value without an end";
			m->at++;
		} else if (!m->html) {
			return "an attribute without a value";
		}
	}
}

/* script and style: as they stand, up to their end tag. */
static inline void zc_markup_raw(struct zc_markup *m, const char *name)
{
	char close[32];
	const char *end;

	snprintf(close, sizeof(close), "</%s>", name);
	end = memmem(m->at, (size_t)(m->end - m->at), close, strlen(close));
	m->at = end ? end : m->end;
}

static inline const char *zc_markup_tag(struct zc_markup *m)
{
	static const char *const void_elements[] = { "meta", "input", "line", "rect", "br", "path" };
	bool closing = m->end - m->at > 1 && m->at[1] == '/', closed;
	const char *wrong;
	char name[24];

	m->at += 1 + closing;
	if (!zc_markup_name(m, name))
		return "a tag without a name";
	wrong = zc_markup_attributes(m, &closed);
	if (wrong)
		return wrong;
	if (closing)
		return m->depth && !strcmp(m->open[--m->depth], name) ? NULL : "a wrong end tag";
	for (size_t i = 0; m->html && i < ZC_LEN(void_elements); i++)
		closed = closed ||
			 (!strcmp(name, void_elements[i]) && strcmp(name, "rect") != 0);
	if (closed)
		return NULL;
	if (m->depth == ZC_LEN(m->open))
		return "too deep";
	strcpy(m->open[m->depth++], name);
	m->scripts += !strcmp(name, "script");
	if (m->html && (!strcmp(name, "script") || !strcmp(name, "style")))
		zc_markup_raw(m, name);
	return NULL;
}

static inline const char *zc_markup_wrong(const char *text, size_t len, bool html)
{
	static const char *const first[] = { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
					     "<!DOCTYPE html>\n" };
	struct zc_markup m = { .at = text, .end = text + len, .html = html };
	const char *wrong = NULL;

	if (len < strlen(first[html]) || memcmp(text, first[html], strlen(first[html])) != 0)
		return "it begins as something else";
	m.at += strlen(first[html]);
	while (!wrong && m.at < m.end)
		wrong = *m.at == '<' ? zc_markup_tag(&m) : zc_markup_text(&m, '<');
	if (wrong)
		return wrong;
	if (m.depth)
		return "an element without an end";
	return html && m.scripts != 1 ? "more than our own script" : NULL;
}

/* --- Markdown ---------------------------------------------------------------------------------------- */

/* Behind a code span that begins at at; NULL when it has no end in the line. */
static inline const char *zc_past_code(const char *at, const char *end)
{
	size_t fence = 0, run = 0;

	while (at + fence < end && at[fence] == '`')
		fence++;
	for (at += fence; at < end; at++) {
		run = *at == '`' ? run + 1 : 0;
		if (run == fence && (at + 1 == end || at[1] != '`'))
			return at + 1;
	}
	return NULL;
}

static inline const char *zc_markdown_line_wrong(const char *at, const char *end)
{
	static const char *const tags[] = { "<details>", "</details>", "<summary>", "</summary>" };
	bool table = at < end && *at == '|', html = at < end && *at == '<';
	unsigned pipes = 0;

	for (const char *c = at; table && c < end; c++)
		pipes += *c == '|' && c[-(c > at)] != '\\';
	if (table && pipes != 7)
		return "a table's row with other cells";
	while (at < end) {
		bool known = false;

		if (*at == '`' && !html) {
			at = zc_past_code(at, end);
			if (!at)
				return "a code span without an end";
			continue;
		}
		for (size_t i = 0; *at == '<' && i < ZC_LEN(tags); i++)
			known = known || ((size_t)(end - at) >= strlen(tags[i]) &&
					  !memcmp(at, tags[i], strlen(tags[i])));
		if (*at == '<' && !known)
			return "a tag that is not ours";
		if (*at == '[' && !html)
			return "a link";
		at++;
	}
	return NULL;
}

static inline const char *zc_markdown_wrong(const char *text, size_t len)
{
	const char *end = text + len, *wrong = NULL;

	if (len > (256u << 10))
		return "more than 256 KiB";
	while (!wrong && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		wrong = zc_markdown_line_wrong(text, newline ? newline : end);
		text = newline ? newline + 1 : end;
	}
	return wrong;
}

#endif
