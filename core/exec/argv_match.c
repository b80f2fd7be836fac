/* SPDX-License-Identifier: MIT */
/*
 * argv_match.c - one exec under the rules on commands.
 *
 * What a rule asks of the arguments is met in any order and however options are put together. Where it is
 * not clear what an argument means to the program, a rule matches rather than not: these rules are about
 * what people do by accident or on others' advice, and say so when they were wrong.
 */
#include "core/exec/argv.h"
#include "core/decide/judge.h"
#include "core/mem.h"
#include "core/path.h"

#define OPERAND_CAP 768u /* a longer path is no operand that a rule names */

struct text {
	const char *at;
	size_t len;
};

static const struct zc_image_argv_word *words_of(const struct zc_image *image, uint32_t first)
{
	return (const struct zc_image_argv_word *)zc_image_at(image, image->argv_words) + first;
}

static struct text text_of(const struct zc_image *image, const struct zc_image_argv_word *word)
{
	const char *strings = zc_image_at(image, image->strings);

	return (struct text){ strings + word->text, word->len };
}

static struct text base_of(const char *path, size_t len)
{
	size_t at = len;

	while (at > 0 && path[at - 1] != '/')
		at--;
	return (struct text){ path + at, len - at };
}

static bool is(struct text text, const char *word)
{
	return text.len == zc_len(word) && zc_equal(text.at, word, text.len);
}

/* ---- paths as patterns ---- */

static struct text next_part(struct text *rest)
{
	struct text part;

	while (rest->len && *rest->at == '/')
		rest->at++, rest->len--;
	part = (struct text){ rest->at, 0 };
	while (part.len < rest->len && part.at[part.len] != '/')
		part.len++;
	rest->at += part.len;
	rest->len -= part.len;
	return part;
}

/* "**" is any number of parts; of several the last one is tried again. below: a subtree is covered. */
static bool path_matches(struct text pattern, struct text path, bool below)
{
	struct text again_pattern = { NULL, 0 }, again_path = { NULL, 0 };

	for (;;) {
		struct text rest = pattern, left = path;
		struct text want = next_part(&rest), have = next_part(&left);

		if (is(want, "**")) {
			again_pattern = pattern = rest;
			again_path = path;
			if (!rest.len)
				return true;
			continue;
		}
		if (!want.len && (!have.len || below))
			return true;
		if (want.len && have.len && zc_glob_match(want.at, want.len, have.at, have.len)) {
			pattern = rest;
			path = left;
			continue;
		}
		if (!again_pattern.at || !again_path.len)
			return false;
		next_part(&again_path);
		pattern = again_pattern;
		path = again_path;
	}
}

/* ---- which program ---- */

bool zc_argv_is_named(const struct zc_image *image, uint32_t first, uint32_t count,
		      const char *name, size_t len)
{
	const struct zc_image_argv_word *words = words_of(image, first);

	for (uint32_t i = 0; i < count && len; i++) {
		struct text text = text_of(image, &words[i]);

		if (words[i].kind == ZC_ARG_NAME && zc_glob_match(text.at, text.len, name, len))
			return true;
	}
	return false;
}

/* What begins with its name, busybox takes for its own: "busybox.static". */
static bool is_many(struct text name)
{
	return (name.len >= 7 && zc_equal(name.at, "busybox", 7)) || is(name, "toybox");
}

/* The names that a program goes by. own: what it calls itself, which proves nothing. */
struct names {
	struct text real, given, own, applet;
	unsigned applet_at; /* the argument that says it */
};

/* "busybox busybox rm" is rm as well. */
static void take_applet(const struct zc_argv *argv, struct names *ret)
{
	for (unsigned i = 1; i < argv->count; i++) {
		ret->applet = base_of(argv->at[i].text, argv->at[i].len);
		ret->applet_at = i;
		if (!is_many(ret->applet))
			return;
	}
}

