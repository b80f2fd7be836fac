/* SPDX-License-Identifier: MIT */
/*
 * landlock_places.c - one walk of the image's trie: where rights are to be given, and for which rule.
 *
 * The walk goes along plain names only and looks at each of them on disk once. Behind a wildcard, a
 * file, a link or a name that does not exist it goes on for the rules' sake, while the place stays.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "confine/landlock/landlock.h"
#include "core/path.h"

/* Where a rule for what is being walked over would be put. */
struct spot {
	size_t len; /* of the path: what holds it; 0: nowhere, and nothing is missed by that */
	bool directory;
	bool ends;       /* whatever lies deeper is put here too */
	const char *why; /* not NULL: here and not where the rule says */
};

struct walker {
	struct zc_places *places;
	const struct zc_plan_maker *maker;
	const struct zc_image *image;
	const struct zc_image_node *nodes;
	const struct zc_image_edge **edges; /* by parent */
	uint32_t *first;                    /* of each node in edges; one more than nodes */
	uint64_t allows;                    /* every bit that allows something */
	size_t prefix; /* bytes of path that the image does not have: the jail */
	char path[2 * ZC_PATH_CAP];
};

static const uint64_t rights_of[ZC_PATH_CLASSES] = {
	[ZC_CLASS_READ] = ZC_LL_OF_READ,
	[ZC_CLASS_WRITE] = ZC_LL_OF_WRITE,
	[ZC_CLASS_RUN] = ZC_LL_OF_RUN,
	[ZC_CLASS_UNIX] = ZC_LL_OF_UNIX,
};

static uint64_t bits_of(uint64_t (*mask)(unsigned cls, unsigned says), unsigned cls, unsigned from,
			unsigned to)
{
	uint64_t bits = 0;

	for (unsigned says = from; says <= to; says++)
		bits |= mask(cls, says);
	return bits;
}

static uint64_t of_user(unsigned cls, unsigned says)
{
	return ZC_MASK_USER(cls, says);
}

static uint64_t of_profile(unsigned cls, unsigned says)
{
	return ZC_MASK_PROFILE(cls, says);
}

static uint64_t allow_bits(const struct zc_image *image, unsigned cls)
{
	uint64_t bits = ZC_MASK_BASE(cls) | bits_of(of_user, cls, ZC_SAYS_ALLOW, ZC_SAYS_ASK) |
			bits_of(of_profile, cls, ZC_SAYS_ASK, ZC_SAYS_ASK);

	if (!(image->user_allows >> cls & 1))
		bits |= bits_of(of_profile, cls, ZC_SAYS_ALLOW, ZC_SAYS_LOG);
	return bits;
}

static uint64_t deny_bits(unsigned cls)
{
	return ZC_MASK_IMPLICIT(cls) | bits_of(of_user, cls, ZC_SAYS_DENY, ZC_SAYS_QUIET) |
	       bits_of(of_profile, cls, ZC_SAYS_DENY, ZC_SAYS_QUIET);
}

/* The path as the image has it: without the jail. */
static const char *inside(const struct walker *w)
{
	return w->path[w->prefix] ? w->path + w->prefix : "/";
}

/* --- the edges of a node ---------------------------------------------------------------------- */

static int by_parent(const void *a, const void *b)
{
	const struct zc_image_edge *x = *(const struct zc_image_edge *const *)a;
	const struct zc_image_edge *y = *(const struct zc_image_edge *const *)b;

	/* A child is made after its siblings: a stable order, whatever the hashes are. */
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return x->child < y->child ? -1 : x->child > y->child;
}

static int index_edges(struct walker *w)
{
	const struct zc_image_edge *edges = zc_image_at(w->image, w->image->edges);
	uint32_t nodes = w->image->nodes.count, count = 0, next = 0;

	w->edges = calloc(w->image->edges.count + 1u, sizeof(*w->edges));
	w->first = calloc(nodes + 1u, sizeof(*w->first));
	if (!w->edges || !w->first)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->image->edges.count; i++)
		if (edges[i].kind != ZC_EDGE_EMPTY)
			w->edges[count++] = &edges[i];
	qsort(w->edges, count, sizeof(*w->edges), by_parent);
	for (uint32_t node = 0; node <= nodes; node++) {
		while (next < count && w->edges[next]->parent < node)
			next++;
		w->first[node] = next;
	}
	return 0;
}

/* Appends an edge's name to the path; 0 when it would be too long to exist. */
static size_t append(struct walker *w, size_t len, const struct zc_image_edge *edge)
{
	const char *strings = zc_image_at(w->image, w->image->strings);
	size_t at = len == 1 && w->path[0] == '/' ? 0 : len;

	if (at + 1 + edge->name_len >= sizeof(w->path))
		return 0;
	w->path[at] = '/';
	memcpy(w->path + at + 1, strings + edge->name, edge->name_len);
	w->path[at + 1 + edge->name_len] = '\0';
	return at + 1 + edge->name_len;
}

