/* SPDX-License-Identifier: MIT */
/*
 * image.c - the hashes of the frozen policy, and the check that makes a block of bytes one.
 */
#include <errno.h>

#include "core/event.h"
#include "core/wire/gate.h"
#include "core/mem.h"

#define HASH_A 0xa0761d6478bd642full
#define HASH_B 0xe7037ed1a0b428dbull
#define NODES_MAX 0x7fffffffu /* bit 31 of a node's number is the walk's */

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load8(const unsigned char *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static inline uint64_t load4(const unsigned char *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

/* The shape of wyhash: overlapping loads for the tail, one 64x64 multiply for every 16 bytes. */
uint64_t zc_hash_bytes(const void *bytes, size_t len, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ HASH_A, a = 0, b = 0;
	size_t left = len;

	while (left > 16) {
		h = mix(load8(p) ^ HASH_B, load8(p + 8) ^ h);
		p += 16;
		left -= 16;
	}
	if (left >= 8) {
		a = load8(p);
		b = load8(p + left - 8);
	} else if (left >= 4) {
		a = load4(p);
		b = load4(p + left - 4);
	} else if (left) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[left >> 1] << 8 | p[left - 1];
	}
	return mix(HASH_B ^ len, mix(a ^ HASH_B, b ^ h));
}

uint64_t zc_glob_hash(const char *prefix, size_t prefix_len, const char *suffix, size_t suffix_len)
{
	return zc_hash_bytes(suffix, suffix_len, zc_hash_bytes(prefix, prefix_len, HASH_B));
}

uint64_t zc_net_hash(uint8_t kind, uint8_t prefix, uint16_t port, const uint8_t addr[16])
{
	return zc_hash_bytes(addr, 16, (uint64_t)kind << 32 | (uint64_t)prefix << 16 | port);
}

void zc_abstract_key(uint8_t ret_addr[16], const char *name, size_t len)
{
	uint64_t words[2] = { zc_hash_bytes(name, len, 0), len };

	zc_copy(ret_addr, words, sizeof(words));
}

void zc_addr_mask(uint8_t *addr, unsigned bytes, unsigned prefix)
{
	for (unsigned i = 0; i<bytes; i++, prefix = prefix> 8 ? prefix - 8 : 0)
		if (prefix < 8)
			addr[i] &= (uint8_t)(0xff00u >> prefix);
}

int zc_host_order(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	for (size_t i = 0; i < a_len; i++)
		if (a[i] != b[i])
			return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
	return 0;
}

uint64_t zc_mask_bit(enum zc_layer layer, unsigned cls, enum zc_says says)
{
	switch (layer) {
	case ZC_LAYER_IMPLICIT: return ZC_MASK_IMPLICIT(cls);
	case ZC_LAYER_BASE: return ZC_MASK_BASE(cls);
	case ZC_LAYER_PROFILE: return ZC_MASK_PROFILE(cls, says);
	default: return ZC_MASK_USER(cls, says);
	}
}

/* From the start of an image's strings to those of its stricter one. */
static uint32_t strings_behind(const struct zc_image *image, const struct zc_image *stricter)
{
	return image->stricter.offset + stricter->strings.offset - image->strings.offset;
}

const char *zc_image_text(const struct zc_image *image, uint32_t offset)
{
	const struct zc_image *stricter = zc_image_stricter(image);
	uint32_t behind;

	if (offset < image->strings.count)
		return (const char *)zc_image_at(image, image->strings) + offset;
	if (!stricter || offset < (behind = strings_behind(image, stricter)) ||
	    offset - behind >= stricter->strings.count)
		return "";
	return (const char *)zc_image_at(stricter, stricter->strings) + (offset - behind);
}

const struct zc_image_rule *zc_image_rule(const struct zc_image *image, uint32_t rule)
{
	const struct zc_image_rule *rules;

	if (zc_rule_is_stricter(rule)) {
		image = zc_image_stricter(image);
		rule &= ~ZC_RULE_STRICTER;
		if (!image)
			return NULL;
	}
	rules = zc_image_at(image, image->rules);
	return rule < image->rules.count ? &rules[rule] : NULL;
}

static bool table_fits(const struct zc_image *image, struct zc_image_table table, size_t entry)
{
	return table.offset % 8 == 0 && table.offset >= sizeof(*image) &&
	       (uint64_t)table.offset + (uint64_t)table.count * entry <= image->size;
}

static bool range_fits(uint64_t first, uint64_t count, uint64_t total)
{
	return first <= total && count <= total - first;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static bool jail_fits(const struct zc_image *image)
{
	struct zc_image_table jail = image->jail, strings = image->strings;
	const char *text = zc_image_at(image, jail);

	if (!jail.count)
		return true;
	return jail.offset >= strings.offset &&
	       range_fits((uint64_t)jail.offset - strings.offset, (uint64_t)jail.count + 1,
			  strings.count) &&
	       text[0] == '/' && text[jail.count] == '\0';
}

static bool prefixes_fit(const struct zc_image *image)
{
	return !(image->prefixes4 >> 33) && image->prefixes6[2] <= 1;
}

static bool gate_fits(const struct zc_image *image)
{
	return !image->gate || (image->gate >= ZC_GATE_FIRST && image->gate < ZC_GATE_END &&
				image->gate % ZC_GATE_PAGE == 0);
}

/* The words of every rule lie in the table, and their texts in strings. */
static bool check_argv(const struct zc_image *image)
{
	const struct zc_image_argv_rule *rules = zc_image_at(image, image->argv_rules);
	const struct zc_image_argv_word *words = zc_image_at(image, image->argv_words);

	for (uint32_t i = 0; i < image->argv_rules.count; i++)
		if (rules[i].rule >= image->rules.count || rules[i].groups > ZC_ARGV_GROUPS ||
		    !range_fits(rules[i].first,
				(uint64_t)rules[i].programs + rules[i].arguments + rules[i].feeders,
				image->argv_words.count) ||
		    (rules[i].feeders && rules[i].feed >= ZC_ARGV_FEEDS))
			return false;
	for (uint32_t i = 0; i < image->argv_words.count; i++)
		if (words[i].kind >= ZC_ARG_KINDS || words[i].group >= ZC_ARGV_GROUPS ||
		    words[i].prefix_len > words[i].len ||
		    !range_fits(words[i].text, words[i].len, image->strings.count))
			return false;
	return true;
}

static int check_head(const void *block, size_t size)
{
	const struct zc_image *image = block;

	if (!block || (uintptr_t)block % 8 || size < sizeof(*image))
		return -EINVAL;
	if (image->magic != ZC_IMAGE_MAGIC || image->version != ZC_IMAGE_VERSION ||
	    image->size < sizeof(*image) || image->size > size)
		return -EINVAL;
	if (!table_fits(image, image->nodes, sizeof(struct zc_image_node)) ||
	    !table_fits(image, image->edges, sizeof(struct zc_image_edge)) ||
	    !table_fits(image, image->shapes, sizeof(struct zc_image_shape)) ||
	    !table_fits(image, image->grants, sizeof(struct zc_image_grant)) ||
	    !table_fits(image, image->rules, sizeof(struct zc_image_rule)) ||
	    !table_fits(image, image->strings, 1) ||
	    !table_fits(image, image->nets, sizeof(struct zc_image_net)) ||
	    !table_fits(image, image->hosts, sizeof(struct zc_image_host)) ||
	    !table_fits(image, image->names, sizeof(struct zc_image_name)) ||
	    !table_fits(image, image->found, sizeof(struct zc_image_found)) ||
	    !table_fits(image, image->argv_rules, sizeof(struct zc_image_argv_rule)) ||
	    !table_fits(image, image->argv_words, sizeof(struct zc_image_argv_word)))
		return -EINVAL;
	if (!image->nodes.count || image->nodes.count > NODES_MAX || !image->strings.count ||
	    image->rules.count >= ZC_RULE_STRICTER || !power_of_two(image->edges.count) ||
	    !power_of_two(image->nets.count))
		return -EINVAL;
	return prefixes_fit(image) && jail_fits(image) && gate_fits(image) ? 0 : -EINVAL;
}

static bool stricter_fits(const struct zc_image *image)
{
	const struct zc_image *stricter = zc_image_stricter(image);

	if (!stricter)
		return true;
	return table_fits(image, image->stricter, 1) &&
	       check_head(stricter, image->stricter.count) == 0 && !stricter->stricter.count &&
	       !stricter->gate && image->strings.offset < image->stricter.offset;
}

int zc_image_check_head(const void *block, size_t size)
{
	int error = check_head(block, size);

	return error == 0 && !stricter_fits(block) ? -EINVAL : error;
}

static bool grants_fit(const struct zc_image *image, uint32_t first, uint32_t count)
{
	/* One grant a bit of a mask is all a builder makes; more would only slow a reader down. */
	return count <= 64 && range_fits(first, count, image->grants.count);
}

static bool rule_fits(const struct zc_image *image, uint32_t rule)
{
	return rule == ZC_RULE_NONE || rule < image->rules.count;
}

static bool check_nodes(const struct zc_image *image)
{
	const struct zc_image_node *nodes = zc_image_at(image, image->nodes);

	for (uint32_t i = 0; i < image->nodes.count; i++) {
		const struct zc_image_node *node = &nodes[i];

		if (!grants_fit(image, node->grants_first, node->grants_count) ||
		    !range_fits(node->shapes_first, node->shapes_count, image->shapes.count) ||
		    !rule_fits(image, node->below_rule) || node->dstar >= image->nodes.count)
			return false;
		if (node->dstar && nodes[node->dstar].depth != node->depth)
			return false;
	}
	return nodes[0].depth == 0;
}

static bool check_edges(const struct zc_image *image)
{
	const struct zc_image_node *nodes = zc_image_at(image, image->nodes);
	const struct zc_image_edge *edges = zc_image_at(image, image->edges);
	bool end = false; /* a search stops at a free slot: there must be one */

	for (uint32_t i = 0; i < image->edges.count; i++) {
		const struct zc_image_edge *edge = &edges[i];

		if (edge->kind == ZC_EDGE_EMPTY) {
			end = true;
			continue;
		}
		if (edge->kind > ZC_EDGE_GLOB || edge->parent >= image->nodes.count ||
		    edge->child >= image->nodes.count || edge->name_len == 0 ||
		    !range_fits(edge->name, edge->name_len, image->strings.count) ||
		    nodes[edge->child].depth <= nodes[edge->parent].depth)
			return false;
	}
	return end;
}

/* behind: what the offsets of its texts have too much, as the stricter image of another. */
static bool check_rules(const struct zc_image *image, uint32_t behind)
{
	const struct zc_image_grant *grants = zc_image_at(image, image->grants);
	const struct zc_image_rule *rules = zc_image_at(image, image->rules);

	for (uint32_t i = 0; i < image->grants.count; i++)
		if (grants[i].rule >= image->rules.count)
			return false;
	for (uint32_t i = 0; i < image->rules.count; i++)
		if (rules[i].text - behind >= image->strings.count ||
		    rules[i].source - behind >= image->strings.count ||
		    rules[i].layer >= ZC_LAYER_COUNT || rules[i].says >= ZC_SAYS_COUNT ||
		    rules[i].risk >= ZC_RISKS)
			return false;
	for (unsigned layer = 0; layer < ZC_LAYER_COUNT; layer++)
		for (unsigned says = 0; says < ZC_SAYS_COUNT; says++)
			for (unsigned n = 0; n < ZC_SYS_COUNT; n++)
				if (!rule_fits(image, image->sys_rule[layer][says][n]))
					return false;
	return true;
}

static bool check_nets(const struct zc_image *image)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const struct zc_image_host *hosts = zc_image_at(image, image->hosts);
	bool end = false;

	for (uint32_t i = 0; i < image->nets.count; i++) {
		const struct zc_image_net *net = &nets[i];

		if (net->kind == ZC_NET_EMPTY) {
			end = true;
			continue;
		}
		if (net->kind > ZC_NET_ABSTRACT || net->prefix > 128 ||
		    !grants_fit(image, net->grants_first, net->grants_count) ||
		    !range_fits(net->name, net->name_len, image->strings.count))
			return false;
	}
	for (uint32_t i = 0; i < image->hosts.count; i++)
		if (!range_fits(hosts[i].name, hosts[i].len, image->strings.count))
			return false;
	return end && grants_fit(image, image->any_net_grants_first, image->any_net_grants_count) &&
	       grants_fit(image, image->any_unix_grants_first, image->any_unix_grants_count);
}

static bool check_names(const struct zc_image *image)
{
	const struct zc_image_name *names = zc_image_at(image, image->names);
	const struct zc_image_found *found = zc_image_at(image, image->found);

	for (uint32_t i = 0; i < image->names.count; i++)
		if (names[i].len >= ZC_NAME_CAP ||
		    !range_fits(names[i].name, names[i].len, image->strings.count) ||
		    !grants_fit(image, names[i].grants_first, names[i].grants_count))
			return false;
	for (uint32_t i = 0; i < image->found.count; i++)
		if (found[i].len >= ZC_NAME_CAP || found[i].source >= ZC_HOST_SOURCES ||
		    !range_fits(found[i].name, found[i].len, image->strings.count))
			return false;
	return true;
}

/* Not for the quick check: a page at the image's other end is one more that each program's start would touch. */
static bool strings_end(const struct zc_image *image)
{
	const char *strings = zc_image_at(image, image->strings);

	return strings[image->strings.count - 1] == '\0';
}

static bool check_tables(const struct zc_image *image, uint32_t behind)
{
	return strings_end(image) && check_nodes(image) && check_edges(image) &&
	       check_rules(image, behind) && check_nets(image) && check_names(image) &&
	       check_argv(image);
}

int zc_image_check(const void *block, size_t size)
{
	const struct zc_image *image = block, *stricter;
	int error = zc_image_check_head(block, size);

	if (error < 0)
		return error;
	if (!check_tables(image, 0))
		return -EINVAL;
	stricter = zc_image_stricter(image);
	return stricter && !check_tables(stricter, strings_behind(image, stricter)) ? -EINVAL : 0;
}
