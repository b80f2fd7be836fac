/* SPDX-License-Identifier: MIT */
/*
 * build_freeze.c - lays the parts out as one block.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/build/build_parts.h"

static int by_name(const void *a, const void *b, void *context)
{
	const struct zc_image_host *x = a, *y = b;
	const char *strings = context;

	return zc_host_order(strings + x->name, x->len, strings + y->name, y->len);
}

static int by_rule_name(const void *a, const void *b, void *context)
{
	return zc_name_order(a, b, context, context);
}

static int by_address(const void *a, const void *b)
{
	return zc_found_order(a, b);
}

static void sort_names(struct zc_build *build)
{
	if (build->hosts.count)
		qsort_r(build->hosts.items, build->hosts.count, sizeof(struct zc_image_host),
			by_name, build->strings.items);
	if (build->names.count)
		qsort_r(build->names.items, build->names.count, sizeof(struct zc_image_name),
			by_rule_name, build->strings.items);
	if (build->found.count)
		qsort(build->found.items, build->found.count, sizeof(struct zc_image_found),
		      by_address);
}

/* Gives a table its place behind what is laid out already. */
static void place(struct zc_image_table *table, uint64_t *size, uint64_t count, size_t entry)
{
	table->offset = (uint32_t)*size;
	table->count = (uint32_t)count;
	*size = (*size + count * entry + 7) & ~7ull;
}

/* Where everything goes. Only offsets below 4 GiB count; the caller looks at the returned size. */
static uint64_t lay_out(struct zc_image *head, const struct zc_build *build)
{
	uint64_t size = (sizeof(*head) + 7) & ~7ull;

	place(&head->nodes, &size, build->nodes.count, sizeof(struct zc_image_node));
	place(&head->edges, &size, build->edge_cap, sizeof(struct zc_image_edge));
	place(&head->shapes, &size, build->shapes.count, sizeof(struct zc_image_shape));
	place(&head->grants, &size, build->grants.count, sizeof(struct zc_image_grant));
	place(&head->rules, &size, build->rules.count, sizeof(struct zc_image_rule));
	place(&head->nets, &size, build->net_cap, sizeof(struct zc_image_net));
	place(&head->hosts, &size, build->hosts.count, sizeof(struct zc_image_host));
	place(&head->names, &size, build->names.count, sizeof(struct zc_image_name));
	place(&head->found, &size, build->found.count, sizeof(struct zc_image_found));
	place(&head->argv_rules, &size, build->argv_rules.count, sizeof(struct zc_image_argv_rule));
	place(&head->argv_words, &size, build->argv_words.count, sizeof(struct zc_image_argv_word));
	place(&head->strings, &size, build->strings.count, 1);
	return size;
}

static void copy_in(struct zc_image *image, struct zc_image_table table, const void *items,
		    size_t entry)
{
	if (table.count)
		memcpy((char *)image + table.offset, items, table.count * entry);
}

/* Writes one list out; returns how many there were, and moves *next. */
static uint32_t spread_grants(const struct zc_build *build, struct zc_image_grant *grants,
			      uint32_t *next, uint32_t list)
{
	const struct zc_build_grant *links = build->grants.items;
	uint32_t first = *next;

	for (; list != ZC_BUILD_NONE; list = links[list].next)
		grants[(*next)++] =
			(struct zc_image_grant){ .bit = links[list].bit, .rule = links[list].rule };
	return *next - first;
}

