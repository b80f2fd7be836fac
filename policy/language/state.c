/* SPDX-License-Identifier: MIT */
/*
 * state.c - what each word does to the set: rules are checked and kept, includes are read, flags set.
 */
#include <errno.h>
#include <string.h>

#include "core/path.h"
#include "policy/language/argv.h"
#include "policy/language/language.h"
#include "policy/set.h"

/* "/." narrows what is given; a deny that covers less than it seems to would be a trap. */
static const char *check_itself(const struct zc_word *word, const struct zc_path_value *path)
{
	if (!path->itself)
		return NULL;
	if (word->says > ZC_SAYS_LOG)
		return "'/.', a directory without what is in it, goes with allow- and log- only";
	return word->cls <= ZC_CLASS_WRITE
		       ? NULL
		       : "'/.', a directory without what is in it, goes with read and write only";
}

/* Checks a rule's value and brings it into its canonical spelling. */
static int check_value(struct zc_policy_set *set, const struct zc_statement *at,
		       const struct zc_word *word, const char *value, const char **ret_value,
		       struct zc_policy_error *error)
{
	const char *wrong = NULL;
	unsigned cls = word->cls;

	if (cls == ZC_CLASS_NET || cls == ZC_CLASS_LISTEN) {
		struct zc_net_value net;

		if (zc_net_parse(set, at->origin, value, cls == ZC_CLASS_LISTEN, &net, error))
			return -EINVAL;
		*ret_value = zc_net_canonical(set, &net, at->base, &wrong);
	} else if (cls == ZC_CLASS_SYS) {
		if (zc_sys_find(value, strlen(value)) < 0)
			return zc_fail(error, at->origin, "unknown system name '%.80s'%s", value,
				       zc_hint(set, zc_sys_nearest(value, strlen(value))));
		*ret_value = value;
	} else {
		struct zc_path_value path;

		wrong = zc_value_decode(value, &path);
		if (wrong == NULL && path.variable == ZC_VAR_WRITABLE)
			wrong = "${WRITABLE} belongs after 'unix:'";
		if (wrong == NULL)
			wrong = check_itself(word, &path);
		if (wrong != NULL)
			return zc_fail(error, at->origin, "'%.400s': %s", value, wrong);
		*ret_value = zc_value_canonical(set, &path, at->base, &wrong);
	}
	if (*ret_value == NULL && wrong != NULL)
		return zc_fail(error, at->origin, "'%.400s': %s", value, wrong);
	return *ret_value != NULL ? 0 : zc_fail_memory(error);
}

static int state_rule(struct zc_policy_set *set, const struct zc_statement *at,
		      const struct zc_word *word, const char *value, struct zc_policy_error *error)
{
	const char *canonical = NULL, *written = NULL;
	struct zc_argv_value *argv = NULL;
	struct zc_rule *rule;

	if (value != NULL) {
		if (value[0] == '\0')
			return zc_fail(error, at->origin,
				       "the value is empty; '%s' alone means everything",
				       word->name);
		written = zc_set_copy(set, value, strlen(value));
		if (written == NULL)
			return zc_fail_memory(error);
		if (word->cls == ZC_CLASS_RUN && zc_argv_is_rule(written)) {
			if (zc_argv_parse(set, at, written, &argv, &canonical, error))
				return -EINVAL;
		} else if (check_value(set, at, word, written, &canonical, error)) {
			return -EINVAL;
		}
	}
	if (word->cls == ZC_CLASS_SYS && value != NULL && word->says <= ZC_SAYS_LOG &&
	    zc_sys_find(value, strlen(value)) == ZC_SYS_SIGNAL_SUPERVISOR)
		return zc_fail(error, at->origin, "nothing can allow '%s'", value);
	rule = zc_set_rule(set);
	if (rule == NULL)
		return zc_fail_memory(error);
	rule->origin = at->origin;
	rule->layer = at->layer;
	rule->says = word->says;
	rule->cls = word->cls;
	rule->everything = value == NULL;
	rule->written = written;
	rule->value = canonical;
	rule->argv = argv;
	return 0;
}

static int state_all(struct zc_policy_set *set, const struct zc_statement *at,
		     struct zc_policy_error *error)
{
	static const uint8_t classes[] = { ZC_CLASS_READ, ZC_CLASS_WRITE,  ZC_CLASS_RUN,
					   ZC_CLASS_NET,  ZC_CLASS_LISTEN, ZC_CLASS_SYS };

	for (size_t i = 0; i < ZC_LEN(classes); i++) {
		struct zc_rule *rule = zc_set_rule(set);

		if (rule == NULL)
			return zc_fail_memory(error);
		rule->origin = at->origin;
		rule->layer = at->layer;
		rule->says = ZC_SAYS_ALLOW;
		rule->cls = classes[i];
		rule->everything = true;
	}
	return 0;
}

/* A path that names one file or directory of ours to read: variables yes, wildcards no. */
static const char *plain_path(struct zc_policy_set *set, const char *value, const char *base,
			      const char **ret_wrong)
{
	struct zc_path_value path;
	char buffer[ZC_PATH_CAP];
	const char *from = base;
	long len;

	*ret_wrong = zc_value_decode(value, &path);
	if (*ret_wrong == NULL && path.wild)
		*ret_wrong = "wildcards have no meaning here";
	if (*ret_wrong != NULL)
		return NULL;
	if (path.variable == ZC_VAR_HOME)
		from = set->home;
	else if (path.variable == ZC_VAR_PROJECT)
		from = set->project;
	else if (path.variable == ZC_VAR_TMPDIR)
		from = set->tmpdir;
	else if (path.variable != ZC_VAR_NONE)
		from = NULL;
	if (from == NULL) {
		*ret_wrong = "the variable has no value here";
		return NULL;
	}
	if (path.variable == ZC_VAR_NONE && path.text[0] != '/' && from[0] == '\0')
		return zc_set_copy(set, path.text, path.len);
	if (path.variable != ZC_VAR_NONE && path.len > 0 && path.text[0] == '/')
		memmove(path.text, path.text + 1, path.len--);
	len = zc_path_join(buffer, sizeof(buffer), from, strlen(from), path.text, path.len);
	if (len < 0)
		*ret_wrong = "the path is too long";
	return len < 0 ? NULL : zc_set_copy(set, buffer, (size_t)len);
}

