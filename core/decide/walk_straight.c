/* SPDX-License-Identifier: MIT */
/*
 * walk_straight.c - enough of a path: the common one, which meets plain names only until nothing matters any more.
 */
#include "core/decide/trie.h"
#include "core/decide/walk.h"

static bool some_glob_holds(const struct zc_trie *t, uint32_t parent, const struct zc_trie_name *c)
{
	const struct zc_image_node *node = &t->nodes[parent];

	for (uint32_t i = 0; i < node->shapes_count; i++) {
		const struct zc_image_shape *shape = &t->shapes[node->shapes_first + i];
		uint64_t hash;

		if (!zc_trie_glob_hash(parent, shape, c, &hash))
			continue;
		for (uint32_t slot = (uint32_t)hash & t->edge_mask;
		     t->edges[slot].kind != ZC_EDGE_EMPTY; slot = (slot + 1) & t->edge_mask)
			if (t->edges[slot].hash == hash)
				return true; /* or nearly: the whole walk will see */
	}
	return false;
}

static bool dstar_matters(const struct zc_trie *t, const struct zc_image_node *node,
			  uint64_t matters)
{
	return node->dstar && (t->nodes[node->dstar].below | t->nodes[node->dstar].mask) & matters;
}

/*
 * The same for the common path, which meets plain names only until nothing matters any more: no list
 * of places, no depths. Returns false when a wildcard holds that matters: only
 * the whole walk knows then. *ret_below: whatever follows below the path, the mask stays enough.
 */
static bool walk_straight(const struct zc_trie *t, const char *path, size_t len,
			  const struct zc_enough *enough, uint64_t *ret_mask, bool *ret_below)
{
	const struct zc_image_node *node = t->nodes;
	struct zc_trie_name c;
	uint64_t mask = node->mask;
	size_t at = 0;

	*ret_below = true;
	for (uint32_t index = 0;;) {
		uint64_t matters = enough->refusals;

		for (unsigned i = 0; i < enough->count; i++)
			if (!(mask & enough->grants[i]))
				matters |= enough->grants[i];
		if (!(node->below & matters))
			break;
		if (node->wild & matters && dstar_matters(t, node, matters))
			return false;
		while (at < len && path[at] == '/')
			at++;
		if (at == len) {
			*ret_below = false;
			c.text = ".", c.len = 1;
			index = zc_trie_child(t, index, &c, zc_hash_bytes(c.text, c.len, 0));
			mask |= index ? t->nodes[index].mask : 0;
			break;
		}
		c.text = path + at;
		c.len = zc_trie_name_len(c.text, len - at);
		at += c.len;
		if (node->wild & matters && some_glob_holds(t, index, &c))
			return false;
		index = zc_trie_child(t, index, &c, zc_hash_bytes(c.text, c.len, 0));
		if (!index)
			break;
		node = &t->nodes[index];
		mask |= node->mask;
	}
	*ret_mask = mask;
	return true;
}

bool zc_walk_enough(const struct zc_image *image, const char *path, size_t len,
		    const struct zc_enough *enough, uint64_t *ret_mask, bool *ret_below)
{
	const struct zc_trie t = zc_trie_of(image);
	struct zc_walk walk;

	if (ZC_LIKELY(walk_straight(&t, path, len, enough, ret_mask, ret_below)))
		return true;
	*ret_below = false;
	zc_walk_follow(image, path, len, NULL, enough, &walk);
	*ret_mask = walk.mask;
	return !walk.complex;
}
