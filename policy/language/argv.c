/* SPDX-License-Identifier: MIT */
/*
 * argv.c - rules on commands: what may stand after -run besides a path.
 *
 *   value   = PROGRAM clause...          one clause at least; without one it is a path (value.c)
 *   clause  = "with" ARGUMENT...         each must be there, in any order
 *           | "fed-by" PROGRAM           it reads its script from a pipe that this one writes
 *           | "risk=low|medium|high|critical"
 *           | "because" TEXT             to the end; people read it
 *   A|B     either; a PROGRAM is a path (it has a '/', '~' or a variable) or a name; '*' is any bytes
 *
 *   deny-run rm with -r|--recursive /|/etc|${HOME} risk=critical because nothing comes back
 *   ask-run git with push
 *   deny-run sh|bash|python* fed-by curl|wget risk=high
 *
 * What an ARGUMENT is, its first bytes say: "/", "~" and "${" a path, so that "//", "/." and "../.." are
 * what they lead to; "of=/dev/sd*" a path behind "of="; "--force" a long option; "-rf" up to three letters
 * of options, however they are put together; anything else is the argument as it stands.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/language/argv.h"
#include "policy/language/language.h"

#define CLUSTER_MAX 3u

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The length of the word at text: to a blank that is not escaped. */
static size_t word_len(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0' && !is_blank(text[len]))
		len += text[len] == '\\' && text[len + 1] != '\0' ? 2 : 1;
	return len;
}

static const char *next_word(const char *text)
{
	text += word_len(text);
	return text + strspn(text, " \t");
}

static bool is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

enum clause { NO_CLAUSE, WITH, FED_BY, RISK, BECAUSE };

static enum clause clause_of(const char *word, size_t len)
{
	if (is(word, len, "with"))
		return WITH;
	if (is(word, len, "fed-by"))
		return FED_BY;
	if (is(word, len, "because"))
		return BECAUSE;
	return len >= 5 && memcmp(word, "risk=", 5) == 0 ? RISK : NO_CLAUSE;
}

bool zc_argv_is_rule(const char *value)
{
	const char *second = next_word(value);

	return *value != '\0' && *second != '\0' &&
	       clause_of(second, word_len(second)) != NO_CLAUSE;
}

/* ---- one word ---- */

struct parser {
	struct zc_policy_set *set;
	const struct zc_statement *at;
	const char *value;
	struct zc_argv_value *ret;
	struct zc_policy_error *error;
	char *canonical;
	size_t canonical_len, canonical_cap;
	bool has_arguments, has_risk;
};

static int wrong(struct parser *p, const char *word, size_t len, const char *what)
{
	return zc_fail(p->error, p->at->origin, "'%.*s': %s", (int)(len < 200 ? len : 200), word,
		       what);
}

static int spell(struct parser *p, const char *text, const char *separator)
{
	size_t len = strlen(text), more = strlen(separator);

	if (p->canonical_len + len + more + 1 > p->canonical_cap)
		return wrong(p, p->value, strlen(p->value), "the rule is too long");
	memcpy(p->canonical + p->canonical_len, separator, more);
	memcpy(p->canonical + p->canonical_len + more, text, len + 1);
	p->canonical_len += len + more;
	return 0;
}

/* The canonical spelling of one alternative: a bar in it, and what would be a clause, are escaped. */
static const char *spell_plain(struct zc_policy_set *set, const char *text, size_t len)
{
	const char *encoded = zc_value_encode(set, text, len, false), *c = encoded;
	char *out = encoded ? zc_set_alloc(set, 4 * strlen(encoded) + 5) : NULL, *to = out;

	if (out == NULL)
		return NULL;
	if (clause_of(encoded, strlen(encoded)) != NO_CLAUSE) {
		to += sprintf(to, "\\x%02x", (unsigned char)*c);
		c++;
	}
	for (; *c != '\0'; c++) {
		if (*c == '|')
			to += sprintf(to, "\\x7c");
		else
			*to++ = *c;
	}
	return out;
}

static struct zc_argv_word *add_word(struct parser *p, unsigned part, unsigned kind, unsigned group)
{
	struct zc_argv_value *value = p->ret;
	struct zc_argv_word *word;

	if (value->count == ZC_ARGV_WORDS)
		return NULL;
	word = &value->words[value->count++];
	*word = (struct zc_argv_word){ .part = (uint8_t)part,
				       .kind = (uint8_t)kind,
				       .group = (uint8_t)group };
	return word;
}

/* The path of a program or an operand, kept with its variable until the policy is frozen. */
static int take_path(struct parser *p, struct zc_argv_word *word, struct zc_path_value *path,
		     const char *prefix, const char **ret_spelled)
{
	const char *why = NULL, *value = zc_value_canonical(p->set, path, p->at->base, &why);

	if (value == NULL)
		return why ? wrong(p, path->text, path->len, why) : zc_fail_memory(p->error);
	word->value = value;
	word->prefix = prefix;
	word->text = zc_set_format(p->set, "%s%s", prefix ? prefix : "", value);
	*ret_spelled = word->text;
	return word->text ? 0 : zc_fail_memory(p->error);
}