static void take_names(const struct zc_event *event, struct names *ret)
{
	const struct zc_object *object = &event->object[0];
	const struct zc_argv *argv = event->argv;

	*ret = (struct names){ 0 };
	if (object->path)
		ret->real = base_of(object->path, object->path_len);
	if (object->given)
		ret->given = base_of(object->given, object->given_len);
	if (argv && argv->count) {
		ret->own = base_of(argv->at[0].text, argv->at[0].len);
		if (ret->own.len > 1 && ret->own.at[0] == '-') /* a shell that signs somebody in */
			ret->own.at++, ret->own.len--;
		if (is_many(ret->real) || is_many(ret->own))
			take_applet(argv, ret);
	}
}

static bool file_matches(const struct zc_image *image, const struct zc_image_argv_word *word,
			 const char *path, size_t len)
{
	return path && path_matches(text_of(image, word), (struct text){ path, len }, true);
}

/* Returns 0, or where the arguments of the program begin. */
static unsigned program_matches(const struct zc_image *image, const struct zc_event *event,
				const struct names *names, uint32_t first, uint32_t count,
				bool trusts_own)
{
	const struct zc_image_argv_word *words = words_of(image, first);
	const struct zc_object *object = &event->object[0];

	if (zc_argv_is_named(image, first, count, names->real.at, names->real.len) ||
	    zc_argv_is_named(image, first, count, names->given.at, names->given.len) ||
	    (trusts_own && zc_argv_is_named(image, first, count, names->own.at, names->own.len)))
		return 1;
	if (zc_argv_is_named(image, first, count, names->applet.at, names->applet.len))
		return names->applet_at + 1;
	for (uint32_t i = 0; i < count; i++)
		if (words[i].kind == ZC_ARG_FILE &&
		    (file_matches(image, &words[i], object->path, object->path_len) ||
		     (trusts_own &&
		      file_matches(image, &words[i], object->given, object->given_len))))
			return 1;
	return 0;
}

/* ---- which arguments ---- */

/* The long names that everybody knows by one letter. */
static bool is_long_of(char letter, struct text option)
{
	const char *name = letter == 'r' || letter == 'R' ? "recursive"
			   : letter == 'f'                ? "force"
							  : NULL;

	return name && option.len > 2 && option.len - 2 <= zc_len(name) &&
	       zc_equal(option.at + 2, name, option.len - 2);
}

static bool is_short(char letter, struct text option)
{
	if (option.len < 2 || option.at[0] != '-')
		return false;
	if (option.at[1] == '-')
		return is_long_of(letter, option);
	for (size_t i = 1; i < option.len && option.at[i] != '='; i++)
		if (option.at[i] == letter)
			return true;
	return false;
}

/* "--force", "--force=x", and what a parser takes for it: "--for". */
static bool is_long(struct text name, struct text option)
{
	size_t len = 0;

	while (len < option.len && option.at[len] != '=')
		len++;
	return len > 4 && len <= name.len && zc_equal(option.at, name.at, len)
		       ? true
		       : len == name.len && zc_equal(option.at, name.at, len);
}

static bool is_path(const struct zc_argv *argv, const struct zc_image_argv_word *word,
		    struct text pattern, struct text argument)
{
	char buffer[OPERAND_CAP];
	long len;

	if (argument.len <= word->prefix_len ||
	    !zc_equal(argument.at, pattern.at, word->prefix_len))
		return false;
	argument.at += word->prefix_len, argument.len -= word->prefix_len;
	pattern.at += word->prefix_len, pattern.len -= word->prefix_len;
	if (argument.at[0] != '/' && !argv->cwd)
		return false;
	len = zc_path_join(buffer, sizeof(buffer), argv->cwd ? argv->cwd : "/",
			   argv->cwd ? argv->cwd_len : 1, argument.at, argument.len);
	if (len <= 0)
		return false;
	if (path_matches(pattern, (struct text){ buffer, (size_t)len }, false))
		return true;
	/* A '*' that no shell has expanded is all there is in the directory. */
	if (len < 2 || buffer[len - 1] != '*' || buffer[len - 2] != '/')
		return false;
	len = len > 2 ? len - 2 : 1;
	return path_matches(pattern, (struct text){ buffer, (size_t)len }, false);
}

