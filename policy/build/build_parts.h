/* SPDX-License-Identifier: MIT */
/*
 * build_parts.h - the image while it grows. Only build*.c need it.
 *
 * Everything is kept in the form that the image has, but for lists (grants of a node, shapes of a
 * node), which are linked here and laid out one after the other when the image is frozen.
 */
#ifndef ZC_POLICY_BUILD_PARTS_H
#define ZC_POLICY_BUILD_PARTS_H

#include "policy/build/build.h"

#define ZC_BUILD_NONE 0xffffffffu

struct zc_build_vec {
	void *items;
	uint32_t count, cap;
};

struct zc_build_grant {
	uint64_t bit;
	uint32_t rule, next;
};

struct zc_build_shape {
	uint8_t prefix_len, suffix_len;
	uint32_t next;
};

/* What the image does not need to know of a node. */
struct zc_build_side {
	uint32_t parent;
	uint32_t shapes; /* head of its list */
	bool wild;       /* reached by a glob or "**" */
};

struct zc_build {
	struct zc_build_vec nodes;   /* struct zc_image_node; grants_first: head of the list */
	struct zc_build_vec sides;   /* struct zc_build_side, one a node */
	struct zc_image_edge *edges; /* open addressing, at most half full */
	uint32_t edge_count, edge_cap;
	struct zc_image_net *nets; /* likewise; grants_first: head of the list */
	uint32_t net_count, net_cap;
	struct zc_build_vec grants;     /* struct zc_build_grant */
	struct zc_build_vec shapes;     /* struct zc_build_shape */
	struct zc_build_vec rules;      /* struct zc_image_rule */
	struct zc_build_vec hosts;      /* struct zc_image_host */
	struct zc_build_vec names;      /* struct zc_image_name; grants_first: head of the list */
	struct zc_build_vec found;      /* struct zc_image_found */
	struct zc_build_vec strings;    /* bytes */
	struct zc_build_vec argv_rules; /* struct zc_image_argv_rule */
	struct zc_build_vec argv_words; /* struct zc_image_argv_word */
	uint32_t any_net_grants, any_unix_grants;
	struct zc_image head; /* masks, prefixes, sys rows: as they will be */
};

/*
 * Adds count items of size bytes, zeroed; returns the first, or NULL without memory or past 4 GiB.
 */
void *zc_build_push(struct zc_build_vec *vec, size_t size, uint32_t count);
/* Adds a text and its NUL; returns its offset or ZC_BUILD_NONE. */
uint32_t zc_build_string(struct zc_build *build, const char *text, size_t len);
/* Adds what a rule says to a mask and its list, unless another rule said it first. 0 or -ENOMEM. */
int zc_build_grant(struct zc_build *build, uint64_t *mask, uint32_t *list, uint64_t bit,
		   uint32_t rule);
/* The rule's row, or NULL when the number is wrong. */
const struct zc_image_rule *zc_build_get_rule(const struct zc_build *build, int rule);
/* A user's allow or log in a class puts the profile's allows of that class aside. */
void zc_build_note_allow(struct zc_build *build, const struct zc_image_rule *rule,
			 unsigned classes);

int zc_build_trie_init(struct zc_build *build);
/* Fills below and below_rule of every node. Call once, when all rules are in. */
void zc_build_trie_settle(struct zc_build *build);

static inline struct zc_image_node *zc_build_node(const struct zc_build *build, uint32_t index)
{
	return (struct zc_image_node *)build->nodes.items + index;
}

#endif
