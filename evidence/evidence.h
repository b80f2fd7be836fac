/* SPDX-License-Identifier: MIT */
/*
 * evidence.h - what becomes of frames: events.jsonl, run.json, lines for people.
 *
 * Theory of operation. A collector (zcwrap, or zcaudit render for a file of frames) decodes nothing
 * itself: it hands each datagram, with the sender's kernel credentials, to zc_evidence_put(). That
 * decodes and checks it, keeps the process table (sign-ins, execs, forks -> coverage), unwinds the
 * snapshot (libunwind, own accessors: no live process needed), names the frames (libelf), merges
 * the finding, appends one line to events.jsonl and hands it to the sinks. zc_evidence_finish()
 * takes the final counts and writes run.json. Sinks format; nothing here judges.
 *
 *   put.c         one frame: checked, told apart, named, merged, written;  settle.c  the end of the run
 *   event_json.c  a record as a line;  run_json.c  the run as a document;  human.c  lines for people
 *   redact.h      what is taken out of every text;  secret.h  what of command lines is masked before that
 *   account/ what was wrong and who was there   log/ the file   stack/ naming/ frames and their names
 *   proof/ digests and signatures   read/ a run read back   story/ report/ a run in other words
 *
 * Not thread-safe: one thread owns a struct zc_evidence. Only this folder writes JSON of the run.
 */
#ifndef ZC_EVIDENCE_EVIDENCE_H
#define ZC_EVIDENCE_EVIDENCE_H

#include <stdio.h>
#include <sys/types.h>

#include "core/image.h"
#include "core/wire/session.h"
#include "core/wire/wire.h"

struct zc_evidence;
struct zc_redaction; /* evidence/redact.h */

struct zc_why_not {
	const char *mode, *reason;
};
struct zc_layer_report {
	const char *name;
	bool applied;
	const char *detail;
	const char *const *widened, *const *not_expressible; /* NULL-ended; NULL: none */
};

/* Strings, arrays, image and page must outlive the evidence. */
struct zc_evidence_setup {
	const char *dir;  /* run directory, exists; NULL: no files (render to out only) */
	FILE *events_out; /* used when dir is NULL: JSON lines go here */
	const char *run_id;
	const struct zc_image *image;      /* for rule texts; NULL: rules by number */
	const char *const *command;        /* NULL-ended */
	const char *const *policy_sources; /* NULL-ended */
	const char *policy_sha256;
	/* --audit-policy: what is only held against what is allowed; NULL: none. */
	const char *const *stricter_sources; /* NULL-ended */
	const char *stricter_sha256;
	struct zc_baseline
		*baseline; /* findings that somebody accepted; NULL: none. Lives as long. */
	const char *baseline_file;
	const char *const *notes; /* NULL-ended: from the policy */
	const char *mode_asked, *mode_used,
		*engine;            /* engine: "notify", "ptrace", "shim", "proc" */
	const char *engine_why_not; /* why it is not the better engine; NULL: it is */
	const struct zc_why_not *why_not;
	size_t why_nots;
	const struct zc_layer_report *layers; /* read at the end: they may be filled in meanwhile */
	size_t layer_count;
	const char *cwd;
	const char *home, *tmpdir; /* of a run that learns, for who reads its paths; NULL: others */
	FILE *events_copy; /* with dir: every line of events.jsonl goes here too; NULL: nowhere */
	FILE *human;       /* lines for people; NULL: quiet */
	bool color;
	const struct zc_page *page; /* shared counters; NULL: none */
	/* In mode hybrid what shims count; anything of the run may write it. Else page, or NULL. */
	const struct zc_page *open_page;
	pid_t command_pid; /* set later with zc_evidence_command() when not known yet */
	unsigned digest;   /* ZC_DIGEST_*, for records that come without; 0: none */
	const char *root;  /* where the run's paths begin; NULL: / */
	struct zc_redaction *redaction; /* what is hidden in events and run.json; NULL: nothing */
	uint64_t rotate_size; /* bytes after which events.jsonl goes on in a new file; 0: never */
	int64_t rotate_ms;    /* age after which it does; 0: never */
};

