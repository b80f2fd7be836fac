/* SPDX-License-Identifier: MIT */
/*
 * events.c - see events.h.
 */
#include "evidence/report/events.h"

bool zc_events_begin(struct zc_report *report, struct zc_events *events)
{
	zc_log_reader_init(&events->reader, report->run->log, 0);
	if (zc_journal_seek(report->run->log, 0) == 0)
		return true;
	report->failed = true;
	return false;
}

bool zc_events_next(struct zc_report *report, struct zc_events *events, bool accesses,
		    struct zc_story *ret)
{
	int more;

	while (!report->failed && (more = zc_log_reader_next(&events->reader)) != 0) {
		struct zc_view event, type;

		if (more < 0) {
			report->failed = true;
			break;
		}
		if (events->reader.state != ZC_LINE_WHOLE ||
		    zc_view_parse(&event, events->reader.text, events->reader.len))
			continue;
		type = zc_view_get(event, "type");
		if (!zc_view_is(type, "violation") && !(accesses && zc_view_is(type, "access")))
			continue;
		zc_report_reset(report);
		zc_story_tell(report, NULL, event, ret);
		return true;
	}
	return false;
}

void zc_events_end(struct zc_events *events)
{
	zc_log_reader_finish(&events->reader);
}