static int take_text(struct parser *p, struct zc_argv_word *word, const struct zc_path_value *text,
		     const char **ret_spelled)
{
	word->text = zc_set_copy(p->set, text->text, text->len);
	*ret_spelled = spell_plain(p->set, text->text, text->len);
	return word->text && *ret_spelled ? 0 : zc_fail_memory(p->error);
}

static bool is_cluster(const struct zc_path_value *text)
{
	if (text->len < 2 || text->len > CLUSTER_MAX + 1 || text->text[0] != '-')
		return false;
	for (size_t i = 1; i < text->len; i++) {
		char c = text->text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) ||
		    memchr(text->text + 1, c, i - 1) != NULL)
			return false;
	}
	return true;
}

/* "-rf" alone is two groups of one letter each. */
static int take_cluster(struct parser *p, const struct zc_path_value *text, bool alone,
			const char **ret_spelled)
{
	if (text->len > 2 && !alone)
		return wrong(
			p, text->text, text->len,
			"between bars an option has one letter: write '-r|-f', or '-rf' alone");
	for (size_t i = 1; i < text->len; i++) {
		struct zc_argv_word *word;

		if (i > 1)
			p->ret->groups++;
		word = p->ret->groups < ZC_ARGV_GROUPS
			       ? add_word(p, ZC_ARGV_ARGUMENT, ZC_ARG_SHORT, p->ret->groups)
			       : NULL;
		if (word == NULL)
			return wrong(p, text->text, text->len, "the rule has too many words");
		word->text = zc_set_copy(p->set, text->text + i, 1);
		if (word->text == NULL)
			return zc_fail_memory(p->error);
	}
	*ret_spelled = spell_plain(p->set, text->text, text->len);
	return *ret_spelled ? 0 : zc_fail_memory(p->error);
}

static const char *decode(const char *from, size_t len, char *buffer, size_t cap,
			  struct zc_path_value *ret)
{
	const char *why;

	if (len == 0)
		return "there is nothing between the bars";
	if (len >= cap)
		return "the word is too long";
	memcpy(buffer, from, len);
	buffer[len] = '\0';
	why = zc_value_decode(buffer, ret);
	if (why == NULL && ret->literal)
		why = "a '*' that is none cannot be asked for here";
	return why;
}

/* One alternative of an argument. */
static int take_argument(struct parser *p, const char *from, size_t len, bool alone,
			 const char **ret_spelled)
{
	char buffer[ZC_ARGV_WORD + 1];
	struct zc_path_value text;
	const char *why = decode(from, len, buffer, sizeof(buffer), &text), *equals;
	struct zc_argv_word *word;
	unsigned kind = ZC_ARG_TEXT;

	if (why != NULL)
		return wrong(p, from, len, why);
	if (text.variable == ZC_VAR_NONE && is_cluster(&text))
		return take_cluster(p, &text, alone, ret_spelled);
	equals = strchr(text.text, '=');
	if (text.variable != ZC_VAR_NONE || text.text[0] == '/')
		kind = ZC_ARG_PATH;
	else if (equals && equals[1] == '/' &&
		 memchr(text.text, '*', (size_t)(equals - text.text)) == NULL)
		kind = ZC_ARG_PATH;
	else if (text.len > 2 && strncmp(text.text, "--", 2) == 0 && !equals && !text.wild)
		kind = ZC_ARG_LONG;
	word = add_word(p, ZC_ARGV_ARGUMENT, kind, p->ret->groups);
	if (word == NULL)
		return wrong(p, from, len, "the rule has too many words");
	if (kind != ZC_ARG_PATH)
		return take_text(p, word, &text, ret_spelled);
	if (text.variable == ZC_VAR_NONE && text.text[0] != '/') {
		const char *prefix =
			zc_set_copy(p->set, text.text, (size_t)(equals + 1 - text.text));
		size_t skip = (size_t)(equals + 1 - text.text);

		memmove(text.text, text.text + skip, text.len - skip + 1);
		text.len -= skip;
		return prefix ? take_path(p, word, &text, prefix, ret_spelled)
			      : zc_fail_memory(p->error);
	}
	return take_path(p, word, &text, NULL, ret_spelled);
}

/* One alternative of a program, or of a feeder. */
static int take_program(struct parser *p, unsigned part, const char *from, size_t len,
			const char **ret_spelled)
{
	char buffer[ZC_ARGV_WORD + 1];
	struct zc_path_value text;
	const char *why = decode(from, len, buffer, sizeof(buffer), &text);
	bool file = why == NULL && (text.variable != ZC_VAR_NONE || strchr(text.text, '/') != NULL);
	struct zc_argv_word *word;

	if (why == NULL && file && part == ZC_ARGV_FEEDER)
		why = "a feeder goes by its name, without directories";
	if (why != NULL)
		return wrong(p, from, len, why);
	word = add_word(p, part, file ? ZC_ARG_FILE : ZC_ARG_NAME, 0);
	if (word == NULL)
		return wrong(p, from, len, "the rule has too many words");
	return file ? take_path(p, word, &text, NULL, ret_spelled)
		    : take_text(p, word, &text, ret_spelled);
}

