/* SPDX-License-Identifier: MIT */
/*
 * finding.h - one thing that is wrong, however often it happened.
 *
 * Theory of operation of account/. While frames come in, two tables grow: what was wrong, by fingerprint, and who
 * was there, by process (process.h). A fingerprint is the rule, the operation, the object, the program and the
 * place in its code, never a time or a number, so the same thing has the same name in the next run. judgement.c
 * says of a verdict how severe it is, which rule gave it and what would allow it. target.c looks at a program
 * that is about to run and says whether the shim can be in it, from which coverage follows. A baseline
 * (baseline.h) lists what somebody accepted: it is refused and counted all the same, and is no violation.
 * What nobody watched is as much part of the account as what was refused. Verdicts are never changed here.
 *
 * Memory: the table owns its findings; details of the first 10,000 are kept, all are counted.
 */
#ifndef ZC_EVIDENCE_FINDING_H
#define ZC_EVIDENCE_FINDING_H

#include "core/base.h"
#include "evidence/account/baseline.h"

#define ZC_FINDINGS_KEPT 10000u

struct zc_finding {
	uint64_t fingerprint;
	uint64_t arrived;   /* records that came */
	uint64_t told;      /* the highest count a record told of */
	uint64_t count;     /* settled */
	uint64_t first_seq; /* event that first showed it; 0: no record arrived */
	uint8_t action;     /* enum zc_action */
	bool violation;     /* false: only logged, or what a stricter policy would refuse ... */
	bool stricter;      /* ... and it is the latter */
	uint64_t similar;   /* as the fingerprint, but wherever in the code: for baselines */
	const struct zc_accepted
		*accepted; /* a violation that the baseline accepts; NULL: it does not */
	/* the first ZC_FINDINGS_KEPT: */
	char *members; /* "op":...,"object":{...},... for run.json */
	size_t members_len;
	char *what; /* for people, safe for a terminal: "denied open_read /etc/shadow" */
	char *by;   /* "by deny-read /etc (ci.zc:3)" */
	char *who;  /* the program, safe for a terminal; NULL: not known */
	char *hint; /* NULL: none */
};

struct zc_findings;

struct zc_findings *zc_findings_new(void);
struct zc_findings *zc_findings_free(struct zc_findings *findings);
/* The finding with that fingerprint, made when new (*ret_new). NULL without memory. */
struct zc_finding *zc_finding_get(struct zc_findings *findings, uint64_t fingerprint,
				  bool *ret_new);
struct zc_finding *zc_finding_find(struct zc_findings *findings,
				   uint64_t fingerprint); /* NULL: none */
/* In the order in which they were first seen. */
size_t zc_findings_count(const struct zc_findings *findings);
struct zc_finding *zc_findings_at(struct zc_findings *findings, size_t index);

#endif
