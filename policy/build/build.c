/* SPDX-License-Identifier: MIT */
/*
 * build.c - rules, and where those on sys names, hosts and commands hold. Paths: build_trie.c; addresses:
 * build_net.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/build/build_parts.h"

#define TABLE_START 8u

void *zc_build_push(struct zc_build_vec *vec, size_t size, uint32_t count)
{
	uint64_t need = (uint64_t)vec->count + count;
	void *first;

	if (need > vec->cap) {
		uint64_t cap = vec->cap ? (uint64_t)vec->cap * 2 : 64;
		void *items;

		while (cap < need)
			cap *= 2;
		if (cap > UINT32_MAX)
			return NULL;
		items = realloc(vec->items, (size_t)cap * size);
		if (!items)
			return NULL;
		vec->items = items;
		vec->cap = (uint32_t)cap;
	}
	first = (char *)vec->items + (size_t)vec->count * size;
	memset(first, 0, (size_t)count * size);
	vec->count = (uint32_t)need;
	return first;
}

uint32_t zc_build_string(struct zc_build *build, const char *text, size_t len)
{
	uint32_t at = build->strings.count;
	char *bytes;

	if (len >= UINT32_MAX)
		return ZC_BUILD_NONE;
	bytes = zc_build_push(&build->strings, 1, (uint32_t)len + 1);
	if (!bytes)
		return ZC_BUILD_NONE;
	memcpy(bytes, text, len);
	return at;
}

int zc_build_grant(struct zc_build *build, uint64_t *mask, uint32_t *list, uint64_t bit,
		   uint32_t rule)
{
	struct zc_build_grant *grant;

	if (*mask & bit)
		return 0;
	grant = zc_build_push(&build->grants, sizeof(*grant), 1);
	if (!grant)
		return -ENOMEM;
	*mask |= bit;
	*grant = (struct zc_build_grant){ .bit = bit, .rule = rule, .next = *list };
	*list = build->grants.count - 1;
	return 0;
}

const struct zc_image_rule *zc_build_get_rule(const struct zc_build *build, int rule)
{
	if (rule < 0 || (uint32_t)rule >= build->rules.count)
		return NULL;
	return (const struct zc_image_rule *)build->rules.items + rule;
}

void zc_build_note_allow(struct zc_build *build, const struct zc_image_rule *rule, unsigned classes)
{
	const unsigned net = 1u << ZC_CLASS_NET | 1u << ZC_CLASS_UNIX;

	if (rule->layer != ZC_LAYER_USER ||
	    (rule->says != ZC_SAYS_ALLOW && rule->says != ZC_SAYS_LOG))
		return;
	build->head.user_allows |= classes & net ? classes | net : classes;
}

struct zc_build *zc_build_new(void)
{
	struct zc_build *build = calloc(1, sizeof(*build));

	if (!build)
		return NULL;
	build->any_net_grants = build->any_unix_grants = ZC_BUILD_NONE;
	memset(build->head.sys_rule, 0xff, sizeof(build->head.sys_rule));
	build->net_cap = TABLE_START;
	build->nets = calloc(build->net_cap, sizeof(*build->nets));
	/* Offset 0 is the empty text, so that whatever has no name still refers to one. */
	if (!build->nets || zc_build_string(build, "", 0) != 0 || zc_build_trie_init(build) < 0)
		return zc_build_free(build);
	return build;
}

struct zc_build *zc_build_free(struct zc_build *build)
{
	if (!build)
		return NULL;
	free(build->nodes.items);
	free(build->sides.items);
	free(build->edges);
	free(build->nets);
	free(build->grants.items);
	free(build->shapes.items);
	free(build->rules.items);
	free(build->hosts.items);
	free(build->names.items);
	free(build->found.items);
	free(build->argv_rules.items);
	free(build->argv_words.items);
	free(build->strings.items);
	free(build);
	return NULL;
}

static bool layer_may_say(enum zc_layer layer, enum zc_says says)
{
	if (layer == ZC_LAYER_BASE)
		return says == ZC_SAYS_ALLOW;
	if (layer == ZC_LAYER_IMPLICIT)
		return says == ZC_SAYS_DENY;
	return layer < ZC_LAYER_COUNT && says < ZC_SAYS_COUNT;
}

int zc_build_rule(struct zc_build *build, enum zc_layer layer, enum zc_says says, unsigned classes,
		  const char *text, const char *source, bool protects)
{
	struct zc_image_rule *rule;
	uint32_t text_at, source_at;

	if (!layer_may_say(layer, says) || classes >> ZC_CLASS_COUNT ||
	    build->rules.count == INT32_MAX)
		return -EINVAL;
	text_at = zc_build_string(build, text, strlen(text));
	source_at = zc_build_string(build, source, strlen(source));
	rule = zc_build_push(&build->rules, sizeof(*rule), 1);
	if (!rule || text_at == ZC_BUILD_NONE || source_at == ZC_BUILD_NONE)
		return -ENOMEM;
	*rule = (struct zc_image_rule){
		.text_hash = zc_hash_bytes(text, strlen(text), layer),
		.text = text_at,
		.source = source_at,
		.layer = (uint8_t)layer,
		.says = (uint8_t)says,
		.classes = (uint8_t)classes,
		.protects = protects,
	};
	zc_build_note_allow(build, rule, classes);
	return (int)build->rules.count - 1;
}

