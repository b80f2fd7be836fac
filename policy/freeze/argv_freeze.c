/* SPDX-License-Identifier: MIT */
/*
 * argv_freeze.c - rules on commands into the image; command lines of expectations into arguments.
 */
#include <errno.h>
#include <string.h>

#include "policy/freeze/freeze.h"
#include "policy/language/argv.h"
#include "policy/language/language.h"

/* A program's file in both forms, as with rules on paths: as written, and where it leads. */
static int build_file(struct zc_policy_set *set, struct zc_resolver *resolver,
		      struct zc_build *build, const struct zc_rule *rule,
		      const struct zc_argv_word *word, struct zc_policy_error *error)
{
	struct zc_rule file = { .origin = rule->origin,
				.layer = rule->layer,
				.says = rule->says,
				.cls = ZC_CLASS_RUN,
				.written = rule->written,
				.value = word->value };
	int r = zc_expand_rule(set, resolver, &file, error);

	for (uint32_t i = 0; i < file.patterns_count && r == 0; i++) {
		const struct zc_build_word built = { .part = word->part,
						     .kind = word->kind,
						     .text = file.patterns[i].text };

		r = zc_build_argv_word(build, &built);
	}
	return r;
}

/* Where a variable has no value nothing is meant by it; the group must not be met by accident. */
static int build_operand(struct zc_policy_set *set, struct zc_build *build,
			 const struct zc_rule *rule, const struct zc_argv_word *word,
			 struct zc_policy_error *error)
{
	struct zc_build_word built = { .part = word->part,
				       .kind = word->kind,
				       .group = word->group };
	const char *wrong = NULL, *path, *prefix = word->prefix ? word->prefix : "";
	struct zc_path_value *value = zc_set_alloc(set, sizeof(*value));

	if (value == NULL)
		return zc_fail_memory(error);
	wrong = zc_value_decode(word->value, value);
	path = wrong ? NULL : zc_expand_value(set, value, &wrong);
	if (path == NULL && wrong == NULL)
		return zc_fail_memory(error);
	if (path == NULL && rule->layer < ZC_LAYER_USER)
		path = "";
	if (path == NULL)
		return zc_fail(error, rule->origin, "'%.400s': %s", word->value, wrong);
	built.prefix_len = strlen(prefix);
	built.text = *path ? zc_set_format(set, "%s%s", prefix, path) : "";
	if (!*path)
		built.kind = ZC_ARG_LONG, built.prefix_len = 0; /* an empty one meets nothing */
	return built.text ? zc_build_argv_word(build, &built) : zc_fail_memory(error);
}

static int build_word(struct zc_policy_set *set, struct zc_resolver *resolver,
		      struct zc_build *build, const struct zc_rule *rule,
		      const struct zc_argv_word *word, struct zc_policy_error *error)
{
	const struct zc_build_word built = {
		.part = word->part, .kind = word->kind, .group = word->group, .text = word->text
	};

	if (word->kind == ZC_ARG_FILE)
		return build_file(set, resolver, build, rule, word, error);
	if (word->kind == ZC_ARG_PATH)
		return build_operand(set, build, rule, word, error);
	return zc_build_argv_word(build, &built);
}

int zc_argv_build(struct zc_policy_set *set, struct zc_resolver *resolver, struct zc_build *build,
		  const struct zc_rule *rule, int number, struct zc_policy_error *error)
{
	const struct zc_argv_value *value = rule->argv;
	int r = zc_build_argv(build, number, value->groups, value->risk);

	for (unsigned part = ZC_ARGV_PROGRAM; part <= ZC_ARGV_FEEDER; part++)
		for (uint32_t i = 0; i < value->count && r == 0; i++)
			if (value->words[i].part == part)
				r = build_word(set, resolver, build, rule, &value->words[i], error);
	return r;
}

static bool is_blank_of_line(char c)
{
	return c == ' ' || c == '\t';
}

int zc_argv_split(struct zc_policy_set *set, const char *line, const char **ret, size_t cap)
{
	char *out = zc_set_alloc(set, strlen(line) + 2), quote = '\0';
	size_t count = 0;
	bool inside = false;

	if (out == NULL)
		return -ENOMEM;
	for (; *line != '\0'; line++) {
		bool ends = !quote && is_blank_of_line(*line);

		if (ends && inside)
			*out++ = '\0';
		inside = inside && !ends;
		if (ends)
			continue;
		if (!inside) {
			if (count == cap)
				return (int)count;
			ret[count++] = out;
			inside = true;
		}
		if (quote == *line)
			quote = '\0';
		else if (!quote && (*line == '\'' || *line == '"'))
			quote = *line;
		else if (*line == '\\' && quote != '\'' && line[1] != '\0')
			*out++ = *++line;
		else
			*out++ = *line;
	}
	return quote ? -EINVAL : (int)count;
}