static void cut(struct walker *w, size_t len)
{
	w->path[len] = '\0';
}

/* --- what stays ---------------------------------------------------------------------------------- */

/*
 * Is there something below that nobody in the run may write, remove or move? Then no directory above
 * it can be emptied, and moving one would lose the deny.
 */
static bool is_pinned(struct walker *w, uint32_t node, size_t len)
{
	bool pinned = false;

	for (uint32_t i = w->first[node]; i < w->first[node + 1] && !pinned; i++) {
		const struct zc_image_node *child = &w->nodes[w->edges[i]->child];
		uint64_t denies = (child->mask | child->below) & deny_bits(ZC_CLASS_WRITE);
		size_t longer;
		struct stat st;

		if (w->edges[i]->kind != ZC_EDGE_NAME || !denies)
			continue;
		longer = append(w, len, w->edges[i]);
		if (longer && lstat(w->path, &st) == 0)
			pinned = (child->mask & deny_bits(ZC_CLASS_WRITE) &&
				  !zc_stay_allows(w->image, inside(w), ZC_CLASS_WRITE)) ||
				 (S_ISDIR(st.st_mode) && is_pinned(w, w->edges[i]->child, longer));
		cut(w, len);
	}
	return pinned;
}

static struct spot held_by(struct spot parent, const char *why)
{
	return (struct spot){ parent.len, true, true, why };
}

static struct spot spot_of_file(const struct walker *w, struct spot parent, size_t len,
				const struct stat *st)
{
	bool device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);

	if (device && zc_stay_device(w->path))
		return (struct spot){ len, false, true, NULL };
	return held_by(parent, "a file can be replaced");
}

/* Where the rules of the name at the end of path go, when those of its directory go to parent. */
static struct spot spot_of(struct walker *w, uint32_t node, struct spot parent, size_t len)
{
	const struct spot nowhere = { .ends = true };
	struct stat st;

	/* For what is only denied no place is looked for: most of a profile, and most of the time. */
	if (!((w->nodes[node].mask | w->nodes[node].below) & w->allows))
		return nowhere;
	if (parent.ends)
		return parent;
	if (len > 1 && strcmp(w->path + len - 2, "/.") == 0)
		return held_by(parent, "a directory's rights are those of what is in it");
	if (zc_stay_below(w->path, "/proc") && strcmp(w->path, "/proc") != 0)
		return held_by(parent, "entries of /proc come and go");
	if (lstat(w->path, &st) < 0)
		return zc_stay_device(w->path) ? nowhere : held_by(parent, "it does not exist");
	if (S_ISLNK(st.st_mode))
		return zc_stay_entry(w->maker, w->path, inside(w))
			       ? nowhere /* the rule stands at its target too */
			       : held_by(parent, "the link can be replaced");
	if (!S_ISDIR(st.st_mode))
		return spot_of_file(w, parent, len, &st);
	if (zc_stay_entry(w->maker, w->path, inside(w)) || is_pinned(w, node, len))
		return (struct spot){ len, true, false, NULL };
	return held_by(parent, "it can be removed and made again");
}

/* --- rules --------------------------------------------------------------------------------------- */

static void note(struct walker *w, const struct zc_image_node *node, uint64_t bits, unsigned cls,
		 const struct spot *spot)
{
	const struct zc_image_grant *grants = zc_image_at(w->image, w->image->grants);
	struct zc_places *places = w->places;

	for (uint32_t i = 0; i < node->grants_count; i++) {
		const struct zc_image_grant *grant = &grants[node->grants_first + i];
		struct zc_place_note *grown;

		if (!(grant->bit & bits))
			continue;
		if (places->note_count == places->note_cap) {
			places->note_cap = places->note_cap ? places->note_cap * 2 : 64;
			grown = realloc(places->note, places->note_cap * sizeof(*grown));
			if (!grown) {
				places->error = -ENOMEM;
				return;
			}
			places->note = grown;
		}
		places->note[places->note_count++] = (struct zc_place_note){
			.path = strdup(w->path),
			.to = spot ? strndup(w->path, spot->len) : NULL,
			.why = spot ? spot->why : NULL,
			.rule = grant->rule,
			.cls = (uint8_t)cls,
		};
	}
}

static void give(struct walker *w, unsigned cls, struct spot spot, size_t len)
{
	uint64_t rights = rights_of[cls], wide = spot.why ? rights : 0;

	if (!spot.len)
		return;
	/* Reading is what comes with running: more than was said, unless that was said as well. */
	if (cls == ZC_CLASS_RUN && !spot.why &&
	    (spot.len != len || !zc_stay_allows(w->image, inside(w), ZC_CLASS_READ)))
		wide |= ZC_LL_READ_FILE;
	zc_places_add(w->places, w->path, spot.len, spot.directory, rights & ~wide, wide);
}