static void put_sys(struct zc_build *build, const struct zc_image_rule *rule, int number,
		    unsigned sys)
{
	uint64_t *row = &build->head.sys[rule->layer][rule->says];

	if (!(*row >> sys & 1))
		build->head.sys_rule[rule->layer][rule->says][sys] = (uint32_t)number;
	*row |= 1ull << sys;
}

int zc_build_sys(struct zc_build *build, int number, unsigned sys)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);

	if (!rule || sys > ZC_SYS_COUNT)
		return -EINVAL;
	zc_build_note_allow(build, rule, 1u << ZC_CLASS_SYS);
	if (sys < ZC_SYS_COUNT) {
		put_sys(build, rule, number, sys);
		if (rule->layer == ZC_LAYER_USER &&
		    (rule->says == ZC_SAYS_ALLOW || rule->says == ZC_SAYS_LOG))
			build->head.sys_named |= 1ull << sys;
		return 0;
	}
	for (unsigned n = 0; n < ZC_SYS_COUNT; n++)
		if (n != ZC_SYS_SIGNAL_SUPERVISOR)
			put_sys(build, rule, number, n);
	return 0;
}

int zc_build_host(struct zc_build *build, const char *name)
{
	size_t len = strlen(name);
	struct zc_image_host *host;
	uint32_t at;
	char *text;

	if (len && name[len - 1] == '.')
		len--;
	if (!len || len > 255)
		return -EINVAL;
	at = zc_build_string(build, name, len);
	host = zc_build_push(&build->hosts, sizeof(*host), 1);
	if (at == ZC_BUILD_NONE || !host)
		return -ENOMEM;
	*host = (struct zc_image_host){ .name = at, .len = (uint32_t)len };
	text = (char *)build->strings.items + at;
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + ('a' - 'A'));
	return 0;
}

int zc_build_argv(struct zc_build *build, int number, unsigned groups, unsigned risk)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);
	struct zc_image_argv_rule *argv;

	if (!rule || (rule->layer != ZC_LAYER_PROFILE && rule->layer != ZC_LAYER_USER) ||
	    groups > ZC_ARGV_GROUPS || risk >= ZC_RISKS)
		return -EINVAL;
	argv = zc_build_push(&build->argv_rules, sizeof(*argv), 1);
	if (!argv)
		return -ENOMEM;
	*argv = (struct zc_image_argv_rule){ .rule = (uint32_t)number,
					     .first = build->argv_words.count,
					     .groups = (uint8_t)groups };
	((struct zc_image_rule *)build->rules.items)[number].risk = (uint8_t)risk;
	((struct zc_image_rule *)build->rules.items)[number].classes = 1u << ZC_CLASS_RUN;
	return 0;
}

int zc_build_argv_word(struct zc_build *build, const struct zc_build_word *word)
{
	uint32_t last = build->argv_rules.count - 1;
	struct zc_image_argv_rule *rule;
	struct zc_image_argv_word *built;
	size_t len = strlen(word->text);
	uint32_t text;

	if (!build->argv_rules.count || len > UINT16_MAX || word->prefix_len > len ||
	    word->kind >= ZC_ARG_KINDS || word->group >= ZC_ARGV_GROUPS)
		return -EINVAL;
	rule = (struct zc_image_argv_rule *)build->argv_rules.items + last;
	if (word->part == 2 && !rule->feeders) {
		if (build->head.argv_feeds == ZC_ARGV_FEEDS)
			return -E2BIG;
		rule->feed = (uint8_t)build->head.argv_feeds++;
	}
	rule->programs = (uint16_t)(rule->programs + (word->part == 0));
	rule->arguments = (uint16_t)(rule->arguments + (word->part == 1));
	rule->feeders = (uint16_t)(rule->feeders + (word->part == 2));
	text = zc_build_string(build, word->text, len);
	built = zc_build_push(&build->argv_words, sizeof(*built), 1);
	if (text == ZC_BUILD_NONE || !built)
		return -ENOMEM;
	*built = (struct zc_image_argv_word){ .text = text,
					      .len = (uint16_t)len,
					      .prefix_len = (uint16_t)word->prefix_len,
					      .kind = (uint8_t)word->kind,
					      .group = (uint8_t)word->group };
	return 0;
}
