/* SPDX-License-Identifier: MIT */
/*
 * build_trie.c - path patterns become nodes and edges.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/build/build_parts.h"

#define TABLE_START 16u
/* Both keep a lookup short whatever the policy says; image.h has what a shape is. */
#define SHAPES_MAX 1024u /* of one directory */
#define CHAIN_MAX 64u    /* patterns with several '*' that share what is before and after them */

struct part {
	char text[ZC_PATH_CAP];
	size_t len;
	uint8_t kind, stars;
	uint8_t prefix_len, suffix_len;
};

static struct zc_build_side *side_of(const struct zc_build *build, uint32_t node)
{
	return (struct zc_build_side *)build->sides.items + node;
}

static uint32_t new_node(struct zc_build *build, uint32_t parent, uint32_t depth, uint32_t named)
{
	struct zc_image_node *node;
	struct zc_build_side *side;

	if (build->nodes.count == INT32_MAX)
		return ZC_BUILD_NONE;
	side = zc_build_push(&build->sides, sizeof(*side), 1);
	node = side ? zc_build_push(&build->nodes, sizeof(*node), 1) : NULL;
	if (!node)
		return ZC_BUILD_NONE;
	*side = (struct zc_build_side){ .parent = parent, .shapes = ZC_BUILD_NONE };
	node->grants_first = ZC_BUILD_NONE;
	node->below_rule = ZC_RULE_NONE;
	node->depth = depth;
	node->named = (uint16_t)named;
	return build->nodes.count - 1;
}

int zc_build_trie_init(struct zc_build *build)
{
	build->edge_cap = TABLE_START;
	build->edges = calloc(build->edge_cap, sizeof(*build->edges));
	if (!build->edges || new_node(build, ZC_BUILD_NONE, 0, 0) != 0)
		return -ENOMEM;
	return 0;
}

static int grow_edges(struct zc_build *build)
{
	uint32_t cap = build->edge_cap * 2;
	struct zc_image_edge *edges;

	if (build->edge_count < build->edge_cap / 2)
		return 0;
	edges = cap ? calloc(cap, sizeof(*edges)) : NULL;
	if (!edges)
		return -ENOMEM;
	for (uint32_t i = 0; i < build->edge_cap; i++) {
		uint32_t slot = (uint32_t)build->edges[i].hash & (cap - 1);

		if (build->edges[i].kind == ZC_EDGE_EMPTY)
			continue;
		while (edges[slot].kind != ZC_EDGE_EMPTY)
			slot = (slot + 1) & (cap - 1);
		edges[slot] = build->edges[i];
	}
	free(build->edges);
	build->edges = edges;
	build->edge_cap = cap;
	return 0;
}

static uint64_t part_hash(const struct part *part, uint32_t parent)
{
	uint64_t hash;

	if (part->kind == ZC_EDGE_NAME)
		hash = zc_hash_bytes(part->text, part->len, 0);
	else
		hash = zc_glob_hash(part->text, part->prefix_len,
				    part->text + part->len - part->suffix_len, part->suffix_len);
	return zc_edge_hash(parent, part->kind, hash);
}

/* The edge for part, or the free slot where it goes; *ret_chain: others that only differ inside. */
static struct zc_image_edge *find_edge(const struct zc_build *build, uint32_t parent,
				       const struct part *part, uint64_t hash, unsigned *ret_chain)
{
	const char *strings = build->strings.items;
	uint32_t mask = build->edge_cap - 1;

	*ret_chain = 0;
	for (uint32_t slot = (uint32_t)hash & mask;; slot = (slot + 1) & mask) {
		struct zc_image_edge *edge = &build->edges[slot];

		if (edge->kind == ZC_EDGE_EMPTY)
			return edge;
		if (edge->hash != hash || edge->parent != parent || edge->kind != part->kind)
			continue;
		if (edge->name_len == part->len &&
		    !memcmp(strings + edge->name, part->text, part->len))
			return edge;
		++*ret_chain;
	}
}

