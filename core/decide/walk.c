/* SPDX-License-Identifier: MIT */
/*
 * walk.c - one path through the trie: one hash and one probe a component, as a rule.
 */
#include "core/mem.h"
#include "core/path.h"
#include "core/decide/trie.h"
#include "core/decide/walk.h"

#define EACH_CLASS(bit) ((bit) | (bit) << 5 | (bit) << 10 | (bit) << 15)
#define PROFILE_DENIES \
	(EACH_CLASS(ZC_MASK_PROFILE(0, ZC_SAYS_DENY)) | \
	 EACH_CLASS(ZC_MASK_PROFILE(0, ZC_SAYS_QUIET)))
#define USER_ALLOWS \
	(EACH_CLASS(ZC_MASK_USER(0, ZC_SAYS_ALLOW)) | EACH_CLASS(ZC_MASK_USER(0, ZC_SAYS_LOG)))

struct step {
	uint32_t node[ZC_WALK_NODES];
	uint32_t count;
};

void zc_seek_offer(struct zc_seek *seek, uint64_t mask, uint32_t depth, uint32_t grants_first,
		   uint32_t grants_count)
{
	uint64_t hit = mask & seek->bits;
	uint64_t score = ((uint64_t)depth << 1 | !!(hit & seek->prefer)) + 1;

	if (!hit || score <= seek->score)
		return;
	seek->found = hit;
	seek->score = score;
	seek->grants_first = grants_first;
	seek->grants_count = grants_count;
}

uint32_t zc_seek_rule(const struct zc_image *image, const struct zc_seek *seek, uint64_t *ret_bit)
{
	const struct zc_image_grant *grants = zc_image_at(image, image->grants);
	uint64_t wanted = seek->found & seek->prefer ? seek->found & seek->prefer : seek->found;

	*ret_bit = wanted & -wanted;
	for (uint32_t i = 0; i < seek->grants_count; i++) {
		const struct zc_image_grant *grant = &grants[seek->grants_first + i];

		if (grant->bit & wanted) {
			*ret_bit = grant->bit & wanted;
			return grant->rule;
		}
	}
	return ZC_RULE_NONE;
}

bool zc_walk_is_in(const struct zc_walk *walk, uint32_t node)
{
	for (uint32_t i = 0; i < walk->count; i++)
		if (walk->active[i] == node)
			return true;
	return false;
}

/*
 * Adds what a node says. depth is where in the path it stands, which for "**" is not node->depth.
 */
static void hear(struct zc_walk *walk, const struct zc_image_node *node, uint32_t depth)
{
	uint64_t mask = node->mask;

	walk->mask |= mask;
	/* At the root, where most policies say something, both are 0 as they began. */
	if (depth && mask & (PROFILE_DENIES | USER_ALLOWS)) {
		for (unsigned cls = 0; cls < ZC_MASK_CLASSES; cls++) {
			uint64_t deny = (ZC_MASK_PROFILE(0, ZC_SAYS_DENY) |
					 ZC_MASK_PROFILE(0, ZC_SAYS_QUIET))
					<< cls * 5;
			uint64_t allow =
				(ZC_MASK_USER(0, ZC_SAYS_ALLOW) | ZC_MASK_USER(0, ZC_SAYS_LOG))
				<< cls * 5;

			if (mask & deny && depth > walk->deny_depth[cls])
				walk->deny_depth[cls] = depth;
			if (mask & allow && node->named > walk->allow_named[cls])
				walk->allow_named[cls] = node->named;
		}
	}
	if (walk->seek)
		zc_seek_offer(walk->seek, mask, depth, node->grants_first, node->grants_count);
}

static void add(struct zc_walk *walk, struct step *next, uint32_t entry)
{
	if (next->count == ZC_WALK_NODES)
		walk->complex = true;
	else
		next->node[next->count++] = entry;
}

static void enter(const struct zc_trie *t, struct zc_walk *walk, struct step *next, uint32_t index,
		  uint32_t depth)
{
	const struct zc_image_node *node = &t->nodes[index];
	uint32_t sticky = node->dstar | ZC_WALK_STICKY;

	if (node->mask)
		hear(walk, node, depth);
	if (!node->below)
		return;
	add(walk, next, index);
	if (ZC_LIKELY(!node->dstar))
		return;
	/* "**" stands for no component too, so it holds at once; met again, it is in already. */
	for (uint32_t i = 0; i < next->count; i++)
		if (next->node[i] == sticky)
			return;
	add(walk, next, sticky);
}

static void take(struct zc_walk *walk, const struct step *next)
{
	for (uint32_t i = 0; i < next->count; i++)
		walk->active[i] = next->node[i];
	walk->count = next->count;
}

static bool glob_holds(const struct zc_trie *t, const struct zc_image_edge *edge,
		       const struct zc_image_shape *shape, const struct zc_trie_name *c)
{
	const char *pattern = t->strings + edge->name;
	size_t prefix = shape->prefix_len, suffix = shape->suffix_len;

	if (edge->stars != 1)
		return zc_glob_match(pattern, edge->name_len, c->text, c->len);
	return edge->name_len == prefix + 1 + suffix && zc_equal(pattern, c->text, prefix) &&
	       zc_equal(pattern + prefix + 1, c->text + c->len - suffix, suffix);
}

