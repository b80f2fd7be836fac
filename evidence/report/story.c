/* SPDX-License-Identifier: MIT */
/*
 * story.c - one event, taken apart into texts and frames for every format.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/report/report.h"

static bool is(struct zc_str text, const char *plain)
{
	return text.at && text.len == strlen(plain) && !memcmp(text.at, plain, text.len);
}

static bool begins(struct zc_str text, const char *prefix)
{
	return text.at && text.len >= strlen(prefix) && !memcmp(text.at, prefix, strlen(prefix));
}

static struct zc_str base_of(struct zc_str path)
{
	const char *slash = path.at ? memrchr(path.at, '/', path.len) : NULL;

	if (!slash || slash == path.at + path.len - 1)
		return path;
	return (struct zc_str){ slash + 1, path.len - (size_t)(slash + 1 - path.at) };
}

/* --- what ----------------------------------------------------------------------------------------- */

static struct zc_str describe_network(struct zc_report *report, struct zc_view object)
{
	struct zc_str family = zc_report_text(report, object, "family");
	struct zc_str address = zc_report_text(report, object, "address");
	struct zc_str name = zc_report_text(report, object, "abstract"),
		      type = zc_report_text(report, object, "socket_type");
	uint64_t port = zc_view_uint(zc_view_get(object, "port"), 0);

	if (address.at && memchr(address.at, ':', address.len))
		return zc_report_printf(report, "[%s]:%" PRIu64, address.at, port);
	if (address.at)
		return zc_report_printf(report, "%s:%" PRIu64, address.at, port);
	if (name.at)
		return zc_report_printf(report, "unix:@%s", name.at);
	name = zc_report_text(report, object, "path");
	if (name.at)
		return zc_report_printf(report, "unix:%s", name.at);
	if (family.at || type.at)
		return zc_report_printf(report, "%s%s%s", family.at ? family.at : "",
					family.at && type.at ? " " : "", type.at ? type.at : "");
	return (struct zc_str){ NULL, 0 };
}

static struct zc_str path_of(struct zc_report *report, struct zc_view object)
{
	static const char *const spellings[] = { "path", "given", "requested" };
	struct zc_str path = { NULL, 0 };

	for (size_t i = 0; !path.at && i < ZC_LEN(spellings); i++)
		path = zc_report_text(report, object, spellings[i]);
	return path;
}

static struct zc_str join(struct zc_report *report, struct zc_str first, const char *between,
			  struct zc_str second)
{
	size_t middle = strlen(between);
	char *room = zc_report_room(report, first.len + middle + second.len + 1);

	if (!room)
		return (struct zc_str){ "", 0 };
	memcpy(room, first.at, first.len);
	memcpy(room + first.len, between, middle);
	memcpy(room + first.len + middle, second.at, second.len);
	room[first.len + middle + second.len] = '\0';
	return (struct zc_str){ room, first.len + middle + second.len };
}

static struct zc_str describe(struct zc_report *report, struct zc_view object,
			      struct zc_view object2)
{
	struct zc_str what = zc_report_text(report, object, "host"), second;

	if (what.at)
		return what;
	if (zc_view_get(object, "family").at)
		return describe_network(report, object);
	what = path_of(report, object);
	second = path_of(report, object2);
	if (what.at && second.at)
		return join(report, what, " -> ", second);
	if (!what.at && zc_view_get(object, "pid").at)
		return zc_report_printf(report, "process %" PRIi64,
					zc_view_int(zc_view_get(object, "pid"), 0));
	return what.at ? what : second;
}

static void tell_rule(struct zc_report *report, struct zc_view rule, struct zc_story *story)
{
	story->rule = zc_report_text(report, rule, "text");
	story->source = zc_report_text(report, rule, "source");
	story->layer = zc_report_text(report, rule, "layer");
	story->class = zc_report_text(report, rule, "class");
	story->reason = zc_report_text(report, rule, "reason");
	story->why = zc_report_text(report, rule, "why");
	if (story->rule.at && story->source.at)
		story->by =
			zc_report_shown(report, zc_report_printf(report, "by %s (%s)",
								 story->rule.at, story->source.at));
	else if (story->why.at)
		story->by = zc_report_shown(report, story->why);
	else if (zc_view_get(rule, "number").at)
		story->by = zc_report_printf(report, "by rule %" PRIu64,
					     zc_view_uint(zc_view_get(rule, "number"), 0));
	else
		story->by = zc_report_keep(report, "by a built-in rule", 18);
}

/* --- frames --------------------------------------------------------------------------------------- */

