/* SPDX-License-Identifier: MIT */
/*
 * story.c - one event, taken apart into texts and frames for every format.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/story/story.h"
#include "text/text.h"

/* --- what ----------------------------------------------------------------------------------------- */

/* What an event was about: an object of the log, its members picked. */
enum {
	PATH,
	REQUESTED,
	GIVEN,
	FAMILY,
	ADDRESS,
	PORT,
	ABSTRACT,
	SOCKET_TYPE,
	HOST,
	PID,
	OBJECT_MEMBERS
};

struct object {
	struct zc_view view, value[OBJECT_MEMBERS];
};

static void pick_object(struct zc_view view, struct object *ret)
{
	static const char *const names[OBJECT_MEMBERS] = {
		[PATH] = "path",         [REQUESTED] = "requested",     [GIVEN] = "given",
		[FAMILY] = "family",     [ADDRESS] = "address",         [PORT] = "port",
		[ABSTRACT] = "abstract", [SOCKET_TYPE] = "socket_type", [HOST] = "host",
		[PID] = "pid",
	};

	ret->view = view;
	zc_view_pick(view, names, OBJECT_MEMBERS, ret->value);
}

static struct zc_str text_of(struct zc_report *report, const struct object *object, const char *key,
			     size_t member)
{
	return zc_report_value(report, object->view, key, object->value[member]);
}

static struct zc_str describe_network(struct zc_report *report, const struct object *object)
{
	struct zc_str family = text_of(report, object, "family", FAMILY);
	struct zc_str address = text_of(report, object, "address", ADDRESS);
	struct zc_str name = text_of(report, object, "abstract", ABSTRACT),
		      type = text_of(report, object, "socket_type", SOCKET_TYPE);
	uint64_t port = zc_view_uint(object->value[PORT], 0);

	if (address.at && memchr(address.at, ':', address.len))
		return zc_report_printf(report, "[%s]:%" PRIu64, address.at, port);
	if (address.at)
		return zc_report_printf(report, "%s:%" PRIu64, address.at, port);
	if (name.at)
		return zc_report_printf(report, "unix:@%s", name.at);
	name = text_of(report, object, "path", PATH);
	if (name.at)
		return zc_report_printf(report, "unix:%s", name.at);
	if (family.at || type.at)
		return zc_report_printf(report, "%s%s%s", family.at ? family.at : "",
					family.at && type.at ? " " : "", type.at ? type.at : "");
	return (struct zc_str){ NULL, 0 };
}

static struct zc_str path_of(struct zc_report *report, const struct object *object)
{
	struct zc_str path = text_of(report, object, "path", PATH);

	if (!path.at)
		path = text_of(report, object, "given", GIVEN);
	return path.at ? path : text_of(report, object, "requested", REQUESTED);
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

static struct zc_str describe(struct zc_report *report, struct zc_view view, struct zc_view view2)
{
	struct zc_str what, second = { NULL, 0 };
	struct object object, object2;