/* Patterns with several '*' may share prefix and suffix: all of a chain are tried. */
static void follow_globs(const struct zc_trie *t, struct zc_walk *walk, struct step *next,
			 uint32_t parent, const struct zc_trie_name *c)
{
	const struct zc_image_node *node = &t->nodes[parent];

	for (uint32_t i = 0; i < node->shapes_count; i++) {
		const struct zc_image_shape *shape = &t->shapes[node->shapes_first + i];
		uint64_t hash;

		if (!zc_trie_glob_hash(parent, shape, c, &hash))
			continue;
		for (uint32_t slot = (uint32_t)hash & t->edge_mask;;
		     slot = (slot + 1) & t->edge_mask) {
			const struct zc_image_edge *edge = &t->edges[slot];

			if (edge->kind == ZC_EDGE_EMPTY)
				break;
			if (edge->hash == hash && edge->parent == parent &&
			    edge->kind == ZC_EDGE_GLOB && glob_holds(t, edge, shape, c))
				enter(t, walk, next, edge->child, c->depth);
		}
	}
}

/* In several nodes at once, or where globs leave: what they lead to, and every "**" stays. */
static void advance_many(const struct zc_trie *t, struct zc_walk *walk,
			 const struct zc_trie_name *c, uint64_t hash, struct step *next)
{
	next->count = 0;
	for (uint32_t i = 0; i < walk->count; i++)
		if (walk->active[i] & ZC_WALK_STICKY)
			next->node[next->count++] = walk->active[i];
	for (uint32_t i = 0; i < walk->count; i++) {
		uint32_t parent = walk->active[i] & ~ZC_WALK_STICKY;
		uint32_t child = zc_trie_child(t, parent, c, hash);

		if (child)
			enter(t, walk, next, child, c->depth);
		if (t->nodes[parent].shapes_count)
			follow_globs(t, walk, next, parent, c);
	}
	take(walk, next);
}

/* The common case, one node with plain names only, moves no lists about. */
static void advance(const struct zc_trie *t, struct zc_walk *walk, const struct zc_trie_name *c,
		    struct step *next)
{
	uint64_t hash = zc_hash_bytes(c->text, c->len, 0);
	const struct zc_image_node *node;
	uint32_t child;

	if (walk->count != 1 || walk->active[0] & ZC_WALK_STICKY ||
	    t->nodes[walk->active[0]].shapes_count) {
		advance_many(t, walk, c, hash, next);
		return;
	}
	child = zc_trie_child(t, walk->active[0], c, hash);
	node = &t->nodes[child];
	walk->count = 0;
	if (!child)
		return;
	if (ZC_UNLIKELY(node->dstar)) {
		next->count = 0;
		enter(t, walk, next, child, c->depth);
		take(walk, next);
		return;
	}
	if (node->mask)
		hear(walk, node, c->depth);
	walk->active[0] = child;
	walk->count = node->below != 0;
}

static void start(const struct zc_trie *t, struct zc_walk *walk, struct zc_seek *seek,
		  struct step *next)
{
	walk->mask = 0;
	walk->complex = false;
	walk->seek = seek;
	for (unsigned cls = 0; cls < ZC_MASK_CLASSES; cls++)
		walk->deny_depth[cls] = walk->allow_named[cls] = 0;
	next->count = 0;
	enter(t, walk, next, 0, 0);
	take(walk, next);
}

/* Drops the places below which nothing can change the answer. Is none left? */
static bool is_enough(const struct zc_trie *t, struct zc_walk *walk, const struct zc_enough *enough)
{
	uint64_t matters = enough->refusals;
	uint32_t kept = 0;

	for (unsigned i = 0; i < enough->count; i++)
		if (!(walk->mask & enough->grants[i]))
			matters |= enough->grants[i];
	for (uint32_t i = 0; i < walk->count; i++)
		if (t->nodes[walk->active[i] & ~ZC_WALK_STICKY].below & matters)
			walk->active[kept++] = walk->active[i];
	walk->count = kept;
	return kept == 0;
}

/* Where the path ends: rules for it alone, not for what is below, stand at its entry ".". */
static void hear_itself(const struct zc_trie *t, struct zc_walk *walk, uint32_t depth)
{
	const struct zc_trie_name itself = { ".", 1, depth };
	uint64_t hash = zc_hash_bytes(itself.text, itself.len, 0);

	for (uint32_t i = 0; i < walk->count; i++) {
		uint32_t node = walk->active[i] & ~ZC_WALK_STICKY;
		uint32_t child = zc_trie_child(t, node, &itself, hash);

		if (child && t->nodes[child].mask)
			hear(walk, &t->nodes[child], depth + 1);
	}
}

void zc_walk_follow(const struct zc_image *image, const char *path, size_t len,
		    struct zc_seek *seek, const struct zc_enough *enough, struct zc_walk *walk)
{
	const struct zc_trie t = zc_trie_of(image);
	struct zc_trie_name c = { .depth = 0 };
	struct step next; /* scratch, once: hooks run on small stacks */
	size_t at = 0;

	start(&t, walk, seek, &next);
	while (at < len && walk->count) {
		if (path[at] == '/') {
			at++;
			continue;
		}
		if (enough && is_enough(&t, walk, enough))
			break;
		c.text = path + at;
		c.len = zc_trie_name_len(c.text, len - at);
		c.depth++;
		at += c.len;
		advance(&t, walk, &c, &next);
	}
	if (at >= len && walk->count)
		hear_itself(&t, walk, c.depth);
}

void zc_walk(const struct zc_image *image, const char *path, size_t len, struct zc_seek *seek,
	     struct zc_walk *walk)
{
	zc_walk_follow(image, path, len, seek, NULL, walk);
}
