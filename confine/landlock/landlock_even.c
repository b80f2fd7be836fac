/* SPDX-License-Identifier: MIT */
/*
 * landlock_even.c - the list of places: sorted, merged, and made even for renaming.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "confine/landlock/landlock.h"
#include "core/path.h"

void zc_places_add(struct zc_places *places, const char *path, size_t len, bool directory,
		   uint64_t exact, uint64_t wide)
{
	struct zc_place *grown;

	if (places->count == places->cap) {
		places->cap = places->cap ? places->cap * 2 : 64;
		grown = realloc(places->place, places->cap * sizeof(*grown));
		if (!grown) {
			places->error = -ENOMEM;
			return;
		}
		places->place = grown;
	}
	places->place[places->count] = (struct zc_place){
		.path = strndup(path, len),
		.exact = exact,
		.wide = wide,
		.directory = directory,
	};
	if (places->place[places->count].path)
		places->count++;
	else
		places->error = -ENOMEM;
}

void zc_places_finish(struct zc_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->place[i].path);
	for (size_t i = 0; i < places->note_count; i++) {
		free(places->note[i].path);
		free(places->note[i].to);
	}
	free(places->place);
	free(places->note);
	memset(places, 0, sizeof(*places));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct zc_place *)a)->path, ((const struct zc_place *)b)->path);
}

static const struct zc_place *find(const struct zc_places *places, const char *path)
{
	struct zc_place key = { .path = (char *)path };

	return places->count ? bsearch(&key, places->place, places->count, sizeof(key), by_path)
			     : NULL;
}

/* What the places above path give: exactly, and in all. */
static void above(const struct zc_places *places, const char *path, uint64_t *ret_exact,
		  uint64_t *ret_all)
{
	char dir[2 * ZC_PATH_CAP];
	size_t len = strlen(path);

	*ret_exact = *ret_all = 0;
	while (len > 1 && len < sizeof(dir)) {
		const struct zc_place *place;

		len = zc_path_parent(path, len);
		memcpy(dir, path, len);
		dir[len] = '\0';
		place = find(places, dir);
		if (place) {
			*ret_exact |= place->exact;
			*ret_all |= place->exact | place->wide;
		}
	}
}

uint64_t zc_places_give(const struct zc_places *places, const char *path)
{
	const struct zc_place *place = find(places, path);
	uint64_t exact, all;

	above(places, path, &exact, &all);
	return all | (place ? place->exact | place->wide : 0);
}

uint64_t zc_places_give_exactly(const struct zc_places *places, const char *path)
{
	const struct zc_place *place = find(places, path);
	uint64_t exact, all;

	above(places, path, &exact, &all);
	return exact | (place ? place->exact : 0);
}

static void drop_needless(struct zc_places *places)
{
	size_t kept = 0;

	for (size_t i = 0; i < places->count; i++) {
		if (places->place[i].needless)
			free(places->place[i].path);
		else
			places->place[kept++] = places->place[i];
	}
	places->count = kept;
}

void zc_places_settle(struct zc_places *places)
{
	size_t kept = 0;

	if (!places->count)
		return;
	qsort(places->place, places->count, sizeof(*places->place), by_path);
	for (size_t i = 0; i < places->count; i++) {
		struct zc_place *last = kept ? &places->place[kept - 1] : NULL;

		if (last && !strcmp(last->path, places->place[i].path)) {
			last->exact |= places->place[i].exact;
			last->wide |= places->place[i].wide;
			last->directory &= places->place[i].directory;
			free(places->place[i].path);
		} else {
			places->place[kept++] = places->place[i];
		}
	}
	places->count = kept;
	for (size_t i = 0; i < kept; i++) {
		struct zc_place *place = &places->place[i];
		uint64_t exact, all;

		above(places, place->path, &exact, &all);
		place->wide &= ~(exact | place->exact);
		place->needless = !((place->exact | place->wide) & ~all);
	}
	drop_needless(places);
}

static bool meets(const char *a, const char *b)
{
	return zc_stay_below(a, b) || zc_stay_below(b, a);
}

/* Can entries be moved about there? In /proc and among terminals the kernel makes them. */
static bool is_for_entries(const struct zc_place *place)
{
	return place->directory && (place->exact | place->wide) & ZC_LL_MAKE_REG &&
	       !zc_stay_below(place->path, "/proc") && !zc_stay_below(place->path, "/dev/pts");
}

static bool meets_writable(const struct zc_places *places, const char *path)
{
	for (size_t i = 0; i < places->count; i++)
		if (is_for_entries(&places->place[i]) && meets(places->place[i].path, path))
			return true;
	return false;
}

static uint64_t denied_below(const struct zc_places *places, const char *path)
{
	static const uint64_t rights[ZC_PATH_CLASSES] = { ZC_LL_OF_READ, 0, ZC_LL_OF_RUN,
							  ZC_LL_OF_UNIX };
	uint64_t denied = 0;

	for (size_t i = 0; i < places->note_count; i++)
		if (!places->note[i].to && places->note[i].path &&
		    zc_stay_below(places->note[i].path, path))
			denied |= rights[places->note[i].cls];
	return denied;
}

/*
 * Moving a file from a to b needs, for Landlock, that b gives no right that a does not. Where places
 * give what rules say, that is the policy's own law. Where they give more (moved up, or a deny below
 * that cannot be taken away) b may have what a has not although the policy sees no difference. So
 * that surplus is given wherever entries can be moved.
 */
void zc_places_even(struct zc_places *places, uint64_t handled)
{
	uint64_t surplus = 0;

	for (size_t i = 0; i < places->count; i++) {
		const struct zc_place *place = &places->place[i];
		uint64_t all = (place->exact | place->wide) & handled & ~ZC_LL_OF_WRITE, more;

		more = all & (place->wide | denied_below(places, place->path));
		if (more & ~surplus && meets_writable(places, place->path))
			surplus |= more;
	}
	for (size_t i = 0; surplus && i < places->count; i++)
		if (is_for_entries(&places->place[i]))
			places->place[i].wide |= surplus & ~places->place[i].exact;
}
