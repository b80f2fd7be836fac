/* SPDX-License-Identifier: MIT */
/*
 * put.c - what happens to one frame: checked, told apart, named, merged, written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence/proof/file_digest.h"
#include "evidence/put.h"
#include "evidence/state.h"
#include "text/text.h"

#define COMPLAINTS_MAX 20u /* events about frames that are not sound; more are counted */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void write_start(struct zc_evidence *e)
{
	zc_event_begin(e, e->started_ns, now_ns(CLOCK_MONOTONIC), "start");
	zc_json_string(&e->line, "version", ZC_VERSION);
	zc_json_string(&e->line, "policy", e->setup.policy_sha256);
	zc_json_string(&e->line, "mode", e->setup.mode_used);
	zc_log_write(&e->log, &e->line);
}

int zc_evidence_new(struct zc_evidence **ret, const struct zc_evidence_setup *setup)
{
	struct zc_evidence *e = calloc(1, sizeof(*e));
	int error = -ENOMEM;

	if (!e)
		return error;
	e->setup = *setup;
	e->setup.run_id = setup->run_id ? setup->run_id : "";
	e->log.fd = -1;
	e->unwinder = zc_unwinder_new();
	e->processes = e->unwinder ? zc_processes_new(e->unwinder) : NULL;
	e->findings = zc_findings_new();
	if (e->processes && e->findings)
		error = zc_log_init(&e->log, setup->dir, setup->events_out, e->setup.run_id);
	e->log.copy = setup->events_copy;
	e->log.redaction = setup->redaction;
	if (error) {
		zc_evidence_free(e);
		return error;
	}
	e->started_ns = now_ns(CLOCK_REALTIME);
	if (setup->dir) {
		e->once = zc_stacks_once_new();
		write_start(e);
	}
	zc_checkpoint_begin(e);
	*ret = e;
	return 0;
}

struct zc_evidence *zc_evidence_free(struct zc_evidence *e)
{
	if (!e)
		return NULL;
	zc_processes_free(e->processes);
	zc_unwinder_free(e->unwinder);
	zc_findings_free(e->findings);
	zc_stacks_once_free(e->once);
	zc_log_finish(&e->log);
	zc_json_free(&e->line);
	free(e->left_behind);
	free(e);
	return NULL;
}

void zc_evidence_command(struct zc_evidence *e, pid_t pid, const char *exe, const char *gap)
{
	e->setup.command_pid = pid;
	zc_process_exec(e->processes, pid, 0, exe, strlen(exe), gap, true);
}

/* Where no frame is the cause. */
void zc_evidence_note(struct zc_evidence *e, const char *what, const char *text)
{
	zc_event_begin(e, now_ns(CLOCK_REALTIME), now_ns(CLOCK_MONOTONIC), "note");
	zc_json_string(&e->line, "note", what);
	zc_json_string(&e->line, "text", text);
	zc_log_write(&e->log, &e->line);
}

static const char *const note_names[ZC_NOTES] = {
	[ZC_NOTE_PASSIVE] = "passive",
	[ZC_NOTE_UNKNOWN_CALL] = "unknown-call",
	[ZC_NOTE_MAPS] = "maps",
	[ZC_NOTE_NOT_DUMPABLE] = "not-dumpable",
	[ZC_NOTE_CHROOT] = "chroot",
	[ZC_NOTE_PRELOAD_LEFT] = "preload-left-out",
	[ZC_NOTE_SPAWN_UNSEEN] = "spawn-unseen",
	[ZC_NOTE_CLONE3] = "clone3",
	[ZC_NOTE_NESTED_TRACER] = "nested-tracer",
	[ZC_NOTE_LISTENER] = "listener",
	[ZC_NOTE_NO_FILTER] = "no-filter",
	[ZC_NOTE_BYPASS] = "bypass",
	[ZC_NOTE_NO_GATE] = "no-gate",
};
static const char *const note_texts[ZC_NOTES] = {
	[ZC_NOTE_PASSIVE] = "the program installed a seccomp filter: fewer checks from here on",
	[ZC_NOTE_UNKNOWN_CALL] = "a system call number outside the catalogue was used",
	[ZC_NOTE_NOT_DUMPABLE] =
		"the program asked not to be dumpable; answered without being done",
	[ZC_NOTE_CHROOT] = "the root directory changed",
	[ZC_NOTE_PRELOAD_LEFT] = "the next program cannot load the shim",
	[ZC_NOTE_SPAWN_UNSEEN] = "a spawn whose file actions were not understood",
	[ZC_NOTE_CLONE3] =
		"clone3 is answered ENOSYS, so that clone is used, whose flags can be seen",
	[ZC_NOTE_NESTED_TRACER] =
		"the program wants to trace another, which is traced already; --mode=shim lets it",
	[ZC_NOTE_LISTENER] =
		"the program wants to answer system calls itself, out of sight; answered EBUSY",
	[ZC_NOTE_NO_FILTER] = "no filter can be put into the command, so every call stops: slower",
	[ZC_NOTE_BYPASS] =
		"a judged call went around the shim; it was judged by the tracer all the same",
	[ZC_NOTE_NO_GATE] =
		"the gate could not be mapped here, so the tracer judges every call: slower",
};

