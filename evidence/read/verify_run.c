/* SPDX-License-Identifier: MIT */
/*
 * verify_run.c - run.json against the log it was written from.
 *
 * run.json has no link of its own. What it says that the log says too must agree; the rest (modes,
 * layers, coverage) only a signature vouches for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "evidence/read/verify_run.h"

static uint64_t number(const struct zc_run *run, const char *path)
{
	return zc_view_uint(zc_view_get(run->json, path), 0);
}

static void must_be(struct zc_verified *verified, const char *kind, const char *what,
		    uint64_t stated, uint64_t found)
{
	if (stated != found)
		zc_verify_problem(verified, "run.json", 0, kind,
				  "it says %" PRIu64 " %s, the log has %" PRIu64, stated, what,
				  found);
}

static void check_finding(const struct zc_item *item, bool all_listed, struct zc_verified *verified)
{
	uint64_t first = zc_view_uint(zc_view_get(item->finding, "first_seq"), 0);
	char name[24];

	snprintf(name, sizeof(name), "%016" PRIx64, item->fingerprint);
	if (!item->finding.at && all_listed)
		zc_verify_problem(verified, "run.json", 0, "finding",
				  "event %" PRIu64
				  " of the log is of finding %s, which is not listed",
				  item->first_seq, name);
	if (!item->finding.at)
		return;
	if (item->count < item->events)
		zc_verify_problem(verified, "run.json", 0, "finding",
				  "finding %s counts %" PRIu64 ", the log has %" PRIu64
				  " events of it",
				  name, item->count, item->events);
	if (item->events && first != item->first_seq)
		zc_verify_problem(verified, "run.json", 0, "finding",
				  "finding %s says it was first seen in event %" PRIu64
				  ", the log says %" PRIu64,
				  name, first, item->first_seq);
}

/* Without events that could not be kept, each finding that names its first event has it in the log. */
static void check_findings(const struct zc_run *run, struct zc_verified *verified)
{
	uint64_t unlisted = number(run, "findings_not_listed"), listed = 0, sum = 0;
	bool all_kept = !number(run, "counts.not_kept");
	bool all_listed = !unlisted && !number(run, "accesses_not_listed");

	for (size_t i = 0; i < run->items; i++) {
		const struct zc_item *item = &run->item[i];

		check_finding(item, all_listed, verified);
		if (item->finding.at && all_kept && !item->events && run->ended &&
		    zc_view_uint(zc_view_get(item->finding, "first_seq"), 0))
			zc_verify_problem(verified, "run.json", 0, "finding",
					  "finding %016" PRIx64 " has no event in the log",
					  item->fingerprint);
		if (!item->finding.at || !item->violation || item->accepted)
			continue;
		listed++;
		sum = sum + item->count < sum ? UINT64_MAX : sum + item->count;
	}
	if (number(run, "counts.findings") != listed + unlisted)
		zc_verify_problem(verified, "run.json", 0, "count",
				  "it counts %" PRIu64 " findings and lists %" PRIu64,
				  number(run, "counts.findings"), listed + unlisted);
	if (number(run, "counts.violations") < sum)
		zc_verify_problem(verified, "run.json", 0, "count",
				  "it counts %" PRIu64 " violations, its findings %" PRIu64,
				  number(run, "counts.violations"), sum);
}

static void check_verdict(const struct zc_run *run, struct zc_verified *verified)
{
	const char *verdict = zc_run_verdict_stated(run);
	bool bad = number(run, "counts.violations") > 0;
	bool gaps = number(run, "coverage.gaps") || number(run, "counts.lost") ||
		    number(run, "counts.not_kept") || number(run, "counts.forged") ||
		    number(run, "counts.malformed");

	if ((!strcmp(verdict, "pass") && (bad || gaps)) ||
	    (!strcmp(verdict, "pass-with-gaps") && bad))
		zc_verify_problem(verified, "run.json", 0, "verdict",
				  "its verdict '%s' does not follow from its counts", verdict);
}

void zc_verify_json(const struct zc_run *run, struct zc_verified *verified)
{
	if (!run->json.at) {
		zc_verify_problem(verified, "run.json", 0, "no-run", "%s", run->json_error);
		return;
	}
	must_be(verified, "count", "lines", number(run, "counts.events"), verified->lines);
	if (verified->ended)
		must_be(verified, "count", "lines before the end record",
			number(run, "chain.count"), verified->lines - 1);
	if (!zc_view_is(zc_view_get(run->json, "chain.head"), verified->head))
		zc_verify_problem(verified, "run.json", 0, "head",
				  "its head is not that of the log");
	if (run->ended && strcmp(zc_run_verdict_stated(run), run->end_verdict) != 0)
		zc_verify_problem(verified, "run.json", 0, "verdict",
				  "its verdict is '%s', that of the end record is '%s'",
				  zc_run_verdict_stated(run), run->end_verdict);
	check_verdict(run, verified);
	check_findings(run, verified);
}
