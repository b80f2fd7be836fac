/* SPDX-License-Identifier: MIT */
/*
 * report_ocsf.c - each event as an event of the Open Cybersecurity Schema Framework, one a line.
 *
 * OCSF has no place for stacks or rules of ours; they are in `unmapped`. Numbers are those of 1.3.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "evidence/story/events.h"

enum {
	FILE_ACTIVITY = 1001,
	PROCESS_ACTIVITY = 1007,
	NETWORK_ACTIVITY = 4001,
	DNS_ACTIVITY = 4003
};
enum { OTHER = 99 };

struct activity {
	const char *op;
	unsigned class, activity;
};

static struct activity activity_of(const struct zc_story *story)
{
	static const struct activity known[] = {
		{ "open", FILE_ACTIVITY, 14 },      { "mk", FILE_ACTIVITY, 1 },
		{ "symlink", FILE_ACTIVITY, 1 },    { "link", FILE_ACTIVITY, 1 },
		{ "unlink", FILE_ACTIVITY, 4 },     { "rmdir", FILE_ACTIVITY, 4 },
		{ "rename", FILE_ACTIVITY, 5 },     { "truncate", FILE_ACTIVITY, 3 },
		{ "chmod", FILE_ACTIVITY, 7 },      { "chown", FILE_ACTIVITY, 7 },
		{ "utime", FILE_ACTIVITY, 6 },      { "exec", PROCESS_ACTIVITY, 1 },
		{ "connect", NETWORK_ACTIVITY, 1 }, { "send", NETWORK_ACTIVITY, 6 },
		{ "bind", NETWORK_ACTIVITY, 7 },    { "listen", NETWORK_ACTIVITY, 7 },
		{ "resolve", DNS_ACTIVITY, 1 },
	};

	for (size_t i = 0; i < ZC_LEN(known); i++)
		if (zc_str_begins(story->op, known[i].op))
			return known[i];
	if (zc_str_is(story->class, "read") || zc_str_is(story->class, "write"))
		return (struct activity){ NULL, FILE_ACTIVITY, OTHER };
	if (zc_str_is(story->class, "net") || zc_str_is(story->class, "unix") ||
	    zc_str_is(story->class, "listen"))
		return (struct activity){ NULL, NETWORK_ACTIVITY, OTHER };
	return (struct activity){ NULL, PROCESS_ACTIVITY, OTHER };
}

/* The number of the given digits at text; -1 when one is none. */
static int number_at(const char *text, size_t digits)
{
	int number = 0;

	for (size_t i = 0; i < digits; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

/* Milliseconds since 1970 of "2026-01-02T03:04:05.678901234Z"; 0 for another form. */
static uint64_t milliseconds(struct zc_str time)
{
	static const struct {
		unsigned char at, digits, last;
	} field[] = { { 0, 4, 0 },   { 5, 2, 12 },  { 8, 2, 31 }, { 11, 2, 23 },
		      { 14, 2, 59 }, { 17, 2, 60 }, { 20, 3, 0 } };
	int value[ZC_LEN(field)];
	int64_t year, days;

	if (time.len < 24 || time.at[19] != '.')
		return 0;
	for (size_t i = 0; i < ZC_LEN(field); i++) {
		value[i] = number_at(time.at + field[i].at, field[i].digits);
		if (value[i] < 0 || (field[i].last && value[i] > field[i].last))
			return 0;
	}
	/* Days since 1970, with years that begin in March: timegm(3) takes a lock and reads the zone. */
	year = value[0] - (value[1] <= 2);
	days = year * 365 + year / 4 - year / 100 + year / 400 +
	       (153 * (value[1] + (value[1] > 2 ? -3 : 9)) + 2) / 5 + value[2] - 1 - 719468;
	if (days < 0)
		return 0;
	return (uint64_t)(((days * 24 + value[3]) * 60 + value[4]) * 60 + value[5]) * 1000 +
	       (uint64_t)value[6];
}

static void put_outcome(struct zc_json *json, const struct zc_story *story)
{
	bool refused = zc_str_is(story->action, "denied") || zc_str_is(story->action, "killed");
	bool allowed = zc_str_is(story->action, "allowed");

	zc_json_uint(json, "action_id", refused ? 2 : allowed ? 1 : 3);
	zc_json_uint(json, "disposition_id", refused ? 2 : 17); /* blocked, logged */
	zc_json_uint(json, "severity_id",
		     zc_str_is(story->severity, "critical") ? 5
		     : zc_str_is(story->severity, "high")   ? 4
		     : zc_str_is(story->severity, "medium") ? 3
		     : zc_str_is(story->severity, "low")    ? 2
							    : 1);
}

static void put_metadata(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, "metadata", '{');
	zc_json_string(json, "version", "1.3.0");
	zc_json_open(json, "profiles", '[');
	zc_json_string(json, NULL, "security_control");
	zc_json_close(json, ']');
	zc_json_open(json, "product", '{');
	zc_json_string(json, "name", "ZenCube");
	zc_json_string(json, "vendor_name", "ZenCube");
	zc_json_string(json, "version", ZC_VERSION);
	zc_json_close(json, '}');
	zc_json_uint(json, "sequence", story->seq);
	zc_json_string(json, "correlation_uid", report->run->id);
	zc_json_close(json, '}');
}

static void put_file(struct zc_report *report, const char *key, struct zc_str path)
{
	const char *slash = path.at ? strrchr(path.at, '/') : NULL;
	struct zc_str name = path;

	if (slash && slash[1])
		name = (struct zc_str){ slash + 1, path.len - (size_t)(slash + 1 - path.at) };
	zc_json_open(&report->json, key, '{');
	zc_report_json(report, "name", name.at ? name : (struct zc_str){ "", 0 });
	zc_report_json(report, "path", path.at ? path : (struct zc_str){ "", 0 });
	zc_json_uint(&report->json, "type_id", 0);
	zc_json_close(&report->json, '}');
}

static void put_actor(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, "actor", '{');
	zc_json_open(json, "process", '{');
	zc_json_uint(json, "pid", story->pid);
	zc_json_uint(json, "tid", story->tid);
	zc_report_json(report, "name", story->program);
	zc_report_json(report, "cmd_line", zc_report_command(report, story->argv));
	put_file(report, "file", story->exe);
	zc_json_open(json, "parent_process", '{');
	zc_json_uint(json, "pid", story->ppid);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_json_open(json, "device", '{');
	zc_json_uint(json, "type_id", 0);
	zc_json_close(json, '}');
}