static void write_call_name(struct zc_json *json, unsigned row)
{
	const struct zc_call *call = row < ZC_CALL_COUNT ? &zc_calls[row] : NULL;

	zc_json_open(json, "syscall", '{');
	zc_json_string(json, "name", call ? call->name : NULL);
	zc_json_close(json, '}');
}

static void put_note(struct zc_evidence *e, const struct zc_frame *frame)
{
	unsigned code = frame->head.code < ZC_NOTES ? frame->head.code : 0;
	struct zc_process *process;
	static const struct {
		unsigned field;
		const char *key;
	} fields[] = { { ZC_FIELD_PATH, "path" }, { ZC_FIELD_TEXT, "detail" } };

	if (code == ZC_NOTE_MAPS) {
		zc_process_more_maps(e->processes, frame);
		return;
	}
	process = zc_process_of(e->processes, frame);
	if (code == ZC_NOTE_PRELOAD_LEFT && process)
		process->left_out = true;
	zc_event_begin(e, frame->head.real_ns, frame->head.mono_ns, "note");
	zc_json_string(&e->line, "note", note_names[code] ? note_names[code] : "unknown");
	zc_json_string(&e->line, "text", note_texts[code]);
	for (size_t i = 0; i < ZC_LEN(fields); i++)
		if (frame->field[fields[i].field].bytes)
			zc_json_text(&e->line, fields[i].key, frame->field[fields[i].field].bytes,
				     frame->field[fields[i].field].len);
	if (code == ZC_NOTE_UNKNOWN_CALL)
		zc_json_uint(&e->line, "number", frame->head.args[0]);
	if (code == ZC_NOTE_BYPASS)
		write_call_name(&e->line, frame->head.call);
	zc_event_write_process(e, frame, process);
	zc_event_write_trust(e, frame->head.source);
	if (code == ZC_NOTE_BYPASS) {
		zc_stack_walk(e->unwinder, process ? process->maps : NULL, frame, &e->stack);
		zc_stack_write(&e->stack, &e->line);
	}
	zc_log_write(&e->log, &e->line);
}

/* A frame that does not hold together, or that speaks for somebody else. */
static void complain(struct zc_evidence *e, uint64_t *counter, const char *what, const char *text,
		     pid_t sender)
{
	if (++*counter > COMPLAINTS_MAX)
		return;
	zc_event_begin(e, now_ns(CLOCK_REALTIME), now_ns(CLOCK_MONOTONIC), "note");
	zc_json_string(&e->line, "note", what);
	zc_json_string(&e->line, "text", text);
	zc_json_int(&e->line, "pid", sender);
	zc_log_write(&e->log, &e->line);
}

/* The finding, wherever in the code it was: what was done, by which rule, in which program. */
static uint64_t similar_of(const struct zc_finding *finding, const struct zc_record *record)
{
	const struct zc_program *program = record->process ? record->process->program : NULL;
	uint64_t h = zc_hash_bytes(finding->what, finding->what ? strlen(finding->what) : 0, 1);

	if (record->rule)
		h = zc_hash_bytes(&record->rule->text_hash, sizeof(record->rule->text_hash), h);
	if (program)
		h = zc_hash_bytes(program->exe, program->exe_len, h);
	return h ? h : 1;
}