static struct zc_str inside(struct zc_report *report, struct zc_str path)
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

	if (is(frame->function, "_start") || is(frame->function, "__libc_start_main"))
		return false;
	if (frame->lang.at && !is(frame->lang, "native"))
		return true;
	if (!frame->module.at)
		return true; /* code outside of every module: made at run time */
	if (exe.at && frame->module.len == exe.len && !memcmp(frame->module.at, exe.at, exe.len))
		return true;
	for (size_t i = 0; i < ZC_LEN(system); i++)
		if (begins(frame->module, system[i]))
			return false;
	return true;
}

static void tell_frame(struct zc_report *report, struct zc_view view, struct zc_story *story)
{
	enum {
		MODULE,
		BUILD_ID,
		OFFSET,
		FUNCTION,
		FUNCTION_OFFSET,
		SOURCE,
		LANG,
		ADDRESS,
		LINE,
		INLINED
	};
	static const char *const names[] = {
		[MODULE] = "module", [BUILD_ID] = "build_id",
		[OFFSET] = "offset", [FUNCTION] = "function",
		[SOURCE] = "file",   [FUNCTION_OFFSET] = "function_offset",
		[LANG] = "lang",     [ADDRESS] = "address",
		[LINE] = "line",     [INLINED] = "inlined",
	};
	struct zc_frame_told *frame = &story->frame[story->frames++];
	struct zc_view value[ZC_LEN(names)];
	struct zc_str text[LINE];

	zc_view_pick(view, names, ZC_LEN(names), value);
	for (size_t i = 0; i < LINE; i++)
		text[i] = zc_report_value(report, view, names[i], value[i]);
	*frame = (struct zc_frame_told){
		.module = text[MODULE],
		.build_id = text[BUILD_ID],
		.offset = text[OFFSET],
		.function = text[FUNCTION],
		.function_offset = text[FUNCTION_OFFSET],
		.file = text[SOURCE],
		.lang = text[LANG],
		.address = text[ADDRESS],
		.line = zc_view_uint(value[LINE], 0),
		.inlined = zc_view_true(value[INLINED]),
	};
	frame->own = is_own(frame, story->exe);
	if (frame->line)
		frame->inside = inside(report, frame->file);
}

/* What is not native was told by the interpreter: its line is nearer to what somebody wrote. */
static void choose_place(struct zc_story *story)
{
	for (unsigned i = 0; i < story->frames; i++) {
		const struct zc_frame_told *frame = &story->frame[i];

		if (frame->own && (!story->place || (is(story->place->lang, "native") &&
						     frame->lang.at && !is(frame->lang, "native"))))
			story->place = frame;
		if (frame->own && frame->inside.at && !story->inside)
			story->inside = frame;
	}
}

static void tell_stack(struct zc_report *report, struct zc_story *story)
{
	static const char *const names[] = { "status", "why", "frames" };
	struct zc_view value[ZC_LEN(names)], frame;
	struct zc_walk walk;

	zc_view_pick(story->stack, names, ZC_LEN(names), value);
	story->status = zc_report_value(report, story->stack, names[0], value[0]);
	story->status_why = zc_report_value(report, story->stack, names[1], value[1]);
	walk = zc_view_walk(value[2]);
	while (story->frames < ZC_STORY_FRAMES && zc_walk_next(&walk, NULL, &frame))
		tell_frame(report, frame, story);
	choose_place(story);
}

/* --- the story ------------------------------------------------------------------------------------ */

static struct zc_str or_empty(struct zc_str text)
{
	return text.at ? text : (struct zc_str){ "", 0 };
}

void zc_story_tell(struct zc_report *report, const struct zc_item *item, struct zc_view event,
		   struct zc_story *ret)
{
	enum {
		OP,
		ACTION,
		SEVERITY,
		HINT,
		TIME,
		FINGERPRINT,
		EXE,
		OBJECT,
		OBJECT2,
		RULE,
		PROCESS,
		EVIDENCE,
		STACK,
		SYSCALL,
		SEQ,
		COUNT,
		DAC
	};
	static const char *const names[] = {
		[OP] = "op",       [ACTION] = "action",   [SEVERITY] = "severity",
		[HINT] = "hint",   [TIME] = "time",       [FINGERPRINT] = "fingerprint",
		[EXE] = "exe",     [OBJECT] = "object",   [OBJECT2] = "object2",
		[RULE] = "rule",   [PROCESS] = "process", [EVIDENCE] = "evidence",
		[STACK] = "stack", [SYSCALL] = "syscall", [SEQ] = "seq",
		[COUNT] = "count", [DAC] = "dac_refuses",
	};
	struct zc_view value[ZC_LEN(names)], process;
	struct zc_str text[OBJECT];

