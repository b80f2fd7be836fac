/* SPDX-License-Identifier: MIT */
/*
 * policy_set.c - the set itself: its memory, its mistakes, and what others may ask of it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "policy/language/language.h"
#include "policy/set.h"
#include "text/array.h"

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
	char small[512], *text = NULL;
	const char *copy = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (len >= 0 && (size_t)len < sizeof(small))
		return zc_set_copy(set, small, (size_t)len);
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
	const char **items;

	if (text == NULL)
		return -ENOMEM;
	items = zc_array_grow(texts->items, texts->count, &texts->cap, sizeof(*items), 16);
	if (items == NULL)
		return -ENOMEM;
	texts->items = items;
	items[texts->count++] = text;
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
	(void)vsnprintf(error->text + len, cap - len, format, args);
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
	struct zc_rule *rule =
		zc_array_grow(set->rules, set->rules_count, &set->rules_cap, sizeof(*rule), 256);

	if (rule == NULL)
		return NULL;
	set->rules = rule;
	rule += set->rules_count++;
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

void zc_policy_count(const struct zc_policy_set *set, size_t *ret_rules, size_t *ret_expects)
{
	*ret_rules = 0;
	*ret_expects = set->expects_count;
	for (size_t i = 0; i < set->rules_count; i++)
		*ret_rules += set->rules[i].layer == ZC_LAYER_USER && !set->rules[i].derived;
}

int zc_policy_protect(struct zc_policy_set *set, const char *path)
{
	return zc_texts_add(&set->files, zc_set_copy(set, path, strlen(path)));
}

const char *zc_policy_file(const struct zc_policy_set *set, size_t index)
{
	return index < set->files.count ? set->files.items[index] : NULL;
}

bool zc_policy_line(const struct zc_policy_set *set, size_t index, struct zc_policy_line *ret)
{
	/* The set's memory takes the texts made here; nothing else of it changes. */
	struct zc_policy_set *scratch = (struct zc_policy_set *)(uintptr_t)set;
	const struct zc_rule *rule;

	if (index >= set->rules_count)
		return false;
	rule = &set->rules[index];
	*ret = (struct zc_policy_line){
		.layer = rule->layer,
		.says = rule->says,
		.cls = rule->cls,
		.everything = rule->everything,
		.arguments = rule->argv != NULL,
		.derived = rule->derived,
		.text = zc_rule_text(scratch, rule, false),
		.value = rule->value,
		.source = zc_origin_text(scratch, rule->origin),
		.patterns = rule->patterns_count,
	};
	return ret->text && ret->source;
}

const char *zc_policy_line_path(const struct zc_policy_set *set, size_t index, size_t pattern,
				bool *ret_plain)
{
	const struct zc_rule *rule = &set->rules[index];

	if (pattern >= rule->patterns_count)
		return NULL;
	*ret_plain = rule->patterns[pattern].literal || !strchr(rule->patterns[pattern].text, '*');
	return rule->patterns[pattern].text;
}

const char *zc_policy_says_name(unsigned says)
{
	return zc_says_name(says);
}