static void put_endpoint(struct zc_report *report, const char *key, struct zc_view object)
{
	struct zc_json *json = &report->json;
	struct zc_str address = zc_report_text(report, object, "address"),
		      path = zc_report_text(report, object, "path");

	zc_json_open(json, key, '{');
	if (address.at)
		zc_report_json(report, "ip", address);
	if (zc_view_get(object, "port").at)
		zc_json_uint(json, "port", zc_view_uint(zc_view_get(object, "port"), 0));
	if (path.at)
		zc_report_json(report, "name", path);
	else if (!address.at)
		zc_report_json(report, "name", zc_report_printf(report, "unknown"));
	zc_json_close(json, '}');
}

static void put_object(struct zc_report *report, const struct zc_story *story, unsigned class)
{
	struct zc_view object = story->object;
	struct zc_json *json = &report->json;

	if (class == FILE_ACTIVITY) {
		put_file(report, "file", zc_report_text(report, object, "path"));
	} else if (class == PROCESS_ACTIVITY) {
		zc_json_open(json, "process", '{');
		if (zc_view_get(object, "pid").at)
			zc_json_int(json, "pid", zc_view_int(zc_view_get(object, "pid"), 0));
		if (zc_view_get(object, "argv").at)
			zc_report_json(report, "cmd_line",
				       zc_report_command(report, zc_view_get(object, "argv")));
		put_file(report, "file", zc_report_text(report, object, "path"));
		zc_json_close(json, '}');
	} else if (class == DNS_ACTIVITY) {
		zc_json_open(json, "query", '{');
		zc_report_json(report, "hostname", story->what);
		zc_json_close(json, '}');
	} else {
		put_endpoint(report,
			     zc_str_is(story->class, "listen") ? "src_endpoint" : "dst_endpoint",
			     object);
	}
}

static void put_unmapped(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, "unmapped", '{');
	zc_report_json(report, "op", story->op);
	zc_report_json(report, "rule", story->by);
	zc_report_json(report, "errno", story->errno_name);
	zc_report_json(report, "fingerprint", story->fingerprint);
	zc_report_json(report, "trust", story->trust);
	zc_report_json_sites(report, "stack", story);
	zc_json_close(json, '}');
}

static void put_event(struct zc_report *report, const struct zc_story *story)
{
	struct activity what = activity_of(story);
	struct zc_json *json = &report->json;

	zc_json_reset(json);
	zc_json_open(json, NULL, '{');
	zc_json_uint(json, "category_uid", what.class / 1000);
	zc_json_uint(json, "class_uid", what.class);
	zc_json_uint(json, "activity_id", what.activity);
	zc_json_uint(json, "type_uid", what.class * 100 + what.activity);
	zc_json_uint(json, "time", milliseconds(story->time));
	zc_report_json(report, "message", story->title);
	put_outcome(json, story);
	zc_json_uint(json, "count", story->count);
	put_metadata(report, story);
	put_actor(report, story);
	put_object(report, story, what.class);
	put_unmapped(report, story);
	zc_json_close(json, '}');
	zc_json_newline(json);
	zc_report_flush(report);
}

void zc_report_as_ocsf(struct zc_report *report)
{
	struct zc_events events;
	struct zc_story story;

	if (!zc_events_begin(report, &events))
		return;
	while (zc_events_next(report, &events, true, &story))
		put_event(report, &story);
	zc_events_end(&events);
	zc_json_reset(&report->json);
}
