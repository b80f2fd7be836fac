/* SPDX-License-Identifier: MIT */
/*
 * expand.c - from canonical values to patterns: variables, and where symbolic links lead.
 *
 * A rule holds for the path as written and for where it leads: an allow must hold for what the kernel
 * opens, a deny also for the name that was given. Only the part before the first wildcard can be
 * followed; what does not exist yet is appended as it stands.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/path.h"
#include "policy/freeze/freeze.h"
#include "policy/language/language.h"

/* The repository that holds the project: the nearest ".git" at or above it, or NULL. */
static const char *find_git(struct zc_policy_set *set)
{
	size_t len = set->project != NULL ? strlen(set->project) : 0;
	const char *git;

	while (len > 0) {
		git = zc_set_format(set, "%.*s/.git", len == 1 ? 0 : (int)len, set->project);
		if (git == NULL || access(git, F_OK) == 0)
			return git;
		if (len == 1)
			break;
		len = zc_path_parent(set->project, len);
	}
	return NULL;
}

const char *zc_expand_value(struct zc_policy_set *set, const struct zc_path_value *value,
			    const char **ret_wrong)
{
	const char *const bases[ZC_VAR_COUNT] = {
		[ZC_VAR_NONE] = "/",
		[ZC_VAR_HOME] = set->home,
		[ZC_VAR_PROJECT] = set->project,
		[ZC_VAR_TMPDIR] = set->tmpdir,
		[ZC_VAR_SHIM] = set->world.shim_path,
		[ZC_VAR_GIT] = value->variable == ZC_VAR_GIT ? find_git(set) : NULL,
		[ZC_VAR_OTHERS] = "/proc",
	};
	const char *base = bases[value->variable], *rest = value->text;
	char buffer[ZC_PATH_CAP];
	long len;

	if (base == NULL) {
		*ret_wrong = "the variable has no value here";
		return NULL;
	}
	if (value->variable != ZC_VAR_NONE && value->wild && strchr(base, '*') != NULL) {
		*ret_wrong = "the variable's value has a '*' in it";
		return NULL;
	}
	if (value->variable != ZC_VAR_NONE)
		rest += *rest == '/';
	len = zc_path_join(buffer, sizeof(buffer), base, strlen(base), rest, strlen(rest));
	if (len < 0)
		*ret_wrong = "the path is longer than 4095 bytes";
	return len < 0 ? NULL : zc_set_copy(set, buffer, (size_t)len);
}

