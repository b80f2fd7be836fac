/* SPDX-License-Identifier: MIT */
/*
 * story_stack.c - the frames of an event: whose code they are, and how people call them.
 *
 * A million events come from a few thousand places. So a stack that was told is kept, by the bytes that
 * it has in the log (most refer to the event that has it: zc_run_stack), and the next event with the same bytes costs a comparison. When what is kept grows
 * past KEPT_MAX, all of it is dropped.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"
#include "evidence/story/story.h"
#include "evidence/story/story_names.h"

#define KEPT_MAX (8u << 20)
#define KEPT_SLOTS 4096u
#define KEPT_RAW_MAX (32u << 10) /* a longer stack is told anew each time */

struct kept {
	struct kept *next;
	struct zc_str raw, exe;
	struct zc_told_stack told;
};

struct zc_kept_stacks {
	struct zc_chunk *arena;
	size_t size;
	struct kept *slot[KEPT_SLOTS];
};

struct zc_str zc_story_inside(struct zc_report *report, struct zc_str path)
{
	struct zc_str none = { NULL, 0 };

	if (!path.len || !report->workspace_len)
		return none;
	if (path.at[0] != '/') /* as the compiler was told: taken as relative to the workspace */
		return memmem(path.at, path.len, "..", 2) || path.at[0] == '<' ? none : path;
	if (path.len <= report->workspace_len + 1 || path.at[report->workspace_len] != '/' ||
	    memcmp(path.at, report->workspace, report->workspace_len) != 0)
		return none;
	return (struct zc_str){ path.at + report->workspace_len + 1,
				path.len - report->workspace_len - 1 };
}

/* Code of the system is how something was done, not who did it. */
static bool is_own(const struct zc_frame_told *frame, struct zc_str exe)
{
	static const char *const system[] = { "/lib/",       "/lib64/",     "/lib32/", "/usr/lib/",
					      "/usr/lib64/", "/usr/lib32/", "[" };

	if (zc_str_is(frame->function, "_start") || zc_str_is(frame->function, "__libc_start_main"))
		return false;
	if (zc_str_is(frame->lang, "js"))
		return !zc_str_begins(frame->file, "node:"); /* Node's own */
	if (frame->lang.at && !zc_str_is(frame->lang, "native"))
		return true;
	if (!frame->module.at)
		return true; /* code outside of every module: made at run time */
	if (exe.at && frame->module.len == exe.len && !memcmp(frame->module.at, exe.at, exe.len))
		return true;
	for (size_t i = 0; i < ZC_LEN(system); i++)
		if (zc_str_begins(frame->module, system[i]))
			return false;
	return true;
}

static struct zc_str site_of(struct zc_report *report, const struct zc_frame_told *frame)
{
	struct zc_str base, site;

	if (frame->function.at)
		site = frame->function;
	else if (frame->module.at)
		base = zc_str_base(frame->module),
		site = zc_report_printf(report, "%.*s+%s", (int)base.len, base.at,
					frame->offset.at ? frame->offset.at : "?");
	else
		site = zc_report_printf(report, "%s", frame->address.at ? frame->address.at : "?");
	if (frame->file.at && frame->line)
		site = zc_report_printf(report, "%s (%s:%" PRIu64 ")", site.at,
					frame->inside.at ? frame->inside.at : frame->file.at,
					frame->line);
	return zc_report_shown(report, site);
}

void zc_story_settle_frame(struct zc_report *report, struct zc_frame_told *frame)
{
	frame->inside = (struct zc_str){ NULL, 0 };
	/* "node:fs" and "evalmachine.<anonymous>" are no files below the workspace. */
	if (frame->line && (!zc_str_is(frame->lang, "js") || zc_str_begins(frame->file, "/")))
		frame->inside = zc_story_inside(report, frame->file);
	frame->site = site_of(report, frame);
}

static void tell_frame(struct zc_report *report, struct zc_view view, struct zc_str exe,
		       struct zc_frame_told *frame)
{
	enum {
		MODULE,
		BUILD_ID,
		OFFSET,
		FUNCTION,
		FUNCTION_OFFSET,
		SOURCE,
		ADDRESS,
		LANG,
		DEMANGLED,
		LINES_FROM,
		LINE,
		INLINED
	};
	static const char *const names[] = {
		[MODULE] = "module",       [BUILD_ID] = "build_id",
		[OFFSET] = "offset",       [FUNCTION] = "function",
		[SOURCE] = "file",         [FUNCTION_OFFSET] = "function_offset",
		[ADDRESS] = "address",     [LANG] = "lang",
		[LINE] = "line",           [INLINED] = "inlined",
		[DEMANGLED] = "demangled", [LINES_FROM] = "lines_from",
	};
	struct zc_view value[ZC_LEN(names)];
	struct zc_str text[LINE];