static size_t alternative_len(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && text[at] != '|')
		at += text[at] == '\\' && at + 1 < len ? 2 : 1;
	return at < len ? at : len;
}

/* A whole word: its alternatives. */
static int take_word(struct parser *p, unsigned part, const char *word, size_t len,
		     const char *before)
{
	bool alone = alternative_len(word, len) == len;
	const char *separator = before;

	for (;;) {
		size_t part_len = alternative_len(word, len);
		const char *spelled = NULL;
		int r = part == ZC_ARGV_ARGUMENT ? take_argument(p, word, part_len, alone, &spelled)
						 : take_program(p, part, word, part_len, &spelled);

		if (r == 0)
			r = spell(p, spelled, separator);
		if (r != 0 || part_len == len)
			return r;
		separator = "|";
		word += part_len + 1;
		len -= part_len + 1;
	}
}

/* ---- clauses ---- */

static int take_risk(struct parser *p, const char *word, size_t len)
{
	for (unsigned risk = ZC_RISK_LOW; risk < ZC_RISKS; risk++)
		if (is(word + 5, len - 5, zc_risk_name(risk)) && !p->has_risk) {
			p->ret->risk = (uint8_t)risk;
			p->has_risk = true;
			return 0;
		}
	return wrong(p, word, len,
		     p->has_risk ? "the risk is there twice"
				 : "a risk is low, medium, high or critical");
}

static int take_arguments(struct parser *p, const char **rest)
{
	bool any = false;

	while (**rest != '\0' && clause_of(*rest, word_len(*rest)) == NO_CLAUSE) {
		int r;

		if (p->ret->groups == ZC_ARGV_GROUPS)
			return wrong(p, *rest, word_len(*rest), "the rule has too many words");
		r = take_word(p, ZC_ARGV_ARGUMENT, *rest, word_len(*rest), any ? " " : " with ");
		if (r != 0)
			return r;
		p->ret->groups++;
		any = true;
		*rest = next_word(*rest);
	}
	return any ? 0 : wrong(p, p->value, strlen(p->value), "'with' is followed by arguments");
}

static int take_clause(struct parser *p, const char **rest)
{
	const char *word = *rest;
	size_t len = word_len(word);

	*rest = next_word(word);
	switch (clause_of(word, len)) {
	case WITH:
		if (p->ret->groups > 0)
			return wrong(p, word, len, "'with' is there twice");
		return take_arguments(p, rest);
	case FED_BY:
		if (p->ret->feeds)
			return wrong(p, word, len, "'fed-by' is there twice");
		p->ret->feeds = true;
		if (**rest == '\0')
			return wrong(p, word, len, "'fed-by' is followed by programs");
		word = *rest;
		*rest = next_word(word);
		return take_word(p, ZC_ARGV_FEEDER, word, word_len(word), " fed-by ");
	case RISK: return take_risk(p, word, len);
	case BECAUSE:
		if (**rest == '\0')
			return wrong(p, word, len, "'because' is followed by a reason");
		p->ret->because = *rest;
		*rest += strlen(*rest);
		return 0;
	case NO_CLAUSE: break;
	}
	return wrong(p, word, len,
		     "expected 'with', 'fed-by', 'risk=' or 'because'; a blank in a name is "
		     "written '\\ '");
}

/* Clauses come in any order, and are spelled in one. */
static int finish(struct parser *p)
{
	int r = 0;

	if (p->ret->risk)
		r = spell(p, zc_risk_name(p->ret->risk), " risk=");
	if (r == 0 && p->ret->because)
		r = spell(p, p->ret->because, " because ");
	return r;
}

int zc_argv_parse(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		  struct zc_argv_value **ret, const char **ret_canonical,
		  struct zc_policy_error *error)
{
	struct parser p = { .set = set, .at = at, .value = value, .error = error };
	const char *rest = next_word(value);
	int r;

	p.canonical_cap = 4 * strlen(value) + ZC_PATH_CAP;
	p.canonical = zc_set_alloc(set, p.canonical_cap);
	p.ret = zc_set_alloc(set, sizeof(*p.ret));
	if (p.canonical == NULL || p.ret == NULL)
		return zc_fail_memory(error);
	r = take_word(&p, ZC_ARGV_PROGRAM, value, word_len(value), "");
	while (r == 0 && *rest != '\0')
		r = take_clause(&p, &rest);
	if (r == 0)
		r = finish(&p);
	*ret = p.ret;
	*ret_canonical = p.canonical;
	return r;
}