/* Makes events.jsonl in dir (O_APPEND). Returns 0 or -errno; -EEXIST: the directory was used already. */
int zc_evidence_new(struct zc_evidence **ret, const struct zc_evidence_setup *setup);
struct zc_evidence *zc_evidence_free(struct zc_evidence *evidence);

/* Which engine it came to be, when that is known after the start. Texts must outlive the evidence. */
void zc_evidence_engine(struct zc_evidence *evidence, const char *engine, const char *why_not);

/* The command's first process: pid, the program as resolved, why it may not be covered (NULL: should be). */
void zc_evidence_command(struct zc_evidence *evidence, pid_t pid, const char *exe, const char *gap);

/*
 * One datagram. sender: kernel credentials' pid (0: unknown, as in a file). A frame that names another
 * pid than its sender, or does not decode, is counted as "forged" / "malformed" and becomes a note.
 */
void zc_evidence_put(struct zc_evidence *evidence, const void *frame, size_t size, pid_t sender);

/* The same for a frame that only our tracer can have sent: it may name any process, and is from outside. */
void zc_evidence_put_outside(struct zc_evidence *evidence, const void *frame, size_t size);

/* A violation that the supervisor itself judged (the command's own exec). Same sinks. */
void zc_evidence_supervisor_record(struct zc_evidence *evidence, const void *frame, size_t size);

/*
 * When nothing more is waiting to be put: writes the checkpoint, or begins the new file, that is due.
 * Returns in how many milliseconds it wants to be called again though nothing came; -1: not at all.
 */
int64_t zc_evidence_rest(struct zc_evidence *evidence);

/* A plain note event ("left-behind", "no-new-privs", ...). */
void zc_evidence_note(struct zc_evidence *evidence, const char *what, const char *text);

enum zc_run_verdict { ZC_RUN_PASS, ZC_RUN_GAPS, ZC_RUN_VIOLATIONS, ZC_RUN_KILLED, ZC_RUN_ERROR };

struct zc_evidence_end {
	int command_code;       /* -1: unknown */
	int command_signal;     /* 0: none */
	const char *error;      /* zcwrap's own failure, NULL: none */
	bool timed_out, killed; /* --timeout; --kill */
	const pid_t *left_behind;
	size_t left_count; /* processes that had to be ended */
	bool abandoned;    /* the collector lost its tail */
	uint64_t dropped;  /* datagrams received that could not be kept (memory, disk) */
};

/* What the run came to; valid until zc_evidence_free(). */
struct zc_evidence_result {
	enum zc_run_verdict verdict;
	uint64_t violations; /* exact, repeats included */
	uint64_t findings;   /* distinct */
	uint64_t probes, quiet, lost;
	uint64_t would_violate; /* allowed, but not by the stricter policy; repeats included */
	uint64_t accepted;      /* violations that the baseline accepts; repeats included */
	int write_error;        /* errno of the first event that could not be written; 0 */
	uint64_t not_kept;      /* events that could not be written */
};

/* Drains the page's spool, settles counts and coverage and computes the verdict. Call once, before report. */
void zc_evidence_settle(struct zc_evidence *evidence, const struct zc_evidence_end *end,
			struct zc_evidence_result *ret);
/* Writes run.json (atomically) with zcwrap's exit code and why. Returns 0 or -errno. */
int zc_evidence_finish(struct zc_evidence *evidence, int exit_code, const char *exit_reason);
/* The end block for people, at most twelve lines, to setup.human. */
void zc_evidence_print_end(struct zc_evidence *evidence);
const char *zc_run_verdict_name(enum zc_run_verdict verdict); /* "pass-with-gaps" */

/* Why can a program not load the shim? NULL: it can. "static", "setuid", "32-bit", ... (libelf look.) */
const char *zc_target_gap(const char *path);

/*
 * Reports of a finished run, "FORMAT[:FILE],...", as in zcwrap --report. Without FILE one goes into the run's
 * directory, under its usual name; - is standard output. check is for before the run: it only reads
 * the list. Both return 0 or -errno, with a sentence in error.
 */
int zc_report_check(const char *list, char error[512]);
int zc_report_make(const char *dir, const char *list, char error[512]);

#endif
