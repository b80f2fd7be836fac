/* SPDX-License-Identifier: MIT */
/*
 * policy_set.c - the set itself: its memory, and what each word does to it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "policy/set.h"

#define CHUNK_SIZE (64u << 10)

/* Texts live as long as the set, so nobody frees them one by one. */
struct zc_chunk {
	struct zc_chunk *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

void *zc_set_alloc(struct zc_policy_set *set, size_t size)
{
	struct zc_chunk *chunk = set->chunks;
	void *block;

	size = (size + 15) & ~(size_t)15;
	if (chunk == NULL || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;

		chunk = calloc(1, sizeof(*chunk) + room);
		if (chunk == NULL)
			return NULL;
		chunk->size = room;
		chunk->next = set->chunks;
		set->chunks = chunk;
	}
	block = chunk->bytes + chunk->used;
	chunk->used += size;
	return block;
}

const char *zc_set_copy(struct zc_policy_set *set, const char *text, size_t len)
{
	char *copy = zc_set_alloc(set, len + 1);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

const char *zc_set_format(struct zc_policy_set *set, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	const char *copy = NULL;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len >= 0) {
		copy = zc_set_copy(set, text, (size_t)len);
		free(text);
	}
	return copy;
}

int zc_texts_add(struct zc_texts *texts, const char *text)
{
	if (text == NULL)
		return -ENOMEM;
	if (texts->count == texts->cap) {
		size_t cap = texts->cap ? texts->cap * 2 : 16;
		const char **items = reallocarray(texts->items, cap, sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		texts->items = items;
		texts->cap = cap;
	}
	texts->items[texts->count++] = text;
	return 0;
}

int zc_fail(struct zc_policy_error *error, struct zc_origin origin, const char *format, ...)
{
	size_t cap = sizeof(error->text), len = 0;
	va_list args;
	int n;

	if (origin.name != NULL && origin.line != 0)
		n = snprintf(error->text, cap, "%.400s:%u: ", origin.name, origin.line);
	else
		n = snprintf(error->text, cap, "%.400s: ", origin.name ? origin.name : "policy");
	len = n > 0 ? (size_t)n : 0;
	va_start(args, format);
	n = vsnprintf(error->text + len, cap - len, format, args);
	va_end(args);
	/* What was typed is quoted; a terminal must not obey it. */
	for (char *c = error->text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return -EINVAL;
}

int zc_fail_memory(struct zc_policy_error *error)
{
	snprintf(error->text, sizeof(error->text), "policy: out of memory");
	return -EINVAL;
}

struct zc_rule *zc_set_rule(struct zc_policy_set *set)
{
	struct zc_rule *rule;

	if (set->rules_count == set->rules_cap) {
		size_t cap = set->rules_cap ? set->rules_cap * 2 : 256;
		struct zc_rule *rules = reallocarray(set->rules, cap, sizeof(*rules));

		if (rules == NULL)
			return NULL;
		set->rules = rules;
		set->rules_cap = cap;
	}
	rule = &set->rules[set->rules_count++];
	memset(rule, 0, sizeof(*rule));
	return rule;
}

/* The world's directories, clean; one that is not absolute counts as missing. */
static const char *clean(struct zc_policy_set *set, const char *path)
{
	char buffer[ZC_PATH_CAP];
	long len;

	if (path == NULL || path[0] != '/')
		return NULL;
	len = zc_path_join(buffer, sizeof(buffer), "/", 1, path, strlen(path));
	return len > 0 ? zc_set_copy(set, buffer, (size_t)len) : NULL;
}

struct zc_policy_set *zc_policy_set_new(const struct zc_policy_world *world)
{
	struct zc_policy_set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->world = *world;
	set->home = clean(set, world->home);
	set->project = clean(set, world->project);
	set->tmpdir = clean(set, world->tmpdir);
	if (set->tmpdir == NULL)
		set->tmpdir = "/tmp";
	return set;
}

struct zc_policy_set *zc_policy_set_free(struct zc_policy_set *set)
{
	struct zc_chunk *next;

	if (set == NULL)
		return NULL;
	for (struct zc_chunk *chunk = set->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(set->rules);
	free(set->expects);
	free(set->sources.items);
	free(set->notes.items);
	free(set->files.items);
	free(set);
	return NULL;
}

/* Checks a rule's value and brings it into its canonical spelling. */
static int check_value(struct zc_policy_set *set, const struct zc_statement *at, unsigned cls,
		       const char *value, const char **ret_value, struct zc_policy_error *error)
{
	const char *wrong = NULL;

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
	struct zc_rule *rule;

	if (value != NULL) {
		if (value[0] == '\0')
			return zc_fail(error, at->origin,
				       "the value is empty; '%s' alone means everything", word->name);
		written = zc_set_copy(set, value, strlen(value));
		if (written == NULL)
			return zc_fail_memory(error);
		if (check_value(set, at, word->cls, written, &canonical, error))
			return -EINVAL;
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
	return 0;
}

static int state_all(struct zc_policy_set *set, const struct zc_statement *at,
		     struct zc_policy_error *error)
{
	static const uint8_t classes[] = { ZC_CLASS_READ, ZC_CLASS_WRITE, ZC_CLASS_RUN,
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
	slash = strrchr(at->origin.name, '/');
	if (slash == NULL)
		return path;
	return zc_set_format(set, "%.*s%s", (int)(slash + 1 - at->origin.name), at->origin.name, path);
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
		set->named = true;
		return 0;
	}
	path = include_path(set, at, value, &wrong);
	if (path == NULL)
		return wrong ? zc_fail(error, at->origin, "'%.400s': %s", value, wrong) :
			       zc_fail_memory(error);
	return zc_parse_file(set, path, at->origin, false, error);
}

static int state_jail(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		      struct zc_policy_error *error)
{
	const char *wrong = NULL;
	const char *jail = plain_path(set, value, at->base, &wrong);

	if (jail == NULL)
		return wrong ? zc_fail(error, at->origin, "'%.400s': %s", value, wrong) :
			       zc_fail_memory(error);
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
	switch ((enum zc_word_kind)word->kind) {
	case ZC_WORD_RULE:
		return state_rule(set, at, word, value, error);
	case ZC_WORD_ASK:
		return zc_fail(error, at->origin,
			       "asking is not built yet; 'deny-%s' refuses and 'log-%s' allows and records",
			       strchr(word->name, '-') + 1, strchr(word->name, '-') + 1);
	case ZC_WORD_ALL:
		return state_all(set, at, error);
	case ZC_WORD_INCLUDE:
		return state_include(set, at, value, error);
	case ZC_WORD_EXPECT:
		return zc_expect_add(set, at, value, error);
	case ZC_WORD_POLICY:
	case ZC_WORD_POLICY_JSON:
		if (at->from_file)
			return zc_fail(error, at->origin,
				       "'%s' is a flag only; in a file write 'include %.400s'", word->name,
				       value);
		return zc_parse_file(set, value, at->origin, word->kind == ZC_WORD_POLICY_JSON, error);
	case ZC_WORD_NO_BASE:
		set->no_base = true;
		return 0;
	case ZC_WORD_JAIL:
		return state_jail(set, at, value, error);
	case ZC_WORD_GAP:
		return state_gap(set, at, value, error);
	case ZC_WORD_FLAG:
		set->flags |= word->flag;
		return 0;
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

int zc_policy_add_flag(struct zc_policy_set *set, const char *name, const char *value,
		       struct zc_policy_error *ret_error)
{
	struct zc_statement at = {
		.base = set->project != NULL ? set->project : "/",
		.layer = ZC_LAYER_USER,
	};

	at.origin.name = zc_set_format(set, strlen(name) == 1 ? "-%s" : "--%s", name);
	if (at.origin.name == NULL)
		return zc_fail_memory(ret_error);
	return zc_set_state(set, &at, name, strlen(name), value, ret_error);
}

const char *zc_policy_sha256(const struct zc_policy_set *set)
{
	return set->sha256;
}

const char *zc_policy_source(const struct zc_policy_set *set, size_t index)
{
	return index < set->sources.count ? set->sources.items[index] : NULL;
}

const char *zc_policy_note(const struct zc_policy_set *set, size_t index)
{
	return index < set->notes.count ? set->notes.items[index] : NULL;
}

const char *zc_policy_jail(const struct zc_policy_set *set)
{
	return set->jail;
}
