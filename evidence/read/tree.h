/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the processes of a run as a tree, from the list in run.json.
 *
 * An entry of the list is a fork or an exec: one process has several. A number that was used again is
 * taken for the same process. Whoever wrote run.json may have written a circle; a tree comes out.
 *
 * Memory: new/free; texts are views into run.json.
 */
#ifndef ZC_EVIDENCE_READ_TREE_H
#define ZC_EVIDENCE_READ_TREE_H

#include "text/view.h"

struct zc_node {
	int64_t pid, ppid;
	size_t first, programs;     /* its entries are entry[order[first .. first + programs)] */
	size_t parent, child, next; /* index + 1; 0: none */
	size_t last_child;
	bool gap; /* one of its programs was not watched */
};

struct zc_tree {
	struct zc_view *entry; /* of coverage.processes */
	size_t *order;
	struct zc_node *node;
	size_t entries, nodes;
	size_t root; /* index + 1 of the first without a parent; the others follow by .next */
};

/* Returns 0 or -ENOMEM. */
int zc_tree_new(struct zc_tree **ret, struct zc_view processes);
struct zc_tree *zc_tree_free(struct zc_tree *tree);
/* In order, parents first. *depth starts at 0 with *node NULL; returns false at the end. */
bool zc_tree_next(const struct zc_tree *tree, const struct zc_node **node, unsigned *depth);

#endif
