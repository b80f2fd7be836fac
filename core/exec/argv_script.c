/* SPDX-License-Identifier: MIT */
/*
 * argv_script.c - a shell's text, looked through for "curl ... | sh" and "sh <(curl ...)".
 *
 * No shell is imitated: words, quotes, pipes and brackets are told apart, nothing is expanded, and a name
 * in a variable is not seen. What a text hides this way is met when the shell starts it (feeds.h).
 */
#include "core/exec/argv.h"
#include "core/decide/judge.h"
#include "core/mem.h"

#define WORD 128u /* bytes of a word that are kept: names are shorter */
#define DEPTH 8u

struct scan {
	const struct zc_image *image;
	const struct zc_image_argv_rule *rule;
	struct level {
		bool fed;    /* an earlier stage of this pipe is a feeder */
		bool named;  /* the command's name has been read */
		bool reads;  /* it is a program of the rule */
		bool opened; /* by "<(" in such a command's words */
		bool quoted; /* inside double quotes */
		struct zc_script_source source;
	} level[DEPTH];
	unsigned depth;
	char word[WORD];
	uint32_t len;
	bool in_word, found;
};

static struct level *here(struct scan *s)
{
	return &s->level[s->depth];
}

static void put(struct scan *s, char c)
{
	s->in_word = true;
	if (s->len < WORD)
		s->word[s->len++] = c;
}

static bool is_word(const struct scan *s, const char *word)
{
	return s->len == zc_len(word) && zc_equal(s->word, word, s->len);
}

/* Words before a command's name: "VAR=x", "exec", "sudo", "-E". */
static bool is_before_name(const struct scan *s)
{
	static const char *const words[] = {
		"exec", "command", "builtin", "sudo", "doas",  "env",   "nohup", "nice", "time",
		"then", "do",      "else",    "if",   "while", "until", "!",     "{",    "setsid"
	};

	for (size_t i = 0; i < ZC_LEN(words); i++)
		if (is_word(s, words[i]))
			return true;
	if (s->word[0] == '-')
		return true;
	for (uint32_t i = 0; i < s->len && s->word[i] != '/'; i++)
		if (s->word[i] == '=')
			return i > 0;
	return false;
}

static void take_name(struct scan *s)
{
	const struct zc_image_argv_rule *rule = s->rule;
	uint32_t at = s->len;
	struct level *level = here(s);

	if (is_before_name(s))
		return;
	while (at > 0 && s->word[at - 1] != '/')
		at--;
	level->named = true;
	level->reads =
		zc_argv_is_named(s->image, rule->first, rule->programs, s->word + at, s->len - at);
	zc_source_begin(&level->source, zc_argv_is_shell(s->word + at, s->len - at));
	if (zc_argv_is_named(s->image, rule->first + rule->programs + rule->arguments,
			     rule->feeders, s->word + at, s->len - at)) {
		level->fed = true;
		if (level->opened)
			s->found = true;
	}
}

static void end_word(struct scan *s)
{
	struct level *level = here(s);

	if (s->in_word && !level->named)
		take_name(s);
	else if (s->in_word && level->reads)
		zc_source_word(&level->source, s->word, s->len);
	s->len = 0;
	s->in_word = false;
}

/* fed_before: whether a feeder stood before this command in its pipe. */
static void end_command(struct scan *s, bool piped)
{
	struct level *level = here(s);
	bool fed = level->fed;

	end_word(s);
	if (fed && level->named && level->reads && level->source.fd >= 0)
		s->found = true;
	level->fed = piped && level->fed;
	level->named = level->reads = false;
}

static void open_level(struct scan *s, bool substitutes)
{
	bool reads = here(s)->named && here(s)->reads;

	end_word(s);
	if (s->depth + 1 == DEPTH)
		return;
	s->depth++;
	*here(s) = (struct level){ .opened = substitutes && reads };
}

static void close_level(struct scan *s)
{
	bool fed;

	end_command(s, true);
	fed = here(s)->fed;
	if (s->depth == 0)
		return;
	s->depth--;
	if (!here(s)->named) /* "(curl ...) | sh" */
		here(s)->fed |= fed;
}

/* What stands between single quotes, or behind a backslash; returns where it ends. */
static size_t take_quoted(struct scan *s, const char *text, size_t len, size_t at)
{
	char quote = text[at++];

	if (quote == '\\') {
		if (at < len && text[at] != '\n')
			put(s, text[at]);
		return at + 1;
	}
	s->in_word = true;
	while (at < len && text[at] != '\'')
		put(s, text[at++]);
	return at + 1;
}

static size_t take_mark(struct scan *s, const char *text, size_t len, size_t at)
{
	char c = text[at], next = at + 1 < len ? text[at + 1] : '\0';

	switch (c) {
	case '|': end_command(s, next != '|'); return at + (next == '|' || next == '&' ? 2 : 1);
	case '&':
		if (next == '>' || (at > 0 && text[at - 1] == '>'))
			return at + 1;
		end_command(s, false);
		return at + (next == '&' ? 2 : 1);
	case ';':
	case '\n': end_command(s, false); return at + 1;
	case '(': open_level(s, at > 0 && text[at - 1] == '<'); return at + 1;
	case ')': close_level(s); return at + 1;
	case '#':
		if (!s->in_word) {
			while (at < len && text[at] != '\n')
				at++;
			return at;
		}
		put(s, c);
		return at + 1;
	default: end_word(s); return at + 1; /* a blank, '<', '>' */
	}
}

static bool is_mark(char c)
{
	return c == '|' || c == '&' || c == ';' || c == '\n' || c == '(' || c == ')' || c == ' ' ||
	       c == '\t' || c == '<' || c == '>' || c == '#';
}

bool zc_script_feeds(const struct zc_image *image, const struct zc_image_argv_rule *rule,
		     const char *text, size_t len)
{
	struct scan s = { .image = image, .rule = rule };

	for (size_t at = 0; at < len && text[at] && !s.found;) {
		char c = text[at];

		if (c == '\\' || (c == '\'' && !here(&s)->quoted)) {
			at = take_quoted(&s, text, len, at);
		} else if (c == '"') {
			here(&s)->quoted = !here(&s)->quoted;
			s.in_word = true;
			at++;
		} else if (c == '$' && at + 1 < len && text[at + 1] == '(') {
			open_level(&s, false);
			at += 2;
		} else if (is_mark(c) && (!here(&s)->quoted || c == ')') && c != '\0') {
			at = take_mark(&s, text, len, at);
		} else {
			put(&s, c);
			at++;
		}
	}
	end_command(&s, false);
	return s.found;
}
