/* SPDX-License-Identifier: MIT */
/*
 * escape.c - see escape.h.
 */
#include <string.h>

#include "evidence/story/escape.h"
#include "text/text.h"

/*
 * Copies text; spell returns what a byte becomes, or NULL to leave it. Grows six-fold at most. What
 * was spelled out already is plain, so its backslashes are not doubled once more.
 */
static struct zc_str replaced(struct zc_report *report, struct zc_str text,
			      const char *(*spell)(char byte))
{
	char *room;
	size_t to = 0;

	if (text.at && !zc_text_plain(text.at, text.len))
		text = zc_report_shown(report, text);
	room = text.at ? zc_report_room(report, text.len * 6 + 1) : NULL;
	if (!room)
		return (struct zc_str){ "", 0 };
	for (size_t i = 0; i < text.len; i++) {
		const char *instead = spell(text.at[i]);
		size_t len = instead ? strlen(instead) : 1;

		memcpy(room + to, instead ? instead : text.at + i, len);
		to += len;
	}
	room[to] = '\0';
	return (struct zc_str){ room, to };
}

static const char *spell_xml(char byte)
{
	switch (byte) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

struct zc_str zc_escape_xml(struct zc_report *report, struct zc_str text)
{
	struct zc_str escaped = replaced(report, text, spell_xml);
	char *at = (char *)(uintptr_t)escaped.at, *end = at + escaped.len;

	/* U+FFFE and U+FFFF are text in UTF-8 but not in XML 1.0. */
	while ((at = memmem(at, (size_t)(end - at), "\xef\xbf", 2)) && at + 2 < end) {
		if ((unsigned char)at[2] >= 0xbe)
			at[2] = (char)0xbd;
		at += 3;
	}
	return escaped;
}

static const char *spell_pipe(char byte)
{
	return byte == '|' ? "\\|" : NULL;
}

static const char *spell_pipe_in_hex(char byte)
{
	return byte == '|' ? "\\x7c" : NULL;
}

struct zc_str zc_escape_code(struct zc_report *report, struct zc_str text)
{
	/* Behind a backslash of the text, the one that guards a pipe would be the one guarded. */
	bool odd = text.at && memmem(text.at, text.len, "\\|", 2);
	struct zc_str body = replaced(report, text, odd ? spell_pipe_in_hex : spell_pipe);
	size_t run = 0, longest = 0, fence;
	char *room;

	for (size_t i = 0; i < body.len; i++) {
		run = body.at[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	fence = longest + 1;
	room = zc_report_room(report, body.len + 2 * fence + 3);
	if (!room || !body.len)
		return (struct zc_str){ " ", 1 };
	memset(room, '`', 2 * fence + 2 + body.len);
	room[fence] = room[fence + 1 + body.len] = ' ';
	memcpy(room + fence + 1, body.at, body.len);
	room[2 * fence + 2 + body.len] = '\0';
	return (struct zc_str){ room, 2 * fence + 2 + body.len };
}

static const char *spell_message(char byte)
{
	return byte == '%' ? "%25" : byte == '\r' ? "%0D" : byte == '\n' ? "%0A" : NULL;
}

static const char *spell_property(char byte)
{
	return byte == ':' ? "%3A" : byte == ',' ? "%2C" : spell_message(byte);
}

struct zc_str zc_escape_command(struct zc_report *report, struct zc_str text, bool property)
{
	return replaced(report, text, property ? spell_property : spell_message);
}

struct zc_str zc_escape_uri(struct zc_report *report, struct zc_str path)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/";
	char *room = zc_report_room(report, path.len * 3 + 8);
	size_t to = 0;

	if (!room || !path.at)
		return (struct zc_str){ "", 0 };
	if (path.len && path.at[0] == '/') {
		memcpy(room, "file://", 7);
		to = 7;
	}
	for (size_t i = 0; i < path.len; i++) {
		unsigned char byte = (unsigned char)path.at[i];

		if (byte && strchr(plain, byte)) {
			room[to++] = (char)byte;
			continue;
		}
		room[to++] = '%';
		room[to++] = digits[byte >> 4];
		room[to++] = digits[byte & 15];
	}
	room[to] = '\0';
	return (struct zc_str){ room, to };
}

struct zc_str zc_escape_cut(struct zc_report *report, struct zc_str text, size_t cap)
{
	size_t len = cap;

	if (text.len <= cap)
		return text;
	while (len && ((unsigned char)text.at[len] & 0xc0) == 0x80)
		len--;
	text = zc_report_printf(report, "%.*s...", (int)len, text.at);
	return text;
}
