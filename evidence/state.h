/* SPDX-License-Identifier: MIT */
/*
 * state.h - the inside of struct zc_evidence, shared by the files that fill and print it.
 */
#ifndef ZC_EVIDENCE_STATE_H
#define ZC_EVIDENCE_STATE_H

#include "core/decide/policy.h"
#include "evidence/evidence.h"
#include "evidence/account/finding.h"
#include "text/json.h"
#include "evidence/log/log.h"
#include "evidence/account/process.h"
#include "evidence/log/stack_once.h"
#include "evidence/stack/stack.h"

#define ZC_EVENT_SCHEMA "zencube.event/1"
#define ZC_RUN_SCHEMA "zencube.run/1"

struct zc_evidence {
	struct zc_evidence_setup setup;
	struct zc_log log;
	struct zc_unwinder *unwinder;
	struct zc_processes *processes;
	struct zc_findings *findings;
	struct zc_json line; /* the event that is being written */
	struct zc_stack stack;
	struct zc_stacks_once *once; /* NULL: every event has its stack whole */
	uint64_t seq;
	uint64_t arrived, malformed, forged, spool_lost;
	uint64_t started_ns;
	time_t stamped; /* the second that stamp spells */
	char stamp[24];
	unsigned shown; /* lines for people */
	bool text_only; /* render --text: a line for people for each record, not each finding */
	bool ended;     /* the end record is written */
	uint64_t checked_lines;        /* of the log at the last checkpoint */
	int64_t checked_ms, turned_ms; /* CLOCK_MONOTONIC: of that, and of the file's beginning */
	off_t turn_size;               /* the file is to be this long before it is tried again */
	struct zc_evidence_end end;
	pid_t *left_behind;
	struct zc_evidence_result result;
	char head[2 * ZC_LINK_BYTES + 1]; /* last link before the end record, once ended */
	uint64_t head_lines;
};

/* A record on its way into an event. */
struct zc_record {
	const struct zc_frame *frame;
	const struct zc_process *process;    /* may be NULL */
	const struct zc_image_rule *rule;    /* NULL: none, or no image */
	const struct zc_wire_detail *detail; /* never NULL; zeros when absent */
	struct zc_wire_digest digest;
	bool has_digest;
	const char *severity;
	const char *hint; /* NULL: none */
	char hint_text[ZC_PATH_CAP + 64];
};

/* event_json.c */
void zc_event_begin(struct zc_evidence *e, uint64_t real_ns, uint64_t mono_ns, const char *type);
void zc_event_write(struct zc_evidence *e, const struct zc_record *record,
		    const struct zc_finding *finding, uint64_t fingerprint, bool is_new);
void zc_accepted_write(struct zc_json *json, const struct zc_accepted *accepted);
void zc_event_write_process(struct zc_evidence *e, const struct zc_frame *frame,
			    const struct zc_process *process);
void zc_event_write_trust(struct zc_evidence *e, uint32_t source);
void zc_object_write(struct zc_json *json, const struct zc_record *record);
void zc_rule_write(const struct zc_evidence *e, struct zc_json *json,
		   const struct zc_record *record);

/* checkpoint.c */
void zc_checkpoint_begin(struct zc_evidence *e);
/* After each frame: a checkpoint or a new file, when one is due. */
void zc_checkpoint_look(struct zc_evidence *e);

/* judgement.c: words about a verdict. */
bool zc_action_violates(unsigned action);
/* Did it violate the policy that is enforced? */
bool zc_record_violates(const struct zc_record *record);
const char *zc_severity_of(const struct zc_record *record);
/* Writes into record->hint_text when a flag is to be named. */
const char *zc_hint_of(const struct zc_evidence *e, struct zc_record *record);
/* "open_read /etc/shadow", safe for a terminal. */
size_t zc_record_what(const struct zc_record *record, char *buffer, size_t cap);
/* "by deny-read /etc (ci.zc:3)" or why without a rule. */
size_t zc_record_by(const struct zc_evidence *e, const struct zc_record *record, char *buffer,
		    size_t cap);

/* human.c */
void zc_human_record(struct zc_evidence *e, const struct zc_record *record,
		     const struct zc_finding *finding);

#endif