static void look_up(struct zc_evidence *e, struct zc_finding *finding,
		    const struct zc_record *record)
{
	const struct zc_accepted *expired = NULL;
	char text[256];

	finding->similar = similar_of(finding, record);
	if (!e->setup.baseline || !finding->violation || finding->action == ZC_KILLED)
		return;
	finding->accepted = zc_baseline_find(e->setup.baseline, finding->fingerprint,
					     finding->similar, time(NULL), &expired);
	if (finding->accepted || !expired)
		return;
	snprintf(text, sizeof(text), "finding %016llx was accepted until %s, and is not any more",
		 (unsigned long long)finding->fingerprint, expired->until);
	zc_evidence_note(e, "accepted-no-more", text);
}

/* Keeps what run.json and people are told of a finding; called for its first record. */
static void describe_finding(struct zc_evidence *e, struct zc_finding *finding,
			     struct zc_record *record)
{
	char text[2 * ZC_PATH_CAP];
	struct zc_json json = { 0 };
	size_t at;

	finding->action = record->frame->head.action;
	finding->violation = zc_record_violates(record);
	finding->stricter = zc_rule_is_stricter(record->frame->head.rule);
	if (zc_findings_count(e->findings) > ZC_FINDINGS_KEPT)
		return;
	zc_json_string(&json, "op", zc_op_name(record->frame->head.op));
	zc_json_string(&json, "action", zc_action_name(finding->action));
	zc_json_string(&json, "severity", record->severity);
	zc_object_write(&json, record);
	zc_rule_write(e, &json, record);
	if (record->process && record->process->program)
		zc_json_text(&json, "exe", record->process->program->exe,
			     record->process->program->exe_len);
	zc_json_string(&json, "hint", record->hint);
	finding->members = json.failed ? NULL : json.bytes;
	finding->members_len = json.failed ? 0 : json.len;
	if (json.failed)
		zc_json_free(&json);
	at = (size_t)snprintf(text, sizeof(text), "%s ", zc_action_name(finding->action));
	zc_record_what(record, text + at, sizeof(text) - at);
	finding->what = strdup(text);
	zc_record_by(e, record, text, sizeof(text));
	finding->by = strdup(text);
	look_up(e, finding, record);
	if (record->process && record->process->program) {
		const char *exe = record->process->program->exe, *slash = strrchr(exe, '/');

		exe = slash ? slash + 1 : exe;
		zc_text_show_in(text, sizeof(text), exe, strlen(exe));
		finding->who = strdup(text);
	}
	finding->hint = record->hint ? strdup(record->hint) : NULL;
}

/* A record without a fingerprint still belongs to one finding: that of what it says. */
static uint64_t fingerprint_of(const struct zc_frame *frame)
{
	uint64_t hash = zc_hash_bytes(
		frame->field[ZC_FIELD_PATH].bytes, frame->field[ZC_FIELD_PATH].len,
		(uint64_t)frame->head.rule << 16 | frame->head.op << 8 | frame->head.action);

	return frame->head.fingerprint ? frame->head.fingerprint : hash | 1;
}

/* Who judges from outside hashes before the call goes on. For what a shim told it is done now: afterwards. */
static void take_digest(struct zc_evidence *e, struct zc_record *record)
{
	const struct zc_frame *frame = record->frame;

	if (frame->head.source != ZC_SOURCE_SHIM && /* it would be the suspect's word */
	    frame->field[ZC_FIELD_DIGEST].len == sizeof(record->digest)) {
		memcpy(&record->digest, frame->field[ZC_FIELD_DIGEST].bytes,
		       sizeof(record->digest));
		record->has_digest = true;
		return;
	}
	if ((frame->head.source != ZC_SOURCE_SHIM && frame->head.source != ZC_SOURCE_SUPERVISOR) ||
	    !zc_file_digest_wanted(e->setup.digest, frame->head.op, frame->head.action))
		return;
	record->has_digest = zc_file_digest_path(e->setup.root, frame->field[ZC_FIELD_PATH].bytes,
						 frame->field[ZC_FIELD_PATH].len, &record->digest);
	record->digest.after = frame->head.source == ZC_SOURCE_SHIM;
}

