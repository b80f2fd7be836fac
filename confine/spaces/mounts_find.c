/* SPDX-License-Identifier: MIT */
/*
 * mounts_find.c - the places that a policy denies, as they are on this host: the trie of the image,
 * walked along with the file system, wildcards standing for what there is now.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/spaces/mounts.h"
#include "core/path.h"

#define NONE 0xffffffffu

struct finder {
	const struct zc_mount_find *how;
	struct zc_mount_places *found;
	const struct zc_image_node *nodes;
	const struct zc_image_edge *edges;
	const char *strings;
	uint32_t *first; /* of each node: its first edge */
	uint32_t *next;  /* of each edge: the next one of the same node */
	char path[2 * ZC_PATH_CAP];
	size_t root_len; /* the policy's path begins behind it */
	int error;
};

uint64_t zc_mounts_denies(unsigned cls)
{
	return ZC_MASK_IMPLICIT(cls) | ZC_MASK_PROFILE(cls, ZC_SAYS_DENY) |
	       ZC_MASK_PROFILE(cls, ZC_SAYS_QUIET) | ZC_MASK_USER(cls, ZC_SAYS_DENY) |
	       ZC_MASK_USER(cls, ZC_SAYS_QUIET);
}

static uint64_t denies(void)
{
	return zc_mounts_denies(ZC_CLASS_READ) | zc_mounts_denies(ZC_CLASS_WRITE);
}

static uint32_t rule_of(const struct finder *f, const struct zc_image_node *node)
{
	const struct zc_image_grant *grants = zc_image_at(f->how->image, f->how->image->grants);

	for (uint32_t i = 0; i < node->grants_count; i++)
		if (grants[node->grants_first + i].bit & denies())
			return grants[node->grants_first + i].rule;
	return node->below_rule;
}

static const char *policy_path(const struct finder *f)
{
	return f->path[f->root_len] ? f->path + f->root_len : "/";
}

/* --- what was found ---------------------------------------------------------------------------------- */

static void add_place(struct finder *f, const struct zc_image_node *node, const struct stat *st)
{
	struct zc_mount_places *found = f->found;
	struct zc_mount_place *place;

	if (found->count == found->cap) {
		size_t cap = found->cap ? 2 * found->cap : 64;

		place = realloc(found->place, cap * sizeof(*place));
		if (!place) {
			f->error = -ENOMEM;
			return;
		}
		found->place = place;
		found->cap = cap;
	}
	place = &found->place[found->count];
	place->path = strdup(policy_path(f));
	if (!place->path) {
		f->error = -ENOMEM;
		return;
	}
	place->rule = rule_of(f, node);
	place->mode = st->st_mode;
	place->size = (uint64_t)st->st_size;
	found->count++;
}

static void note_missing(struct finder *f, const struct zc_image_node *node)
{
	uint32_t number = node->mask & denies() ? rule_of(f, node) : node->below_rule;
	const struct zc_image_rule *rule = zc_image_rule(f->how->image, number);

	if (rule && rule->layer == ZC_LAYER_PROFILE)
		f->found->missing++; /* of a hundred places few are on any one host */
	else if (rule)
		f->how->missing(f->how->context, number, policy_path(f));
}

/* --- looking ------------------------------------------------------------------------------------------- */

/*
 * 0, or -errno: -ELOOP where a link is on the way. That one is not followed: what rules name is kept in
 * the image under the name it leads to as well.
 */
static int look(const char *path, struct stat *ret)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
				.resolve = RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	int error;

	if (fd < 0)
		return -errno;
	error = fstat((int)fd, ret) < 0 ? -errno : 0;
	close((int)fd);
	return !error && S_ISLNK(ret->st_mode) ? -ELOOP : error;
}

static void visit(struct finder *f, uint32_t index, size_t len);

/* Goes on with one name below the place that path holds len bytes of. */
static void enter(struct finder *f, uint32_t index, size_t len, const char *name, size_t name_len)
{
	if (len + name_len + 2 > sizeof(f->path) || len + name_len + 1 - f->root_len >= ZC_PATH_CAP)
		return;
	f->path[len] = '/';
	memcpy(f->path + len + 1, name, name_len);
	len += name_len + 1;
	f->path[len] = '\0';
	visit(f, index, len);
}

/* Processes come and go, and with them the files that say what they are. */
static bool is_process(const char *parent, const char *name)
{
	return !strcmp(parent, "/proc") && ((*name >= '0' && *name <= '9') || *name == '*' ||
					    !strcmp(name, "self") || !strcmp(name, "thread-self"));
}

static bool interests(const struct finder *f, const struct zc_image_edge *edge)
{
	const struct zc_image_node *child = &f->nodes[edge->child];

	return (child->mask | child->below) & denies();
}

