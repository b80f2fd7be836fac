/* SPDX-License-Identifier: MIT */
/*
 * events.h - all events of a run, one after the other, for the formats that list every one.
 */
#ifndef ZC_EVIDENCE_REPORT_EVENTS_H
#define ZC_EVIDENCE_REPORT_EVENTS_H

#include "evidence/journal/log_reader.h"
#include "evidence/report/report.h"

struct zc_events {
	struct zc_log_reader reader;
	uint64_t first_ns; /* of the first line; CLOCK_MONOTONIC */
};

/* Starts at the log's beginning. */
bool zc_events_begin(struct zc_report *report, struct zc_events *events);
/* The next violation, and with accesses also what was only told of. False at the end. */
bool zc_events_next(struct zc_report *report, struct zc_events *events, bool accesses,
		    struct zc_story *ret);
void zc_events_end(struct zc_events *events);

#endif