static void put_record(struct zc_evidence *e, const struct zc_frame *frame)
{
	static const struct zc_wire_detail no_detail;
	struct zc_wire_detail detail;
	struct zc_record record = { .frame = frame, .detail = &no_detail };
	struct zc_finding *finding, spare = { 0 };
	bool is_new;

	if (frame->head.action == ZC_REFUSED_QUIET)
		return;
	e->arrived++;
	if (frame->field[ZC_FIELD_DETAIL].len == sizeof(detail)) {
		memcpy(&detail, frame->field[ZC_FIELD_DETAIL].bytes, sizeof(detail));
		record.detail = &detail;
	}
	take_digest(e, &record);
	record.process = zc_process_of(e->processes, frame);
	if (e->setup.image && frame->head.rule != ZC_RULE_NONE)
		record.rule = zc_image_rule(e->setup.image, frame->head.rule);
	record.severity = zc_severity_of(&record);
	record.hint = zc_hint_of(e, &record);
	zc_stack_walk(e->unwinder, record.process ? record.process->maps : NULL, frame, &e->stack);
	finding = zc_finding_get(e->findings, fingerprint_of(frame), &is_new);
	if (!finding)
		finding = &spare;
	finding->arrived++;
	if (frame->head.repeat > finding->told)
		finding->told = frame->head.repeat;
	if (is_new && finding != &spare)
		describe_finding(e, finding, &record), finding->first_seq = e->seq + 1;
	if (is_new || e->text_only)
		zc_human_record(e, &record, finding);
	zc_event_write(e, &record, finding, fingerprint_of(frame), is_new && finding != &spare);
}

static void put_exec(struct zc_evidence *e, const struct zc_frame *frame)
{
	pid_t child = (pid_t)frame->head.args[0];
	char path[ZC_PATH_CAP];
	size_t len = frame->field[ZC_FIELD_PATH].len;

	if (!frame->field[ZC_FIELD_PATH].bytes || len >= sizeof(path))
		return;
	memcpy(path, frame->field[ZC_FIELD_PATH].bytes, len);
	path[len] = '\0';
	zc_process_exec(e->processes, child > 0 ? child : frame->head.pid,
			child > 0 ? frame->head.pid : frame->head.ppid, path, len,
			frame->head.source == ZC_SOURCE_SHIM ? zc_target_gap(path) : NULL,
			child > 0);
}

static void put_frame(struct zc_evidence *e, const struct zc_frame *frame)
{
	switch (frame->head.type) {
	case ZC_FRAME_SIGN_IN: zc_process_sign_in(e->processes, frame); break;
	case ZC_FRAME_EXEC: put_exec(e, frame); break;
	case ZC_FRAME_EXEC_FAILED: zc_process_exec_failed(e->processes, frame); break;
	case ZC_FRAME_FORK: zc_process_fork(e->processes, frame); break;
	case ZC_FRAME_RECORD: put_record(e, frame); break;
	case ZC_FRAME_NOTE: put_note(e, frame); break;
	default: break;
	}
}

/* Fields are read as structures: the frame must be aligned, whatever the caller received it in. */
static bool decode(struct zc_frame *frame, const void *bytes, size_t size, uint64_t *aligned)
{
	if (size > ZC_FRAME_MAX)
		return false;
	if ((uintptr_t)bytes % 8)
		bytes = memcpy(aligned, bytes, size);
	return zc_frame_decode(frame, bytes, size) == (long)size && frame->head.pid > 0;
}

void zc_evidence_put_from(struct zc_evidence *e, const void *bytes, size_t size, pid_t sender,
			  bool trusted)
{
	static uint64_t aligned[ZC_FRAME_MAX / 8];
	struct zc_frame frame;

	if (!decode(&frame, bytes, size, aligned))
		complain(e, &e->malformed, "malformed",
			 "a frame that does not hold together was dropped", sender);
	else if (!trusted &&
		 ((sender && frame.head.pid != sender) || frame.head.source != ZC_SOURCE_SHIM))
		complain(e, &e->forged, "forged",
			 "a process spoke for another one; its frame was dropped", sender);
	else
		put_frame(e, &frame);
	zc_checkpoint_look(e);
}

void zc_evidence_put(struct zc_evidence *e, const void *frame, size_t size, pid_t sender)
{
	zc_evidence_put_from(e, frame, size, sender, false);
}

void zc_evidence_put_outside(struct zc_evidence *e, const void *frame, size_t size)
{
	zc_evidence_put_from(e, frame, size, 0, true);
}

void zc_evidence_supervisor_record(struct zc_evidence *e, const void *frame, size_t size)
{
	zc_evidence_put_from(e, frame, size, 0, true);
}
