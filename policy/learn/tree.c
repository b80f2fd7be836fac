/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the paths that were used, as a tree, and how it gets smaller.
 *
 * Every step only adds grants or takes away what a grant above covers, so it may be done again when
 * more was planted, and what is read back from a file it wrote gives the same file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "policy/learn/parts.h"

#define ANYTHING (ZC_NEED_READ | ZC_NEED_WRITE | ZC_NEED_RUN | ZC_NEED_UNIX)

/* --- nodes ------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct zc_learn_node *parent, const char *name, size_t len, bool glob)
{
	return zc_hash_bytes(name, len, (uint64_t)(uintptr_t)parent * 2 + glob);
}

static struct zc_learn_node **slot_of(const struct zc_learn *learn,
				      const struct zc_learn_node *parent, const char *name,
				      size_t len, bool glob)
{
	size_t at = hash_of(parent, name, len, glob) & (learn->slots_cap - 1);

	for (;; at = (at + 1) & (learn->slots_cap - 1)) {
		struct zc_learn_node *node = learn->slots[at];

		if (node == NULL || (node->parent == parent && node->glob == glob &&
				     node->len == len && memcmp(node->name, name, len) == 0))
			return &learn->slots[at];
	}
}

static int grow_slots(struct zc_learn *learn)
{
	struct zc_learn_node **old = learn->slots;
	size_t old_cap = learn->slots_cap, cap = old_cap ? old_cap * 2 : 1024;

	if (learn->nodes * 2 < old_cap)
		return 0;
	learn->slots = calloc(cap, sizeof(*learn->slots));
	if (learn->slots == NULL) {
		learn->slots = old;
		return -ENOMEM;
	}
	learn->slots_cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			*slot_of(learn, old[i]->parent, old[i]->name, old[i]->len, old[i]->glob) =
				old[i];
	free(old);
	return 0;
}

static struct zc_learn_node *child_of(struct zc_learn *learn, struct zc_learn_node *parent,
				      const char *name, size_t len, bool glob)
{
	struct zc_learn_node **slot, *node;

	if (grow_slots(learn) < 0)
		return NULL;
	slot = slot_of(learn, parent, name, len, glob);
	if (*slot)
		return *slot;
	node = zc_set_alloc(learn->memory, sizeof(*node));
	if (node == NULL)
		return NULL;
	node->name = zc_set_copy(learn->memory, name, len);
	if (node->name == NULL)
		return NULL;
	node->len = (uint32_t)len;
	node->glob = glob;
	node->parent = parent;
	node->next = parent->child;
	parent->child = node;
	*slot = node;
	learn->nodes++;
	return node;
}

struct zc_learn_node *zc_learn_node(struct zc_learn *learn, const char *path, size_t len, bool wild)
{
	struct zc_learn_node *node = learn->root;
	size_t at = 1;

	while (node && at < len) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t end = slash ? (size_t)(slash - path) : len;

		if (end > at)
			node = child_of(learn, node, path + at, end - at,
					wild && memchr(path + at, '*', end - at));
		at = end + 1;
	}
	return node;
}

size_t zc_learn_node_path(const struct zc_learn_node *node, char buffer[ZC_PATH_CAP],
			  bool *ret_wild)
{
	size_t len = 0, at;

	*ret_wild = false;
	for (const struct zc_learn_node *up = node; up->parent; up = up->parent) {
		len += up->len + 1u;
		*ret_wild |= up->glob;
	}
	if (len == 0 || len >= ZC_PATH_CAP) {
		strcpy(buffer, "/");
		return 1;
	}
	buffer[at = len] = '\0';
	for (; node->parent; node = node->parent) {
		at -= node->len;
		memcpy(buffer + at, node->name, node->len);
		buffer[--at] = '/';
	}
	return len;
}

/* --- getting smaller ------------------------------------------------------------------------------------ */

/* What is granted above needs no rule below. */
static void clear(struct zc_learn_node *node, unsigned needs)
{
	node->seen &= (uint8_t)~needs;
	node->tree &= (uint8_t)~needs;
	node->alone &= (uint8_t)~needs;
	node->refused &= (uint8_t)~needs;
	for (struct zc_learn_node *child = node->child; child; child = child->next)
		clear(child, needs);
}

/* What is used of it, or of anything below. */
static unsigned needs_of(const struct zc_learn_node *node)
{
	unsigned needs = node->seen | node->tree | node->alone;

	for (const struct zc_learn_node *child = node->child; child; child = child->next)
		needs |= needs_of(child);
	return needs;
}

static bool has_star(const struct zc_learn_node *node)
{
	if (!node->glob && memchr(node->name, '*', node->len))
		return true;
	for (const struct zc_learn_node *child = node->child; child; child = child->next)
		if (has_star(child))
			return true;
	return false;
}