static int add_shape(struct zc_build *build, uint32_t node, const struct part *part)
{
	struct zc_build_shape *shape;
	uint32_t count = 0;

	for (uint32_t i = side_of(build, node)->shapes; i != ZC_BUILD_NONE;
	     i = shape->next, count++) {
		shape = (struct zc_build_shape *)build->shapes.items + i;
		if (shape->prefix_len == part->prefix_len && shape->suffix_len == part->suffix_len)
			return 0;
	}
	if (count == SHAPES_MAX)
		return -E2BIG;
	shape = zc_build_push(&build->shapes, sizeof(*shape), 1);
	if (!shape)
		return -ENOMEM;
	*shape = (struct zc_build_shape){ part->prefix_len, part->suffix_len,
					  side_of(build, node)->shapes };
	side_of(build, node)->shapes = build->shapes.count - 1;
	return 0;
}

/*
 * Goes along an edge that it makes when there is none. wild: a wildcard is behind or in this part.
 */
static int follow(struct zc_build *build, uint32_t *node, const struct part *part, bool wild)
{
	const struct zc_image_node *from;
	struct zc_image_edge *edge;
	uint32_t child, name;
	uint64_t hash;
	unsigned chain;

	if (grow_edges(build) < 0)
		return -ENOMEM;
	hash = part_hash(part, *node);
	edge = find_edge(build, *node, part, hash, &chain);
	if (edge->kind != ZC_EDGE_EMPTY) {
		*node = edge->child;
		return 0;
	}
	if (part->kind == ZC_EDGE_GLOB) {
		int error = chain >= CHAIN_MAX ? -E2BIG : add_shape(build, *node, part);

		if (error < 0)
			return error;
	}
	from = zc_build_node(build, *node);
	child = new_node(build, *node, from->depth + 1, wild ? from->named : from->depth + 1u);
	name = zc_build_string(build, part->text, part->len);
	if (child == ZC_BUILD_NONE || name == ZC_BUILD_NONE)
		return -ENOMEM;
	*edge = (struct zc_image_edge){
		.hash = hash,
		.parent = *node,
		.child = child,
		.name = name,
		.name_len = (uint16_t)part->len,
		.kind = part->kind,
		.stars = part->stars,
	};
	build->edge_count++;
	side_of(build, child)->wild = part->kind == ZC_EDGE_GLOB;
	*node = child;
	return 0;
}

static int follow_dstar(struct zc_build *build, uint32_t *node)
{
	const struct zc_image_node *from = zc_build_node(build, *node);
	uint32_t child = from->dstar;

	if (!child) {
		child = new_node(build, *node, from->depth, from->named);
		if (child == ZC_BUILD_NONE)
			return -ENOMEM;
		zc_build_node(build, *node)->dstar = child;
		side_of(build, child)->wild = true;
	}
	*node = child;
	return 0;
}

/* Measures what stands before the first and after the last '*'. */
static int measure_glob(struct part *part)
{
	size_t first = 0, last = part->len - 1, stars = 0;

	while (part->text[first] != '*')
		first++;
	while (part->text[last] != '*')
		last--;
	for (size_t i = first; i <= last; i++) {
		stars += part->text[i] == '*';
		if (i > first && part->text[i] == '*' && part->text[i - 1] == '*')
			return -EINVAL;
	}
	if (first > 255 || part->len - 1 - last > 255 || stars > 255)
		return -EINVAL;
	part->kind = ZC_EDGE_GLOB;
	part->prefix_len = (uint8_t)first;
	part->suffix_len = (uint8_t)(part->len - 1 - last);
	part->stars = (uint8_t)stars;
	return 0;
}

