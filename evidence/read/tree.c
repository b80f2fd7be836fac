/* SPDX-License-Identifier: MIT */
/*
 * tree.c - see tree.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "evidence/read/tree.h"

struct keyed {
	int64_t pid;
	size_t entry;
};

static int by_pid(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int by_first(const void *a, const void *b)
{
	const struct zc_node *x = a, *y = b;

	return x->parent < y->parent ? -1
				     : x->parent > y->parent; /* .parent holds the first entry */
}

static int by_number(const void *a, const void *b)
{
	const struct zc_node *const *x = a, *const *y = b;

	return (*x)->pid < (*y)->pid ? -1 : (*x)->pid > (*y)->pid;
}

/* One node for each process, in the order in which they came up. */
static int make_nodes(struct zc_tree *tree)
{
	struct keyed *keyed = calloc(tree->entries + 1, sizeof(*keyed));

	if (!keyed)
		return -ENOMEM;
	for (size_t i = 0; i < tree->entries; i++)
		keyed[i] = (struct keyed){ zc_view_int(zc_view_get(tree->entry[i], "pid"), 0), i };
	qsort(keyed, tree->entries, sizeof(*keyed), by_pid);
	for (size_t i = 0; i < tree->entries; i++) {
		struct zc_view entry = tree->entry[keyed[i].entry];
		struct zc_node *node;

		if (!i || keyed[i].pid != keyed[i - 1].pid)
			tree->node[tree->nodes++] = (struct zc_node){
				.pid = keyed[i].pid,
				.ppid = zc_view_int(zc_view_get(entry, "ppid"), 0),
				.first = i,
				.parent = keyed[i].entry,
			};
		node = &tree->node[tree->nodes - 1];
		node->programs++;
		node->gap = node->gap || zc_view_kind(zc_view_get(entry, "gap")) == '"';
		tree->order[i] = keyed[i].entry;
	}
	free(keyed);
	qsort(tree->node, tree->nodes, sizeof(*tree->node), by_first);
	for (size_t i = 0; i < tree->nodes; i++)
		tree->node[i].parent = 0;
	return 0;
}

static struct zc_node *find(struct zc_node **sorted, size_t count, int64_t pid)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && sorted[low]->pid == pid ? sorted[low] : NULL;
}

/* A parent came up before its child: so only nodes in front are taken, and no circle can be. */
static int link_nodes(struct zc_tree *tree)
{
	struct zc_node **sorted = calloc(tree->nodes + 1, sizeof(void *)), *last_root = NULL;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < tree->nodes; i++)
		sorted[i] = &tree->node[i];
	qsort(sorted, tree->nodes, sizeof(void *), by_number);
	for (size_t i = 0; i < tree->nodes; i++) {
		struct zc_node *node = &tree->node[i];
		struct zc_node *parent = find(sorted, tree->nodes, node->ppid);

		if (parent && parent < node) {
			node->parent = (size_t)(parent - tree->node) + 1;
			if (parent->last_child)
				tree->node[parent->last_child - 1].next = i + 1;
			else
				parent->child = i + 1;
			parent->last_child = i + 1;
		} else {
			if (last_root)
				last_root->next = i + 1;
			else
				tree->root = i + 1;
			last_root = node;
		}
	}
	free(sorted);
	return 0;
}

int zc_tree_new(struct zc_tree **ret, struct zc_view processes)
{
	struct zc_tree *tree = calloc(1, sizeof(*tree));
	struct zc_walk walk = zc_view_walk(processes);
	size_t count = zc_view_count(processes);
	int error = -ENOMEM;

	if (!tree)
		return error;
	tree->entry = calloc(count + 1, sizeof(*tree->entry));
	tree->order = calloc(count + 1, sizeof(*tree->order));
	tree->node = calloc(count + 1, sizeof(*tree->node));
	if (tree->entry && tree->order && tree->node) {
		while (tree->entries < count &&
		       zc_walk_next(&walk, NULL, &tree->entry[tree->entries]))
			tree->entries++;
		error = make_nodes(tree);
		error = error ? error : link_nodes(tree);
	}
	if (error) {
		zc_tree_free(tree);
		return error;
	}
	*ret = tree;
	return 0;
}

struct zc_tree *zc_tree_free(struct zc_tree *tree)
{
	if (!tree)
		return NULL;
	free(tree->entry);
	free(tree->order);
	free(tree->node);
	free(tree);
	return NULL;
}

bool zc_tree_next(const struct zc_tree *tree, const struct zc_node **node, unsigned *depth)
{
	const struct zc_node *at = *node;
	size_t next;

	if (!at) {
		*depth = 0;
		next = tree->root;
	} else if (at->child) {
		++*depth;
		next = at->child;
	} else {
		while (!at->next && at->parent) {
			at = &tree->node[at->parent - 1];
			--*depth;
		}
		next = at->next;
	}
	*node = next ? &tree->node[next - 1] : NULL;
	return *node != NULL;
}
