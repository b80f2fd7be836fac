/* SPDX-License-Identifier: MIT */
/*
 * build.c - rules, and where they hold: addresses, unix sockets, sys names. Paths: build_trie.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

static uint32_t net_slot(const struct zc_image_net *nets, uint32_t cap,
			 const struct zc_image_net *key, const char *strings, const char *name)
{
	uint32_t mask = cap - 1;
	uint32_t slot = (uint32_t)zc_net_hash(key->kind, key->prefix, key->port, key->addr) & mask;

	for (;; slot = (slot + 1) & mask) {
		const struct zc_image_net *net = &nets[slot];

		if (net->kind == ZC_NET_EMPTY)
			return slot;
		if (net->kind == key->kind && net->prefix == key->prefix &&
		    net->port == key->port && !memcmp(net->addr, key->addr, 16) &&
		    net->name_len == key->name_len &&
		    !memcmp(strings + net->name, name, key->name_len))
			return slot;
	}
}

static int grow_nets(struct zc_build *build)
{
	uint32_t cap = build->net_cap * 2;
	struct zc_image_net *nets;

	if (build->net_count < build->net_cap / 2)
		return 0;
	nets = cap ? calloc(cap, sizeof(*nets)) : NULL;
	if (!nets)
		return -ENOMEM;
	for (uint32_t i = 0; i < build->net_cap; i++) {
		const struct zc_image_net *net = &build->nets[i];
		const char *strings = build->strings.items;

		if (net->kind != ZC_NET_EMPTY)
			nets[net_slot(nets, cap, net, strings, strings + net->name)] = *net;
	}
	free(build->nets);
	build->nets = nets;
	build->net_cap = cap;
	return 0;
}

/* Says a rule's word for one key, in classes given as bits of enum zc_class. */
static int put_net(struct zc_build *build, int number, unsigned classes, struct zc_image_net key,
		   const char *name)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);
	struct zc_image_net *net;

	if (!rule)
		return -EINVAL;
	if (grow_nets(build) < 0)
		return -ENOMEM;
	net = &build->nets[net_slot(build->nets, build->net_cap, &key, build->strings.items, name)];
	if (net->kind == ZC_NET_EMPTY) {
		key.name = zc_build_string(build, name, key.name_len);
		if (key.name == ZC_BUILD_NONE)
			return -ENOMEM;
		key.grants_first = ZC_BUILD_NONE;
		*net = key;
		build->net_count++;
	}
	zc_build_note_allow(build, rule, classes);
	for (unsigned cls = ZC_CLASS_NET; cls <= ZC_CLASS_LISTEN; cls++) {
		uint64_t bit = zc_mask_bit(rule->layer, cls - ZC_CLASS_NET, rule->says);

		if (classes >> cls & 1 && zc_build_grant(build, &net->mask, &net->grants_first, bit,
							 (uint32_t)number) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool net_classes_fit(unsigned classes)
{
	return classes && !(classes & ~(1u << ZC_CLASS_NET | 1u << ZC_CLASS_LISTEN));
}

int zc_build_net(struct zc_build *build, int rule, unsigned classes, int family,
		 const uint8_t addr[16], unsigned prefix_bits, unsigned port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct zc_image_net key = { .kind = family == AF_INET ? ZC_NET_V4 : ZC_NET_V6,
				    .port = (uint16_t)port };
	unsigned bytes = family == AF_INET ? 4 : 16;
	int error;

	if ((family != AF_INET && family != AF_INET6) || prefix_bits > bytes * 8 || port > 65535 ||
	    !net_classes_fit(classes))
		return -EINVAL;
	if (family == AF_INET6 && prefix_bits >= 96 && !memcmp(addr, mapped, sizeof(mapped))) {
		uint8_t inner[16] = { 0 };

		memcpy(inner, addr + 12, 4);
		return zc_build_net(build, rule, classes, AF_INET, inner, prefix_bits - 96, port);
	}
	memcpy(key.addr, addr, bytes);
	zc_addr_mask(key.addr, bytes, prefix_bits);
	key.prefix = (uint8_t)prefix_bits;
	error = put_net(build, rule, classes, key, "");
	if (error < 0)
		return error;
	if (family == AF_INET)
		build->head.prefixes4 |= 1ull << prefix_bits;
	else
		build->head.prefixes6[prefix_bits / 64] |= 1ull << prefix_bits % 64;
	return 0;
}

int zc_build_net_port(struct zc_build *build, int rule, unsigned classes, unsigned port)
{
	static const uint8_t zero[16];
	int error;

	if (!port)
		return -EINVAL;
	error = zc_build_net(build, rule, classes, AF_INET, zero, 0, port);
	return error < 0 ? error : zc_build_net(build, rule, classes, AF_INET6, zero, 0, port);
}

int zc_build_net_any(struct zc_build *build, int number, unsigned classes)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);

	if (!rule || !net_classes_fit(classes))
		return -EINVAL;
	zc_build_note_allow(build, rule, classes);
	for (unsigned cls = ZC_CLASS_NET; cls <= ZC_CLASS_LISTEN; cls++) {
		uint64_t bit = zc_mask_bit(rule->layer, cls - ZC_CLASS_NET, rule->says);

		if (classes >> cls & 1 &&
		    zc_build_grant(build, &build->head.any_net, &build->any_net_grants, bit,
				   (uint32_t)number) < 0)
			return -ENOMEM;
	}
	return 0;
}

int zc_build_unix_any(struct zc_build *build, int number)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);

	if (!rule)
		return -EINVAL;
	zc_build_note_allow(build, rule, 1u << ZC_CLASS_UNIX);
	return zc_build_grant(build, &build->head.any_unix, &build->any_unix_grants,
			      zc_mask_bit(rule->layer, ZC_CLASS_UNIX, rule->says),
			      (uint32_t)number);
}

int zc_build_abstract(struct zc_build *build, int rule, const char *name, size_t len)
{
	struct zc_image_net key = { .kind = ZC_NET_ABSTRACT };

	if (len == 1 && name[0] == '*') {
		key.prefix = 1;
		return put_net(build, rule, 1u << ZC_CLASS_NET, key, "");
	}
	if (len > 107) /* sun_path without the NUL in front, unix(7) */
		return -EINVAL;
	key.name_len = (uint32_t)len;
	zc_abstract_key(key.addr, name, len);
	return put_net(build, rule, 1u << ZC_CLASS_NET, key, name);
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