	pick_object(view, &object);
	what = text_of(report, &object, "host", HOST);
	if (what.at)
		return what;
	if (object.value[FAMILY].at)
		return describe_network(report, &object);
	what = path_of(report, &object);
	if (view2.at) {
		pick_object(view2, &object2);
		second = path_of(report, &object2);
	}
	if (what.at && second.at)
		return join(report, what, " -> ", second);
	if (!what.at && object.value[PID].at)
		return zc_report_printf(report, "process %" PRIi64,
					zc_view_int(object.value[PID], 0));
	return what.at ? what : second;
}

static void tell_rule(struct zc_report *report, struct zc_view rule, struct zc_story *story)
{
	enum { SOURCE, TEXT, LAYER, CLASS, REASON, WHY, NUMBER };
	static const char *const names[] = {
		[SOURCE] = "source", [TEXT] = "text", [LAYER] = "layer",   [CLASS] = "class",
		[REASON] = "reason", [WHY] = "why",   [NUMBER] = "number",
	};
	struct zc_view value[ZC_LEN(names)];
	struct zc_str text[NUMBER];

	zc_view_pick(rule, names, ZC_LEN(names), value);
	for (size_t i = 0; i < NUMBER; i++)
		text[i] = zc_report_value(report, rule, names[i], value[i]);
	story->rule = text[TEXT];
	story->source = text[SOURCE];
	story->layer = text[LAYER];
	story->class = text[CLASS];
	story->reason = text[REASON];
	story->why = text[WHY];
	if (story->rule.at && story->source.at)
		story->by =
			zc_report_shown(report, zc_report_printf(report, "by %s (%s)",
								 story->rule.at, story->source.at));
	else if (story->why.at)
		story->by = zc_report_shown(report, story->why);
	else if (value[NUMBER].at)
		story->by = zc_report_printf(report, "by rule %" PRIu64,
					     zc_view_uint(value[NUMBER], 0));
	else
		story->by = zc_report_keep(report, "by a built-in rule", 18);
}

static void tell_process(struct zc_report *report, struct zc_view process, struct zc_story *story)
{
	enum { PROCESS_PID, TID, PPID, EXE, ARGV };
	static const char *const names[] = {
		[PROCESS_PID] = "pid", [TID] = "tid",   [PPID] = "ppid",
		[EXE] = "exe",         [ARGV] = "argv",
	};
	struct zc_view value[ZC_LEN(names)];

	if (!process.at)
		return;
	zc_view_pick(process, names, ZC_LEN(names), value);
	story->pid = zc_view_uint(value[PROCESS_PID], 0);
	story->tid = zc_view_uint(value[TID], 0);
	story->ppid = zc_view_uint(value[PPID], 0);
	story->exe = zc_report_value(report, process, "exe", value[EXE]);
	story->argv = value[ARGV];
}

static void tell_call(struct zc_report *report, struct zc_view call, struct zc_view evidence,
		      struct zc_story *story)
{
	static const char *const of_call[] = { "name", "args", "errno" };
	static const char *const of_evidence[] = { "source", "trust" };
	struct zc_view value[3];

	zc_view_pick(call, of_call, 3, value);
	story->syscall = zc_report_value(report, call, "name", value[0]);
	story->args = value[1];
	story->errno_name = zc_report_value(report, call, "errno", value[2]);
	zc_view_pick(evidence, of_evidence, 2, value);
	story->seen_by = zc_report_value(report, evidence, "source", value[0]);
	story->trust = zc_report_value(report, evidence, "trust", value[1]);
}

/* --- the story ------------------------------------------------------------------------------------ */

static struct zc_str or_empty(struct zc_str text)
{
	return text.at ? text : (struct zc_str){ "", 0 };
}

/* "denied open_read /etc/shadow" */
static struct zc_str title_of(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str title = join(report, story->action, " ", story->op);

	title = join(report, title, story->what.len ? " " : "", story->what);
	if (story->accepted.at)
		title = join(report, title, ", accepted until ", story->until);
	return zc_report_shown(report, title);
}

static void tell_accepted(struct zc_report *report, const struct zc_item *item,
			  struct zc_story *story)
{
	struct zc_view finding = item && item->accepted ? item->finding : (struct zc_view){ 0 };

	if (!finding.at)
		return;
	story->accepted = or_empty(zc_report_text(report, finding, "accepted.why"));
	story->until = or_empty(zc_report_text(report, finding, "accepted.until"));
}

void zc_story_tell_members(struct zc_report *report, const struct zc_item *item,
			   struct zc_view event, const struct zc_member *member, size_t members,
			   struct zc_story *ret)
{
	/* In the order of the log's lines. */
	enum {
		SEQ,
		TIME,
		MONO,
		OP,
		ACTION,
		SEVERITY,
		RULE,
		OBJECT,
		OBJECT2,
		SYSCALL,
		PROCESS,
		EVIDENCE,
		STACK,
		FINGERPRINT,
		COUNT,
		DAC,
		HINT,
		EXE
	};
	static const char *const names[] = {
		[SEQ] = "seq",         [TIME] = "time",
		[MONO] = "mono_ns",    [OP] = "op",
		[ACTION] = "action",   [SEVERITY] = "severity",
		[RULE] = "rule",       [OBJECT] = "object",
		[OBJECT2] = "object2", [SYSCALL] = "syscall",
		[PROCESS] = "process", [EVIDENCE] = "evidence",
		[STACK] = "stack",     [FINGERPRINT] = "fingerprint",
		[COUNT] = "count",     [DAC] = "dac_refuses",
		[HINT] = "hint",       [EXE] = "exe",
	};
	struct zc_view value[ZC_LEN(names)];