static void enter_globs(struct finder *f, uint32_t index, size_t len)
{
	struct dirent *entry;
	DIR *dir;

	f->path[len] = '\0';
	dir = opendir(len ? f->path : "/");
	while (dir && !f->error && (entry = readdir(dir)) != NULL) {
		size_t name_len = strlen(entry->d_name);

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		for (uint32_t e = f->first[index]; e != NONE; e = f->next[e])
			if (f->edges[e].kind == ZC_EDGE_GLOB && interests(f, &f->edges[e]) &&
			    zc_glob_match(f->strings + f->edges[e].name, f->edges[e].name_len,
					  entry->d_name, name_len))
				enter(f, f->edges[e].child, len, entry->d_name, name_len);
	}
	if (dir)
		closedir(dir);
}

static void visit_below(struct finder *f, uint32_t index, size_t len)
{
	const struct zc_image_node *node = &f->nodes[index];
	bool globs = false;

	if (node->dstar && (f->nodes[node->dstar].mask | f->nodes[node->dstar].below) & denies()) {
		f->found->stars++;
		f->found->stars_rule = rule_of(f, &f->nodes[node->dstar]);
	}
	for (uint32_t e = f->first[index]; e != NONE && !f->error; e = f->next[e]) {
		const struct zc_image_edge *edge = &f->edges[e];
		char name[256];

		if (!interests(f, edge))
			continue;
		f->path[len] = '\0';
		snprintf(name, sizeof(name), "%.*s", (int)edge->name_len, f->strings + edge->name);
		if (is_process(policy_path(f), name))
			f->found->processes++;
		else if (edge->kind == ZC_EDGE_GLOB)
			globs = true;
		else
			enter(f, edge->child, len, f->strings + edge->name, edge->name_len);
	}
	if (globs)
		enter_globs(f, index, len);
}

static void visit(struct finder *f, uint32_t index, size_t len)
{
	const struct zc_image_node *node = &f->nodes[index];
	struct stat st;
	int error;

	if (f->found->count == 4u * ZC_MOUNTS_MAX) {
		f->found->too_many++;
		return;
	}
	error = look(len ? f->path : "/", &st);
	if (f->error || error == -ELOOP)
		return;
	if (error) {
		note_missing(f, node);
		return;
	}
	if (node->mask & denies())
		add_place(f, node, &st);
	if (S_ISDIR(st.st_mode) && (node->below & denies()))
		visit_below(f, index, len);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static int index_edges(struct finder *f)
{
	const struct zc_image *image = f->how->image;

	f->first = malloc((image->nodes.count + 1) * sizeof(*f->first));
	f->next = malloc((image->edges.count + 1) * sizeof(*f->next));
	if (!f->first || !f->next)
		return -ENOMEM;
	for (uint32_t i = 0; i < image->nodes.count; i++)
		f->first[i] = NONE;
	for (uint32_t e = 0; e < image->edges.count; e++) {
		if (f->edges[e].kind == ZC_EDGE_EMPTY)
			continue;
		f->next[e] = f->first[f->edges[e].parent];
		f->first[f->edges[e].parent] = e;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct zc_mount_place *)a)->path,
		      ((const struct zc_mount_place *)b)->path);
}

/* A name and a wildcard may lead to the same place. */
static void drop_twins(struct zc_mount_places *places)
{
	size_t kept = 0;

	if (places->count)
		qsort(places->place, places->count, sizeof(*places->place), by_path);
	for (size_t i = 0; i < places->count; i++) {
		if (kept && !strcmp(places->place[kept - 1].path, places->place[i].path))
			free(places->place[i].path);
		else
			places->place[kept++] = places->place[i];
	}
	places->count = kept;
}

int zc_mounts_find(const struct zc_mount_find *how, struct zc_mount_places *ret)
{
	struct finder *f = calloc(1, sizeof(*f));
	int error;

	*ret = (struct zc_mount_places){ 0 };
	if (!f)
		return -ENOMEM;
	f->how = how;
	f->found = ret;
	f->nodes = zc_image_at(how->image, how->image->nodes);
	f->edges = zc_image_at(how->image, how->image->edges);
	f->strings = zc_image_at(how->image, how->image->strings);
	f->root_len = strlen(how->root);
	if (f->root_len >= ZC_PATH_CAP)
		f->error = -ENAMETOOLONG;
	else
		memcpy(f->path, how->root, f->root_len + 1);
	if (!f->error)
		f->error = index_edges(f);
	if (!f->error && how->image->nodes.count)
		visit(f, 0, f->root_len);
	error = f->error;
	free(f->first);
	free(f->next);
	free(f);
	drop_twins(ret);
	return error;
}

void zc_mounts_finish(struct zc_mount_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->place[i].path);
	free(places->place);
	*places = (struct zc_mount_places){ 0 };
}
