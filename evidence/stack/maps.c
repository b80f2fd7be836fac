/* SPDX-License-Identifier: MIT */
/*
 * maps.c - sets of maps and their address spaces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/stack/maps.h"

#define MAPS_MAX 4096u /* executable mappings of one process */
#define SPACES_MAX 48u

struct zc_maps {
	unsigned refs, count, cap;
	struct zc_map *map; /* sorted by start */
	unw_addr_space_t space;
	uint64_t used; /* when the space was last used, in walks */
};

struct zc_unwinder {
	struct zc_modules *modules;
	struct zc_maps *with_space[SPACES_MAX];
	uint64_t walks;
	struct zc_jits *jits;
	struct zc_sites *sites;
};

struct zc_unwinder *zc_unwinder_new(void)
{
	struct zc_unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		return NULL;
	unwinder->modules = zc_modules_new();
	unwinder->sites = zc_sites_new();
	if (!unwinder->modules || !unwinder->sites)
		return zc_unwinder_free(unwinder);
	return unwinder;
}

static void drop_space(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	if (!maps->space)
		return;
	for (unsigned i = 0; i < SPACES_MAX; i++)
		if (unwinder->with_space[i] == maps)
			unwinder->with_space[i] = NULL;
	unw_destroy_addr_space(maps->space);
	maps->space = NULL;
}

struct zc_unwinder *zc_unwinder_free(struct zc_unwinder *unwinder)
{
	if (!unwinder)
		return NULL;
	for (unsigned i = 0; i < SPACES_MAX; i++)
		if (unwinder->with_space[i])
			drop_space(unwinder, unwinder->with_space[i]);
	zc_sites_free(unwinder->sites);
	zc_jits_free(unwinder->jits);
	zc_modules_free(unwinder->modules);
	free(unwinder);
	return NULL;
}

static bool grow(struct zc_maps *maps)
{
	unsigned cap = maps->cap ? maps->cap * 2 : 16;
	struct zc_map *map;

	if (maps->count < maps->cap)
		return true;
	if (maps->count >= MAPS_MAX)
		return false;
	map = realloc(maps->map, cap * sizeof(*map));
	if (!map)
		return false;
	maps->map = map;
	maps->cap = cap;
	return true;
}