static bool argument_matches(const struct zc_image *image, const struct zc_argv *argv,
			     const struct zc_image_argv_word *word, struct text argument,
			     bool operands)
{
	struct text text = text_of(image, word);

	switch (word->kind) {
	case ZC_ARG_TEXT: return zc_glob_match(text.at, text.len, argument.at, argument.len);
	case ZC_ARG_SHORT: return !operands && text.len && is_short(text.at[0], argument);
	case ZC_ARG_LONG: return !operands && is_long(text, argument);
	case ZC_ARG_PATH: return is_path(argv, word, text, argument);
	default: return false;
	}
}

static bool arguments_match(const struct zc_image *image, const struct zc_image_argv_rule *rule,
			    const struct zc_argv *argv, unsigned first)
{
	const struct zc_image_argv_word *words = words_of(image, rule->first + rule->programs);
	uint32_t wanted = (1u << rule->groups) - 1, met = 0;
	bool operands = false;

	for (unsigned i = first; argv && i < argv->count && met != wanted; i++) {
		struct text argument = { argv->at[i].text, argv->at[i].len };

		for (uint32_t n = 0; n < rule->arguments; n++)
			if (!(met >> words[n].group & 1) &&
			    argument_matches(image, argv, &words[n], argument, operands))
				met |= 1u << words[n].group;
		operands = operands || is(argument, "--");
	}
	return met == wanted;
}

/* ---- feeders ---- */

static uint32_t feeders_of(const struct zc_image_argv_rule *rule)
{
	return rule->first + rule->programs + rule->arguments;
}

static bool is_shell(const struct names *names)
{
	return zc_argv_is_shell(names->real.at, names->real.len) ||
	       zc_argv_is_shell(names->given.at, names->given.len) ||
	       zc_argv_is_shell(names->applet.at, names->applet.len);
}

void zc_argv_roles(const struct zc_image *image, const struct zc_event *event, uint64_t *ret_writes,
		   uint64_t *ret_reads, int *ret_script_fd)
{
	const struct zc_image_argv_rule *rules = zc_image_at(image, image->argv_rules);

	struct names names;

	take_names(event, &names);
	*ret_writes = *ret_reads = 0;
	*ret_script_fd = -1;
	for (uint32_t i = 0; i < image->argv_rules.count; i++) {
		const struct zc_image_argv_rule *rule = &rules[i];
		unsigned first;

		if (!rule->feeders)
			continue;
		if (program_matches(image, event, &names, feeders_of(rule), rule->feeders, true))
			*ret_writes |= 1ull << rule->feed;
		first = program_matches(image, event, &names, rule->first, rule->programs, true);
		if (first && event->argv && arguments_match(image, rule, event->argv, first)) {
			int fd = zc_argv_script_fd(event->argv, first, is_shell(&names));

			if (fd >= 0) {
				*ret_reads |= 1ull << rule->feed;
				*ret_script_fd = fd;
			}
		}
	}
}

/* The text that a shell is given: what it says is what will run. */
static bool text_feeds(const struct zc_image *image, const struct zc_image_argv_rule *rule,
		       const struct zc_event *event, const struct names *names)
{
	const struct zc_argv *argv = event->argv;

	if (!argv || !is_shell(names))
		return false;
	for (unsigned i = 1; i + 1 < argv->count; i++) {
		const struct zc_argument *option = &argv->at[i];

		if (option->len >= 2 && option->text[0] == '-' && option->text[1] != '-' &&
		    option->text[option->len - 1] == 'c')
			return zc_script_feeds(image, rule, argv->at[i + 1].text,
					       argv->at[i + 1].len);
	}
	return false;
}

/* ---- verdict ---- */

static bool rule_matches(const struct zc_image *image, const struct zc_image_argv_rule *rule,
			 const struct zc_event *event, const struct names *names, bool trusts_own)
{
	unsigned first;

	if (rule->feeders)
		return event->fed >> rule->feed & 1 || text_feeds(image, rule, event, names);
	first = program_matches(image, event, names, rule->first, rule->programs, trusts_own);
	return first && (!rule->arguments || arguments_match(image, rule, event->argv, first));
}

/* Which rule says what, the first of each. */
struct hits {
	uint32_t user[ZC_SAYS_COUNT], profile[ZC_SAYS_COUNT];
};