/* What the rules that stand at one node say. wild: a wildcard is on the way. */
static void hear(struct walker *w, const struct zc_image_node *node, size_t len, struct spot spot,
		 bool wild)
{
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
		uint64_t allows = node->mask & allow_bits(w->image, cls);

		if (node->mask & deny_bits(cls))
			note(w, node, deny_bits(cls), cls, NULL);
		if (!allows)
			continue;
		/* What denies here denies below as well; who is let through all the same is named there. */
		if (!wild && cls != ZC_CLASS_UNIX && !zc_stay_allows(w->image, inside(w), cls))
			continue;
		give(w, cls, spot, len);
		if (spot.len && spot.why)
			note(w, node, allows, cls, &spot);
	}
}

/* Behind a wildcard everything goes to the last directory before it. */
static void walk_wild(struct walker *w, uint32_t index, size_t len, struct spot spot)
{
	const struct zc_image_node *node = &w->nodes[index];

	hear(w, node, len, spot, true);
	if (!node->below)
		return;
	for (uint32_t i = w->first[index]; i < w->first[index + 1]; i++)
		walk_wild(w, w->edges[i]->child, len, spot);
	if (node->dstar)
		walk_wild(w, node->dstar, len, spot);
}

/* Entries of /dev stay, so there wildcards are held against what is there. */
static void walk_devices(struct walker *w, const struct zc_image_node *node, size_t len)
{
	DIR *dir = opendir(w->path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		bool is_dir = entry->d_type == DT_DIR;

		if (entry->d_name[0] == '.' ||
		    (!is_dir && entry->d_type != DT_CHR && entry->d_type != DT_BLK))
			continue;
		snprintf(w->path + len, sizeof(w->path) - len, "/%s", entry->d_name);
		for (unsigned cls = 0; cls < ZC_CLASS_UNIX; cls++)
			if (node->wild & allow_bits(w->image, cls) &&
			    zc_stay_allows(w->image, inside(w), cls))
				zc_places_add(w->places, w->path, strlen(w->path), is_dir,
					      rights_of[cls], 0);
	}
	if (dir)
		closedir(dir);
	cut(w, len);
}

static void walk(struct walker *w, uint32_t index, size_t len, struct spot spot)
{
	const struct zc_image_node *node = &w->nodes[index];
	struct spot wild = spot;

	hear(w, node, len, spot, false);
	if (!node->below)
		return;
	if (!spot.ends) {
		wild.why = "a wildcard";
		if (node->wild && !strcmp(w->path, "/dev")) {
			walk_devices(w, node, len);
			if (node->wild & allow_bits(w->image, ZC_CLASS_UNIX))
				zc_places_add(w->places, w->path, len, true, 0, ZC_LL_OF_UNIX);
			wild.len = 0;
		}
	}
	for (uint32_t i = w->first[index]; i < w->first[index + 1]; i++) {
		const struct zc_image_edge *edge = w->edges[i];
		size_t longer;

		if (edge->kind == ZC_EDGE_GLOB) {
			walk_wild(w, edge->child, len, wild);
			continue;
		}
		longer = append(w, len, edge);
		if (longer)
			walk(w, edge->child, longer, spot_of(w, edge->child, spot, longer));
		cut(w, len);
	}
	if (node->dstar)
		walk_wild(w, node->dstar, len, wild);
}

/* A rule on a command may let any file run; which, it says by names that the kernel does not know. */
static bool any_program_allowed(const struct zc_image *image)
{
	const struct zc_image_argv_rule *rules = zc_image_at(image, image->argv_rules);

	for (uint32_t i = 0; i < image->argv_rules.count; i++)
		if (zc_image_rule(image, rules[i].rule)->says <= ZC_SAYS_ASK)
			return true;
	return false;
}

static bool any_unix_allowed(const struct zc_image *image)
{
	return image->any_unix & allow_bits(image, ZC_CLASS_UNIX);
}

int zc_places_collect(struct zc_places *places, const struct zc_plan_maker *maker)
{
	const struct zc_image *image = maker->wish->image;
	struct walker *w = calloc(1, sizeof(*w));
	size_t len = 1;
	int error;

	if (!w)
		return -ENOMEM;
	*w = (struct walker){ .places = places, .maker = maker, .image = image };
	w->nodes = zc_image_at(image, image->nodes);
	strcpy(w->path, "/");
	if (image->jail.count) {
		snprintf(w->path, sizeof(w->path), "%s",
			 (const char *)zc_image_at(image, image->jail));
		len = w->prefix = strlen(w->path);
	}
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
		w->allows |= allow_bits(image, cls);
	error = index_edges(w);
	if (!error) {
		walk(w, 0, len, (struct spot){ len, true, false, NULL });
		if (any_unix_allowed(image))
			zc_places_add(places, "/", 1, true, ZC_LL_OF_UNIX, 0);
		if (any_program_allowed(image))
			zc_places_add(places, "/", 1, true, ZC_LL_OF_RUN, 0);
		error = places->error;
	}
	free(w->edges);
	free(w->first);
	free(w);
	return error;
}