static void spread_lists(struct zc_image *image, const struct zc_build *build)
{
	struct zc_image_node *nodes = (void *)((char *)image + image->nodes.offset);
	struct zc_image_net *nets = (void *)((char *)image + image->nets.offset);
	struct zc_image_name *names = (void *)((char *)image + image->names.offset);
	struct zc_image_grant *grants = (void *)((char *)image + image->grants.offset);
	struct zc_image_shape *shapes = (void *)((char *)image + image->shapes.offset);
	const struct zc_build_shape *links = build->shapes.items;
	const struct zc_build_side *sides = build->sides.items;
	uint32_t next = 0, next_shape = 0;

	for (uint32_t i = 0; i < image->nodes.count; i++) {
		uint32_t list = nodes[i].grants_first;

		nodes[i].grants_first = next;
		nodes[i].grants_count = spread_grants(build, grants, &next, list);
		nodes[i].shapes_first = next_shape;
		for (uint32_t s = sides[i].shapes; s != ZC_BUILD_NONE; s = links[s].next) {
			shapes[next_shape++] = (struct zc_image_shape){ links[s].prefix_len,
									links[s].suffix_len,
									{ 0 } };
			nodes[i].shapes_count++;
		}
	}
	for (uint32_t i = 0; i < image->nets.count; i++) {
		uint32_t list = nets[i].kind == ZC_NET_EMPTY ? ZC_BUILD_NONE : nets[i].grants_first;

		nets[i].grants_first = next;
		nets[i].grants_count = spread_grants(build, grants, &next, list);
	}
	for (uint32_t i = 0; i < image->names.count; i++) {
		uint32_t list = names[i].grants_first;

		names[i].grants_first = next;
		names[i].grants_count = spread_grants(build, grants, &next, list);
	}
	image->any_net_grants_first = next;
	image->any_net_grants_count = spread_grants(build, grants, &next, build->any_net_grants);
	image->any_unix_grants_first = next;
	image->any_unix_grants_count = spread_grants(build, grants, &next, build->any_unix_grants);
}

static void fill_head(struct zc_image *image, const struct zc_build_options *options, uint32_t jail,
		      size_t size)
{
	image->magic = ZC_IMAGE_MAGIC;
	image->version = ZC_IMAGE_VERSION;
	image->size = (uint32_t)size;
	image->flags = options->flags;
	image->instance = options->instance;
	memcpy(image->sha256, options->sha256, sizeof(image->sha256));
	memcpy(image->supervisor, options->supervisor, sizeof(image->supervisor));
	image->supervisor_group = options->supervisor_group;
	if (options->jail) {
		image->jail.offset = image->strings.offset + jail;
		image->jail.count = (uint32_t)strlen(options->jail);
	}
}

int zc_build_finish(struct zc_build *build, const struct zc_build_options *options,
		    struct zc_image **ret_image, size_t *ret_size)
{
	struct zc_image head = build->head, *image;
	uint32_t jail = 0;
	uint64_t size;

	if (options->jail) {
		jail = options->jail[0] == '/'
			       ? zc_build_string(build, options->jail, strlen(options->jail))
			       : 0;
		if (jail == 0 || jail == ZC_BUILD_NONE)
			return jail ? -ENOMEM : -EINVAL;
	}
	sort_names(build);
	zc_build_trie_settle(build);
	size = lay_out(&head, build);
	if (size > UINT32_MAX)
		return -E2BIG;
	image = calloc(1, size);
	if (!image)
		return -ENOMEM;
	*image = head;
	copy_in(image, head.nodes, build->nodes.items, sizeof(struct zc_image_node));
	copy_in(image, head.edges, build->edges, sizeof(struct zc_image_edge));
	copy_in(image, head.rules, build->rules.items, sizeof(struct zc_image_rule));
	copy_in(image, head.nets, build->nets, sizeof(struct zc_image_net));
	copy_in(image, head.hosts, build->hosts.items, sizeof(struct zc_image_host));
	copy_in(image, head.names, build->names.items, sizeof(struct zc_image_name));
	copy_in(image, head.found, build->found.items, sizeof(struct zc_image_found));
	copy_in(image, head.argv_rules, build->argv_rules.items, sizeof(struct zc_image_argv_rule));
	copy_in(image, head.argv_words, build->argv_words.items, sizeof(struct zc_image_argv_word));
	copy_in(image, head.strings, build->strings.items, 1);
	spread_lists(image, build);
	fill_head(image, options, jail, size);
	if (zc_image_check(image, size) < 0) {
		free(image);
		return -EINVAL;
	}
	*ret_image = image;
	*ret_size = size;
	return 0;
}