	zc_view_pick(view, names, ZC_LEN(names), value);
	for (size_t i = 0; i < LINE; i++)
		text[i] = zc_report_value(report, view, names[i], value[i]);
	*frame = (struct zc_frame_told){
		.module = text[MODULE],
		.build_id = text[BUILD_ID],
		.offset = text[OFFSET],
		.function = text[DEMANGLED].at ? text[DEMANGLED] : text[FUNCTION],
		.linkage = text[DEMANGLED].at ? text[FUNCTION] : text[DEMANGLED],
		.function_offset = text[FUNCTION_OFFSET],
		.file = text[SOURCE],
		.lang = text[LANG],
		.address = text[ADDRESS],
		.lines_from = text[LINES_FROM],
		.line = zc_view_uint(value[LINE], 0),
		.inlined = zc_view_true(value[INLINED]),
	};
	frame->own = is_own(frame, exe);
	zc_story_settle_frame(report, frame);
}

/* What is not native was told by the interpreter: its line is nearer to what somebody wrote. */
static void choose_place(struct zc_told_stack *stack)
{
	for (unsigned i = 0; i < stack->frames; i++) {
		const struct zc_frame_told *frame = &stack->frame[i];

		if (frame->own &&
		    (!stack->place || (zc_str_is(stack->place->lang, "native") && frame->lang.at &&
				       !zc_str_is(frame->lang, "native"))))
			stack->place = frame;
		if (frame->own && frame->inside.at && !stack->inside)
			stack->inside = frame;
	}
}

static struct zc_view whole(struct zc_report *report, struct zc_view stack)
{
	return zc_run_stack(report->stacks ? report->stacks : report->run, stack);
}

static void tell(struct zc_report *report, struct zc_view stack, struct zc_str exe,
		 struct zc_told_stack *ret)
{
	static const char *const names[] = { "status", "why", "frames" };
	struct zc_view value[ZC_LEN(names)], frame;
	struct zc_frame_told *room;
	struct zc_walk walk;
	size_t count;

	*ret = (struct zc_told_stack){ 0 };
	zc_view_pick(stack, names, ZC_LEN(names), value);
	ret->status = zc_report_value(report, stack, names[0], value[0]);
	ret->why = zc_report_value(report, stack, names[1], value[1]);
	count = zc_view_count(value[2]);
	count = count < ZC_STORY_FRAMES ? count : ZC_STORY_FRAMES;
	room = count ? zc_report_room(report, count * sizeof(*room)) : NULL;
	if (!room)
		return;
	walk = zc_view_walk(value[2]);
	while (ret->frames < count && zc_walk_next(&walk, NULL, &frame))
		tell_frame(report, frame, exe, &room[ret->frames++]);
	ret->frame = room;
	if (report->options.names)
		zc_story_names_tell(report->options.names, report, value[2], ret);
	choose_place(ret);
}

/* --- what was told before ------------------------------------------------------------------------- */

void zc_story_forget(struct zc_report *report, bool all)
{
	struct zc_kept_stacks *kept = report->kept;

	if (!kept || (!all && kept->size < KEPT_MAX))
		return;
	zc_report_free_arena(kept->arena);
	free(kept);
	report->kept = NULL;
}

static struct kept **find(struct zc_kept_stacks *kept, struct zc_view stack, struct zc_str exe)
{
	uint64_t hash = zc_hash_bytes(stack.at, stack.len, zc_hash_bytes(exe.at, exe.len, 1));
	struct kept **at = &kept->slot[(hash ^ hash >> 32) % KEPT_SLOTS];

	while (*at && ((*at)->raw.len != stack.len || (*at)->exe.len != exe.len ||
		       memcmp((*at)->raw.at, stack.at, stack.len) != 0 ||
		       memcmp((*at)->exe.at, exe.at, exe.len) != 0))
		at = &(*at)->next;
	return at;
}

/* Tells it into the memory of what is kept. */
static struct kept *keep(struct zc_report *report, struct zc_view stack, struct zc_str exe)
{
	struct zc_chunk *own = report->arena;
	struct kept *made;

	report->arena = report->kept->arena;
	made = zc_report_room(report, sizeof(*made));
	if (made) {
		*made = (struct kept){ .raw = zc_report_keep(report, stack.at, stack.len),
				       .exe = zc_report_keep(report, exe.at, exe.len) };
		tell(report, whole(report, stack), made->exe, &made->told);
	}
	report->kept->arena = report->arena;
	report->kept->size = zc_report_arena_size(report->arena);
	report->arena = own;
	return report->failed ? NULL : made;
}

void zc_story_tell_stack(struct zc_report *report, struct zc_view stack, struct zc_str exe,
			 struct zc_told_stack *ret)
{
	struct kept **at;

	exe = exe.at ? exe : (struct zc_str){ "", 0 };
	if (!report->kept && stack.at)
		report->kept = calloc(1, sizeof(*report->kept));
	if (!report->kept || !stack.at || stack.len > KEPT_RAW_MAX) {
		tell(report, whole(report, stack), exe, ret);
		return;
	}
	at = find(report->kept, stack, exe);
	if (!*at)
		*at = keep(report, stack, exe);
	if (*at)
		*ret = (*at)->told;
	else
		*ret = (struct zc_told_stack){ 0 };
}