/* Bytes before the component with the first wildcard, without the slash; the whole when literal. */
static size_t literal_prefix(const char *path, bool wild)
{
	size_t len = wild ? strcspn(path, "*") : strlen(path);

	if (path[len] == '\0')
		return len;
	while (len > 1 && path[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : 1;
}

/* Adds the path, and the path it leads to, to pattern[]; returns how many that were, or fails. */
static int both_forms(struct zc_policy_set *set, struct zc_resolver *resolver, const char *path,
		      bool wild, struct zc_pattern *pattern, const char **ret_wrong)
{
	char real[ZC_PATH_CAP];
	size_t len = strlen(path), prefix;
	long real_len;

	/* A directory covers its subtree: "x/" and "**" say the same as "x". */
	while (wild && len >= 3 && memcmp(path + len - 3, "/**", 3) == 0)
		len -= 3;
	path = len == 0 ? "/" : zc_set_copy(set, path, len);
	if (path == NULL)
		return -ENOMEM;
	wild = wild && strchr(path, '*') != NULL;
	pattern[0] = (struct zc_pattern){ path, !wild };
	prefix = literal_prefix(path, wild);
	real_len = zc_resolve(resolver, path, prefix, real, sizeof(real));
	if (real_len < 0) {
		*ret_wrong = "the path it leads to is longer than 4095 bytes";
		return -EINVAL;
	}
	if ((size_t)real_len == prefix && memcmp(real, path, prefix) == 0)
		return 1;
	if (wild && strchr(real, '*') != NULL) {
		*ret_wrong = "it leads to a directory with a '*' in its name";
		return -EINVAL;
	}
	pattern[1].literal = !wild;
	pattern[1].text = zc_set_format(set, "%s%s",
					real_len == 1 && path[prefix] == '/' ? "" : real,
					path[prefix] == '/' || prefix == 1 ? path + prefix : "");
	return pattern[1].text != NULL ? 2 : -ENOMEM;
}

/* One pattern for each first digit: own entries are spelled "self" and must not match. */
static int expand_others(struct zc_policy_set *set, struct zc_rule *rule,
			 const struct zc_path_value *value)
{
	struct zc_pattern *patterns = zc_set_alloc(set, 9 * sizeof(*patterns));

	if (patterns == NULL)
		return -ENOMEM;
	for (int i = 0; i < 9; i++) {
		patterns[i].text = zc_set_format(set, "/proc/%d*%s", i + 1, value->text);
		if (patterns[i].text == NULL)
			return -ENOMEM;
	}
	rule->patterns = patterns;
	rule->patterns_count = 9;
	return 0;
}

static int note(struct zc_policy_set *set, const struct zc_rule *rule, const char *what)
{
	return zc_texts_add(&set->notes,
			    zc_set_format(set, "%s: %s: %s", zc_origin_text(set, rule->origin),
					  zc_rule_text(set, rule, true), what));
}

static int expand_path(struct zc_policy_set *set, struct zc_resolver *resolver,
		       struct zc_rule *rule, const struct zc_path_value *value,
		       const char **ret_wrong)
{
	struct zc_pattern *patterns;
	const char *path;
	int count;

	if (value->variable == ZC_VAR_WRITABLE)
		return 0;
	if (value->variable == ZC_VAR_OTHERS)
		return expand_others(set, rule, value);
	path = zc_expand_value(set, value, ret_wrong);
	if (path == NULL)
		return *ret_wrong != NULL ? -EINVAL : -ENOMEM;
	if (rule->layer == ZC_LAYER_PROFILE && rule->cls == ZC_CLASS_WRITE &&
	    value->variable != ZC_VAR_NONE && rule->says <= ZC_SAYS_LOG && strcmp(path, "/") == 0)
		return note(set, rule, "it is '/', so it allows nothing; name what may be written");
	patterns = zc_set_alloc(set, 2 * sizeof(*patterns));
	if (patterns == NULL)
		return -ENOMEM;
	count = both_forms(set, resolver, path, value->wild, patterns, ret_wrong);
	if (count < 0)
		return count;
	for (int i = 0; i < count && value->itself; i++) {
		const char *text = patterns[i].text;

		patterns[i].text = zc_set_format(set, "%s/.", strcmp(text, "/") ? text : "");
		if (patterns[i].text == NULL)
			return -ENOMEM;
	}
	rule->patterns = patterns;
	rule->patterns_count = (uint32_t)count;
	return 0;
}

int zc_expand_rule(struct zc_policy_set *set, struct zc_resolver *resolver, struct zc_rule *rule,
		   struct zc_policy_error *error)
{
	const char *wrong = NULL, *text = rule->value;
	struct zc_path_value value;
	int r;

	if (rule->everything || rule->argv != NULL || rule->patterns != NULL ||
	    rule->cls > ZC_CLASS_NET)
		return 0;
	if (rule->cls == ZC_CLASS_NET) {
		if (strncmp(text, "unix:", 5) != 0 || text[5] == '@')
			return 0;
		text += 5;
	}
	wrong = zc_value_decode(text, &value);
	r = wrong != NULL ? -EINVAL : expand_path(set, resolver, rule, &value, &wrong);
	/* A profile speaks of places that need not be there: no $HOME, no repository. */
	if (r == -EINVAL && rule->layer < ZC_LAYER_USER && value.variable != ZC_VAR_NONE)
		return 0;
	if (r == -EINVAL)
		return zc_fail(error, rule->origin, "'%.400s': %s", rule->written, wrong);
	return r < 0 ? zc_fail_memory(error) : 0;
}

/* A pattern that ends in "/.", without that end. */
static bool covers_itself(const char *text, size_t text_len, const char *path, size_t len)
{
	size_t t = 1, at = 1;

	while (t < text_len && at < len) {
		size_t n = 0, m = 0;

		while (t + n < text_len && text[t + n] != '/')
			n++;
		while (at + m < len && path[at + m] != '/')
			m++;
		if (!zc_glob_match(text + t, n, path + at, m))
			return false;
		t += n + 1;
		at += m + 1;
	}
	return t >= text_len && at >= len;
}

bool zc_pattern_covers(struct zc_pattern pattern, const char *path, size_t len)
{
	const char *p = pattern.text + 1, *after_stars = NULL;
	size_t at = 1, mark = 0, text_len = strlen(pattern.text);

	if (text_len > 1 && strcmp(pattern.text + text_len - 2, "/.") == 0)
		return covers_itself(pattern.text, text_len > 2 ? text_len - 2 : 1, path, len);
	if (pattern.literal)
		return zc_path_under(path, len, pattern.text, text_len);
	/* As with '*' and bytes: on a mismatch the last "**" takes one component more. */
	while (*p != '\0') {
		size_t p_len = strcspn(p, "/"), end = at;
		bool stars = p_len == 2 && p[0] == '*' && p[1] == '*';

		while (end < len && path[end] != '/')
			end++;
		if (stars) {
			p += 2;
			p += *p == '/';
			after_stars = p;
			mark = at;
		} else if (at < len && zc_glob_match(p, p_len, path + at, end - at)) {
			p += p_len;
			p += *p == '/';
			at = end + 1;
		} else if (after_stars != NULL && mark < len) {
			while (mark < len && path[mark] != '/')
				mark++;
			mark++;
			at = mark;
			p = after_stars;
		} else {
			return false;
		}
	}
	return true;
}