/* One component, its escapes undone. */
static int read_part(struct part *part, const char *raw, size_t raw_len, bool last)
{
	bool literal_star = false, wild = false;

	part->len = 0;
	part->kind = ZC_EDGE_NAME;
	part->stars = part->prefix_len = part->suffix_len = 0;
	for (size_t i = 0; i < raw_len; i++) {
		char c = raw[i];

		if (c == '\\' && i + 1 < raw_len && (raw[i + 1] == '*' || raw[i + 1] == '\\')) {
			c = raw[++i];
			literal_star |= c == '*';
		} else {
			wild |= c == '*';
		}
		part->text[part->len++] = c;
	}
	if (part->len == 1 && part->text[0] == '.')
		return last ? 0 : -EINVAL;
	if (!part->len || (part->len == 2 && part->text[0] == '.' && part->text[1] == '.'))
		return -EINVAL;
	if (!wild)
		return 0;
	return literal_star ? -EINVAL : measure_glob(part);
}

/* Walks a pattern from the root, making what is missing. */
static int follow_pattern(struct zc_build *build, const char *pattern, uint32_t *ret_node)
{
	bool wild = false, pending = false; /* a "**" that something must still follow */
	size_t len = strlen(pattern), at = 1;
	uint32_t node = 0;
	struct part part;

	if (len == 0 || len >= ZC_PATH_CAP || pattern[0] != '/')
		return -EINVAL;
	while (at < len) {
		size_t end = at + strcspn(pattern + at, "/");
		int error;

		if (end == len - 1)
			return -EINVAL; /* a slash at the end */
		if (end - at == 2 && !memcmp(pattern + at, "**", 2)) {
			pending = wild = true;
			at = end + 1;
			continue;
		}
		error = read_part(&part, pattern + at, end - at, end == len);
		if (!error && pending)
			error = follow_dstar(build, &node);
		if (!error)
			error = follow(build, &node, &part, wild |= part.kind == ZC_EDGE_GLOB);
		if (error < 0)
			return error;
		pending = false;
		at = end + 1;
	}
	*ret_node = node;
	return 0;
}

int zc_build_path(struct zc_build *build, int number, unsigned classes, const char *pattern)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);
	uint32_t node;
	int error;

	if (!rule || !classes || classes >> ZC_PATH_CLASSES)
		return -EINVAL;
	error = follow_pattern(build, pattern, &node);
	if (error < 0)
		return error;
	zc_build_note_allow(build, rule, classes);
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
		struct zc_image_node *at = zc_build_node(build, node);

		if (classes >> cls & 1 &&
		    zc_build_grant(build, &at->mask, &at->grants_first,
				   zc_mask_bit(rule->layer, cls, rule->says), (uint32_t)number) < 0)
			return -ENOMEM;
	}
	return 0;
}

static const struct zc_image_rule *rule_at(const struct zc_build *build, uint32_t rule)
{
	return (const struct zc_image_rule *)build->rules.items + rule;
}

/* The stronger of two denies to report: the stronger layer, then the one said first. */
static uint32_t stronger(const struct zc_build *build, uint32_t a, uint32_t b)
{
	if (a == ZC_RULE_NONE || b == ZC_RULE_NONE)
		return a == ZC_RULE_NONE ? b : a;
	if (rule_at(build, a)->layer != rule_at(build, b)->layer)
		return rule_at(build, a)->layer > rule_at(build, b)->layer ? a : b;
	return a < b ? a : b;
}

void zc_build_trie_settle(struct zc_build *build)
{
	const struct zc_build_grant *grants = build->grants.items;

	/*
	 * A child is made after its parent, so going backwards meets every child before its parent.
	 */
	for (uint32_t i = build->nodes.count - 1; i > 0; i--) {
		const struct zc_image_node *node = zc_build_node(build, i);
		struct zc_image_node *parent = zc_build_node(build, side_of(build, i)->parent);
		uint32_t best = node->below_rule;

		for (uint32_t g = node->grants_first; g != ZC_BUILD_NONE; g = grants[g].next)
			if (rule_at(build, grants[g].rule)->says >= ZC_SAYS_ASK)
				best = stronger(build, best, grants[g].rule);
		parent->below |= node->below | node->mask;
		if (side_of(build, i)->wild)
			parent->wild |= node->below | node->mask;
		parent->below_rule = stronger(build, parent->below_rule, best);
	}
}
