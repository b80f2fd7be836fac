/* SPDX-License-Identifier: MIT */
/*
 * settle.c - the run is over: what the shared page still holds, exact counts, the verdict.
 *
 * The page was written by the run's processes. Each value is read once and believed only as a count.
 */
#include <stdlib.h>
#include <string.h>

#include "evidence/fetch/fetch.h"
#include "evidence/put.h"
#include "evidence/state.h"

const char *zc_run_verdict_name(enum zc_run_verdict verdict)
{
	static const char *const names[] = {
		[ZC_RUN_PASS] = "pass",
		[ZC_RUN_GAPS] = "pass-with-gaps",
		[ZC_RUN_VIOLATIONS] = "violations",
		[ZC_RUN_KILLED] = "killed",
		[ZC_RUN_ERROR] = "error",
	};

	return (unsigned)verdict < ZC_LEN(names) ? names[verdict] : "error";
}

static uint64_t read_once(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static uint64_t saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void drain_spool(struct zc_evidence *e)
{
	const struct zc_page *page = e->setup.page;
	uint64_t frame[sizeof(page->spooled[0].frame) / 8];

	for (unsigned i = 0; i < ZC_PAGE_SPOOL; i++) {
		uint32_t state = __atomic_load_n(&page->spool[i].state, __ATOMIC_ACQUIRE);
		uint32_t size = __atomic_load_n(&page->spool[i].size, __ATOMIC_RELAXED);

		if (state == 1) {
			e->spool_lost++; /* its writer died half-way */
		} else if (state == 2 && size <= sizeof(frame)) {
			memcpy(frame, page->spooled[i].frame, size);
			zc_evidence_put_from(e, frame, size, 0, false);
		}
	}
}

/* What the page counted for each finding; for one whose records were all lost, that it was there. */
static void take_page_counts(struct zc_evidence *e, uint64_t *ret_unknown)
{
	const struct zc_page *page = e->setup.page;

	*ret_unknown = 0;
	if (!read_once(&page->records))
		return; /* nothing was counted: all of that memory is still to be made */
	for (unsigned i = 0; i < ZC_PAGE_FINDINGS; i++) {
		uint64_t fingerprint = read_once(&page->findings[i].fingerprint);
		uint64_t count = read_once(&page->findings[i].count);
		struct zc_finding *finding = fingerprint ? zc_finding_find(e->findings, fingerprint)
							 : NULL;

		if (finding && count > finding->count)
			finding->count = count;
		else if (fingerprint && !finding && count)
			*ret_unknown = saturated(*ret_unknown, count);
	}
}

static void settle_counts(struct zc_evidence *e)
{
	const struct zc_page *page = e->setup.page;
	struct zc_evidence_result *result = &e->result;
	uint64_t unknown = 0, refused, known;

	for (size_t i = 0; i < zc_findings_count(e->findings); i++) {
		struct zc_finding *finding = zc_findings_at(e->findings, i);

		finding->count = finding->arrived;
		if (!page && finding->told > finding->count)
			finding->count = finding->told;
	}
	if (page)
		take_page_counts(e, &unknown);
	for (size_t i = 0; i < zc_findings_count(e->findings); i++) {
		const struct zc_finding *finding = zc_findings_at(e->findings, i);

		if (finding->stricter)
			result->would_violate = saturated(result->would_violate, finding->count);
		if (finding->accepted)
			result->accepted = saturated(result->accepted, finding->count);
		if (!finding->violation || finding->accepted)
			continue;
		result->findings++;
		result->violations = saturated(result->violations, finding->count);
	}
	if (!page)
		return;
	/* Only logged accesses have counts there too: what was refused says whether the unknown were. */
	refused = read_once(&page->refused) - read_once(&page->quiet);
	known = saturated(result->violations, result->accepted);
	if (unknown && read_once(&page->refused) > read_once(&page->quiet) && refused > known)
		result->violations = saturated(
			result->violations, unknown < refused - known ? unknown : refused - known);
	result->probes = read_once(&page->probes);
	if (e->setup.open_page && e->setup.open_page != page)
		result->probes = saturated(result->probes, read_once(&e->setup.open_page->probes));
	result->quiet = read_once(&page->quiet);
	result->lost = saturated(read_once(&page->lost), e->spool_lost);
}

static enum zc_run_verdict judge(const struct zc_evidence *e)
{
	const struct zc_evidence_result *result = &e->result;

	if (e->end.error || e->end.abandoned)
		return ZC_RUN_ERROR;
	if (e->end.killed || e->end.timed_out)
		return ZC_RUN_KILLED;
	if (result->violations)
		return ZC_RUN_VIOLATIONS;
	/* What was not seen may have been a violation: that is not a pass. */
	if (zc_processes_gaps(e->processes) || result->lost || result->not_kept || e->forged ||
	    e->malformed)
		return ZC_RUN_GAPS;
	return ZC_RUN_PASS;
}

static void note_left_behind(struct zc_evidence *e, const struct zc_evidence_end *end)
{
	char text[64];

	e->end.left_behind = NULL;
	e->end.left_count = 0;
	e->left_behind = end->left_count ? malloc(end->left_count * sizeof(pid_t)) : NULL;
	if (!e->left_behind)
		return;
	memcpy(e->left_behind, end->left_behind, end->left_count * sizeof(pid_t));
	e->end.left_behind = e->left_behind;
	e->end.left_count = end->left_count;
	snprintf(text, sizeof(text), "%zu processes outlived the command and were ended",
		 end->left_count);
	zc_evidence_note(e, "left-behind", text);
}

static void note_unfetched(struct zc_evidence *e)
{
	const struct zc_fetch_report *report = zc_fetch_report();
	char text[256];

	if (!report->failures)
		return;
	snprintf(text, sizeof(text), "%u of %u debug files could not be fetched: %s",
		 report->failures, report->asked, report->failure[0].why);
	zc_evidence_note(e, "unnamed", text);
}

/* People are told once for each file, where the run's other notes are. */
static void note_unnamed(struct zc_evidence *e)
{
	const struct zc_naming_report *report = zc_unwinder_naming(e->unwinder);
	char text[ZC_PATH_CAP + 128];

	for (unsigned i = 0; i < report->failures && i < ZC_NAMING_FAILURES; i++) {
		snprintf(text, sizeof(text), "the names of %s were not read: %s",
			 report->failure[i].module ? report->failure[i].module : "a file",
			 report->failure[i].why ? report->failure[i].why : "");
		zc_evidence_note(e, "unnamed", text);
	}
	if (report->unavailable) {
		snprintf(text, sizeof(text), "frames have no names: %s", report->unavailable);
		zc_evidence_note(e, "unnamed", text);
	}
}

void zc_evidence_settle(struct zc_evidence *e, const struct zc_evidence_end *end,
			struct zc_evidence_result *ret)
{
	e->end = *end;
	if (e->setup.page)
		drain_spool(e);
	zc_processes_settle(e->processes);
	note_left_behind(e, end);
	note_unnamed(e);
	note_unfetched(e);
	e->result = (struct zc_evidence_result){ 0 };
	settle_counts(e);
	e->result.write_error = e->log.error;
	e->result.not_kept = saturated(e->log.not_kept, end->dropped);
	e->result.verdict = judge(e);
	*ret = e->result;
}
