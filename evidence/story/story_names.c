/* SPDX-License-Identifier: MIT */
/*
 * story_names.c - see story_names.h.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/naming/naming.h"
#include "evidence/story/story.h"
#include "evidence/story/story_names.h"
#include "evidence/stack/maps.h"
#include "evidence/stack/module_file.h"

struct zc_story_names {
	struct zc_modules *modules;
	struct zc_naming *naming;
};

struct zc_story_names *zc_story_names_new(void)
{
	struct zc_story_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->modules = zc_modules_new();
	names->naming = zc_naming_new();
	return names->modules && names->naming ? names : zc_story_names_free(names);
}

struct zc_story_names *zc_story_names_free(struct zc_story_names *names)
{
	if (!names)
		return NULL;
	zc_naming_free(names->naming);
	zc_modules_free(names->modules);
	zc_naming_finish();
	free(names);
	return NULL;
}

const char *zc_story_names_trouble(const struct zc_story_names *names)
{
	return zc_naming_report(names->naming)->unavailable;
}

/* ---- which frames ---- */

struct place {
	struct zc_module *module; /* NULL: nothing is wanted */
	uint64_t offset;
	struct zc_frame_told *named; /* in the place of the frame; NULL: it stays */
	unsigned count;
	bool asked;
};

static unsigned take_id(struct zc_view text, uint8_t ret[ZC_BUILD_ID_CAP])
{
	char hex[2 * ZC_BUILD_ID_CAP + 2];
	size_t len = text.len > 0 && text.len <= sizeof(hex) ? zc_view_text(text, hex) : 0, id_len;

	if (!len || sodium_hex2bin(ret, ZC_BUILD_ID_CAP, hex, len, NULL, &id_len, NULL) != 0)
		return 0;
	return (unsigned)id_len;
}

/* The module as the log has it: in what is told, a home directory may be hidden. */
static struct zc_module *module_of(struct zc_story_names *names, struct zc_report *report,
				   struct zc_view module, struct zc_view build_id)
{
	char *path = zc_view_kind(module) == '"' ? zc_report_room(report, module.len + 1) : NULL;
	size_t len = path ? zc_view_text(module, path) : 0;
	uint8_t id[ZC_BUILD_ID_CAP];
	unsigned id_len = take_id(build_id, id);
	struct zc_module *found;

	if (!len || *path != '/' || memchr(path, '\0', len) || !id_len)
		return NULL;
	found = zc_module_get(names->modules, path, len, id, id_len);
	return found && zc_module_kind(found) == ZC_SITE_PROGRAM ? found : NULL;
}

static void choose(struct zc_story_names *names, struct zc_report *report, struct zc_view view,
		   const struct zc_frame_told *frame, struct place *ret)
{
	static const char *const keys[] = { "module", "build_id", "offset" };
	struct zc_view value[ZC_LEN(keys)];

	*ret = (struct place){ .count = 1 };
	if (frame->file.at || frame->inlined || !zc_str_is(frame->lang, "native"))
		return;
	zc_view_pick(view, keys, ZC_LEN(keys), value);
	if (zc_view_hex(value[2], &ret->offset) && ret->offset)
		ret->module = module_of(names, report, value[0], value[1]);
}

/* ---- their names ---- */

struct batch {
	struct zc_report *report;
	const struct zc_frame_told *frame; /* as the run has them */
	struct place *place;               /* one for each of them */
	unsigned index[ZC_STORY_FRAMES];   /* which of them an address is of */
};

static struct zc_str text_of(struct zc_report *report, struct zc_naming_text text)
{
	return text.at && text.len ? zc_report_take(report, text.at, text.len)
				   : (struct zc_str){ NULL, 0 };
}

/* A frame of the run, with what is known now; inlined: what was inlined into its function. */
static struct zc_frame_told tell(struct batch *batch, const struct zc_frame_told *old,
				 const struct zc_module *module,
				 const struct zc_naming_frame *frame, bool inlined,
				 uint64_t function_offset)
{
	struct zc_report *report = batch->report;
	struct zc_str function = text_of(report, frame->function),
		      shown = text_of(report, frame->shown);
	struct zc_frame_told told = *old;

	if (inlined || (!old->function.at && function.at)) {
		told.function = shown.at ? shown : function;
		told.linkage = shown.at ? function : shown;
		told.function_offset =
			inlined ? (struct zc_str){ NULL, 0 }
				: zc_report_printf(report, "0x%" PRIx64, function_offset);
	}
	told.inlined = inlined;
	told.file = text_of(report, frame->file);
	told.line = told.file.at ? frame->line : 0;
	if (told.file.at && module->fetched)
		told.lines_from = (struct zc_str){ "debuginfod", strlen("debuginfod") };
	zc_story_settle_frame(report, &told);
	return told;
}

static void told(void *context, unsigned index, const struct zc_naming_place *names)
{
	struct batch *batch = context;
	struct place *place = &batch->place[batch->index[index]];
	const struct zc_frame_told *old = &batch->frame[batch->index[index]];

	if (!names->frames || place->named)
		return;
	place->named = zc_report_room(batch->report, names->frames * sizeof(*place->named));
	if (!place->named)
		return;
	place->count = names->frames;
	for (uint32_t i = 0; i < names->frames; i++)
		place->named[i] = tell(batch, old, place->module, &names->frame[i],
				       i + 1 < names->frames, names->function_offset + 1);
}

/*
 * All places of one module at once. What the log has is where a call will go on, even of the innermost frame: behind
 * the instruction that entered the kernel, or that called the shim.
 */
static void ask(struct zc_story_names *names, struct batch *batch, size_t first, size_t count)
{
	struct zc_module *module = batch->place[first].module;
	uint64_t address[ZC_STORY_FRAMES];
	unsigned asked = 0;

	for (size_t i = first; i < count; i++) {
		struct place *place = &batch->place[i];

		if (place->module != module || place->asked)
			continue;
		place->asked = true;
		batch->index[asked] = (unsigned)i;
		address[asked++] = place->offset - 1;
	}
	zc_naming_name(names->naming, module, true, address, asked, told, batch);
}

void zc_story_names_tell(struct zc_story_names *names, struct zc_report *report,
			 struct zc_view frames, struct zc_told_stack *ret)
{
	struct batch batch = { .report = report, .frame = ret->frame };
	struct zc_walk walk = zc_view_walk(frames);
	struct place place[ZC_STORY_FRAMES];
	struct zc_frame_told *all;
	struct zc_view view;
	size_t count = 0, total = 0;

	batch.place = place;
	while (count < ret->frames && zc_walk_next(&walk, NULL, &view)) {
		choose(names, report, view, &ret->frame[count], &place[count]);
		count++;
	}
	for (size_t i = 0; i < count; i++)
		if (place[i].module && !place[i].asked)
			ask(names, &batch, i, count);
	for (size_t i = 0; i < count; i++)
		total += place[i].count;
	total = total < ZC_STORY_FRAMES ? total : ZC_STORY_FRAMES;
	all = total ? zc_report_room(report, total * sizeof(*all)) : NULL;
	if (!all)
		return;
	for (size_t i = 0, at = 0; i < count; i++)
		for (unsigned k = 0; k < place[i].count && at < total; k++)
			all[at++] = place[i].named ? place[i].named[k] : ret->frame[i];
	ret->frame = all;
	ret->frames = total;
}