/*
 * Where an include starts: beside the file that says it, spelled as that file was spelled, so that
 * messages name the file the way the user would.
 */
static const char *include_path(struct zc_policy_set *set, const struct zc_statement *at,
				const char *value, const char **ret_wrong)
{
	const char *path = plain_path(set, value, "", ret_wrong);
	const char *slash;

	if (path == NULL || path[0] == '/' || !at->from_file)
		return path;
	if (strcmp(path, "-") == 0) /* standard input is for --policy alone */
		path = "./-";
	slash = strrchr(at->origin.name, '/');
	if (slash == NULL)
		return path;
	return zc_set_format(set, "%.*s%s", (int)(slash + 1 - at->origin.name), at->origin.name,
			     path);
}

static int state_include(struct zc_policy_set *set, const struct zc_statement *at,
			 const char *value, struct zc_policy_error *error)
{
	const char *wrong = NULL, *path;
	int profile;

	if (value[0] == '@') {
		profile = zc_profile_find(value, strlen(value));
		if (profile < 0)
			return zc_fail(error, at->origin, "unknown profile '%.80s'%s", value,
				       zc_hint(set, zc_profile_nearest(value, strlen(value))));
		set->profiles |= 1u << profile;
		set->named |= profile != (int)ZC_PROFILE_GUARD;
		return 0;
	}
	path = include_path(set, at, value, &wrong);
	if (path == NULL)
		return wrong ? zc_fail(error, at->origin, "'%.400s': %s", value, wrong)
			     : zc_fail_memory(error);
	return zc_parse_file(set, path, at->origin, false, error);
}

static int state_jail(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		      struct zc_policy_error *error)
{
	const char *wrong = NULL;
	const char *jail = set->world.jail ? set->world.jail
					   : plain_path(set, value, at->base, &wrong);

	if (jail == NULL)
		return wrong ? zc_fail(error, at->origin, "'%.400s': %s", value, wrong)
			     : zc_fail_memory(error);
	if (set->jail != NULL && strcmp(set->jail, jail) != 0)
		return zc_fail(error, at->origin, "the jail is already '%.400s'", set->jail);
	set->jail = jail;
	set->jail_origin = at->origin;
	return 0;
}

static int state_gap(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		     struct zc_policy_error *error)
{
	if (strcmp(value, "allow") == 0)
		set->flags |= ZC_IMAGE_GAP_ALLOW;
	else if (strcmp(value, "deny") == 0)
		set->flags &= ~(uint32_t)ZC_IMAGE_GAP_ALLOW;
	else
		return zc_fail(error, at->origin, "'%.80s' is neither 'allow' nor 'deny'", value);
	return 0;
}

static int state_word(struct zc_policy_set *set, const struct zc_statement *at,
		      const struct zc_word *word, const char *value, struct zc_policy_error *error)
{
	const char *needed = value != NULL ? value : ""; /* never "": zc_set_state() has looked */

	switch ((enum zc_word_kind)word->kind) {
	case ZC_WORD_RULE: return state_rule(set, at, word, value, error);
	case ZC_WORD_ALL: return state_all(set, at, error);
	case ZC_WORD_INCLUDE: return state_include(set, at, needed, error);
	case ZC_WORD_EXPECT: return zc_expect_add(set, at, needed, error);
	case ZC_WORD_POLICY:
	case ZC_WORD_POLICY_JSON:
		if (at->from_file)
			return zc_fail(error, at->origin,
				       "'%s' is a flag only; in a file write 'include %.400s'",
				       word->name, value);
		return zc_parse_file(set, needed, at->origin, word->kind == ZC_WORD_POLICY_JSON,
				     error);
	case ZC_WORD_NO_BASE: set->no_base = true; return 0;
	case ZC_WORD_JAIL: return state_jail(set, at, needed, error);
	case ZC_WORD_GAP: return state_gap(set, at, needed, error);
	case ZC_WORD_FLAG: set->flags |= word->flag; return 0;
	}
	return -EINVAL;
}

int zc_set_state(struct zc_policy_set *set, const struct zc_statement *at, const char *word,
		 size_t word_len, const char *value, struct zc_policy_error *error)
{
	const struct zc_word *row = zc_word_find(word, word_len);

	/* "A" is a flag's short form only. */
	if (row == NULL || (word_len == 1 && at->from_file))
		return zc_fail(error, at->origin, "unknown %s '%.*s'%s",
			       at->from_file ? "rule" : "policy flag",
			       (int)(word_len < 80 ? word_len : 80), word,
			       zc_word_hint(set, word, word_len));
	if (row->value == ZC_VALUE_ALWAYS && (value == NULL || value[0] == '\0'))
		return zc_fail(error, at->origin, "'%s' needs a value", row->name);
	if (row->value == ZC_VALUE_NEVER && value != NULL)
		return zc_fail(error, at->origin, "'%s' takes no value", row->name);
	return state_word(set, at, row, value, error);
}