static void find_hits(const struct zc_image *image, const struct zc_event *event, struct hits *ret)
{
	const struct zc_image_argv_rule *rules = zc_image_at(image, image->argv_rules);
	struct names names;

	take_names(event, &names);
	for (unsigned says = 0; says < ZC_SAYS_COUNT; says++)
		ret->user[says] = ret->profile[says] = ZC_RULE_NONE;
	for (uint32_t i = 0; i < image->argv_rules.count; i++) {
		const struct zc_image_rule *rule = zc_image_rule(image, rules[i].rule);
		uint32_t *hit = rule->layer == ZC_LAYER_USER ? ret->user : ret->profile;

		if (hit[rule->says] == ZC_RULE_NONE &&
		    rule_matches(image, &rules[i], event, &names, rule->says >= ZC_SAYS_ASK))
			hit[rule->says] = rules[i].rule;
	}
}

static bool said(uint32_t rule)
{
	return rule != ZC_RULE_NONE;
}

static struct zc_judgement by(unsigned outcome, uint32_t rule)
{
	struct zc_judgement judgement = zc_judged(outcome, ZC_WHY_RULE, ZC_CLASS_RUN);

	judgement.rule = rule;
	return judgement;
}

static bool is_lifted(const struct zc_image *image, const struct zc_event *event,
		      const struct hits *hits)
{
	return said(hits->user[ZC_SAYS_ALLOW]) || said(hits->user[ZC_SAYS_LOG]) ||
	       zc_judge_is_named(image, &event->object[0], ZC_CLASS_RUN);
}

static bool limits(const uint32_t *rules)
{
	return said(rules[ZC_SAYS_ASK]) || said(rules[ZC_SAYS_DENY]) || said(rules[ZC_SAYS_QUIET]);
}

/* The same order as of rules on paths. */
struct zc_judgement zc_judge_argv(const struct zc_image *image, const struct zc_event *event,
				  uint32_t *ret_grants)
{
	struct hits hits;

	find_hits(image, event, &hits);
	*ret_grants = said(hits.user[ZC_SAYS_ALLOW]) ? hits.user[ZC_SAYS_ALLOW]
		      : said(hits.user[ZC_SAYS_LOG]) ? hits.user[ZC_SAYS_LOG]
		      : said(hits.user[ZC_SAYS_ASK]) ? hits.user[ZC_SAYS_ASK]
						     : hits.profile[ZC_SAYS_ALLOW];
	if (said(hits.user[ZC_SAYS_DENY]))
		return by(ZC_OUT_REFUSE, hits.user[ZC_SAYS_DENY]);
	if (said(hits.user[ZC_SAYS_QUIET]))
		return by(ZC_OUT_QUIET, hits.user[ZC_SAYS_QUIET]);
	if (limits(hits.profile) && is_lifted(image, event, &hits))
		for (unsigned says = ZC_SAYS_ASK; says < ZC_SAYS_COUNT; says++)
			hits.profile[says] = ZC_RULE_NONE;
	if (said(hits.profile[ZC_SAYS_DENY]))
		return by(ZC_OUT_REFUSE, hits.profile[ZC_SAYS_DENY]);
	if (said(hits.profile[ZC_SAYS_QUIET]))
		return by(ZC_OUT_QUIET, hits.profile[ZC_SAYS_QUIET]);
	if (said(hits.user[ZC_SAYS_ASK]))
		return by(ZC_OUT_ASK, hits.user[ZC_SAYS_ASK]);
	if (said(hits.profile[ZC_SAYS_ASK]))
		return by(ZC_OUT_ASK, hits.profile[ZC_SAYS_ASK]);
	if (said(hits.user[ZC_SAYS_LOG]))
		return by(ZC_OUT_LOG, hits.user[ZC_SAYS_LOG]);
	if (said(hits.profile[ZC_SAYS_LOG]))
		return by(ZC_OUT_LOG, hits.profile[ZC_SAYS_LOG]);
	return zc_judged(ZC_OUT_ALLOW, ZC_WHY_NO_ALLOW, ZC_CLASS_RUN);
}