/* All that from and what is below it were used for is now to's. */
static int merge(struct zc_learn *learn, struct zc_learn_node *to, struct zc_learn_node *from)
{
	to->seen |= from->seen;
	to->tree |= from->tree;
	to->alone |= from->alone;
	to->refused |= from->refused;
	to->directory |= from->directory;
	to->made |= from->made;
	from->seen = from->tree = from->alone = from->refused = 0;
	from->made = false;
	for (struct zc_learn_node *child = from->child; child; child = child->next) {
		struct zc_learn_node *same =
			child_of(learn, to, child->name, child->len, child->glob);

		if (same == NULL || merge(learn, same, child) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The wildcard that stands for a name, or 0: it stays as it is. */
static size_t pattern_of(const struct zc_learn *learn, const struct zc_learn_node *node,
			 const char *path, size_t len, char pattern[256])
{
	enum zc_learn_zone zone = zc_learn_zone(learn, path, len);
	size_t parent_len = len - node->len - 1u;
	struct zc_learn_stays stays;

	if (parent_len == 5 && memcmp(path, "/proc", 5) == 0) {
		strcpy(pattern, "*");
		return node->len && strspn(node->name, "0123456789") == node->len;
	}
	if (zone == ZC_ZONE_OTHER || zc_learn_is_guarded(learn, path, len) ||
	    zc_learn_is_container(learn, path, len) ||
	    !zc_learn_varies(node->name, node->len, zone == ZC_ZONE_TEMPORARY, &stays))
		return 0;
	/* A wildcard alone in a directory that others share would be that directory. */
	if (stays.prefix + stays.suffix == 0 && zone != ZC_ZONE_TEMPORARY &&
	    zc_learn_is_container(learn, path, parent_len ? parent_len : 1))
		return 0;
	return (size_t)snprintf(pattern, 256, "%.*s*%.*s", (int)stays.prefix, node->name,
				(int)stays.suffix, node->name + node->len - stays.suffix);
}

/* star: a name above has a '*' in it that is none. */
static int generalise(struct zc_learn *learn, struct zc_learn_node *node, char *path, size_t len,
		      bool star)
{
	for (struct zc_learn_node *child = node->child; child; child = child->next) {
		struct zc_learn_node *glob;
		size_t child_len = len + child->len + 1u, pattern_len;
		char pattern[256];

		if (child->glob || child_len >= ZC_PATH_CAP || star)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, child->name, child->len);
		pattern_len = pattern_of(learn, child, path, child_len, pattern);
		if (pattern_len == 0 || has_star(child))
			continue;
		if (pattern_len == 1 && !zc_learn_is_container(learn, path, len ? len : 1)) {
			node->tree |=
				(uint8_t)needs_of(child); /* then it is all of the directory */
			clear(child, ANYTHING);
			continue;
		}
		glob = child_of(learn, node, pattern, pattern_len, true);
		if (glob == NULL || merge(learn, glob, child) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Names that a wildcard beside them stands for need no rule for what it grants. */
static void absorb(struct zc_learn_node *node)
{
	for (struct zc_learn_node *glob = node->child; glob; glob = glob->next) {
		if (!glob->glob || !(glob->tree | glob->alone))
			continue;
		for (struct zc_learn_node *child = node->child; child; child = child->next) {
			if (child->glob ||
			    !zc_glob_match(glob->name, glob->len, child->name, child->len))
				continue;
			clear(child, glob->tree);
			child->alone &= (uint8_t)~glob->alone;
		}
	}
}

/* An escaped '*' and a wildcard cannot stand in one value: then the directory is what is said. */
static void give_up_stars(struct zc_learn_node *node, bool wild)
{
	for (struct zc_learn_node *child = node->child; child && wild; child = child->next) {
		if (child->glob || !memchr(child->name, '*', child->len))
			continue;
		node->tree |= (uint8_t)needs_of(child);
		clear(child, ANYTHING);
	}
}

/* What may stand for everything in node, when its children are as small as they get. */
static void settle(struct zc_learn *learn, struct zc_learn_node *node, const char *path, size_t len)
{
	unsigned below = 0, reads = 0, writes = 0;

	for (const struct zc_learn_node *child = node->child; child; child = child->next) {
		unsigned needs = needs_of(child);

		below |= needs;
		reads += (needs & ZC_NEED_READ) != 0;
		writes += (needs & ZC_NEED_WRITE) != 0;
	}
	/* A rule for a file or a program is one for all below it: there is nothing. */
	if (!zc_learn_is_place(learn, path, len))
		node->tree |= node->seen &
			      (node->directory || below || zc_learn_is_container(learn, path, len)
				       ? ZC_NEED_RUN | ZC_NEED_UNIX
				       : ANYTHING);
	if (node->directory || below || zc_learn_is_container(learn, path, len))
		node->alone |= node->seen & (ZC_NEED_READ | ZC_NEED_WRITE);
	node->seen &= ZC_NEED_RUN | ZC_NEED_UNIX;
	below |= node->alone;
	if (zc_learn_is_container(learn, path, len) || zc_learn_is_guarded(learn, path, len))
		return;
	if (reads >= ZC_LEARN_READS)
		node->tree |= ZC_NEED_READ;
	if (node->made || (writes >= ZC_LEARN_WRITES && zc_learn_is_scratch(learn, path, len)))
		node->tree |= ZC_NEED_WRITE;
	/* What it writes it may well read the next time, when it is there already. */
	if (node->tree & ZC_NEED_WRITE)
		node->tree |= zc_learn_is_scratch(learn, path, len) ? ZC_NEED_READ
								    : below & ZC_NEED_READ;
}

/* path is node's own, len long, 0 for the root; what is behind it is written over. */
static int collapse(struct zc_learn *learn, struct zc_learn_node *node, char *path, size_t len,
		    bool wild, bool star)
{
	if (generalise(learn, node, path, len, star) < 0)
		return -ENOMEM;
	give_up_stars(node, wild);
	for (struct zc_learn_node *child = node->child; child; child = child->next) {
		size_t child_len = len + child->len + 1u;

		if (child_len >= ZC_PATH_CAP)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, child->name, child->len);
		if (collapse(learn, child, path, child_len, wild || child->glob,
			     star || (!child->glob && memchr(child->name, '*', child->len))) < 0)
			return -ENOMEM;
	}
	absorb(node);
	settle(learn, node, path, len ? len : 1);
	for (struct zc_learn_node *child = node->child; child && node->tree; child = child->next)
		clear(child, node->tree);
	return 0;
}

int zc_learn_collapse(struct zc_learn *learn)
{
	char path[ZC_PATH_CAP + 1] = "/";

	return collapse(learn, learn->root, path, 0, false, false);
}
