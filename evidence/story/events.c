/* SPDX-License-Identifier: MIT */
/*
 * events.c - see events.h.
 */
#include "evidence/story/events.h"

bool zc_events_begin(struct zc_report *report, struct zc_events *events)
{
	events->first_ns = 0;
	zc_log_reader_init(&events->reader, report->run->log, 0);
	if (zc_journal_seek(report->run->log, 0) == 0)
		return true;
	report->failed = true;
	return false;
}

#define MEMBERS_MAX 64u

bool zc_events_next(struct zc_report *report, struct zc_events *events, bool accesses,
		    struct zc_story *ret)
{
	static const char *const names[] = { "seq", "mono_ns", "type", "stack" };
	struct zc_member member[MEMBERS_MAX];
	int more;

	while (!report->failed && (more = zc_log_reader_next(&events->reader)) != 0) {
		struct zc_view event, value[4];
		size_t members = MEMBERS_MAX;

		if (more < 0) {
			report->failed = true;
			break;
		}
		if (events->reader.state != ZC_LINE_WHOLE ||
		    zc_view_parse_members(&event, events->reader.text, events->reader.len, member,
					  &members))
			continue;
		zc_members_pick(member, members, names, 4, value);
		if (!events->first_ns)
			events->first_ns = zc_view_uint(value[1], 0);
		zc_run_note_stack(report->run, zc_view_uint(value[0], 0), value[3],
				  events->reader.offset);
		if (!zc_view_is(value[2], "violation") &&
		    !(accesses && zc_view_is(value[2], "access")))
			continue;
		zc_report_reset(report);
		zc_story_tell_members(report, NULL, event, member, members, ret);
		return true;
	}
	return false;
}

void zc_events_end(struct zc_events *events)
{
	zc_log_reader_finish(&events->reader);
}