/* Index of the first map that starts behind address. */
static unsigned after(const struct zc_maps *maps, uint64_t address)
{
	unsigned low = 0, high = maps->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (maps->map[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A later map takes the place of those it covers: a library was unloaded and another came. */
static void insert(struct zc_maps *maps, struct zc_map map)
{
	unsigned keep = 0, at;

	for (unsigned i = 0; i < maps->count; i++)
		if (maps->map[i].end <= map.start || maps->map[i].start >= map.end)
			maps->map[keep++] = maps->map[i];
	maps->count = keep;
	if (!grow(maps))
		return;
	at = after(maps, map.start);
	memmove(maps->map + at + 1, maps->map + at, (maps->count - at) * sizeof(map));
	maps->map[at] = map;
	maps->count++;
}

static struct zc_module *module_of(struct zc_unwinder *unwinder, const struct zc_wire_map *wire,
				   const char *name, const char *cwd)
{
	char joined[ZC_PATH_CAP];
	size_t len = strnlen(name, wire->name_len);

	if (len && name[0] != '/' && name[0] != '[' && cwd && memchr(name, '/', len)) {
		if (strlen(cwd) + 1 + len >= sizeof(joined))
			return NULL;
		len = (size_t)snprintf(joined, sizeof(joined), "%s/%.*s", cwd, (int)len, name);
		name = joined;
	}
	return zc_module_get(unwinder->modules, name, len, wire->build_id, wire->build_id_len);
}

static void take(struct zc_unwinder *unwinder, struct zc_maps *maps, const void *field, size_t len,
		 const char *cwd)
{
	struct zc_wire_map wire;
	const char *name;
	size_t at = 0;

	while (zc_frame_next_map(field, len, &at, &wire, &name))
		if (wire.start < wire.end)
			insert(maps, (struct zc_map){ wire.start, wire.end, wire.bias,
						      module_of(unwinder, &wire, name, cwd) });
}

struct zc_maps *zc_maps_new(struct zc_unwinder *unwinder, const void *field, size_t len,
			    const char *cwd)
{
	struct zc_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	maps->refs = 1;
	take(unwinder, maps, field, len, cwd);
	return maps;
}

struct zc_maps *zc_maps_ref(struct zc_maps *maps)
{
	if (maps)
		maps->refs++;
	return maps;
}

void zc_maps_unref(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	if (!maps || --maps->refs)
		return;
	drop_space(unwinder, maps);
	free(maps->map);
	free(maps);
}

struct zc_maps *zc_maps_add(struct zc_unwinder *unwinder, struct zc_maps *maps, const void *field,
			    size_t len, const char *cwd)
{
	struct zc_maps *own = maps;

	if (!maps)
		return zc_maps_new(unwinder, field, len, cwd);
	if (maps->refs > 1) {
		own = zc_maps_new(unwinder, NULL, 0, NULL);
		if (!own)
			return maps;
		for (unsigned i = 0; i < maps->count; i++)
			insert(own, maps->map[i]);
		zc_maps_unref(unwinder, maps);
	}
	take(unwinder, own, field, len, cwd);
	drop_space(unwinder, own); /* what it cached may be about what was there before */
	return own;
}

const struct zc_map *zc_maps_find(const struct zc_maps *maps, uint64_t address)
{
	unsigned at = after(maps, address);

	return at && address < maps->map[at - 1].end ? &maps->map[at - 1] : NULL;
}

unw_addr_space_t zc_maps_space(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	unsigned oldest = 0;

	maps->used = ++unwinder->walks;
	if (maps->space)
		return maps->space;
	for (unsigned i = 0; i < SPACES_MAX; i++) {
		if (!unwinder->with_space[i]) {
			oldest = i;
			break;
		}
		if (unwinder->with_space[i]->used < unwinder->with_space[oldest]->used)
			oldest = i;
	}
	if (unwinder->with_space[oldest])
		drop_space(unwinder, unwinder->with_space[oldest]);
	maps->space = unw_create_addr_space(&zc_stack_accessors, 0);
	if (!maps->space)
		return NULL;
	unw_set_caching_policy(maps->space, UNW_CACHE_GLOBAL);
	unwinder->with_space[oldest] = maps;
	return maps->space;
}

uint8_t zc_module_kind(const struct zc_module *module)
{
	static const char *const system[] = { "libc.so.", "libc-2.", "libc.musl",     "ld-linux",
					      "ld-musl",  "ld-2.",   "libpthread.so." };
	const char *base = zc_module_base(module);

	if (!strncmp(base, "libzcshim.so", 12))
		return ZC_SITE_SHIM;
	for (size_t i = 0; i < ZC_LEN(system); i++)
		if (!strncmp(base, system[i], strlen(system[i])))
			return ZC_SITE_SYSTEM;
	return strcmp(base, "libc.so") ? ZC_SITE_PROGRAM : ZC_SITE_SYSTEM;
}

struct zc_jits **zc_unwinder_jits(struct zc_unwinder *unwinder)
{
	return &unwinder->jits;
}

struct zc_module *zc_unwinder_no_file(struct zc_unwinder *unwinder)
{
	return zc_module_get(unwinder->modules, "[anonymous]", 11, (const uint8_t *)"", 0);
}

struct zc_sites *zc_unwinder_sites(struct zc_unwinder *unwinder)
{
	return unwinder->sites;
}

const struct zc_naming_report *zc_unwinder_naming(const struct zc_unwinder *unwinder)
{
	return zc_sites_naming(unwinder->sites);
}
