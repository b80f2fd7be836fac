/* SPDX-License-Identifier: MIT */
/*
 * trie.h - the tables of an image's trie, and one step in them. Only walk*.c need it; inline, because a step is
 * taken for every component of every path.
 *
 * Context: anywhere. Memory: the image's, which zc_image_check() has accepted. Fails: never.
 */
#ifndef ZC_CORE_TRIE_H
#define ZC_CORE_TRIE_H

#include "core/image.h"
#include "core/mem.h"

struct zc_trie_name {
	const char *text;
	size_t len;
	uint32_t depth; /* 1 for the first of the path */
};
struct zc_trie {
	const struct zc_image_node *nodes;
	const struct zc_image_edge *edges;
	const struct zc_image_shape *shapes;
	const char *strings;
	uint32_t edge_mask;
};

static inline struct zc_trie zc_trie_of(const struct zc_image *image)
{
	return (struct zc_trie){
		.nodes = zc_image_at(image, image->nodes),
		.edges = zc_image_at(image, image->edges),
		.shapes = zc_image_at(image, image->shapes),
		.strings = zc_image_at(image, image->strings),
		.edge_mask = image->edges.count - 1,
	};
}

/* The node that a plain name leads to; 0: none. */
static inline uint32_t zc_trie_child(const struct zc_trie *t, uint32_t parent,
				     const struct zc_trie_name *c, uint64_t component_hash)
{
	uint64_t hash = zc_edge_hash(parent, ZC_EDGE_NAME, component_hash);

	for (uint32_t slot = (uint32_t)hash & t->edge_mask;; slot = (slot + 1) & t->edge_mask) {
		const struct zc_image_edge *edge = &t->edges[slot];

		if (edge->kind == ZC_EDGE_EMPTY)
			return 0;
		if (edge->hash == hash && edge->parent == parent && edge->kind == ZC_EDGE_NAME &&
		    edge->name_len == c->len && zc_equal(t->strings + edge->name, c->text, c->len))
			return edge->child;
	}
}

/* The hash of the edges that globs of this shape, holding for the name, would have. False: it is too short. */
static inline bool zc_trie_glob_hash(uint32_t parent, const struct zc_image_shape *shape,
				     const struct zc_trie_name *c, uint64_t *ret)
{
	size_t prefix = shape->prefix_len, suffix = shape->suffix_len;

	if (c->len < prefix + suffix)
		return false;
	*ret = zc_edge_hash(parent, ZC_EDGE_GLOB,
			    zc_glob_hash(c->text, prefix, c->text + c->len - suffix, suffix));
	return true;
}

/* Bytes up to the next slash, eight at a time. Reads nothing behind text + len. */
static inline size_t zc_trie_name_len(const char *text, size_t len)
{
	const uint64_t ones = 0x0101010101010101ull, slashes = ones * '/';
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t v;

		__builtin_memcpy(&v, text + i, 8);
		v ^= slashes;
		v = (v - ones) & ~v & ones << 7;
		if (v)
			return i + (unsigned)__builtin_ctzll(v) / 8;
	}
	while (i < len && text[i] != '/')
		i++;
	return i;
}

#endif