	zc_view_pick(event, names, ZC_LEN(names), value);
	for (size_t i = 0; i < OBJECT; i++)
		text[i] = zc_report_value(report, event, names[i], value[i]);
	memset(ret, 0, offsetof(struct zc_story, frame));
	ret->frames = 0;
	ret->place = ret->inside = NULL;
	ret->item = item;
	ret->event = event;
	ret->stack = value[STACK];
	ret->args = zc_view_get(value[SYSCALL], "args");
	ret->op = or_empty(text[OP]);
	ret->action = or_empty(text[ACTION]);
	ret->severity = or_empty(text[SEVERITY]);
	ret->fingerprint = or_empty(text[FINGERPRINT]);
	ret->hint = text[HINT];
	ret->time = text[TIME];
	process = value[PROCESS];
	ret->exe = process.at ? zc_report_text(report, process, "exe") : text[EXE];
	ret->program = base_of(ret->exe);
	ret->what = or_empty(describe(report, value[OBJECT], value[OBJECT2]));
	ret->errno_name = zc_report_text(report, value[SYSCALL], "errno");
	ret->syscall = zc_report_text(report, value[SYSCALL], "name");
	ret->trust = zc_report_text(report, value[EVIDENCE], "trust");
	ret->seen_by = zc_report_text(report, value[EVIDENCE], "source");
	ret->pid = zc_view_uint(zc_view_get(process, "pid"), 0);
	ret->tid = zc_view_uint(zc_view_get(process, "tid"), 0);
	ret->ppid = zc_view_uint(zc_view_get(process, "ppid"), 0);
	ret->seq = zc_view_uint(value[SEQ], 0);
	ret->count = item ? item->count : zc_view_uint(value[COUNT], 1);
	ret->dac_refuses = zc_view_true(value[DAC]);
	ret->title = zc_report_shown(
		report, join(report, zc_report_printf(report, "%s %s", ret->action.at, ret->op.at),
			     ret->what.len ? " " : "", ret->what));
	tell_rule(report, value[RULE], ret);
	tell_stack(report, ret);
}

struct zc_str zc_story_site(struct zc_report *report, const struct zc_frame_told *frame)
{
	struct zc_str base, site;

	if (!frame)
		return (struct zc_str){ NULL, 0 };
	if (frame->function.at)
		site = frame->function;
	else if (frame->module.at)
		base = base_of(frame->module),
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

/* "ci.zc:12" -> the file and the line. A flag, or a profile, is no file. */
static bool rule_location(struct zc_report *report, struct zc_str source, struct zc_location *ret)
{
	const char *colon = source.at ? memrchr(source.at, ':', source.len) : NULL;
	uint64_t line = 0;

	if (!colon || colon == source.at || source.at[0] == '-' || source.at[0] == '@')
		return false;
	for (const char *digit = colon + 1; digit < source.at + source.len; digit++) {
		if (*digit < '0' || *digit > '9' || line > 100000000)
			return false;
		line = line * 10 + (uint64_t)(*digit - '0');
	}
	ret->path = zc_report_keep(report, source.at, (size_t)(colon - source.at));
	ret->line = line ? line : 1;
	return true;
}

static bool policy_location(struct zc_report *report, struct zc_location *ret)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(report->run->json, "policy.sources"));
	struct zc_view source;

	while (zc_walk_next(&walk, NULL, &source)) {
		struct zc_str text = zc_report_text(report, source, "");

		if (text.len && text.at[0] != '@' && text.at[0] != '-') {
			ret->path = text;
			ret->line = 1;
			return true;
		}
	}
	return false;
}

struct zc_location zc_story_location(struct zc_report *report, const struct zc_story *story)
{
	struct zc_location ret = { .line = 1 };
	struct zc_str relative;

	if (story->inside)
		return (struct zc_location){ story->inside->inside, story->inside->line, true };
	if (!rule_location(report, story->source, &ret) && !policy_location(report, &ret))
		ret.path = story->exe.len ? story->exe : (struct zc_str){ "unknown", 7 };
	relative = inside(report, ret.path);
	ret.relative = relative.at != NULL;
	if (relative.at)
		ret.path = relative;
	return ret;
}

bool zc_story_next(struct zc_report *report, size_t *index, struct zc_story *ret)
{
	struct zc_run *run = report->run;

	while (*index < run->items && !run->item[*index].violation)
		++*index;
	if (*index >= run->items || *index >= ZC_REPORT_FINDINGS || report->failed)
		return false;
	zc_report_reset(report);
	zc_story_tell(report, &run->item[*index], zc_run_event(run, &run->item[*index]), ret);
	++*index;
	return true;
}
