/* SPDX-License-Identifier: MIT */
/*
 * maps.c - sets of maps, their address spaces, and the cache of named places.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/stack/maps.h"

#define MAPS_MAX 4096u /* executable mappings of one process */
#define SPACES_MAX 48u
#define SITES_MAX (1u << 18)

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
	struct zc_site **site; /* open addressing */
	size_t site_cap, sites;
};

struct zc_unwinder *zc_unwinder_new(void)
{
	struct zc_unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		return NULL;
	unwinder->modules = zc_modules_new();
	if (!unwinder->modules) {
		free(unwinder);
		return NULL;
	}
	return unwinder;
}

static void forget_sites(struct zc_unwinder *unwinder)
{
	for (size_t i = 0; i < unwinder->site_cap; i++)
		if (unwinder->site[i]) {
			free(unwinder->site[i]->json);
			free(unwinder->site[i]);
		}
	free(unwinder->site);
	unwinder->site = NULL;
	unwinder->site_cap = unwinder->sites = 0;
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
	forget_sites(unwinder);
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

void zc_site_describe(struct zc_site *site)
{
	char id[2 * ZC_BUILD_ID_CAP + 1];
	struct zc_json json = { 0 };
	const uint8_t *bytes;
	unsigned id_len;

	bytes = zc_module_build_id(site->module, &id_len);
	sodium_bin2hex(id, sizeof(id), bytes, id_len);
	zc_json_open(&json, NULL, '{');
	zc_json_string(&json, "module", zc_module_name(site->module));
	zc_json_string(&json, "build_id", id_len ? id : NULL);
	zc_json_hex(&json, "offset", site->offset);
	if (site->function) {
		zc_json_string(&json, "function", site->function);
		zc_json_hex(&json, "function_offset", site->function_offset);
	}
	if (site->file) {
		zc_json_string(&json, "file", site->file);
		zc_json_uint(&json, "line", site->line);
	}
	zc_json_string(&json, "lang", "native");
	zc_json_close(&json, '}');
	site->json = json.failed ? NULL : json.bytes;
	site->json_len = json.len;
	if (json.failed)
		zc_json_free(&json);
}

/* A caller's program counter is where it will go on; the call itself ends one byte before. */
static struct zc_site *make_site(struct zc_module *module, uint64_t offset, bool caller)
{
	struct zc_site *site = calloc(1, sizeof(*site));

	if (!site)
		return NULL;
	*site = (struct zc_site){
		.module = module, .offset = offset, .caller = caller, .kind = zc_module_kind(module)
	};
	site->function = zc_module_symbol(module, offset - caller, &site->function_offset);
	site->function_offset += site->function ? caller : 0;
	/* The lines of libc help nobody, and unpacking its debug data takes 50 ms. */
	if (site->kind != ZC_SITE_PROGRAM ||
	    !zc_module_line(module, offset - caller, &site->file, &site->line))
		site->file = NULL;
	zc_site_describe(site);
	if (!site->json) {
		free(site);
		return NULL;
	}
	return site;
}

static size_t slot_of(const struct zc_unwinder *unwinder, const struct zc_module *module,
		      uint64_t offset, bool caller)
{
	uint64_t hash = ((uint64_t)(uintptr_t)module >> 4) * 0x9e3779b97f4a7c15ull ^
			(offset * 2 + caller) * 0xff51afd7ed558ccdull;
	size_t at = (size_t)(hash ^ hash >> 31) & (unwinder->site_cap - 1);

	while (unwinder->site[at] &&
	       (unwinder->site[at]->module != module || unwinder->site[at]->offset != offset ||
		unwinder->site[at]->caller != caller))
		at = (at + 1) & (unwinder->site_cap - 1);
	return at;
}

static bool grow_sites(struct zc_unwinder *unwinder)
{
	size_t old_cap = unwinder->site_cap, cap = old_cap ? old_cap * 2 : 1024;
	struct zc_site **old = unwinder->site, **site;

	if (unwinder->sites * 2 < old_cap)
		return true;
	site = calloc(cap, sizeof(struct zc_site *));
	if (!site)
		return false;
	unwinder->site = site;
	unwinder->site_cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			site[slot_of(unwinder, old[i]->module, old[i]->offset, old[i]->caller)] =
				old[i];
	free(old);
	return true;
}

const struct zc_site *zc_site_get(struct zc_unwinder *unwinder, struct zc_module *module,
				  uint64_t offset, bool caller)
{
	size_t at;

	if (!grow_sites(unwinder))
		return NULL;
	at = slot_of(unwinder, module, offset, caller);
	if (!unwinder->site[at]) {
		unwinder->site[at] = make_site(module, offset, caller);
		unwinder->sites += unwinder->site[at] != NULL;
	}
	return unwinder->site[at];
}

void zc_sites_trim(struct zc_unwinder *unwinder)
{
	if (unwinder->sites > SITES_MAX)
		forget_sites(unwinder);
}
