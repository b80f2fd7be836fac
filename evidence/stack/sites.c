/* SPDX-License-Identifier: MIT */
/*
 * sites.c - the cache of places, and their names: asked for a stack at a time, each once.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/naming/packages.h"
#include "evidence/stack/maps.h"
#include "evidence/stack/module_file.h"

#define SITES_MAX (1u << 18)

struct zc_sites {
	struct zc_naming *naming; /* made on first need */
	struct zc_packages *packages;
	struct zc_site **site; /* open addressing */
	size_t cap, count;
};

struct zc_sites *zc_sites_new(void)
{
	return calloc(1, sizeof(struct zc_sites));
}

static void site_free(struct zc_site *site)
{
	if (!site)
		return;
	free(site->json);
	free(site->texts);
	free(site->inlined);
	free(site);
}

static void forget(struct zc_sites *sites)
{
	for (size_t i = 0; i < sites->cap; i++)
		site_free(sites->site[i]);
	free(sites->site);
	sites->site = NULL;
	sites->cap = sites->count = 0;
}

struct zc_sites *zc_sites_free(struct zc_sites *sites)
{
	if (!sites)
		return NULL;
	forget(sites);
	zc_naming_free(sites->naming);
	zc_packages_free(sites->packages);
	zc_naming_finish();
	free(sites);
	return NULL;
}

const struct zc_naming_report *zc_sites_naming(const struct zc_sites *sites)
{
	static const struct zc_naming_report nothing;

	return sites->naming ? zc_naming_report(sites->naming) : &nothing;
}

void zc_sites_trim(struct zc_sites *sites)
{
	if (sites->count > SITES_MAX)
		forget(sites);
}

/* ---- the cache ---- */

static size_t slot_of(const struct zc_sites *sites, const struct zc_module *module, uint64_t offset,
		      bool caller)
{
	uint64_t hash = ((uint64_t)(uintptr_t)module >> 4) * 0x9e3779b97f4a7c15ull ^
			(offset * 2 + caller) * 0xff51afd7ed558ccdull;
	size_t at = (size_t)(hash ^ hash >> 31) & (sites->cap - 1);

	while (sites->site[at] &&
	       (sites->site[at]->module != module || sites->site[at]->offset != offset ||
		sites->site[at]->caller != caller))
		at = (at + 1) & (sites->cap - 1);
	return at;
}

static bool grow(struct zc_sites *sites)
{
	size_t old_cap = sites->cap, cap = old_cap ? old_cap * 2 : 1024;
	struct zc_site **old = sites->site, **site;

	if (sites->count * 2 < old_cap)
		return true;
	site = calloc(cap, sizeof(struct zc_site *));
	if (!site)
		return false;
	sites->site = site;
	sites->cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			site[slot_of(sites, old[i]->module, old[i]->offset, old[i]->caller)] =
				old[i];
	free(old);
	return true;
}

const struct zc_site *zc_site_get(struct zc_sites *sites, struct zc_module *module, uint64_t offset,
				  bool caller)
{
	size_t at;

	if (!grow(sites))
		return NULL;
	at = slot_of(sites, module, offset, caller);
	if (!sites->site[at]) {
		struct zc_site *site = calloc(1, sizeof(*site));

		if (!site)
			return NULL;
		*site = (struct zc_site){ .module = module,
					  .offset = offset,
					  .caller = caller,
					  .kind = zc_module_kind(module) };
		sites->site[at] = site;
		sites->count++;
	}
	return sites->site[at];
}

/* ---- names ---- */

static const char *keep(char **to, struct zc_naming_text text)
{
	char *kept = *to;

	if (!text.at || !text.len)
		return NULL;
	memcpy(kept, text.at, text.len);
	kept[text.len] = '\0';
	*to += text.len + 1;
	return kept;
}

static struct zc_told_frame keep_frame(char **to, const struct zc_naming_frame *frame)
{
	struct zc_told_frame kept = { keep(to, frame->function), keep(to, frame->shown),
				      keep(to, frame->file), frame->line };

	if (!kept.file)
		kept.line = 0;
	return kept;
}

/* Copies names into the site; without memory it stays without. */
static void take_names(struct zc_site *site, const struct zc_naming_place *place)
{
	size_t room = 1;
	char *to;

	for (uint32_t i = 0; i < place->frames; i++)
		room += place->frame[i].function.len + place->frame[i].shown.len +
			place->frame[i].file.len + 3;
	if (!place->frames)
		return;
	site->texts = to = malloc(room);
	site->inlined = calloc(place->frames, sizeof(*site->inlined));
	if (!to || !site->inlined)
		return;
	site->inlines = place->frames - 1;
	for (uint32_t i = 0; i < site->inlines; i++)
		site->inlined[i] = keep_frame(&to, &place->frame[i]);
	site->function = keep_frame(&to, &place->frame[site->inlines]);
	/* A caller's program counter is where it will go on; it was named by the byte before. */
	site->function_offset = place->function_offset + site->caller;
}