	if (member)
		zc_members_pick(member, members, names, ZC_LEN(names), value);
	else
		zc_view_pick(event, names, ZC_LEN(names), value);
	*ret = (struct zc_story){ .item = item, .event = event, .object = value[OBJECT] };
	ret->op = or_empty(zc_report_value(report, event, "op", value[OP]));
	ret->action = or_empty(zc_report_value(report, event, "action", value[ACTION]));
	ret->severity = or_empty(zc_report_value(report, event, "severity", value[SEVERITY]));
	ret->fingerprint =
		or_empty(zc_report_value(report, event, "fingerprint", value[FINGERPRINT]));
	ret->hint = zc_report_value(report, event, "hint", value[HINT]);
	ret->time = zc_report_value(report, event, "time", value[TIME]);
	ret->exe = zc_report_value(report, event, "exe", value[EXE]);
	tell_process(report, value[PROCESS], ret);
	tell_call(report, value[SYSCALL], value[EVIDENCE], ret);
	tell_rule(report, value[RULE], ret);
	ret->program = zc_str_base(ret->exe);
	ret->what = or_empty(describe(report, value[OBJECT], value[OBJECT2]));
	tell_accepted(report, item, ret);
	ret->title = title_of(report, ret);
	ret->seq = zc_view_uint(value[SEQ], 0);
	ret->mono_ns = zc_view_uint(value[MONO], 0);
	ret->count = item ? item->count : zc_view_uint(value[COUNT], 1);
	ret->dac_refuses = zc_view_true(value[DAC]);
	zc_story_tell_stack(report, value[STACK], ret->exe, &ret->stack);
}

void zc_story_tell(struct zc_report *report, const struct zc_item *item, struct zc_view event,
		   struct zc_story *ret)
{
	zc_story_tell_members(report, item, event, NULL, 0, ret);
}

struct zc_str zc_story_site(const struct zc_frame_told *frame)
{
	return frame ? frame->site : (struct zc_str){ NULL, 0 };
}

struct zc_str zc_story_where(struct zc_report *report, const struct zc_story *story)
{
	const struct zc_frame_told *frame = story->stack.inside ? story->stack.inside
								: story->stack.place;
	struct zc_str site = zc_story_site(frame), name;
	size_t short_len;

	if (!site.at || !frame->function.at)
		return site;
	name = zc_report_shown(report, frame->function);
	short_len = zc_text_function_len(name.at, name.len);
	/* What follows the name stays: file and line. */
	if (short_len == name.len || site.len < name.len)
		return site;
	return zc_report_printf(report, "%.*s%s", (int)short_len, name.at, site.at + name.len);
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

	if (story->stack.inside)
		return (struct zc_location){ story->stack.inside->inside, story->stack.inside->line,
					     true };
	if (!rule_location(report, story->source, &ret) && !policy_location(report, &ret))
		ret.path = story->exe.len ? story->exe : (struct zc_str){ "unknown", 7 };
	relative = zc_story_inside(report, ret.path);
	ret.relative = relative.at != NULL;
	if (relative.at)
		ret.path = relative;
	return ret;
}

bool zc_story_next(struct zc_report *report, size_t *index, struct zc_story *ret)
{
	struct zc_run *run = report->run;

	while (*index < run->items &&
	       (!run->item[*index].violation || (report->unaccepted && run->item[*index].accepted)))
		++*index;
	if (*index >= run->items || *index >= ZC_REPORT_FINDINGS || report->failed)
		return false;
	zc_report_reset(report);
	zc_story_tell(report, &run->item[*index], zc_run_event(run, &run->item[*index]), ret);
	++*index;
	return true;
}