struct batch {
	struct zc_site *site[ZC_STACK_FRAMES];
	uint64_t address[ZC_STACK_FRAMES];
	unsigned count;
};

static void told(void *context, unsigned index, const struct zc_naming_place *place)
{
	struct batch *batch = context;

	take_names(batch->site[index], place);
}

/* Takes the unnamed places of the first module that has one. */
static void gather(const struct zc_stack *stack, struct batch *ret)
{
	ret->count = 0;
	for (unsigned i = 0; i < stack->count; i++) {
		/* The cache owns them; a stack only may not change them. */
		struct zc_site *site = (struct zc_site *)stack->frame[i].site;

		if (!site || site->named || (ret->count && ret->site[0]->module != site->module))
			continue;
		site->named = true;
		ret->site[ret->count] = site;
		ret->address[ret->count++] = site->offset - site->caller;
	}
}

/* The distribution's database first: what a file says of itself is only what it says. */
static void find_package(struct zc_sites *sites, struct zc_module *module)
{
	struct zc_package found;

	if (module->package_sought || *module->name != '/')
		return;
	module->package_sought = true;
	if (!sites->packages)
		sites->packages = zc_packages_new("");
	if (!sites->packages || !zc_packages_find(sites->packages, module->name, &found))
		return;
	zc_package_finish(&module->package);
	module->package = found;
}

void zc_sites_name(struct zc_sites *sites, const struct zc_stack *stack)
{
	struct batch batch;

	for (gather(stack, &batch); batch.count; gather(stack, &batch)) {
		struct zc_module *module = batch.site[0]->module;

		if (!sites->naming)
			sites->naming = zc_naming_new();
		/* The lines of libc help nobody, and its debug data takes long to read. */
		if (sites->naming)
			zc_naming_name(sites->naming, module,
				       batch.site[0]->kind == ZC_SITE_PROGRAM, batch.address,
				       batch.count, told, &batch);
		find_package(sites, module);
		for (unsigned i = 0; i < batch.count; i++)
			zc_site_describe(batch.site[i]);
	}
}

/* ---- as evidence ---- */

static void write_package(struct zc_json *json, const struct zc_package *package)
{
	if (!package->name)
		return;
	zc_json_open(json, "package", '{');
	zc_json_string(json, "type", package->type);
	zc_json_string(json, "name", package->name);
	zc_json_string(json, "version", package->version);
	zc_json_string(json, "from", package->from);
	zc_json_close(json, '}');
}

static void write_frame(struct zc_json *json, const struct zc_site *site, const char *id,
			const struct zc_told_frame *frame)
{
	bool inlined = frame != &site->function;

	zc_json_open(json, NULL, '{');
	zc_json_string(json, "module", zc_module_name(site->module));
	zc_json_string(json, "build_id", id);
	zc_json_hex(json, "offset", site->offset);
	write_package(json, &site->module->package);
	if (frame->function) {
		zc_json_string(json, "function", frame->function);
		if (!inlined)
			zc_json_hex(json, "function_offset", site->function_offset);
	}
	if (frame->shown)
		zc_json_string(json, "demangled", frame->shown);
	if (frame->file) {
		zc_json_string(json, "file", frame->file);
		if (frame->line)
			zc_json_uint(json, "line", frame->line);
		if (site->module->fetched)
			zc_json_string(json, "lines_from", "debuginfod");
	}
	if (inlined)
		zc_json_bool(json, "inlined", true);
	zc_json_string(json, "lang", "native");
	zc_json_close(json, '}');
}

void zc_site_describe(struct zc_site *site)
{
	char id[2 * ZC_BUILD_ID_CAP + 1];
	struct zc_json json = { 0 };
	const uint8_t *bytes;
	unsigned id_len;

	bytes = zc_module_build_id(site->module, &id_len);
	sodium_bin2hex(id, sizeof(id), bytes, id_len);
	for (unsigned i = 0; i < site->inlines; i++)
		write_frame(&json, site, id_len ? id : NULL, &site->inlined[i]);
	write_frame(&json, site, id_len ? id : NULL, &site->function);
	site->json_len = json.len;
	site->json = json.failed ? NULL : realloc(json.bytes, json.len);
	if (!site->json)
		zc_json_free(&json);
}
